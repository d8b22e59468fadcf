"""Orders that the pool keeps up to date, so that no call of placement sorts or scans all of it.

Both are derived from nodes and tasks alone: the pool touches them in each of its verbs and in each reversal.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from core.domain.node import NodeAdmin, NodeHealth, NodeOwner

if TYPE_CHECKING:
    from master_app.scheduling.members import PoolNode, PoolTask

#: Steps of effective load that nodes are kept by; the last holds all above 1.
STEPS: Final = 64
_OWNERS_AT_WORK: Final = (NodeOwner.AVAILABLE, NodeOwner.GPU_PAUSED)


def load_of(node: PoolNode, cpu_millis_free: int, memory_bytes_free: int) -> float:
    """Return max(cpu, memory): what others use on the host plus what is not free, as shares of 1."""
    capacity, host = node.facts.capacity, node.host
    cpu = (host.cpu_percent - host.task_cpu_percent) / 100.0
    memory = (host.memory_percent - host.task_memory_percent) / 100.0
    # Two measurements of different moments may differ by less than nothing.
    cpu = max(cpu, 0.0)
    memory = max(memory, 0.0)
    if capacity.cpu_millis:
        cpu += 1.0 - cpu_millis_free / capacity.cpu_millis
    if capacity.memory_bytes:
        memory += 1.0 - memory_bytes_free / capacity.memory_bytes
    return cpu if cpu > memory else memory


class OpenNodes:
    """Nodes that take work and have a free slot, by effective load. Quarantine ends by itself: not judged here."""

    def __init__(self) -> None:
        self.step_of: dict[str, int] = {}
        self._steps: tuple[dict[str, None], ...] = tuple({} for _ in range(STEPS + 1))

    def __len__(self) -> int:
        return len(self.step_of)

    def touch(self, node: PoolNode) -> None:
        """Put a node where it belongs now, or leave it out."""
        facts = node.facts
        if (
            node.admin is NodeAdmin.ACTIVE
            and node.health is NodeHealth.READY
            and node.running < facts.slots
            and node.owner_state in _OWNERS_AT_WORK
            and node.protocol_ok
            and facts.engine_ok
            and facts.disk_ok
        ):
            capacity, reserved = facts.capacity, node.reserved
            self.put(
                node.node_id,
                load_of(
                    node,
                    capacity.cpu_millis - reserved.cpu_millis,
                    capacity.memory_bytes - reserved.memory_bytes,
                ),
            )
        else:
            self.drop(node.node_id)

    def put(self, node_id: str, load: float) -> None:
        """Keep a node by this load."""
        # Written so that a load that is not a number counts as full.
        step = int(load * STEPS) if load < 1.0 else STEPS
        before = self.step_of.get(node_id)
        if before != step:
            if before is not None:
                del self._steps[before][node_id]
            self.step_of[node_id] = step
            self._steps[step][node_id] = None

    def drop(self, node_id: str) -> None:
        """Leave a node out."""
        step = self.step_of.pop(node_id, None)
        if step is not None:
            del self._steps[step][node_id]

    def by_load(self, *, fullest_first: bool = False) -> Iterator[str]:
        """Go through all, in steps of load. MUST NOT be changed meanwhile."""
        for step in reversed(self._steps) if fullest_first else self._steps:
            yield from step

    def window(self, start: int, count: int) -> list[str]:
        """Return some, from a place that the caller moves on, so that each gets its turn."""
        if not self.step_of:
            return []
        start %= len(self.step_of)
        some = list(islice(self.step_of, start, start + count))
        return some + list(islice(self.step_of, min(start, count - len(some))))


class Line:
    """The tasks of one owner at one priority that may place an attempt, by age."""

    __slots__ = ("keys", "resume_after")

    def __init__(self) -> None:
        self.keys: list[tuple[int, str]] = []
        #: Where a call that gave up stopped looking; a hint.
        self.resume_after: tuple[int, str] | None = None


class TaskQueue:
    """Tasks with room for another attempt: by priority, then owner, then age."""

    def __init__(self) -> None:
        self.lines: dict[int, dict[str, Line]] = {}
        self._where: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._where

    def touch(self, task: PoolTask) -> None:
        """Put a task where it belongs now, or leave it out."""
        wanted = task.dispatchable and task.room() > 0
        priority = self._where.get(task.task_id)
        if wanted and priority == task.priority:
            return
        if priority is not None:
            self.drop(task)
        if wanted:
            self._where[task.task_id] = task.priority
            line = self.lines.setdefault(task.priority, {}).setdefault(task.owner_id, Line())
            key = (task.submitted_ms, task.task_id)
            if not line.keys or line.keys[-1] < key:
                line.keys.append(key)
            else:
                insort(line.keys, key)

    def drop(self, task: PoolTask) -> None:
        """Leave a task out."""
        priority = self._where.pop(task.task_id, None)
        if priority is None:
            return
        owners = self.lines[priority]
        line = owners[task.owner_id]
        del line.keys[bisect_left(line.keys, (task.submitted_ms, task.task_id))]
        if not line.keys:
            del owners[task.owner_id]
            if not owners:
                del self.lines[priority]
