"""The connections that read: a few, shared by all queries, each query on one snapshot and off again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Select

from core.domain.errors import Invalid
from core.domain.ids import is_ulid
from master_app.ports.reads import MAX_PAGE
from master_app.storage.failures import translate


class Readers:
    """Runs queries on connections of their own; raises our errors only. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection on which everything read belongs to one commit. Keep it briefly."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except Exception as error:
            ours = translate(error)
            if ours is None:
                raise
            raise ours from error

    def rows(self, query: Select[Any]) -> list[Any]:
        """Return all rows of one query."""
        with self.snapshot() as connection:
            return list(connection.execute(query))

    def row(self, query: Select[Any]) -> Any | None:
        with self.snapshot() as connection:
            return connection.execute(query).first()


def page_size(limit: int) -> int:
    """Return a limit within what one page may hold."""
    return max(1, min(limit, MAX_PAGE))


def ulid_cursor(cursor: str | None) -> str | None:
    """Return a cursor that came from outside, or raise Invalid."""
    if cursor is not None and not is_ulid(cursor):
        raise Invalid("That is not a place in this list.", code="CURSOR_INVALID")
    return cursor


def number_cursor(cursor: str | None) -> int:
    """Return a cursor that is a number, 0 for none, or raise Invalid."""
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 15:
        raise Invalid("That is not a place in this list.", code="CURSOR_INVALID")
    return int(cursor)
