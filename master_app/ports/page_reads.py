"""What pages need to draw: grids, charts and sums. Committed rows, on connections of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.attempt import AttemptState
from core.domain.ledger import ChainedTransfer
from core.domain.rewards import Tick
from core.domain.subtask import SubtaskState
from core.domain.task import TaskState
from core.domain.views import AttemptView


@dataclass(frozen=True, slots=True)
class CellRow:
    """So many subtasks of a cell are in this state; those of no row are READY (unborn)."""

    cell: int
    state: SubtaskState
    count: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One attempt that started, with its metering."""

    index: int
    state: AttemptState
    started_ms: int
    ended_ms: int
    memory_bytes: int
    peak_memory_bytes: int
    ticks: tuple[Tick, ...]
    paid_ucpt: int


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A subtask that FAILED, with its attempts that failed, oldest first."""

    index: int
    tries: tuple[AttemptView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNow:
    """Of one owner, or of all: subtasks at work, tasks that have some, tasks not ended, tasks held."""

    subtasks: int
    tasks: int
    live: int
    held: int


@dataclass(frozen=True, slots=True)
class DayOfMoney:
    """Of one day (days since 1970 in the reader's zone): paid for own tasks, and earned by own nodes."""

    day: int
    spent_ucpt: int
    earned_ucpt: int


class PageReads(Protocol):
    """`owner_id` None means everybody's."""

    def cells(self, task_id: str, subtask_count: int, at_most: int) -> Sequence[CellRow]:
        """Return the states of all subtasks in at most `at_most` cells of ceil(count / at_most) subtasks each.

        May be some seconds old where it takes long to add up.
        """

    def live_attempts(self, task_id: str, limit: int = 500) -> Sequence[AttemptView]: ...

    def runs(self, task_id: str, before_index: int, limit: int = 400) -> Sequence[RunRow]:
        """Return attempts that started, of the highest indices below `before_index` first."""

    def failed_parts(self, task_id: str, limit: int = 200) -> Sequence[FailedPart]: ...

    def running(self, owner_id: str | None) -> RunningNow: ...

    def count_tasks(self, owner_id: str | None, states: Sequence[TaskState], at_most: int) -> int:
        """Count tasks, up to a number after which nobody reads it exactly."""

    def hold_ucpt(self, owner_id: str) -> int:
        """Return what is held for all live tasks of an owner."""

    def money_by_day(self, user_id: str, since_ms: int, offset_ms: int) -> Sequence[DayOfMoney]:
        """Return whole days of the reader's clock, from the day of `since_ms` on, those without any left out."""

    def spending(self, user_id: str, before: int, at_most_ms: int, limit: int) -> Sequence[ChainedTransfer]:
        """Return what a user's tasks paid out, newest first: sequences below `before`, no later than a time."""

    def total_since(self, user_id: str, sequence: int, at_ms: int) -> int:
        """Return by how much a user's balance (what is held included) changed after a transfer and its time."""

    def task_names(self, task_ids: Sequence[str]) -> Mapping[str, str]: ...
