"""Figures of the pool as they stand, for monitoring: counts and sums, never names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from core.domain.attempt import AttemptState
from core.domain.node import NodeAdmin, NodeHealth
from core.domain.user import Action, Principal, require
from master_app.ports.figures import FigureReads, TaskFigures
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class HotFigures:
    """What only the hot state knows."""

    nodes: Mapping[tuple[NodeAdmin, NodeHealth], int]
    attempts: Mapping[AttemptState, int]
    slots: int
    cpu_millis: int
    cpu_reserved_millis: int
    memory_bytes: int
    memory_reserved_bytes: int
    gpus: int
    gpus_reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    hot: HotFigures
    tasks: TaskFigures
    commits: int
    commands_waiting: int
    storage_free_bytes: int


class PoolFigures:
    """Collects them; the caller's thread waits for the writer's look at the hot state."""

    def __init__(
        self,
        *,
        writer: Writer,
        reads: FigureReads,
        writer_state: Callable[[], tuple[int, int]],
        free_bytes: Callable[[], int],
    ) -> None:
        """`writer_state` answers the newest commit's number and how many commands wait."""
        self._writer = writer
        self._reads = reads
        self._writer_state = writer_state
        self._free_bytes = free_bytes

    def check(self, who: Principal) -> None:
        """Raise Forbidden unless this token may read figures."""
        require(who, Action.METRICS_READ)

    def collect(self) -> Figures:
        """Return the figures of now. Who may have them, the door decides: loopback, or `check`."""
        hot: Future[HotFigures] = self._writer.execute(_hot, lane=Lane.INNER)
        tasks = self._reads.live_tasks()
        commits, waiting = self._writer_state()
        return Figures(
            hot=hot.result(30),
            tasks=tasks,
            commits=commits,
            commands_waiting=waiting,
            storage_free_bytes=self._free_bytes(),
        )


def _hot(uow: UnitOfWork) -> HotFigures:
    nodes = list(uow.pool.nodes.values())
    capacity = [node.facts.capacity for node in nodes]
    reserved = [node.reserved for node in nodes]
    return HotFigures(
        nodes=Counter((node.admin, node.health) for node in nodes),
        attempts=Counter(live.state for live in uow.pool.attempts.values()),
        slots=sum(node.facts.slots for node in nodes),
        cpu_millis=sum(each.cpu_millis for each in capacity),
        cpu_reserved_millis=sum(each.cpu_millis for each in reserved),
        memory_bytes=sum(each.memory_bytes for each in capacity),
        memory_reserved_bytes=sum(each.memory_bytes for each in reserved),
        gpus=sum(each.gpus for each in capacity),
        gpus_reserved=sum(each.gpus for each in reserved),
    )
