"""What attempts write, as their nodes send it: kept within bounds of the attempt and of the task.

A task of a million subtasks must not fill the disk with their logs: past its own bound the beginning of each
attempt's log is still kept, and a last line says why it ends. `full` in the answer makes the node stop sending.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Final

from core.domain.session import LogAck, LogChunk
from master_app.node_pool.grants import Grants
from master_app.ports.logs import LogFiles
from master_app.ports.reads import TaskReads

TASK_BYTES: Final = 1 << 30
#: Of each attempt, also when its task has met its bound: enough for why it failed.
BEGINNING_BYTES: Final = 16 << 10
TASK_NOTE: Final = "the logs of this task have met their limit; what follows was not kept"
_TASKS_KEPT: Final = 4096


class NodeLogs:
    """Takes log chunks of nodes. Thread-safe."""

    def __init__(
        self,
        *,
        grants: Grants,
        files: LogFiles,
        tasks: TaskReads,
        readers: Executor,
        task_bytes: int = TASK_BYTES,
    ) -> None:
        self._grants = grants
        self._files = files
        self._tasks = tasks
        self._readers = readers
        self._task_bytes = task_bytes
        self._lock = Lock()
        #: Bytes by task: what ended attempts had, as counted at the first chunk, and what came since.
        self._used: OrderedDict[str, int] = OrderedDict()

    def append(self, node_id: str, chunks: Sequence[LogChunk]) -> Future[Sequence[LogAck]]:
        """Keep what may be kept; what may not be is answered with `full`, so that it stops coming."""
        return self._readers.submit(self._append, node_id, list(chunks))

    def _append(self, node_id: str, chunks: Sequence[LogChunk]) -> Sequence[LogAck]:
        acks: dict[tuple[str, str], LogAck] = {}
        tasks: dict[str, str] = {}
        for chunk in chunks:
            if chunk.attempt_id not in tasks:
                tasks[chunk.attempt_id] = self._grants.task_written_for(node_id, chunk.attempt_id)
            task_id = tasks[chunk.attempt_id]
            next_offset, full = self._keep(task_id, chunk) if task_id else (_end(chunk), True)
            acks[chunk.attempt_id, chunk.stream.value] = LogAck(
                attempt_id=chunk.attempt_id, stream=chunk.stream, next_offset=next_offset, full=full
            )
        return list(acks.values())

    def _keep(self, task_id: str, chunk: LogChunk) -> tuple[int, bool]:
        before = self._files.size(chunk.attempt_id, chunk.stream)
        if before > BEGINNING_BYTES and self._count(task_id, 0) >= self._task_bytes:
            self._files.finish(chunk.attempt_id, chunk.stream, TASK_NOTE)
            return _end(chunk), True
        next_offset, full = self._files.append(chunk.attempt_id, chunk.stream, chunk.offset, chunk.content)
        self._count(task_id, max(0, self._files.size(chunk.attempt_id, chunk.stream) - before))
        return next_offset, full

    def _count(self, task_id: str, more: int) -> int:
        with self._lock:
            known = self._used.get(task_id)
        if known is None:
            known = self._tasks.log_bytes(task_id)
        with self._lock:
            self._used[task_id] = total = self._used.get(task_id, known) + more
            self._used.move_to_end(task_id)
            while len(self._used) > _TASKS_KEPT:
                self._used.popitem(last=False)
        return total


def _end(chunk: LogChunk) -> int:
    return chunk.offset + len(chunk.content)
