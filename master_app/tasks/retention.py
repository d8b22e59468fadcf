"""What is kept and for how long: files of ended tasks expire; blobs that nothing refers to are removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from core.blobs.store import BlobStore
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer

#: A blob younger than this may belong to a submission or result that is not committed yet.
UNREFERENCED_S = 24 * 3600
STALE_UPLOAD_S = 48 * 3600
TASKS_AT_ONCE = 64


class BlobReferences(Protocol):
    def is_referenced(self, blob: str) -> bool:
        """Tell whether a task that has not expired, or its bundle, results or checkpoints, needs the blob."""


class Retention:
    """One `sweep` now and then, on a thread that may wait."""

    def __init__(self, *, writer: Writer, store: BlobStore, references: BlobReferences) -> None:
        self._writer = writer
        self._store = store
        self._references = references

    def sweep(self, stop: Callable[[], bool]) -> int:
        """Expire tasks whose time is over and remove what only they needed; return how many blobs went."""
        while self._writer.execute(_expire, lane=Lane.INNER).result(60) == TASKS_AT_ONCE and not stop():
            continue
        self._store.sweep(STALE_UPLOAD_S)
        removed = 0
        before = time.time() - UNREFERENCED_S
        for blob, _, changed_s in self._store.names():
            if stop():
                break
            if changed_s < before and not self._references.is_referenced(blob):
                self._store.delete(blob)
                removed += 1
        return removed


def _expire(uow: UnitOfWork) -> int:
    task_ids = uow.tasks.expired(uow.now_ms, TASKS_AT_ONCE)
    for task_id in task_ids:
        task = uow.tasks.get(task_id)
        if task is not None:
            task.expired = True
            uow.tasks.save(task)
    return len(task_ids)
