"""A clock that moves only when a test says so."""

from __future__ import annotations


class ManualClock:
    """Both clocks of `core.clock.Clock`. Starts on 2026-01-01T00:00:00Z, the steady clock at one hour."""

    def __init__(self, wall_ms: int = 1_767_225_600_000, steady_ms: int = 3_600_000) -> None:
        self._wall_ms = wall_ms
        self._steady_ms = steady_ms

    def wall_ms(self) -> int:
        return self._wall_ms

    def steady_ms(self) -> int:
        return self._steady_ms

    def advance(self, *, ms: int = 0, s: float = 0) -> None:
        """Let time pass on both clocks."""
        step = ms + round(s * 1000)
        if step < 0:
            raise ValueError("time does not go back; use set_wall for a clock that is put right")
        self._wall_ms += step
        self._steady_ms += step

    def set_wall(self, wall_ms: int) -> None:
        """Put the wall clock elsewhere, as a time server does; the steady clock goes on."""
        self._wall_ms = wall_ms
