"""The contracts of money and people, kept by the real repositories on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from master_app.scheduling.pool import Pool
from master_app.storage.engine import database_url, prepare_file, reader_engine, writer_engine
from master_app.storage.ledger_reads import SqlLedgerReads
from master_app.storage.migrate import upgrade
from master_app.storage.readers import Readers
from master_app.storage.transactions import SqlTransactions
from master_app.storage.unit_of_work import SqlUnitOfWork
from master_app.storage.user_reads import SqlUserReads
from tests.contract.test_ledger_port import Ledger, LedgerContract
from tests.contract.test_users_port import People, UsersContract
from tests.fakes.clock import ManualClock
from tests.support.databases import postgres_server, url
from tests.support.storage import NOW_MS

__all__ = ["postgres_server", "url"]
R = TypeVar("R")


class Database:
    """Transactions on this thread, without the writer's, so that a test can hold one open."""

    def __init__(self, url: str, folder: Path, clock: ManualClock) -> None:
        where = database_url(url, folder)
        prepare_file(where)
        self.engine = writer_engine(where)
        upgrade(self.engine, folder / "backups", NOW_MS)
        self.reading = reader_engine(where)
        self.readers = Readers(self.reading)
        self.pool = Pool()
        self.transactions = SqlTransactions(self.engine, clock)
        self.transactions.open(self.pool)

    @contextmanager
    def transaction(self) -> Iterator[SqlUnitOfWork]:
        uow = self.transactions.begin()
        try:
            yield uow
            self.transactions.commit()
        except BaseException:
            self.pool.rewind(0)
            self.transactions.rollback()
            raise

    def of(self, part: Callable[[SqlUnitOfWork], R]) -> Callable[[], AbstractContextManager[R]]:
        @contextmanager
        def transaction() -> Iterator[R]:
            with self.transaction() as uow:
                yield part(uow)

        return transaction

    def close(self) -> None:
        self.transactions.abandon()
        self.reading.dispose()
        self.engine.dispose()


@pytest.fixture
def database(url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    found = Database(url, tmp_path / "data", clock)
    yield found
    found.close()


class TestSqlLedger(LedgerContract):
    @pytest.fixture
    def ledger(self, database: Database) -> Ledger:
        return Ledger(database.of(lambda uow: uow.ledger), SqlLedgerReads(database.readers))


class TestSqlUsers(UsersContract):
    @pytest.fixture
    def people(self, database: Database) -> People:
        return People(database.of(lambda uow: uow.users), SqlUserReads(database.readers))
