"""WireGuard configs. Rows stay for ever: a number, and so its address, is given once."""

from __future__ import annotations

from sqlalchemy import Index, Table

from master_app.storage.tables.base import BY_KEY, integer, metadata, text

vpn_configs = Table(
    "vpn_configs",
    metadata,
    text("config_id", key=True),
    text("user_id"),
    integer("number"),
    text("name"),
    text("public_key"),
    integer("created_ms"),
    integer("rotated_ms"),
    integer("revoked_ms"),
    **BY_KEY,
)
Index("ix_vpn_configs_number", vpn_configs.c.number, unique=True)
Index("ix_vpn_configs_key", vpn_configs.c.public_key, unique=True)
Index("ix_vpn_configs_user", vpn_configs.c.user_id, vpn_configs.c.config_id)
