"""What happened: the timelines of tasks, the audit log, and the few values of the pool itself."""

from __future__ import annotations

from sqlalchemy import Index, Table

from master_app.storage.tables.base import BY_KEY, integer, maybe_integer, metadata, text

task_events = Table(
    "task_events",
    metadata,
    text("task_id", key=True),
    integer("sequence", key=True),
    integer("at_ms"),
    text("kind"),
    maybe_integer("ix"),
    text("node_id"),
    text("content"),
    **BY_KEY,
)

#: Append-only. `hash` covers the row and the hash of the one before it.
audit_log = Table(
    "audit_log",
    metadata,
    integer("sequence", key=True),
    integer("at_ms"),
    text("actor_id"),
    text("action"),
    text("subject"),
    text("details"),
    text("origin"),
    text("previous"),
    text("hash"),
    **BY_KEY,
)
Index("ix_audit_actor", audit_log.c.actor_id, audit_log.c.sequence)

meta = Table("meta", metadata, text("name", key=True), text("content"), **BY_KEY)
