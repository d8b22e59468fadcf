"""Nodes and join links."""

from __future__ import annotations

from sqlalchemy import Index, Table

from master_app.storage.tables.base import BY_KEY, integer, metadata, text

nodes = Table(
    "nodes",
    metadata,
    text("node_id", key=True),
    text("name"),
    text("owner_id"),
    integer("created_ms"),
    text("admin"),
    text("admin_reason"),
    integer("admin_by_operator"),
    integer("drain_deadline_ms"),
    text("health"),
    integer("incarnation"),
    text("boot_id"),
    text("certificate_serial"),
    integer("certificate_expires_ms"),
    text("key_sha256"),
    text("labels"),
    text("facts"),
    integer("quarantined_until_ms"),
    integer("quarantine_step_ms"),
    text("quarantine_reason"),
    integer("last_seen_ms"),
    text("version"),
    text("practice_asks"),
    integer("health_since_ms"),
    **BY_KEY,
)
Index("ix_nodes_name", nodes.c.name)

join_tokens = Table(
    "join_tokens",
    metadata,
    text("token_sha256", key=True),
    text("owner_id"),
    text("created_by"),
    integer("created_ms"),
    integer("expires_ms"),
    integer("uses_left"),
    text("labels"),
    text("name_pattern"),
    integer("approve"),
    integer("revoked"),
    **BY_KEY,
)
