"""Notices that the computer's clock was set, and keeps leases whole: they count time that passed, not what is
shown.

Records carry the wall clock, and so do deadlines in the hot state. When somebody (or a time service) sets the
clock, a lease that has minutes left would end at once, its work would be given to another node and run twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.domain.attempt import AttemptState
from master_app.ports.unit_of_work import UnitOfWork

#: Less is within the grace of every lease; a time service that slews stays far below.
JUMP_MS: Final = 5_000
LEASE_GRACE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock was set by `by_ms` (negative: back), noticed at `at_steady_ms`."""

    by_ms: int
    at_steady_ms: int


class WallWatch:
    """Compares both clocks at each look of the reaper. Used on the writer's thread."""

    def __init__(self, clock: Clock) -> None:
        self._steady_ms = clock.steady_ms
        # From the first moment on: deadlines are pushed on at the start, before the first look.
        self._offset_ms = clock.wall_ms() - clock.steady_ms()
        #: The newest one, for people.
        self.newest: Jump | None = None

    def look(self, uow: UnitOfWork) -> None:
        """Push all deadlines along when the clock was set. MUST run before anything is judged by them."""
        steady_ms = self._steady_ms()
        offset_ms = uow.now_ms - steady_ms
        before, self._offset_ms = self._offset_ms, offset_ms
        if abs(offset_ms - before) < JUMP_MS:
            return
        by_ms = offset_ms - before
        self.newest = Jump(by_ms, steady_ms)
        for live in uow.pool.attempts.values():
            # Never earlier than a full lease from now: an attempt that was renewed after the jump already has its
            # right deadline, and one that waits longer than it must costs nothing.
            full_ms = uow.now_ms + live.lease_s * 1000 + LEASE_GRACE_MS
            uow.pool.change(
                live,
                deadline_ms=max(live.deadline_ms + by_ms, full_ms),
                # Its age stays, which bounds what it may be paid; an offer's answer is waited for anew.
                offered_ms=uow.now_ms
                if live.state is AttemptState.OFFERED
                else min(live.offered_ms + by_ms, uow.now_ms),
            )
