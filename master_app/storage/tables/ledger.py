"""Accounts and transfers. Transfers are only ever inserted; balances are cached beside them and checked."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from core.domain.ledger import PAYMENT_CODES, RARE_CODES, Code
from master_app.storage.tables.base import BY_KEY, any_of, integer, maybe_integer, metadata, text

IS_SPENDING: Final = any_of("code", PAYMENT_CODES | {Code.POOL_FEE})
IS_PAYMENT: Final = any_of("code", PAYMENT_CODES)
IS_RARE: Final = any_of("code", RARE_CODES)

accounts = Table(
    "accounts",
    metadata,
    text("account_id", key=True),
    integer("balance_ucpt"),
    integer("entries"),
    text("head"),
    text("hold_id"),
    **BY_KEY,
)

transfers = Table(
    "transfers",
    metadata,
    integer("sequence", key=True),
    text("transfer_id"),
    text("debit"),
    text("credit"),
    integer("amount_ucpt"),
    text("code"),
    integer("at_ms"),
    text("task_id"),
    maybe_integer("ix"),
    text("attempt_id"),
    integer("rule_version"),
    text("basis"),
    text("failure"),
    text("pending_id"),
    text("actor_id"),
    text("previous_debit"),
    text("previous_credit"),
    text("hash"),
    **BY_KEY,
)


def _some(name: str, *columns: Any, condition: str) -> None:
    Index(name, *columns, sqlite_where=sql(condition), postgresql_where=sql(condition))


Index("ix_transfers_id", transfers.c.transfer_id, unique=True)
Index("ix_transfers_debit", transfers.c.debit, transfers.c.sequence)
Index("ix_transfers_credit", transfers.c.credit, transfers.c.sequence)
#: What a user's tasks paid out and what a user earned, for quotas and charts: summed from the index alone.
_some(
    "ix_transfers_spent", transfers.c.actor_id, transfers.c.at_ms, transfers.c.amount_ucpt, condition=IS_SPENDING
)
_some(
    "ix_transfers_earned",
    transfers.c.credit,
    transfers.c.sequence,
    transfers.c.at_ms,
    transfers.c.amount_ucpt,
    condition=IS_PAYMENT,
)
#: Statements leave out the holds of a user's tasks, which are most of what the account has.
_some("ix_transfers_rare_debit", transfers.c.debit, transfers.c.sequence, condition=IS_RARE)
_some("ix_transfers_rare_credit", transfers.c.credit, transfers.c.sequence, condition=IS_RARE)

reward_rules = Table("reward_rules", metadata, integer("version", key=True), text("content"), **BY_KEY)
