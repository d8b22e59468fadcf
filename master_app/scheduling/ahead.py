"""The last part of a call of placement: what runs in a lane is followed by more of the same task.

Only what would get the lane's slot anyway waits in it: a lane is left to run out when a task that comes before
its own could start there if it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.resources import Resources
from master_app.scheduling.desk import Desk
from master_app.scheduling.fair_share import share_of
from master_app.scheduling.feasibility import Ask, eligible
from master_app.scheduling.lanes import depth
from master_app.scheduling.pool import PoolTask

#: Tasks without a node that are thought of, the first in their order.
MAX_RIVALS = 16


@dataclass(frozen=True, slots=True)
class Gap:
    """A lane that may take more: how many it has, and what it holds."""

    task: PoolTask
    node_id: str
    held: int
    resources: Resources


class Rivals:
    """Tasks that found no node in this call, and so want the next slot that is free."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asks: list[tuple[PoolTask, Ask]] = []
        self._kinds: set[tuple[int, str]] = set()

    def add(self, task: PoolTask) -> None:
        """Note a task without a node. Those that need the same for the same owner count once."""
        kind = (id(task.needs), task.owner_id)
        if len(self._asks) < MAX_RIVALS and kind not in self._kinds:
            self._kinds.add(kind)
            self._asks.append((task, self._desk.first_ask(task)))

    def want(self, gap: Gap) -> bool:
        """Tell whether one that comes before the lane's own task could start there if the lane ended."""
        for rival, ask in self._asks:
            if rival is not gap.task and self._rank(rival) < self._rank(gap.task):
                room = self._desk.room(gap.node_id)
                if _fits_beside(ask.resources, room.free, gap.resources) and eligible(ask, room):
                    return True
        return False

    def _rank(self, task: PoolTask) -> tuple[int, float, int, str]:
        desk = self._desk
        share = share_of(desk.pool, task.owner_id, desk.now_ms, desk.settings)
        return -task.priority, share, task.submitted_ms, task.task_id


def indices_for(gap: Gap, desk: Desk, rivals: Rivals, *, lanes: int, limit: int) -> Iterator[int]:
    """Go through the indices that are to follow in a lane. The caller MUST take each before it asks on."""
    task, pool = gap.task, desk.pool
    if not _may_follow(gap, desk) or rivals.want(gap):
        return
    # Near the end of a task its lanes share what is left.
    share = -(-task.waiting // max(1, lanes))
    for _ in range(min(depth(task, gap.node_id) - gap.held, share, limit)):
        indices = pool.next_indices(task, 1)
        if not indices or not task.is_plain(indices[0]):
            return
        yield indices[0]


def _may_follow(gap: Gap, desk: Desk) -> bool:
    task, pool = gap.task, desk.pool
    if (
        task.alone
        or not task.dispatchable
        or not task.pinned
        or task.waiting <= 0
        or not task.is_plain(task.next_index)
    ):
        return False
    if task.affordable is not None and task.lanes > task.affordable:
        return False
    if pool.claims.get(gap.node_id, task.task_id) != task.task_id:
        return False
    ask = desk.first_ask(task)
    return ask.resources == gap.resources and eligible(ask, desk.room(gap.node_id))


def _fits_beside(wanted: Resources, free: Resources, released: Resources) -> bool:
    return (
        wanted.cpu_millis <= free.cpu_millis + released.cpu_millis
        and wanted.memory_bytes <= free.memory_bytes + released.memory_bytes
        and wanted.disk_bytes <= free.disk_bytes + released.disk_bytes
        and wanted.gpus <= free.gpus + released.gpus
    )
