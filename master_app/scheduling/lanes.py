"""Lanes: attempts of one task on one node that run one after another in one slot, under one reservation.

A node that is offered only what its slots run now waits a whole round trip (commits on both sides) after each
subtask. So short subtasks are offered ahead, into the lane of one that is there: what waits in a lane reserves
nothing, and is so little work that it does not matter where it waits. A lane is named by its first attempt,
lives as long as one of its attempts does, and is run in order. See docs/adr/0005-offers-ahead-in-lanes.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.domain.attempt import ATTEMPT_RANK, AttemptState
from core.domain.node import NodeAdmin
from core.domain.resources import Resources

if TYPE_CHECKING:
    from master_app.scheduling.members import LiveAttempt, PoolTask
    from master_app.scheduling.pool import Pool

#: At most this much work waits in a lane, as fast as the node has done the task's subtasks of late.
AHEAD_MS: Final = 250
#: No subtask is believed to take less.
LEAST_MS: Final = 4
#: What the agent takes a slot, the one that runs included.
MAX_IN_LANE: Final = 64
#: A lane in which nothing ended for this long holds up what waits in it: that is taken back.
STUCK_MS: Final = 1_000


@dataclass(slots=True)
class Lane:
    lane_id: str
    task_id: str
    node_id: str
    #: Reserved once, however many attempts it has.
    resources: Resources
    #: In the order in which they run.
    attempts: dict[str, LiveAttempt] = field(default_factory=dict)
    #: When one of them ended last, by the master's clock. Soft.
    last_end_ms: int = 0

    def waiting(self) -> Iterator[LiveAttempt]:
        """Go through those behind the first that have not been heard to begin."""
        attempts = iter(self.attempts.values())
        next(attempts, None)
        return (live for live in attempts if ATTEMPT_RANK[live.state] <= ATTEMPT_RANK[AttemptState.ACCEPTED])

    def waits(self, attempt_id: str) -> bool:
        """Tell whether this attempt waits behind another."""
        return any(live.attempt_id == attempt_id for live in self.waiting())


def depth(task: PoolTask, node_id: str) -> int:
    """How many attempts of a task a lane on this node may have; 1 until the node has shown how fast it is."""
    pace_ms = task.pace_ms.get(node_id) if task.pace_ms is not None else None
    if pace_ms is None:
        return 1
    return min(MAX_IN_LANE, 1 + int(AHEAD_MS // max(LEAST_MS, pace_ms)))


def note_success(task: PoolTask, lane: Lane, count: int, offered_ms: int, now_ms: int) -> None:
    """Learn from subtasks that ended well how long one takes its slot there, all told. A hint: never undone."""
    sample_ms = (now_ms - max(lane.last_end_ms, offered_ms)) / count
    if task.pace_ms is None:
        task.pace_ms = {}
    known_ms = task.pace_ms.get(lane.node_id, sample_ms)
    # Slower is believed at once, faster by halves: too little waits ahead rather than too much.
    task.pace_ms[lane.node_id] = sample_ms if sample_ms > known_ms else (known_ms + sample_ms) / 2
    lane.last_end_ms = now_ms


def forget_pace(task: PoolTask, node_id: str) -> None:
    """It did not go well there: one at a time until it does."""
    if task.pace_ms is not None:
        task.pace_ms.pop(node_id, None)


def overdue(pool: Pool, now_ms: int) -> dict[str, list[str]]:
    """Return by node what waits in lanes that are stuck, or of a task or on a node that takes no more."""
    found: dict[str, list[str]] = {}
    for lane in pool.lanes.values():
        if len(lane.attempts) < 2:
            continue
        task, node = pool.tasks.get(lane.task_id), pool.nodes.get(lane.node_id)
        first = next(iter(lane.attempts.values()))
        is_stuck = now_ms - max(lane.last_end_ms, first.offered_ms) >= STUCK_MS
        if is_stuck and task is not None:
            forget_pace(task, lane.node_id)
        takes_more = task is not None and task.dispatchable and node is not None and node.admin is NodeAdmin.ACTIVE
        if is_stuck or not takes_more:
            waiting = [live.attempt_id for live in lane.waiting() if not live.stop_reason]
            found.setdefault(lane.node_id, []).extend(waiting)
    return {node_id: waiting for node_id, waiting in found.items() if waiting}
