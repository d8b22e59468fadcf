"""What one call on attempts collects before it is written: set-shaped, each touched task once."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.attempt import AttemptState
from core.domain.ids import SubtaskKey
from core.domain.session import AttemptUpdate, Receipt
from master_app.ports.tasks import AttemptRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.lanes import Lane
from master_app.scheduling.pool import LiveAttempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An attempt that ended in a way that may be its node's fault."""

    node_id: str
    task_id: str
    #: Infra failure or rejection: the breaker counts it. Else a user-class failure on this node.
    blames_node: bool
    run_ms: int


@dataclass(slots=True)
class Applied:
    """What the caller must do after `apply`: acknowledge, and judge the node."""

    acknowledged: list[int] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    successes: int = 0
    receipts: list[Receipt] = field(default_factory=list)


@dataclass(slots=True)
class GoodEnds:
    """How many subtasks of a lane ended well in one batch."""

    lane: Lane
    offered_ms: int
    count: int = 0


@dataclass(slots=True)
class Batch:
    """What one call of `Attempts` collected; it is written set-shaped at the end of the call."""

    moved: list[tuple[str, AttemptState, int]] = field(default_factory=list)
    ended: list[tuple[LiveAttempt, AttemptRecord]] = field(default_factory=list)
    wins: list[tuple[SubtaskKey, int, str]] = field(default_factory=list)
    touched: dict[str, TaskRecord] = field(default_factory=dict)
    #: Of attempts with a committed checkpoint: how many ticks it covers.
    committed: dict[str, int] = field(default_factory=dict)
    #: Those that ended while they waited behind another of their lane.
    waited: set[str] = field(default_factory=set)
    #: By lane: what ended well in it, and when the first of those was offered.
    good_ends: dict[str, GoodEnds] = field(default_factory=dict)
    setbacks: list[tuple[LiveAttempt, AttemptRecord, AttemptUpdate | None]] = field(default_factory=list)

    def task(self, uow: UnitOfWork, task_id: str) -> TaskRecord | None:
        """Return a task that this batch touches, so that it is rolled up once at the end."""
        task = self.touched.get(task_id)
        if task is None:
            task = uow.tasks.get(task_id)
            if task is not None:
                self.touched[task_id] = task
        return task


def row_of(live: LiveAttempt) -> AttemptRecord:
    """Return the row of a live attempt as it stands."""
    return AttemptRecord(
        attempt_id=live.attempt_id,
        task_id=live.task_id,
        index=live.index,
        node_id=live.node_id,
        term=live.term,
        epoch=live.epoch,
        generation=live.generation,
        number=live.number,
        state=live.state,
        memory_bytes=live.resources.memory_bytes,
        offered_ms=live.offered_ms,
        lane="" if live.lane == live.attempt_id else live.lane,
    )
