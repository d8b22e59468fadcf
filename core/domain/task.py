"""A task: what is submitted. Its state is never set but rolled up, with a reason (lifecycles, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.transitions import Edge, Table


class TaskState(StrEnum):
    WAITING = "WAITING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    MERGING = "MERGING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    HELD = "HELD"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL_TASK_STATES = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED})
LIVE_TASK_STATES = frozenset(TaskState) - TERMINAL_TASK_STATES
#: States in which new attempts may be placed.
DISPATCHABLE_TASK_STATES = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.MERGING})


class HeldCode(StrEnum):
    NO_FEASIBLE_NODE = "NO_FEASIBLE_NODE"
    OUT_OF_FUNDS = "OUT_OF_FUNDS"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    IMAGE_INVALID = "IMAGE_INVALID"
    INPUT_MISSING = "INPUT_MISSING"
    DEPENDENCY_FAILED = "DEPENDENCY_FAILED"


class Wish(StrEnum):
    """What the owner of the task wants; the state follows when the attempts have."""

    RUN = "RUN"
    PAUSE = "PAUSE"
    CANCEL = "CANCEL"


class WaitFor(StrEnum):
    NOTHING = ""
    AFTER = "after"
    PIN = "pin"


class MergeState(StrEnum):
    """Of the merge's own subtask; NONE where no merge is defined."""

    NONE = "none"
    BLOCKED = "blocked"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_T = TaskState
_LIVE = (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING, _T.PAUSING, _T.PAUSED, _T.HELD)
_ENDED_OR_HELD = (_T.FAILED, _T.CANCELLED, _T.SUCCEEDED)
TASK_TABLE: Table[TaskState] = Table(
    "task",
    TaskState,
    [_T.WAITING, _T.QUEUED],
    [
        Edge(_T.WAITING, _T.QUEUED, "its after tasks succeeded; its image is pinned"),
        Edge(_T.QUEUED, _T.WAITING, "its image must be pinned again"),
        Edge(_T.QUEUED, _T.RUNNING, "first attempt accepted"),
        # A short first attempt may end before any report says that it runs.
        Edge(_T.QUEUED, _T.MERGING, "all parts ended"),
        Edge(_T.QUEUED, _T.SUCCEEDED, "all subtasks ended, enough succeeded"),
        Edge(_T.RUNNING, _T.MERGING, "all parts ended, enough succeeded, merge defined"),
        Edge(_T.RUNNING, _T.SUCCEEDED, "all subtasks ended, enough succeeded"),
        Edge(_T.MERGING, _T.SUCCEEDED, "the merge succeeded"),
        Edge(_T.WAITING, _T.RUNNING, "its first attempt pinned the image"),
        Edge(_T.WAITING, _T.SUCCEEDED, "its first attempt was the only one"),
        Edge(_T.WAITING, _T.MERGING, "its first attempt was the only part"),
        Edge(_T.RUNNING, _T.QUEUED, "retry all"),
        Edge(_T.MERGING, _T.RUNNING, "a part runs again"),
        *(Edge(state, _T.FAILED, "too many failed, too few succeeded, or DEADLINE") for state in _LIVE),
        *(Edge(state, _T.HELD, "a cause holds it") for state in _LIVE if state is not _T.HELD),
        *(Edge(state, _T.CANCELLING, "user") for state in _LIVE),
        *(Edge(state, _T.CANCELLED, "user, nothing was running") for state in _LIVE),
        Edge(_T.CANCELLING, _T.CANCELLED, "each live attempt is confirmed stopped or lost"),
        *(Edge(state, _T.PAUSING, "user") for state in (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING)),
        *(
            Edge(state, _T.PAUSED, "user, nothing was running")
            for state in (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING)
        ),
        Edge(_T.PAUSING, _T.PAUSED, "0 live attempts"),
        *(Edge(_T.PAUSING, state, "taken back") for state in (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING)),
        Edge(_T.PAUSING, _T.SUCCEEDED, "what ran was the last"),
        Edge(_T.PAUSED, _T.SUCCEEDED, "a late result was the last (R5)"),
        Edge(_T.HELD, _T.PAUSING, "its cause is gone, a pause is wished"),
        *(Edge(_T.PAUSED, state, "user resumes") for state in (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING)),
        *(
            Edge(_T.HELD, state, "its cause is gone")
            for state in (_T.WAITING, _T.QUEUED, _T.RUNNING, _T.MERGING, _T.PAUSED, _T.SUCCEEDED)
        ),
        *(Edge(state, _T.QUEUED, "retry") for state in _ENDED_OR_HELD),
        *(Edge(state, _T.WAITING, "retry") for state in _ENDED_OR_HELD),
        *(Edge(state, _T.RUNNING, "retry; some had succeeded") for state in _ENDED_OR_HELD),
        *(Edge(state, _T.MERGING, "retry of the merge") for state in _ENDED_OR_HELD),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """All that a task's state follows from. Counts leave the merge's own subtask out."""

    subtask_count: int
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    eaten: int = 0
    #: Live attempts beyond OFFERED count as started.
    live_attempts: int = 0
    started: bool = False
    merge: MergeState = MergeState.NONE
    wish: Wish = Wish.RUN
    held: HeldCode | None = None
    held_reason: str = ""
    wait_for: WaitFor = WaitFor.NOTHING
    max_failed: int = 1
    min_success: float = 1.0
    deadline_passed: bool = False

    @property
    def ended(self) -> int:
        """Subtasks that will not change by themselves."""
        return self.succeeded + self.failed + self.cancelled + self.eaten


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledUp:
    state: TaskState
    reason: str


def roll_up(facts: TaskFacts) -> RolledUp:
    """Return the state that a task must be in, and the words for why. The only place that decides it."""
    if facts.wish is Wish.CANCEL:
        if facts.live_attempts:
            return RolledUp(state=TaskState.CANCELLING, reason=_stopping(facts.live_attempts))
        return RolledUp(state=TaskState.CANCELLED, reason="cancelled by its owner")
    ended = _ended(facts)
    if ended is not None:
        return ended
    if facts.deadline_passed:
        return RolledUp(state=TaskState.FAILED, reason="DEADLINE")
    if facts.held is not None:
        return RolledUp(state=TaskState.HELD, reason=facts.held_reason or facts.held.value)
    if facts.wish is Wish.PAUSE:
        if facts.live_attempts:
            return RolledUp(state=TaskState.PAUSING, reason=_ending(facts.live_attempts))
        return RolledUp(state=TaskState.PAUSED, reason="paused by its owner")
    if facts.merge is MergeState.OPEN:
        return RolledUp(state=TaskState.MERGING, reason="all parts ended")
    if facts.started:
        return RolledUp(state=TaskState.RUNNING, reason="")
    if facts.wait_for is WaitFor.AFTER:
        return RolledUp(state=TaskState.WAITING, reason="waits for the tasks it comes after")
    if facts.wait_for is WaitFor.PIN:
        return RolledUp(state=TaskState.WAITING, reason="waits until its image is pinned")
    return RolledUp(state=TaskState.QUEUED, reason="")


def _stopping(count: int) -> str:
    return "1 attempt is stopping" if count == 1 else f"{count} attempts are stopping"


def _ending(count: int) -> str:
    return "1 attempt is ending" if count == 1 else f"{count} attempts are ending"


def enough_succeeded(facts: TaskFacts) -> bool:
    """Tell whether the parts that are there (holes accepted by an operator included) meet `min_success`."""
    return facts.succeeded + facts.eaten >= facts.min_success * facts.subtask_count


def _ended(facts: TaskFacts) -> RolledUp | None:
    if facts.failed >= facts.max_failed:
        many = f"{facts.failed} subtasks failed"
        return RolledUp(state=TaskState.FAILED, reason="one subtask failed" if facts.failed == 1 else many)
    if facts.merge is MergeState.FAILED:
        return RolledUp(state=TaskState.FAILED, reason="the merge failed")
    if facts.ended < facts.subtask_count:
        return None
    if not enough_succeeded(facts):
        return RolledUp(
            state=TaskState.FAILED, reason=f"{facts.succeeded} of {facts.subtask_count} subtasks succeeded"
        )
    if facts.merge in (MergeState.NONE, MergeState.SUCCEEDED):
        return RolledUp(state=TaskState.SUCCEEDED, reason="")
    return None
