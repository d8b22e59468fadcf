"""Asks for credits."""

from __future__ import annotations

from sqlalchemy import Index, Table

from master_app.storage.tables.base import BY_KEY, integer, metadata, text

credit_asks = Table(
    "credit_asks",
    metadata,
    text("ask_id", key=True),
    text("user_id"),
    integer("at_ms"),
    text("words"),
    text("state"),
    integer("answered_ms"),
    text("answered_by"),
    integer("amount_ucpt"),
    text("answer"),
    **BY_KEY,
)
Index("ix_credit_asks_user", credit_asks.c.user_id, credit_asks.c.ask_id)
Index("ix_credit_asks_state", credit_asks.c.state, credit_asks.c.ask_id)
