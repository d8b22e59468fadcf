"""Opens the storage of a master: database, writer, readers and logs. Only the composition root calls it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from core.clock import Clock
from core.paths import private_folder
from master_app.ports.unit_of_work import Lane, UnitOfWork
from master_app.storage.backup import back_up
from master_app.storage.blob_reads import SqlBlobReads
from master_app.storage.checks import unsound_accounts
from master_app.storage.console_reads import SqlConsoleReads
from master_app.storage.engine import database_url, prepare_file, reader_engine, writer_engine
from master_app.storage.failures import translate
from master_app.storage.history_reads import SqlAuditReads
from master_app.storage.ledger_reads import SqlLedgerReads
from master_app.storage.log_files import SegmentedLogFiles
from master_app.storage.migrate import upgrade
from master_app.storage.notice_reads import SqlNoticeReads
from master_app.storage.page_reads import SqlPageReads
from master_app.storage.readers import Readers
from master_app.storage.repositories.asks import SqlAskReads
from master_app.storage.repositories.templates import SqlTemplateReads
from master_app.storage.task_reads import SqlTaskReads
from master_app.storage.transactions import SqlTransactions
from master_app.storage.usage_reads import SqlUsageReads
from master_app.storage.user_reads import SqlUserReads
from master_app.storage.vpn_reads import SqlVpnReads
from master_app.storage.writer import CommandWriter, Publish, Rebuild

#: Commit numbers of a start begin here times its term. A term is at least the time in seconds, so these grow over
#: restarts as long as a second has no more commits than this; and until 2038 they fit in the 53 bits of a browser.
_COMMITS_A_TERM: Final = 1 << 22
_COPIES: Final = "backups"
_LOGS: Final = "logs"


class Storage:
    """Everything that is kept. Close it last."""

    def __init__(
        self,
        *,
        transactions: SqlTransactions,
        writing: Engine,
        reading: Engine,
        data_dir: Path,
        publish: Publish,
        rebuild: Rebuild,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._writing = writing
        self._reading = reading
        self._clock = clock
        self._readers = Readers(reading)
        self.task_reads: Final = SqlTaskReads(self._readers)
        self.page_reads: Final = SqlPageReads(self._readers)
        self.blob_reads: Final = SqlBlobReads(self._readers)
        self.ledger_reads: Final = SqlLedgerReads(self._readers)
        self.user_reads: Final = SqlUserReads(self._readers)
        self.usage_reads: Final = SqlUsageReads(self._readers)
        self.audit_reads: Final = SqlAuditReads(self._readers)
        self.console_reads: Final = SqlConsoleReads(self._readers, self.task_reads)
        self.vpn_reads: Final = SqlVpnReads(self._readers)
        self.template_reads: Final = SqlTemplateReads(self._readers)
        self.ask_reads: Final = SqlAskReads(self._readers)
        self.notice_reads: Final = SqlNoticeReads(self._readers)
        self.log_files: Final = SegmentedLogFiles(private_folder(data_dir / _LOGS))
        self.writer: Final = CommandWriter(
            transactions, publish=publish, rebuild=rebuild, commit_number=self.term * _COMMITS_A_TERM
        )

    @property
    def term(self) -> int:
        """This master's term: larger at each start."""
        return self._transactions.term_keeper.term

    def raise_term(self, above: int) -> Future[int]:
        """Jump above a term that a node has seen; the future gives the term that holds then."""

        def command(uow: UnitOfWork) -> int:
            uow.raise_term(above)
            return uow.term

        return self.writer.execute(command, lane=Lane.NODES)

    def back_up(self, target: Path, files: Mapping[str, Path]) -> dict[str, Any]:
        """Write a backup, with these settings files, to one new file; return its heads. Takes its time."""
        return back_up(self._reading, target, files, now_ms=self._clock.wall_ms())

    def unsound_accounts(self) -> list[str]:
        """Return the accounts whose cached balance is not what their transfers say. Reads all transfers."""
        return unsound_accounts(self._readers)

    def close(self) -> None:
        """Run what waits, end the writer, close all connections."""
        self.writer.close()
        self._reading.dispose()
        self._writing.dispose()


def open_storage(url: str, *, data_dir: Path, publish: Publish, rebuild: Rebuild, clock: Clock) -> Storage:
    """Open (and make, or bring to today's shape) the database of a master and claim the next term of it.

    `url` empty or `sqlite`: a file in `data_dir`. `publish(facts, commit_number)` and `rebuild(uow)` are called
    on the writer's thread; `rebuild` fills a new, empty `uow.pool` before the first command and after each
    commit that failed. Raises StorageUnavailable (NOT_THE_WRITER where another master has the database).
    """
    private_folder(data_dir)
    where = database_url(url, data_dir)
    prepare_file(where)
    writing, reading = writer_engine(where), reader_engine(where)
    transactions = SqlTransactions(writing, clock)
    try:
        upgrade(writing, data_dir / _COPIES, clock.wall_ms())
        transactions.connect()
    except Exception as error:
        transactions.abandon()
        reading.dispose()
        writing.dispose()
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error
    return Storage(
        transactions=transactions,
        writing=writing,
        reading=reading,
        data_dir=data_dir,
        publish=publish,
        rebuild=rebuild,
        clock=clock,
    )
