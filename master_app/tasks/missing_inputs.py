"""Inputs that the pool's disk has spoilt or lost: their tasks wait, spend nothing, and go on when they are back.

A node that asks for such a blob is refused (a blob whose content is wrong is never served). Its task is held at
once, the attempt costs nobody anything, and `look` lets the task go when the same content was sent again.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from core.domain.bundle import entries_from_lines
from core.domain.errors import HiveMindError
from core.domain.ids import SubtaskKey
from core.domain.task import TERMINAL_TASK_STATES, HeldCode
from master_app.ports.reads import BlobReads
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.tasks.rollup import Rollup

logger = logging.getLogger(__name__)

#: What the blob door says of a blob that it does not give.
LOST_CODES: Final = frozenset({"BLOB_NOT_FOUND", "BLOB_DAMAGED"})
#: Attempts of which it is remembered that they failed for this.
MAX_ATTEMPTS: Final = 10_000

BUNDLE_LOST: Final = (
    "its bundle was damaged on the pool's disk; send the same zip once more, and it goes on by itself"
)
PART_LOST: Final = "the result of a part was damaged on the pool's disk; retry the task with all its parts"


def file_lost(path: str) -> str:
    return f"its file {path} was damaged on the pool's disk; send the same zip once more, and it goes on by itself"


class InputStore(Protocol):
    """The content store, as inputs need it."""

    def is_sound(self, sha256: str) -> bool: ...

    def read(self, sha256: str, offset: int, length: int) -> bytes: ...

    def size(self, sha256: str) -> int | None: ...


class MissingInputs:
    """Thread-safe. `note` and `look` may wait for disk and database; `hold` and `is_ours` are for commands."""

    def __init__(self, *, writer: Writer, store: InputStore, reads: BlobReads, rollup: Rollup) -> None:
        self._writer = writer
        self._store = store
        self._reads = reads
        self._rollup = rollup
        self._lock = threading.Lock()
        #: What held tasks miss, as far as this process has seen it.
        self._lost: dict[str, set[str]] = {}
        self._attempts: OrderedDict[str, None] = OrderedDict()

    def note(self, task_id: str, attempt_id: str, blob: str) -> None:
        """A live attempt of this task asked for an input that is not here as it was."""
        if self._is_sound(blob):
            return  # it was sent again meanwhile
        reason = self._reason(task_id, blob)

        def command(uow: UnitOfWork) -> None:
            if not self._forget_checkpoint(uow, attempt_id, blob):
                self.hold(uow, task_id, blob, reason)
            uow.after_commit(lambda: self._remember(attempt_id))

        self._writer.execute(command, lane=Lane.NODES).result(60)

    def hold(self, uow: UnitOfWork, task_id: str, blob: str, reason: str) -> None:
        """Hold a task that misses an input, and say which."""
        task = uow.tasks.get(task_id)
        if task is None or task.state in TERMINAL_TASK_STATES:
            return
        uow.after_commit(lambda: self._add(task_id, blob))
        if task.held is None:
            logger.error("a task misses an input", extra={"task_id": task_id, "blob": blob, "reason": reason})
            task.held, task.held_reason = HeldCode.INPUT_MISSING, reason
            self._rollup.refresh(uow, task)

    def is_ours(self, attempt_id: str) -> bool:
        """Tell whether an attempt failed because the pool did not have its input."""
        with self._lock:
            return attempt_id in self._attempts

    def lost_blobs(self) -> Mapping[str, int]:
        """Return what is missing, and how many tasks wait for it."""
        with self._lock:
            return Counter(blob for blobs in self._lost.values() for blob in blobs)

    def look(self) -> None:
        """Let tasks go whose inputs are whole again."""
        held = set(self._reads.held(HeldCode.INPUT_MISSING))
        with self._lock:
            self._lost = {task_id: blobs for task_id, blobs in self._lost.items() if task_id in held}
            known = dict(self._lost)
        for task_id in held:
            # After a start nobody remembers which it was.
            asked: Iterable[str] = known.get(task_id) or self._reads.inputs(task_id)
            lost = {blob for blob in asked if not self._is_sound(blob)}
            with self._lock:
                self._lost[task_id] = lost
            if not lost:
                self._writer.execute(partial(self._let_go, task_id=task_id), lane=Lane.INNER).result(60)

    # ---- inner

    def _let_go(self, uow: UnitOfWork, task_id: str) -> None:
        task = uow.tasks.get(task_id)
        if task is not None and task.held is HeldCode.INPUT_MISSING:
            logger.info("a task has its inputs again", extra={"task_id": task_id})
            task.held, task.held_reason = None, ""
            self._rollup.refresh(uow, task)

    @staticmethod
    def _forget_checkpoint(uow: UnitOfWork, attempt_id: str, blob: str) -> bool:
        """A checkpoint that is lost costs the work since the start, not a task's time: the next begins anew."""
        live = uow.pool.attempts.get(attempt_id)
        if live is None:
            return False
        key = SubtaskKey(live.task_id, live.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is None or all(entry.blob != blob for entry in row.checkpoint):
            return False
        logger.error("a checkpoint was damaged; its subtask begins anew", extra={"task_id": live.task_id})
        uow.subtasks.put_many([replace(row, checkpoint=())])
        return True

    def _reason(self, task_id: str, blob: str) -> str:
        def bundle(uow: UnitOfWork) -> str:
            task = uow.tasks.get(task_id)
            return task.bundle_id if task is not None else ""

        bundle_id = self._writer.execute(bundle, lane=Lane.NODES).result(60)
        try:
            lines = self._store.read(bundle_id, 0, self._store.size(bundle_id) or 0).splitlines()
            paths = [entry.path for entry in entries_from_lines(lines) if entry.blob == blob]
        except (HiveMindError, ValueError):
            paths = []
        if paths:
            return file_lost(paths[0])
        return BUNDLE_LOST if self._reads.is_of_bundle(task_id, blob) else PART_LOST

    def _is_sound(self, blob: str) -> bool:
        try:
            return self._store.is_sound(blob)
        except HiveMindError:
            return False

    def _add(self, task_id: str, blob: str) -> None:
        with self._lock:
            self._lost.setdefault(task_id, set()).add(blob)

    def _remember(self, attempt_id: str) -> None:
        with self._lock:
            self._attempts[attempt_id] = None
            if len(self._attempts) > MAX_ATTEMPTS:
                self._attempts.popitem(last=False)
