"""This computer itself: its size, its load, its engine. `sample` asks the kernel and drivers: off the loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from core.domain.agent_views import Sample
from core.domain.node import Gpu
from worker_app.agent.gpus import Gpus
from worker_app.agent.ports.sandbox import EngineFacts, RuntimeKind
from worker_app.agent.probe import measure_disk

_UNKNOWN = EngineFacts(kind=RuntimeKind.DOCKER, isolated=True, ok=True, name="")


class Machine:
    """`engine` and `gpus` are set by whoever probes."""

    def __init__(self, folder: Path, gpus: Gpus, wall_ms: Callable[[], int]) -> None:
        self.folder = folder
        self.cores = psutil.cpu_count() or 1
        self.memory_bytes = psutil.virtual_memory().total
        self.engine = _UNKNOWN
        self.gpus: tuple[Gpu, ...] = ()
        self.disk_free_bytes = -1
        self._library = gpus
        self._wall_ms = wall_ms
        self._times = _cpu_times()

    def look(self, engine: EngineFacts) -> None:
        """Take note of what the engine said, and of what else changes slowly. Off the loop."""
        self.engine = engine
        self.gpus = self._library.present()
        self.disk_free_bytes = measure_disk(self.folder).free_bytes

    def sample(self, tasks: tuple[float, int, float]) -> Sample:
        """Return one reading; `tasks`: millicores, bytes and GPU percent of our tasks."""
        millicores, memory_bytes, gpu_percent = tasks
        percents: tuple[float, ...] = ()
        if self.gpus:
            percents, _ = self._library.use([gpu.uuid for gpu in self.gpus])
        return Sample(
            at_ms=self._wall_ms(),
            host_cpu=self._cpu_percent(),
            host_memory=float(psutil.virtual_memory().used),
            host_gpu=sum(percents) / len(percents) if percents else -1.0,
            task_cpu=millicores / (10 * self.cores),
            task_memory=float(memory_bytes),
            task_gpu=gpu_percent,
        )

    def _cpu_percent(self) -> float:
        """Return the load since the last reading, by a span of our own: others read it too. -1: not known."""
        before, now = self._times, _cpu_times()
        self._times = now
        if before is None or now is None:
            return -1.0
        total = sum(now) - sum(before)
        waits = (now.idle - before.idle) + (getattr(now, "iowait", 0.0) - getattr(before, "iowait", 0.0))
        return max(0.0, min(100.0, 100.0 * (total - waits) / total)) if total > 0 else -1.0


def _cpu_times() -> Any:
    """Return the processor's times, or None where this computer does not tell them."""
    try:
        return psutil.cpu_times()
    except OSError:
        return None
