"""Notices, which of them still have to be delivered where, and what each user wants to be told."""

from __future__ import annotations

from sqlalchemy import Index, Table

from master_app.storage.tables.base import BY_KEY, integer, metadata, text

notices = Table(
    "notices",
    metadata,
    integer("sequence", key=True),
    text("owner_id"),
    integer("at_ms"),
    text("kind"),
    text("subject"),
    text("details"),
    integer("read_ms"),
    **BY_KEY,
)
Index("ix_notices_owner", notices.c.owner_id, notices.c.sequence)
Index("ix_notices_subject", notices.c.owner_id, notices.c.subject, notices.c.kind)

#: Rows exist while a delivery waits for its time.
notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    integer("sequence", key=True),
    text("channel", key=True),
    integer("tries"),
    integer("next_ms"),
    **BY_KEY,
)
Index("ix_notice_deliveries_next", notice_deliveries.c.next_ms)

notice_settings = Table(
    "notice_settings",
    metadata,
    text("owner_id", key=True),
    text("content"),
    **BY_KEY,
)
