"""The few values of the pool itself; the term is one of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from core.domain.errors import StorageUnavailable
from master_app.storage.statements import Sql
from master_app.storage.tables.history import meta

_GET: Final = select(meta.c.content).where(meta.c.name == bindparam("name"))
_TERM: Final = "term"


def get(sql: Sql, name: str) -> str | None:
    row = sql.row(_GET, (name,))
    return None if row is None else str(row[0])


def put(sql: Sql, name: str, content: str) -> None:
    sql.upsert_many(meta, [(name, content)])


class TermKeeper:
    """This program's term: larger at each start, so that what an older one decided can be told apart."""

    def __init__(self) -> None:
        self.term = 0

    def claim(self, sql: Sql, now_s: int) -> int:
        """Take the next term, durable with the transaction around it."""
        self.term = max(int(get(sql, _TERM) or 0) + 1, now_s)
        put(sql, _TERM, str(self.term))
        return self.term

    def raise_above(self, sql: Sql, above: int) -> int:
        """Jump above a term that somebody has seen."""
        if above >= self.term:
            self.term = above + 1
            put(sql, _TERM, str(self.term))
        return self.term

    def forget_raise(self, before: int) -> None:
        self.term = before

    def prove(self, sql: Sql) -> None:
        """Raise StorageUnavailable when another program has claimed a later term of this database."""
        if get(sql, _TERM) != str(self.term):
            raise StorageUnavailable(
                "Another master writes to this database.",
                code="NOT_THE_WRITER",
                fix="Stop one of the two; only one master may use a database.",
            )
