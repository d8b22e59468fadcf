"""Which blobs and logs a node may touch: what its live attempts name, and nothing else (security, section 1).

Read grants end with the attempt; write and log grants last a while longer, for late results (R5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future

from core.domain.errors import NotFound
from master_app.ports.reads import BlobReads, TaskReads
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.tasks.missing_inputs import MissingInputs
from master_app.tasks.specs import SpecCache
from master_app.users.vault import UserSecrets

WRITE_GRANT_MS = 7 * 86_400_000


class Grants:
    """Answers the blob and log doors. Live attempts are asked on the writer thread, rows on a reader."""

    def __init__(
        self,
        *,
        writer: Writer,
        task_reads: TaskReads,
        blob_reads: BlobReads,
        inputs: MissingInputs,
        readers: Executor,
        now_ms: Callable[[], int],
    ) -> None:
        self._writer = writer
        self._task_reads = task_reads
        self._blob_reads = blob_reads
        self._inputs = inputs
        self._readers = readers
        self._now_ms = now_ms

    def may_read(self, node_id: str, attempt_id: str, sha256: str) -> Future[bool]:
        """Tell whether this live attempt of this node needs this blob."""

        def ask() -> bool:
            task_id = self._writer.execute(lambda uow: _task_of(uow, node_id, attempt_id), lane=Lane.NODES).result(
                30
            )
            return bool(task_id) and self._blob_reads.task_may_read([task_id], sha256)

        return self._readers.submit(ask)

    def note_missing(self, node_id: str, attempt_id: str, sha256: str) -> Future[None]:
        """What this attempt may read is not here, or not what it was: its task waits for it."""

        def note() -> None:
            task_id = self._writer.execute(lambda uow: _task_of(uow, node_id, attempt_id), lane=Lane.NODES).result(
                30
            )
            if task_id:
                self._inputs.note(task_id, attempt_id, sha256)

        return self._readers.submit(note)

    def may_store(self, node_id: str, attempt_id: str) -> Future[bool]:
        """Tell whether this attempt was given to this node and may still bring results."""
        return self._readers.submit(self.may_write, node_id, attempt_id)

    def may_write(self, node_id: str, attempt_id: str) -> bool:
        """The same, on the caller's thread; reads the database."""
        return bool(self.task_written_for(node_id, attempt_id))

    def task_written_for(self, node_id: str, attempt_id: str) -> str:
        """Return the task that this attempt of this node may still write for; empty: it may not."""
        attempt = self._task_reads.attempt(attempt_id)
        if attempt is None or attempt.node_id != node_id:
            return ""
        is_late = attempt.ended_ms and attempt.ended_ms <= self._now_ms() - WRITE_GRANT_MS
        return "" if is_late else attempt.task_id


def _task_of(uow: UnitOfWork, node_id: str, attempt_id: str) -> str:
    live = uow.pool.attempts.get(attempt_id)
    return live.task_id if live is not None and live.node_id == node_id else ""


class NodeSecrets:
    """Gives a task's secrets to the node that an attempt of it lives on."""

    def __init__(self, *, writer: Writer, specs: SpecCache, secrets: UserSecrets, readers: Executor) -> None:
        self._writer = writer
        self._specs = specs
        self._secrets = secrets
        self._readers = readers

    def give(self, node_id: str, attempt_id: str) -> Future[Mapping[str, str]]:
        """Raises NotFound for any other attempt, and for a secret that is not set any more."""

        def wanted(uow: UnitOfWork) -> tuple[str, tuple[str, ...]]:
            task = uow.tasks.get(_task_of(uow, node_id, attempt_id))
            if task is None:
                raise NotFound("This node has no such attempt.", code="ATTEMPT_NOT_FOUND")
            return task.owner_id, self._specs.get(uow, task).secrets

        def give() -> Mapping[str, str]:
            owner_id, names = self._writer.execute(wanted, lane=Lane.NODES).result(30)
            return self._secrets.values(owner_id, names)

        return self._readers.submit(give)
