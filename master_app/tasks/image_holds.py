"""Images that nobody can get: their task is HELD(IMAGE_INVALID), no node is blamed, and it is tried again.

a node says it cannot have the image --> nothing of the task works anywhere: the image is suspected
                                         it works elsewhere: it is this node's fault, as any failure of ours
three nodes say so, or all there are  --> held, with the engine's own words
`look`, each second                   --> goes on when a node says that it has the image, or when its time has come
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core.domain.attempt import AttemptState
from core.domain.images import tagged
from core.domain.node import NodeHealth
from core.domain.task import HeldCode
from master_app.ports.tasks import AttemptRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.feasibility import Ask, Room, ever_fits
from master_app.scheduling.pool import PoolTask

logger = logging.getLogger(__name__)

#: What an agent says of an image that it could neither find, pull nor build.
CODE: Final = "IMAGE_INVALID"
#: So many nodes are asked before it is the image that is blamed.
NODES: Final = 3
#: And so many attempts in all: a node that nobody else can stand in for is not asked for ever.
ATTEMPTS: Final = 5
#: Held for this long, doubling each time.
AGAIN_MS: Final = 60_000
AGAIN_MAX_MS: Final = 30 * 60_000
LOOK_MS: Final = 5_000
_WORKS: Final = frozenset({AttemptState.RUNNING, AttemptState.UPLOADING})


@dataclass(slots=True)
class _Suspect:
    """What this process has seen of one task's image. A restart forgets it, and asks the nodes anew."""

    nodes: set[str] = field(default_factory=set)
    attempts: int = 0
    holds: int = 0
    due_ms: int = 0


def nobody_has_it(problem: str, nodes: int) -> str:
    """Return what a person is told; `problem` is what the last node said, with what can be done."""
    problem = problem.rstrip(".")
    if nodes == 1:
        return f"its image cannot be used: {problem}. It is tried again by itself; resume tries at once"
    return f"{nodes} nodes cannot use its image: {problem}. It is tried again by itself; resume tries at once"


class ImageHolds:
    """On the writer thread, inside the caller's command. Refreshing the task is the caller's."""

    def __init__(self) -> None:
        self._suspects: dict[str, _Suspect] = {}
        self._looked_ms = 0

    def is_the_images_fault(self, uow: UnitOfWork, task: TaskRecord, record: AttemptRecord) -> bool:
        """Judge a failed attempt: True when nobody shall pay for it but the task, which may be held by this."""
        hot = uow.pool.tasks.get(task.task_id)
        if record.failure is None or record.failure.code != CODE or hot is None:
            return False
        if record.node_id not in hot.avoided:
            uow.pool.change(hot, avoided=hot.avoided | {record.node_id})
        if task.succeeded or any(live.state in _WORKS for live in uow.pool.live_of_task(task.task_id)):
            return False
        suspect = self._suspects.setdefault(task.task_id, _Suspect())
        suspect.nodes.add(record.node_id)
        suspect.attempts += 1
        if task.held is None and (
            len(suspect.nodes) >= min(NODES, _takers(uow, hot)) or suspect.attempts >= ATTEMPTS
        ):
            self._hold(uow, task, suspect, record.failure.message)
        return True

    def look(self, uow: UnitOfWork, let_go: Callable[[UnitOfWork, TaskRecord], None]) -> None:
        """Let held tasks go whose image a node has now, or whose time has come."""
        if not self._suspects or 0 <= uow.now_ms - self._looked_ms < LOOK_MS:
            return
        self._looked_ms = uow.now_ms
        for task_id, suspect in list(self._suspects.items()):
            hot = uow.pool.tasks.get(task_id)
            if hot is None:
                del self._suspects[task_id]
            elif suspect.due_ms and (uow.now_ms >= suspect.due_ms or _is_there(uow, hot)):
                self._let_go(uow, task_id, hot, suspect, let_go)

    def found_held(self, task: TaskRecord) -> None:
        """A task that was held when the master started: it is tried again after the shortest time."""
        if task.held is HeldCode.IMAGE_INVALID:
            due_ms = task.state_since_ms + AGAIN_MS
            self._suspects.setdefault(task.task_id, _Suspect(holds=1, due_ms=due_ms))

    # ---- inner

    @staticmethod
    def _hold(uow: UnitOfWork, task: TaskRecord, suspect: _Suspect, problem: str) -> None:
        task.held, task.held_reason = HeldCode.IMAGE_INVALID, nobody_has_it(problem, len(suspect.nodes))
        suspect.due_ms = uow.now_ms + min(AGAIN_MS << min(suspect.holds, 10), AGAIN_MAX_MS)
        suspect.holds += 1
        logger.warning(
            "no node can have the image of a task",
            extra={"task_id": task.task_id, "nodes": len(suspect.nodes), "reason": problem},
        )

    @staticmethod
    def _let_go(
        uow: UnitOfWork,
        task_id: str,
        hot: PoolTask,
        suspect: _Suspect,
        let_go: Callable[[UnitOfWork, TaskRecord], None],
    ) -> None:
        suspect.nodes.clear()
        suspect.attempts = suspect.due_ms = 0
        uow.pool.change(hot, avoided=frozenset())
        task = uow.tasks.get(task_id)
        if task is not None and task.held is HeldCode.IMAGE_INVALID:
            task.held, task.held_reason = None, ""
            let_go(uow, task)


def _takers(uow: UnitOfWork, hot: PoolTask) -> int:
    """Return how many connected nodes could take it, as far as that matters here."""
    needs, found = hot.needs, 0
    ask = Ask(task_id="", owner_id=hot.owner_id, needs=needs, resources=needs.resources, now_ms=0)
    for node in uow.pool.nodes.values():
        if node.health is NodeHealth.READY and ever_fits(ask, Room(node)):
            found += 1
            if found == NODES:
                break
    return max(1, found)


def _is_there(uow: UnitOfWork, hot: PoolTask) -> bool:
    name = tagged(hot.needs.image_ref)
    return any(name in node.facts.images for node in uow.pool.nodes.values() if node.health is NodeHealth.READY)
