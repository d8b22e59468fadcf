"""Turns what a sandbox measures of an attempt into ticks of at most 30 s, in percent of its reservation."""

from __future__ import annotations

from core.domain.resources import Resources
from core.domain.rewards import TICK_MS, Tick


class AttemptMeter:
    """Of one attempt, over all its runs in place. Time between runs is in no tick."""

    __slots__ = (
        "_cpu_ms",
        "_cpu_seen_ms",
        "_gpu",
        "_metered_ms",
        "_peaks",
        "_resources",
        "_sampled_cpu_ms",
        "_sampled_ms",
        "_since_ms",
        "cpu_percent",
        "ticks",
    )

    def __init__(self, resources: Resources, ticks: tuple[Tick, ...] = ()) -> None:
        self._resources = resources
        self.ticks = ticks
        #: Of the reservation, between the last two measurements.
        self.cpu_percent = 0.0
        self._sampled_ms = 0
        self._sampled_cpu_ms = 0
        self._since_ms = -1
        #: Of the run in hand.
        self._metered_ms = 0
        self._cpu_ms = 0
        self._cpu_seen_ms = 0
        self._peaks: list[int] = []
        self._gpu: list[float] = []

    def started(self, now_ms: int) -> None:
        """A run begins; its cpu time counts from zero again."""
        self._since_ms = self._sampled_ms = now_ms
        self._sampled_cpu_ms = 0
        self._metered_ms = self._cpu_ms = self._cpu_seen_ms = 0
        self._peaks = []
        self._gpu = []

    def skip(self, duration_ms: int) -> None:
        """Leave out a span in which the run was frozen."""
        if self._since_ms >= 0:
            self._since_ms += duration_ms
            self._sampled_ms += duration_ms

    def sample(self, now_ms: int, *, cpu_ms: int, memory_bytes: int, gpu_percent: float = 0.0) -> bool:
        """Take a measurement (cpu time since the run began) and tell whether a full tick was completed by it."""
        if self._since_ms < 0:
            self.started(now_ms)
        self._cpu_seen_ms = max(self._cpu_seen_ms, cpu_ms)
        if now_ms > self._sampled_ms:
            cores_ms = (now_ms - self._sampled_ms) * self._resources.cpu_millis / 1000
            spent_ms = cpu_ms - self._sampled_cpu_ms
            self.cpu_percent = round(max(0.0, min(100.0, 100.0 * spent_ms / max(1.0, cores_ms))), 1)
            self._sampled_ms, self._sampled_cpu_ms = now_ms, cpu_ms
        self._peaks.append(memory_bytes)
        self._gpu.append(gpu_percent)
        if now_ms - self._since_ms < TICK_MS:
            return False
        self._close(now_ms - self._since_ms)
        self._since_ms = now_ms
        return True

    def ended(self, *, wall_ms: int, cpu_ms: int, peak_bytes: int) -> tuple[Tick, ...]:
        """Close the last, partial tick with the run's own totals and return all ticks."""
        rest_ms = wall_ms - self._metered_ms
        self._cpu_seen_ms = max(self._cpu_seen_ms, cpu_ms)
        if not self._peaks:
            self._peaks.append(peak_bytes)
        if rest_ms > 0:
            self._close(rest_ms)
        self._since_ms = -1
        return self.ticks

    def _close(self, duration_ms: int) -> None:
        used_ms = self._cpu_seen_ms - self._cpu_ms
        self._cpu_ms = self._cpu_seen_ms
        self._metered_ms += duration_ms
        self.ticks = (*self.ticks, *make_ticks(self._resources, duration_ms, used_ms, self._peaks, self._gpu))
        self._peaks, self._gpu = [], []


def make_ticks(
    resources: Resources, duration_ms: int, cpu_ms: int, memory: list[int], gpu: list[float]
) -> list[Tick]:
    """Return a span as ticks of at most 30 s with the same averages."""
    cores_ms = duration_ms * resources.cpu_millis / 1000
    cpu = min(100.0, 100.0 * cpu_ms / cores_ms) if cores_ms > 0 else 0.0
    average = sum(memory) / len(memory) if memory else 0.0
    share = min(100.0, 100.0 * average / resources.memory_bytes) if resources.memory_bytes else 0.0
    gpus = sum(gpu) / len(gpu) if gpu else 0.0
    found = []
    left = duration_ms
    while left > 0:
        piece = min(left, TICK_MS)
        found.append(
            Tick(
                duration_ms=piece,
                cpu_percent=round(cpu, 2),
                memory_percent=round(share, 2),
                gpu_percent=round(gpus, 2),
            )
        )
        left -= piece
    return found
