"""Which attempt gets which slot, sandbox and GPUs. Pure bookkeeping over a few dozen slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Final

from core.domain.node import NodeFacts
from core.domain.resources import Resources
from worker_app.agent.attempts import Held, SandboxKey, Step, sandbox_key
from worker_app.agent.waiting import Waiting

#: How far into the queue an idle sandbox is matched, and how often an older attempt may be passed over for it.
LOOK_AHEAD: Final = 64
MAX_PASSED_OVER: Final = 64
MAX_SLOTS: Final = 256


class SlotState(StrEnum):
    #: No sandbox.
    EMPTY = "EMPTY"
    #: Its sandbox serves `attempt_id`, or is being opened for it.
    BUSY = "BUSY"
    #: Its sandbox is warm and waits for an attempt with the same key.
    IDLE = "IDLE"
    #: Its run is over; its sandbox is kept as it is until how it ended is durable.
    SETTLING = "SETTLING"
    #: An earlier life's sandbox is being asked what it has.
    ADOPTING = "ADOPTING"
    #: Its sandbox is being removed; nothing may be started here before that is done.
    CLOSING = "CLOSING"


@dataclass(slots=True)
class Slot:
    index: int
    state: SlotState = SlotState.EMPTY
    sandbox_id: str = ""
    key: SandboxKey | None = None
    attempt_id: str = ""
    gpu_uuids: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)
    idle_since_ms: int = 0
    #: False until the first attempt made its sandbox ready.
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the attempt goes. `is_new`: its sandbox must be opened first."""

    slot: Slot
    held: Held
    is_new: bool
    gpu_uuids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evict:
    """This idle sandbox must go before the next attempt can be placed."""

    slot: Slot


class Slots:
    """Mutated only by `AgentState`."""

    def __init__(self) -> None:
        self.all: list[Slot] = []
        #: Sandboxes that the engine had when it was last asked, in slots and outside.
        self.found: frozenset[str] = frozenset()
        self._reserved = Resources()

    def resize(self, count: int) -> None:
        """Have `count` slots; those that are in use stay until they are empty."""
        count = max(0, min(count, MAX_SLOTS))
        while len(self.all) < count:
            self.all.append(Slot(len(self.all)))
        while len(self.all) > count and self.all[-1].state is SlotState.EMPTY:
            self.all.pop()

    @property
    def reserved(self) -> Resources:
        """Sum of what the attempts in slots may use."""
        return self._reserved

    def tasks(self) -> set[str]:
        """Return the tasks that have a sandbox here."""
        return {slot.key[0] for slot in self.all if slot.key is not None}

    def new_name(self, attempt_id: str) -> str:
        """Return the name of a new sandbox. One that an earlier life of the agent opened for the same attempt may
        still be there, or be on its way out: it must not be taken for this one.
        """
        name, number = attempt_id, 1
        while name in self.found or any(slot.sandbox_id == name for slot in self.all):
            number += 1
            name = f"{attempt_id}-{number}"
        return name

    def occupy(self, slot: Slot, held: Held, gpu_uuids: tuple[str, ...]) -> None:
        slot.state = SlotState.BUSY
        slot.attempt_id = held.attempt_id
        slot.key = sandbox_key(held)
        slot.gpu_uuids = gpu_uuids
        slot.resources = held.offer.resources
        held.slot = slot.index
        self._reserved = self._reserved + held.offer.resources

    def release(self, slot: Slot, state: SlotState, now_ms: int) -> None:
        """The slot's attempt needs it no more."""
        if slot.attempt_id:
            self._reserved = self._reserved - slot.resources
            slot.attempt_id = ""
            slot.resources = Resources()
        slot.state = state
        slot.idle_since_ms = now_ms
        if state is SlotState.EMPTY:
            slot.sandbox_id = ""
            slot.key = None
            slot.gpu_uuids = ()
            slot.is_open = False

    def place(
        self, waiting: Waiting, held: Mapping[str, Held], facts: NodeFacts, slots: int
    ) -> Place | Evict | None:
        """Return what to do for what waits now; the attempt of a Place waits no more then."""
        idle = [slot for slot in self.all if slot.state is SlotState.IDLE]
        empty = next((slot for slot in self.all[:slots] if slot.state is SlotState.EMPTY), None)
        if not waiting or (not idle and empty is None):
            return None
        heads = [held[attempt_id] for attempt_id in islice(waiting.heads(self._busy_lanes(held)), LOOK_AHEAD)]
        if not heads:
            return None
        room = facts.capacity - self._reserved
        for slot in idle:
            match = self._match(slot, heads, room)
            if match is not None:
                waiting.remove(match)
                return Place(slot, match, is_new=False, gpu_uuids=slot.gpu_uuids)
        first = heads[0]
        if not first.offer.resources.fits(room):
            return None
        uuids = self._pick_gpus(first.offer.resources, facts)
        if empty is not None and uuids is not None:
            waiting.remove(first)
            return Place(empty, first, is_new=True, gpu_uuids=uuids)
        if not idle or any(slot.state in (SlotState.CLOSING, SlotState.SETTLING) for slot in self.all):
            return None
        if uuids is None:
            idle = [slot for slot in idle if slot.gpu_uuids]
        return Evict(min(idle, key=lambda slot: slot.idle_since_ms)) if idle else None

    def _busy_lanes(self, held: Mapping[str, Held]) -> set[str]:
        busy = {held[slot.attempt_id].lane for slot in self.all if slot.attempt_id}
        if any(slot.state is SlotState.ADOPTING for slot in self.all):
            # One of them may be what runs there.
            busy |= {one.lane for one in held.values() if one.step is Step.RESTORING}
        return busy

    def _match(self, slot: Slot, heads: list[Held], room: Resources) -> Held | None:
        for candidate in heads:
            if sandbox_key(candidate) == slot.key and candidate.offer.resources.fits(room):
                if candidate is not heads[0]:
                    if heads[0].passed_over >= MAX_PASSED_OVER:
                        return None
                    heads[0].passed_over += 1
                return candidate
        return None

    def _pick_gpus(self, wanted: Resources, facts: NodeFacts) -> tuple[str, ...] | None:
        """Return UUIDs of free GPUs that are large enough, or None when there are too few now."""
        if wanted.gpus == 0:
            return ()
        taken = {uuid for slot in self.all for uuid in slot.gpu_uuids}
        fitting = [
            gpu.uuid for gpu in facts.gpus if gpu.uuid not in taken and gpu.memory_bytes >= wanted.gpu_memory_bytes
        ]
        return tuple(fitting[: wanted.gpus]) if len(fitting) >= wanted.gpus else None

    def validate(self, held: Mapping[str, Held]) -> None:
        """Assert what always holds."""
        total = Resources()
        busy_gpus: list[str] = []
        for slot in self.all:
            assert (slot.state is SlotState.BUSY) == bool(slot.attempt_id), slot
            assert (slot.state is SlotState.EMPTY) == (not slot.sandbox_id), slot
            if slot.attempt_id:
                assert held[slot.attempt_id].slot == slot.index
                total = total + slot.resources
            if slot.state is not SlotState.EMPTY:
                busy_gpus += slot.gpu_uuids
        assert len(busy_gpus) == len(set(busy_gpus)), "a GPU is in two sandboxes"
        lanes = [held[slot.attempt_id].lane for slot in self.all if slot.attempt_id]
        assert len(lanes) == len(set(lanes)), "a lane is in two slots"
        names = [slot.attempt_id for slot in self.all if slot.attempt_id]
        assert len(names) == len(set(names)), "an attempt is in two slots"
        assert (total.cpu_millis, total.memory_bytes, total.gpus) == (
            self._reserved.cpu_millis,
            self._reserved.memory_bytes,
            self._reserved.gpus,
        )
