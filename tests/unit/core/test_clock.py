"""Both clocks: the real one and the one of the tests keep the same promises."""

from __future__ import annotations

import sys
import time

import pytest

from core.clock import Clock, SystemClock
from tests.fakes.clock import ManualClock


def test_wall_clock_is_the_unix_time_in_milliseconds() -> None:
    assert abs(SystemClock().wall_ms() - time.time() * 1000) < 1000


def test_steady_clock_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.steady_ms() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
def test_steady_clock_counts_the_time_asleep() -> None:
    booted_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    assert 0 <= SystemClock().steady_ms() - booted_ms < 1000


def test_manual_clock_moves_only_when_told() -> None:
    clock: Clock = ManualClock(wall_ms=5000, steady_ms=100)
    assert (clock.wall_ms(), clock.steady_ms()) == (5000, 100)


def test_manual_clock_moves_both_and_a_corrected_wall_leaves_the_steady_one_alone() -> None:
    clock = ManualClock(wall_ms=5000, steady_ms=100)
    clock.advance(s=1.5, ms=1)
    clock.set_wall(7)
    assert (clock.wall_ms(), clock.steady_ms()) == (7, 1601)
    with pytest.raises(ValueError, match="go back"):
        clock.advance(ms=-1)
