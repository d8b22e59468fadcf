"""Slots whose run is over, and how it ended is not in the database yet.

An agent that is killed in that moment comes back to a sandbox that still knows the end and has the files. So the
sandbox is neither removed nor given to the next attempt before the end is durable.
"""

from __future__ import annotations

from worker_app.agent.attempts import Held
from worker_app.agent.ports.store import Changes
from worker_app.agent.slots import SlotState
from worker_app.agent.work import Out, Work


class Settling:
    """Mutated only by `AgentState` and its parts."""

    def __init__(self, work: Work) -> None:
        self._work = work
        #: Attempt -> its slot, and whether the sandbox can serve another one.
        self._slots: dict[str, tuple[int, bool]] = {}

    def begin(self, held: Held, now_ms: int, *, usable: bool) -> None:
        """The attempt needs its slot no more; its end, or its last update, is among what is to be written."""
        slot = self._work.slot_of(held)
        held.slot = -1
        self._work.slots.release(slot, SlotState.SETTLING, now_ms)
        self._slots[held.attempt_id] = (slot.index, usable and not held.is_alone)

    def written(self, changes: Changes, now_ms: int, out: Out) -> None:
        """These are durable now."""
        for attempt_id in changes.ended() if self._slots else ():
            if attempt_id in self._slots:
                self._settle(attempt_id, now_ms, out)

    def not_written(self, now_ms: int, out: Out) -> None:
        """The disk may be full, and full of what these sandboxes hold: they are not kept for it."""
        for attempt_id in list(self._slots):
            self._settle(attempt_id, now_ms, out)

    def _settle(self, attempt_id: str, now_ms: int, out: Out) -> None:
        index, usable = self._slots.pop(attempt_id)
        self._work.free_slot(self._work.slots.all[index], now_ms, out, usable=usable)
