"""The two clocks: what time it is, and how long something took. Rules take them as an argument, never from
here.
"""

from __future__ import annotations

import sys
import time
from typing import Protocol


class Clock(Protocol):
    """What every part that knows of time is given."""

    def wall_ms(self) -> int:
        """Milliseconds since the Unix epoch. May jump either way; for records and certificates, never for
        waiting.
        """
        ...

    def steady_ms(self) -> int:
        """Milliseconds from some fixed point. Never goes back, and goes on while the computer sleeps."""
        ...


def _steady_ns() -> int:
    # A lease is also over for a computer that slept through it. Python's monotonic clock stops during sleep
    # on Linux (CLOCK_MONOTONIC) and on macOS (mach_absolute_time); these two do not. On Windows it never
    # stops.
    if sys.platform == "linux":
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return time.monotonic_ns()


class SystemClock:
    """The clocks of this computer."""

    __slots__ = ()

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        return _steady_ns() // 1_000_000
