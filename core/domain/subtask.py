"""A subtask: one piece of a task. Most have no row until they are near dispatch (lifecycles, section 3)."""

from __future__ import annotations

from enum import StrEnum

from core.domain.transitions import Edge, Table


class SubtaskState(StrEnum):
    #: Waits for a step before it: the merge, until all parts are in.
    BLOCKED = "BLOCKED"
    #: May be given to a node now.
    READY = "READY"
    #: Failed by its user's class; waits until `ready_at_ms`.
    BACKOFF = "BACKOFF"
    #: Has a live attempt.
    ACTIVE = "ACTIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    #: An operator accepted the hole; the merge is told which indices are missing.
    EATEN = "EATEN"


TERMINAL_SUBTASK_STATES = frozenset(
    {SubtaskState.SUCCEEDED, SubtaskState.FAILED, SubtaskState.CANCELLED, SubtaskState.EATEN}
)

_S = SubtaskState
SUBTASK_TABLE: Table[SubtaskState] = Table(
    "subtask",
    SubtaskState,
    [_S.BLOCKED, _S.READY],
    [
        Edge(_S.BLOCKED, _S.READY, "all parts ended"),
        Edge(_S.READY, _S.ACTIVE, "dispatch committed"),
        Edge(_S.ACTIVE, _S.READY, "lost, rejected, returned, or failed with budget left"),
        Edge(_S.ACTIVE, _S.BACKOFF, "failed by its user, budget left"),
        Edge(_S.BACKOFF, _S.READY, "its time has come"),
        Edge(_S.ACTIVE, _S.SUCCEEDED, "winner by compare-and-set"),
        # A lost attempt may still deliver while the next one has not started (rule R5).
        Edge(_S.READY, _S.SUCCEEDED, "late result (R5)"),
        Edge(_S.BACKOFF, _S.SUCCEEDED, "late result (R5)"),
        Edge(_S.FAILED, _S.SUCCEEDED, "late result (R5)"),
        Edge(_S.ACTIVE, _S.FAILED, "no budget left"),
        Edge(_S.READY, _S.FAILED, "its task failed"),
        Edge(_S.BACKOFF, _S.FAILED, "its task failed"),
        Edge(_S.BLOCKED, _S.CANCELLED, "its task was cancelled"),
        Edge(_S.READY, _S.CANCELLED, "its task was cancelled"),
        Edge(_S.BACKOFF, _S.CANCELLED, "its task was cancelled"),
        Edge(_S.ACTIVE, _S.CANCELLED, "its task was cancelled"),
        Edge(_S.FAILED, _S.READY, "retry"),
        Edge(_S.CANCELLED, _S.READY, "retry"),
        Edge(_S.SUCCEEDED, _S.READY, "retry all"),
        Edge(_S.FAILED, _S.EATEN, "an operator accepts the hole"),
        Edge(_S.EATEN, _S.READY, "retry"),
        Edge(_S.SUCCEEDED, _S.BLOCKED, "a part runs again before its merge"),
        Edge(_S.FAILED, _S.BLOCKED, "a part runs again before its merge"),
    ],
)
