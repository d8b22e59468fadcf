"""Ticks from measurements."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from core.domain.resources import GIB, Resources
from core.domain.rewards import TICK_MS
from worker_app.agent.metering import AttemptMeter

TWO_CORES = Resources(cpu_millis=2000, memory_bytes=GIB)


def test_a_short_run_is_one_partial_tick_of_its_own_totals() -> None:
    meter = AttemptMeter(TWO_CORES)
    meter.started(0)
    (tick,) = meter.ended(wall_ms=1000, cpu_ms=1000, peak_bytes=GIB // 2)
    assert (tick.duration_ms, tick.cpu_percent, tick.memory_percent) == (1000, 50.0, 50.0)


def test_a_full_tick_is_closed_by_the_sample_that_passes_it() -> None:
    meter = AttemptMeter(TWO_CORES)
    meter.started(0)
    assert not meter.sample(10_000, cpu_ms=10_000, memory_bytes=0)
    assert meter.sample(TICK_MS, cpu_ms=60_000, memory_bytes=0)
    assert meter.ticks[0].cpu_percent == 100.0


@given(
    wall_ms=st.integers(0, 400_000),
    samples=st.lists(st.integers(1, 90_000), max_size=6),
    cpu_ms=st.integers(0, 10_000_000),
)
def test_ticks_cover_the_run_never_more_than_30_s_each_and_stay_within_percent(
    wall_ms: int, samples: list[int], cpu_ms: int
) -> None:
    meter = AttemptMeter(TWO_CORES)
    meter.started(0)
    now = 0
    for step in samples:
        now += step
        if now > wall_ms:
            break
        meter.sample(now, cpu_ms=cpu_ms * now // max(1, wall_ms), memory_bytes=2 * GIB)
    ticks = meter.ended(wall_ms=wall_ms, cpu_ms=cpu_ms, peak_bytes=1)
    assert sum(tick.duration_ms for tick in ticks) == wall_ms
    assert all(0 < tick.duration_ms <= TICK_MS for tick in ticks)
    assert all(0 <= tick.cpu_percent <= 100 and 0 <= tick.memory_percent <= 100 for tick in ticks)
