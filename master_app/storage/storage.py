"""Opens the storage of a master: database, writer, readers and logs. Only the composition root calls it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from core.clock import Clock
from master_app.ports.unit_of_work import Lane, UnitOfWork
from master_app.storage.engine import database_url, prepare_file, writer_engine
from master_app.storage.tables import tasks as _tasks, nodes as _nodes, history as _history, ledger as _ledger, users as _users  # noqa
from master_app.storage.tables.base import metadata
from master_app.storage.transactions import SqlTransactions
from master_app.storage.unit_of_work import SqlUnitOfWork
from master_app.storage.writer import CommandWriter, Publish, Rebuild

#: Commit numbers of one start begin here times its term, so that they grow over restarts and fit in 53 bits.
_COMMITS_A_TERM = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Everything that is kept. Close it last."""

    writer: CommandWriter
    term_at_start: int
    _engine: Engine

    def close(self) -> None:
        self.writer.close()
        self._engine.dispose()


def open_storage(url: str, *, data_dir: Path, publish: Publish, rebuild: Rebuild, clock: Clock) -> Storage:
    where = database_url(url, data_dir)
    prepare_file(where)
    engine = writer_engine(where)
    metadata.create_all(engine)
    transactions = SqlTransactions(engine, clock)
    transactions.connect()
    writer = CommandWriter(
        transactions,
        publish=publish,
        rebuild=rebuild,
        commit_number=transactions.term_keeper.term * _COMMITS_A_TERM,
    )
    return Storage(writer=writer, term_at_start=transactions.term_keeper.term, _engine=engine)
