"""Facts: what has happened, published after its commit. Past tense; payloads are typed."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.attempt import AttemptState
from core.domain.node import NodeAdmin, NodeHealth
from core.domain.task import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSubmitted:
    task_id: str
    owner_id: str
    name: str
    subtask_count: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStateChanged:
    task_id: str
    owner_id: str
    source: TaskState
    target: TaskState
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgressed:
    """Counts of a task moved; coalesced to one a commit."""

    task_id: str
    owner_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded:
    """An attempt reached a terminal state that is not SUCCEEDED; of those that succeeded: AttemptsSucceeded."""

    task_id: str
    index: int
    attempt_id: str
    node_id: str
    state: AttemptState
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Success:
    """One of many."""

    task_id: str
    index: int
    attempt_id: str
    node_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsSucceeded:
    """Attempts that succeeded, together: there may be thousands a second."""

    ended: tuple[Success, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnrolled:
    node_id: str
    owner_id: str
    name: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealthChanged:
    node_id: str
    source: NodeHealth
    target: NodeHealth
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAdminChanged:
    node_id: str
    source: NodeAdmin
    target: NodeAdmin
    actor_id: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeQuarantined:
    """Until 0: the quarantine was lifted."""

    node_id: str
    until_ms: int
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceViolated:
    """A node runs an attempt that was given up. Cannot happen with sound clocks; an operator must look."""

    node_id: str
    attempt_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecorded:
    """Who did what to what. `details` never holds a secret."""

    actor_id: str
    action: str
    subject: str
    details: str
    origin: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRaised:
    """Somebody's list of notices has a new line."""

    owner_id: str
    sequence: int
    at_ms: int


Fact = (
    TaskSubmitted
    | TaskStateChanged
    | TaskProgressed
    | AttemptEnded
    | AttemptsSucceeded
    | NodeEnrolled
    | NodeHealthChanged
    | NodeAdminChanged
    | NodeQuarantined
    | FenceViolated
    | AuditRecorded
    | NoticeRaised
)
