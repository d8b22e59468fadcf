"""Asks for credits, for commands and for doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from core.domain.asks import AskState, CreditAsk
from master_app.storage.readers import Readers
from master_app.storage.statements import Sql, constant
from master_app.storage.tables.asks import credit_asks

_COLUMNS: Final = credit_asks.c
_GET: Final = select(credit_asks).where(_COLUMNS.ask_id == bindparam("ask"))
_NEWEST: Final = (
    select(credit_asks)
    .where(_COLUMNS.user_id == bindparam("user"))
    .order_by(_COLUMNS.ask_id.desc())
    .limit(constant(1))
)
_REMOVE: Final = credit_asks.delete().where(_COLUMNS.ask_id == bindparam("ask"))
_FORGET: Final = credit_asks.delete().where(_COLUMNS.user_id == bindparam("user"))
_TRIM: Final = credit_asks.delete().where(
    _COLUMNS.answered_ms > constant(0), _COLUMNS.answered_ms < bindparam("before")
)


def _row_to_ask(row: Sequence[Any]) -> CreditAsk:
    ask_id, user_id, at_ms, words, state, answered_ms, answered_by, amount_ucpt, answer = row
    return CreditAsk(
        ask_id=ask_id,
        user_id=user_id,
        at_ms=at_ms,
        words=words,
        state=AskState(state),
        answered_ms=answered_ms,
        answered_by=answered_by,
        amount_ucpt=amount_ucpt,
        answer=answer,
    )


class SqlAsks:
    """See the port `AskRepository`."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, ask: CreditAsk) -> None:
        row = (
            *(ask.ask_id, ask.user_id, ask.at_ms, ask.words, ask.state.value, ask.answered_ms),
            *(ask.answered_by, ask.amount_ucpt, ask.answer),
        )
        self._sql.upsert_many(credit_asks, [row])

    def get(self, ask_id: str) -> CreditAsk | None:
        row = self._sql.row(_GET, (ask_id,))
        return None if row is None else _row_to_ask(row)

    def newest(self, user_id: str) -> CreditAsk | None:
        row = self._sql.row(_NEWEST, (user_id,))
        return None if row is None else _row_to_ask(row)

    def remove(self, ask_id: str) -> None:
        self._sql.run(_REMOVE, (ask_id,))

    def forget(self, user_id: str) -> None:
        self._sql.run(_FORGET, (user_id,))

    def trim(self, before_ms: int) -> None:
        self._sql.run(_TRIM, (before_ms,))


class SqlAskReads:
    """See the port `AskReads`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def newest_ask(self, user_id: str) -> CreditAsk | None:
        query = select(credit_asks).where(_COLUMNS.user_id == user_id).order_by(_COLUMNS.ask_id.desc()).limit(1)
        row = self._readers.row(query)
        return None if row is None else _row_to_ask(tuple(row))

    def open_asks(self, limit: int) -> Sequence[CreditAsk]:
        query = select(credit_asks).where(_COLUMNS.state == AskState.OPEN.value).order_by(_COLUMNS.ask_id)
        return [_row_to_ask(tuple(row)) for row in self._readers.rows(query.limit(limit))]

    def count_open(self) -> int:
        query = select(func.count()).select_from(credit_asks).where(_COLUMNS.state == AskState.OPEN.value)
        row = self._readers.row(query)
        return int(row[0]) if row is not None else 0
