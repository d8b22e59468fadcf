"""Rows that faces show: what REST, console and tray read. Plain values, made by storage, changed by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.attempt import AttemptState, Failure
from core.domain.node import Gpu, HostUse, NodeAdmin, NodeHealth, NodeOwner
from core.domain.resources import Resources
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    task_id: str
    owner_id: str
    owner_name: str
    name: str
    state: TaskState
    state_reason: str
    state_since_ms: int
    held: HeldCode | None
    priority: int
    subtask_count: int
    #: Subtasks by state; the unborn are READY. The merge's own subtask is not counted.
    counts: Mapping[SubtaskState, int]
    has_merge: bool
    created_ms: int
    started_ms: int
    ended_ms: int
    deadline_ms: int
    expires_ms: int
    expired: bool
    #: Paid so far, what is held for it now, and its cap.
    paid_ucpt: int
    hold_ucpt: int
    max_ucpt: int | None
    bundle_id: str
    generation: int
    #: One part is (or was) run alone, to see what it takes.
    try_one: bool = False

    @property
    def progress(self) -> float:
        """Share of subtasks that ended, 0..1."""
        ended = sum(
            self.counts.get(state, 0)
            for state in (
                SubtaskState.SUCCEEDED,
                SubtaskState.FAILED,
                SubtaskState.CANCELLED,
                SubtaskState.EATEN,
            )
        )
        return ended / self.subtask_count if self.subtask_count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    attempt_id: str
    task_id: str
    index: int
    node_id: str
    node_name: str
    epoch: int
    number: int
    state: AttemptState
    reason: str
    failure: Failure | None
    offered_ms: int
    started_ms: int
    ended_ms: int
    exit_code: int | None
    paid_ucpt: int | None
    pay_reason: str
    peak_memory_bytes: int
    log_bytes: int
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskView:
    index: int
    state: SubtaskState
    is_merge: bool
    attempts: tuple[AttemptView, ...]
    failure: Failure | None = None
    ready_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactView:
    """One file that a task made. `name` is its path in the result: `<index>/path`, `merged/path` or `path`."""

    name: str
    index: int
    attempt_id: str
    size: int
    sha256: str
    blob: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    node_id: str
    name: str
    owner_id: str
    owner_name: str
    admin: NodeAdmin
    #: An operator who does not own it paused or drained it: its owner cannot take that back.
    admin_by_operator: bool = False
    health: NodeHealth
    owner_state: NodeOwner
    owner_reason: str
    schedulable: bool
    #: Empty when schedulable; else the first reason, in words. That two computers are this node is always said.
    why_not: str
    arch: str
    os: str
    host_os: str
    runtime: str
    slots: int
    capacity: Resources
    reserved: Resources
    running: int
    gpus: tuple[Gpu, ...]
    host: HostUse
    labels: Mapping[str, str]
    version: str
    created_ms: int
    last_seen_ms: int
    quarantined_until_ms: int
    certificate_expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEventView:
    """One line of a task's timeline."""

    sequence: int
    at_ms: int
    kind: str
    task_id: str
    index: int | None
    node_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one attempt used and cost, for the usage and cost report."""

    index: int
    attempt_id: str
    node_name: str
    state: AttemptState
    run_ms: int
    #: Averages over its ticks, percent of its reservation.
    cpu_percent: float
    memory_percent: float
    gpu_percent: float
    peak_memory_bytes: int
    paid_ucpt: int
    pay_reason: str
