"""What everybody who carries out instructions shares: the ports, the folders, and the way back to the state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import Clock
from worker_app.agent.logship import LogShipper
from worker_app.agent.ports.inputs import Inputs
from worker_app.agent.ports.sandbox import Runtime
from worker_app.agent.stimuli import Stimulus

logger = logging.getLogger(__name__)

Tell = Callable[[Stimulus], None]
GpuUse = Callable[[tuple[str, ...]], tuple[tuple[float, ...], int]]


def no_gpu(_uuids: tuple[str, ...]) -> tuple[tuple[float, ...], int]:
    """For machines without GPUs: nothing is used."""
    return (), 0


class Crew:
    """Holds running tasks, so that none is collected while it works and none fails in silence."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start `work` on the running loop and keep it until it ends."""
        task = asyncio.create_task(work, name=name)  # noqa: TID251 - held in the set below
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a part of the agent failed", exc_info=error, extra={"part": task.get_name()})

    async def dismiss(self) -> None:
        """Cancel all and wait for them."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Made once by the performer."""

    clock: Clock
    tell: Tell
    crew: Crew
    runtime: Runtime
    inputs: Inputs
    logs: LogShipper
    #: Collected files, one folder an attempt.
    results: Path
    #: Percent of each GPU, and memory of all, by UUID.
    gpu_use: GpuUse = no_gpu

    def wall_ms(self) -> int:
        return self.clock.wall_ms()
