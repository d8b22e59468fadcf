"""The writer's one connection: how a transaction begins, ends, and is proven to be the only one."""

from __future__ import annotations

import contextlib
import logging
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.domain.errors import StorageUnavailable
from master_app.scheduling.pool import Pool
from master_app.storage.meta import TermKeeper
from master_app.storage.statements import Sql
from master_app.storage.unit_of_work import SqlUnitOfWork

logger = logging.getLogger(__name__)

#: Key of the advisory lock ("HIVE" in ASCII); one master a database, whatever the number of schemas.
_LOCK: Final = 0x48495645
#: A master that was stopped or killed a moment ago may still have its session.
_LOCK_WAIT: Final = text("SET LOCAL lock_timeout = '3s'")
_TAKE_LOCK: Final = text(f"SELECT pg_advisory_lock({_LOCK})")
_LOCK_NOT_AVAILABLE: Final = "55P03"
_HOLD_LOCK: Final = text(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objsubid = 1"
    f" AND objid = {_LOCK} AND pid = pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SqlTransactions:
    """What the writer needs of the database. `connect` claims the term; call it once, before the writer runs."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._connection: Connection | None = None
        self._sql: Sql | None = None
        self._uow: SqlUnitOfWork | None = None
        self.term_keeper = TermKeeper()

    def connect(self) -> None:
        """Connect, prove to be the only writer, and claim this start's term or prove that it still holds."""
        connection = self._engine.connect()
        try:
            sql = Sql(connection)
            with connection.begin():
                if not sql.is_sqlite:
                    _take_lock(sql)
                if self.term_keeper.term:
                    self.term_keeper.prove(sql)
                else:
                    self.term_keeper.claim(sql, self._clock.wall_ms() // 1000)
        except BaseException:
            _drop(connection)
            raise
        self._connection, self._sql = connection, sql

    def open(self, pool: Pool) -> None:
        """Make the unit of work over a new hot state; connects again after `abandon`."""
        if self._connection is None:
            self.connect()
        assert self._connection is not None and self._sql is not None
        with self._connection.begin():
            self._uow = SqlUnitOfWork(self._sql, pool, self.term_keeper)

    def begin(self) -> SqlUnitOfWork:
        if self._connection is None or self._uow is None:
            raise StorageUnavailable("The connection to the database was lost.")
        self._connection.begin()
        self._uow.begin(self._clock.wall_ms())
        return self._uow

    def commit(self) -> None:
        assert self._connection is not None and self._sql is not None and self._uow is not None
        self._uow.flush()
        if not self._sql.is_sqlite and not self._sql.rows(_HOLD_LOCK):
            raise _not_the_writer()
        self.term_keeper.prove(self._sql)
        self._connection.commit()
        self._uow.committed()

    def rollback(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rollback()
            except SQLAlchemyError:
                # SQLite may have rolled back by itself; on a lost connection there is nothing left to undo.
                logger.warning("rolling back failed; the connection is dropped", exc_info=True)
                self.abandon()

    def abandon(self) -> None:
        connection, self._connection, self._sql, self._uow = self._connection, None, None, None
        if connection is not None:
            _drop(connection)


def _take_lock(sql: Sql) -> None:
    sql.run(_LOCK_WAIT)
    try:
        sql.rows(_TAKE_LOCK)
    except Exception as error:
        if getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise _not_the_writer() from error
        raise


def _drop(connection: Connection) -> None:
    with contextlib.suppress(SQLAlchemyError):
        connection.rollback()
    with contextlib.suppress(SQLAlchemyError):
        # A PostgreSQL session keeps its lock until it ends, so the connection is really closed.
        connection.invalidate()
    with contextlib.suppress(SQLAlchemyError):
        connection.close()


def _not_the_writer() -> StorageUnavailable:
    return StorageUnavailable(
        "Another master writes to this database.",
        code="NOT_THE_WRITER",
        fix="Stop one of the two; only one master may use a database.",
    )
