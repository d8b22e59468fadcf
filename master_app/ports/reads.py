"""Queries for faces: on connections of their own, never on the writer, never blocking it.

Lists are keyset pages: pass the `next` of one page as `cursor` of the following; None is the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from core.domain.session import LogStream
from core.domain.task import HeldCode, TaskState
from core.domain.views import (
    ArtifactView,
    AttemptView,
    SubtaskView,
    TaskEventView,
    TaskView,
    UsageRow,
)

T = TypeVar("T")
MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: str | None


class TaskReads(Protocol):
    """`owner_id` None means any owner (operators); else other people's tasks are as if they were not there."""

    def tasks(
        self,
        *,
        owner_id: str | None,
        states: Sequence[TaskState] = (),
        name_contains: str = "",
        since_ms: int = 0,
        until_ms: int = 0,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[TaskView]:
        """Newest first. `since_ms` and `until_ms` (0: until now) bound when a task was made."""

    def task(self, task_id: str, *, owner_id: str | None) -> TaskView | None: ...

    def resolved_manifest(self, task_id: str) -> str: ...

    def subtasks(self, task_id: str, *, cursor: str | None = None, limit: int = 100) -> Page[SubtaskView]:
        """By index, with all attempts; the unborn are shown as READY; the merge is last."""

    def attempt(self, attempt_id: str) -> AttemptView | None: ...

    def log_bytes(self, task_id: str) -> int:
        """Return how much the ended attempts of a task have written."""

    def latest_attempt(self, task_id: str, index: int) -> AttemptView | None: ...

    def artifacts(self, task_id: str) -> Iterable[ArtifactView]:
        """All files of the result in order: the merge's, else each winner's. Streams, flat memory."""

    def artifact(self, task_id: str, name: str) -> ArtifactView | None: ...

    def events(self, task_id: str, *, after: int = 0, limit: int = 100) -> Sequence[TaskEventView]: ...

    def usage(self, task_id: str) -> Iterable[UsageRow]: ...


class LogReads(Protocol):
    """What attempts wrote. Kept in files beside the database, capped per attempt."""

    def read(self, attempt_id: str, stream: LogStream, offset: int, limit: int) -> tuple[bytes, int]:
        """Return bytes from `offset` (or the next that is kept) and the offset after them."""

    def size(self, attempt_id: str, stream: LogStream) -> int: ...


class BlobReads(Protocol):
    """Which blobs a task's attempts may read, for grants."""

    def task_may_read(self, task_ids: Sequence[str], blob: str) -> bool:
        """Tell whether the blob is part of the bundle, items, packages, checkpoint or parts of these tasks."""

    def held(self, code: HeldCode) -> Sequence[str]:
        """Return the live tasks that are held for this."""

    def inputs(self, task_id: str) -> Sequence[str]:
        """Return all blobs that a task may read."""

    def is_of_bundle(self, task_id: str, blob: str) -> bool:
        """Tell whether the blob came with the task: bundle, items or packages."""
