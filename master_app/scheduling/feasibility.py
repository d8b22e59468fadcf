"""Hard filters: which node may take which subtask, and if not, the first rule that it does not meet.

Each rule is a test, which placement runs, and words, which people read when the test fails: one list for both,
so that they cannot disagree. Cheap and frequent rules come first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.domain.explain import Refusal
from core.domain.images import image_allowed
from core.domain.node import NodeAdmin, NodeHealth, NodeOwner, RuntimeKind
from core.domain.resources import GIB, Resources
from master_app.scheduling.pool import Needs, PoolNode

#: In `[requires] labels`: the id of the user whose node it is.
OWNER_LABEL = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One subtask's wish for a node. `resources` has its step of the memory ladder."""

    task_id: str
    owner_id: str
    needs: Needs
    resources: Resources
    now_ms: int


class Room:
    """What is free on a node, with what one call of placement has already given away, to the byte."""

    __slots__ = (
        "claim",
        "claimed_by",
        "cpu_millis",
        "disk_bytes",
        "gpus",
        "memory_bytes",
        "node",
        "running",
    )

    def __init__(self, node: PoolNode, claimed_by: str = "", claim: Resources | None = None) -> None:
        capacity, reserved = node.facts.capacity, node.reserved
        self.node = node
        self.cpu_millis = capacity.cpu_millis - reserved.cpu_millis
        self.memory_bytes = capacity.memory_bytes - reserved.memory_bytes
        self.disk_bytes = capacity.disk_bytes - reserved.disk_bytes
        self.gpus = capacity.gpus - reserved.gpus
        self.running = node.running
        #: The starved task that this node is kept for, and what it will need here.
        self.claimed_by = claimed_by
        self.claim = claim

    @property
    def free(self) -> Resources:
        """What is free, without the reservation for a starved task."""
        return Resources(
            cpu_millis=self.cpu_millis,
            memory_bytes=self.memory_bytes,
            disk_bytes=self.disk_bytes,
            gpus=self.gpus,
        )

    def take(self, resources: Resources) -> None:
        """Give this away. MUST fit."""
        self.cpu_millis -= resources.cpu_millis
        self.memory_bytes -= resources.memory_bytes
        self.disk_bytes -= resources.disk_bytes
        self.gpus -= resources.gpus
        self.running += 1


Test = Callable[[Ask, Room], bool]
Words = Callable[[Ask, Room], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    meets: Test
    words: Words
    #: Waiting cannot change it.
    permanent: bool = False

    def refusal(self, ask: Ask, room: Room) -> Refusal:
        """Return what is needed and what there is. Only for a rule that is not met."""
        needed, available = self.words(ask, room)
        return Refusal(rule=self.name, needed=needed, available=available, permanent=self.permanent)


# ---- state of the node


def _owner_allows(ask: Ask, room: Room) -> bool:
    state = room.node.owner_state
    return state is NodeOwner.AVAILABLE or (state is NodeOwner.GPU_PAUSED and not ask.resources.gpus)


STATE_RULES = (
    Rule(
        "admin",
        lambda ask, room: room.node.admin is NodeAdmin.ACTIVE,
        lambda ask, room: (NodeAdmin.ACTIVE.value, room.node.admin.value),
    ),
    Rule(
        "health",
        lambda ask, room: room.node.health is NodeHealth.READY,
        lambda ask, room: (NodeHealth.READY.value, room.node.health.value),
    ),
    Rule(
        "owner",
        _owner_allows,
        lambda ask, room: (NodeOwner.AVAILABLE.value, room.node.owner_state.value),
    ),
    Rule(
        "quarantine",
        lambda ask, room: room.node.quarantined_until_ms <= ask.now_ms,
        lambda ask, room: ("0 s", f"{-(-(room.node.quarantined_until_ms - ask.now_ms) // 1000)} s left"),
    ),
    Rule(
        "protocol",
        lambda ask, room: room.node.protocol_ok,
        lambda ask, room: ("a protocol both speak", f"agent {room.node.facts.agent_version or '?'}"),
    ),
    Rule(
        "engine",
        lambda ask, room: room.node.facts.engine_ok,
        lambda ask, room: ("a working engine", room.node.facts.engine_problem or "no engine"),
    ),
    Rule(
        "disk_full",
        lambda ask, room: room.node.facts.disk_ok,
        lambda ask, room: ("free disk space", "disk full"),
    ),
)

# ---- what the node is and what its owner takes


def _runtime_isolates(ask: Ask, room: Room) -> bool:
    node = room.node
    if node.facts.runtime is not RuntimeKind.PROCESS:
        return True
    return ask.needs.allow_process and bool(ask.owner_id) and node.owner_id == ask.owner_id


def _runtime_words(ask: Ask, room: Room) -> tuple[str, str]:
    if ask.needs.allow_process:
        return "a node of the task's own owner, or an isolated one", "not isolated, another's node"
    return "an isolated runtime", "not isolated"


def _image_allowed(ask: Ask, room: Room) -> bool:
    # By the same rule as the agent reads its owner's list.
    allowed = room.node.facts.images_allowed
    return not allowed or image_allowed(ask.needs.image_ref, allowed)


def _owner_allowed(ask: Ask, room: Room) -> bool:
    allowed, blocked = room.node.facts.owners_allowed, room.node.facts.owners_blocked
    return ask.owner_id not in blocked and (not allowed or ask.owner_id in allowed)


def _label(node: PoolNode, key: str) -> str | None:
    """Return a node's label. Whose node it is says the pool, whatever a label of that name says."""
    return node.owner_id if key == OWNER_LABEL else node.labels.get(key)


def _labels_meet(ask: Ask, room: Room) -> bool:
    return all(_label(room.node, key) in values for key, values in ask.needs.requires.labels.items())


def _labels_words(ask: Ask, room: Room) -> tuple[str, str]:
    for key, values in ask.needs.requires.labels.items():
        has = _label(room.node, key)
        if has not in values:
            return f"{key} = {' or '.join(values)}", f"{key} = {has}" if has is not None else f"no {key}"
    raise AssertionError("the labels are met")


def _numbers_meet(ask: Ask, room: Room) -> bool:
    numbers = room.node.facts.numbers
    return all(key in numbers and numbers[key] >= least for key, least in ask.needs.requires.minimum.items())


def _numbers_words(ask: Ask, room: Room) -> tuple[str, str]:
    numbers = room.node.facts.numbers
    for key, least in ask.needs.requires.minimum.items():
        if key not in numbers:
            return f"{key} {least:g}", f"{key} not known yet"
        # Written so that what is not a number (NaN) does not pass.
        if not numbers[key] >= least:
            return f"{key} {least:g}", f"{key} {numbers[key]:g}"
    raise AssertionError("the numbers are met")


def big_gpus(ask: Ask, node: PoolNode) -> int:
    """How many GPUs of a node have the memory asked for."""
    facts, memory_bytes = node.facts, ask.resources.gpu_memory_bytes
    if not facts.gpus:
        return facts.capacity.gpus if facts.capacity.gpu_memory_bytes >= memory_bytes else 0
    return min(facts.capacity.gpus, sum(gpu.memory_bytes >= memory_bytes for gpu in facts.gpus))


def _gpu_memory_words(ask: Ask, room: Room) -> tuple[str, str]:
    facts = room.node.facts
    most = max((gpu.memory_bytes for gpu in facts.gpus), default=facts.capacity.gpu_memory_bytes)
    needed, available = amounts(ask.resources.gpu_memory_bytes, most)
    return f"{ask.resources.gpus} GPU with {needed}", f"{big_gpus(ask, room.node)} such, the largest {available}"


def amounts(needed_bytes: int, available_bytes: int) -> tuple[str, str]:
    """Return both in GB, the need rounded up and the rest down, so that they never look the same."""
    scale, digits = (10, 1) if min(needed_bytes, available_bytes) >= GIB else (100, 2)
    needed, available = -(-needed_bytes * scale // GIB), max(0, available_bytes) * scale // GIB
    return f"{needed / scale:.{digits}f} GB", f"{available / scale:.{digits}f} GB"


def cores(cpu_millis: int) -> str:
    """Thousandths as a person says cores."""
    return f"{cpu_millis / 1000:g} cores"


CAPABILITY_RULES = (
    Rule("runtime", _runtime_isolates, _runtime_words, True),
    Rule("owner_allowed", _owner_allowed, lambda ask, room: ("this submitter", "not on the owner's list"), True),
    Rule(
        "image_allowed",
        _image_allowed,
        lambda ask, room: (ask.needs.image_ref, ", ".join(room.node.facts.images_allowed)),
        True,
    ),
    Rule(
        "arch",
        lambda ask, room: not ask.needs.requires.arch or room.node.facts.arch in ask.needs.requires.arch,
        lambda ask, room: (" or ".join(ask.needs.requires.arch), room.node.facts.arch or "not known yet"),
        True,
    ),
    Rule(
        "os",
        lambda ask, room: not ask.needs.requires.os or room.node.facts.os in ask.needs.requires.os,
        lambda ask, room: (" or ".join(ask.needs.requires.os), room.node.facts.os or "not known yet"),
        True,
    ),
    Rule(
        "host_os",
        lambda ask, room: not ask.needs.requires.host_os or room.node.facts.host_os in ask.needs.requires.host_os,
        lambda ask, room: (" or ".join(ask.needs.requires.host_os), room.node.facts.host_os or "not known yet"),
        True,
    ),
    Rule("labels", _labels_meet, _labels_words, True),
    Rule("minimum", _numbers_meet, _numbers_words, True),
    Rule(
        "slots_of_node",
        lambda ask, room: room.node.facts.slots > 0,
        lambda ask, room: ("1 slot", "0 slots"),
        True,
    ),
    Rule(
        "gpus_of_node",
        lambda ask, room: ask.resources.gpus <= room.node.facts.capacity.gpus,
        lambda ask, room: (f"{ask.resources.gpus} GPU", f"{room.node.facts.capacity.gpus} GPU"),
        True,
    ),
    Rule(
        "gpu_memory_of_node",
        lambda ask, room: not ask.resources.gpus or ask.resources.gpus <= big_gpus(ask, room.node),
        _gpu_memory_words,
        True,
    ),
    Rule(
        "cpu_of_node",
        lambda ask, room: ask.resources.cpu_millis <= room.node.facts.capacity.cpu_millis,
        lambda ask, room: (cores(ask.resources.cpu_millis), cores(room.node.facts.capacity.cpu_millis)),
        True,
    ),
    Rule(
        "memory_of_node",
        lambda ask, room: ask.resources.memory_bytes <= room.node.facts.capacity.memory_bytes,
        lambda ask, room: amounts(ask.resources.memory_bytes, room.node.facts.capacity.memory_bytes),
        True,
    ),
    Rule(
        "disk_of_node",
        lambda ask, room: ask.resources.disk_bytes <= room.node.facts.capacity.disk_bytes,
        lambda ask, room: amounts(ask.resources.disk_bytes, room.node.facts.capacity.disk_bytes),
        True,
    ),
    Rule(
        "image_id",
        lambda ask, room: not ask.needs.image_id or ask.needs.image_id in room.node.facts.images,
        lambda ask, room: (ask.needs.image_id, "not on this node"),
    ),
)

# ---- what is free now: the only rules that one call of placement changes


def _gpus_free(ask: Ask, room: Room) -> bool:
    if not ask.resources.gpus:
        return True
    if ask.resources.gpus > room.gpus:
        return False
    # Which GPUs are taken is the agent's choice: count as if the big ones had gone first.
    return ask.resources.gpus <= big_gpus(ask, room.node) - (room.node.facts.capacity.gpus - room.gpus)


def _claim_kept(ask: Ask, room: Room) -> bool:
    """Others may use a reserved node as far as the starved task still fits beside them."""
    claim = room.claim
    if claim is None or room.claimed_by == ask.task_id:
        return True
    asked = ask.resources
    return (
        room.running + 2 <= room.node.facts.slots
        and asked.cpu_millis + claim.cpu_millis <= room.cpu_millis
        and asked.memory_bytes + claim.memory_bytes <= room.memory_bytes
        and asked.disk_bytes + claim.disk_bytes <= room.disk_bytes
        and asked.gpus + claim.gpus <= room.gpus
    )


ROOM_RULES = (
    Rule(
        "slots",
        lambda ask, room: room.running < room.node.facts.slots,
        lambda ask, room: ("1 free slot", f"0 of {room.node.facts.slots} slots free"),
    ),
    Rule(
        "cpu",
        lambda ask, room: ask.resources.cpu_millis <= room.cpu_millis,
        lambda ask, room: (cores(ask.resources.cpu_millis), cores(max(0, room.cpu_millis)) + " free"),
    ),
    Rule(
        "memory",
        lambda ask, room: ask.resources.memory_bytes <= room.memory_bytes,
        lambda ask, room: _free(amounts(ask.resources.memory_bytes, room.memory_bytes)),
    ),
    Rule(
        "disk",
        lambda ask, room: ask.resources.disk_bytes <= room.disk_bytes,
        lambda ask, room: _free(amounts(ask.resources.disk_bytes, room.disk_bytes)),
    ),
    Rule(
        "gpus",
        _gpus_free,
        lambda ask, room: (f"{ask.resources.gpus} GPU", f"{max(0, room.gpus)} GPU free"),
    ),
    Rule(
        "reserved",
        _claim_kept,
        lambda ask, room: ("room beside the reservation", f"kept for task {room.claimed_by}"),
    ),
)


def _free(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0], f"{pair[1]} free"


_STANDING_TESTS = tuple(rule.meets for rule in (*STATE_RULES, *CAPABILITY_RULES))
_ROOM_TESTS = tuple(rule.meets for rule in ROOM_RULES)
_CAPABILITY_TESTS = tuple(rule.meets for rule in CAPABILITY_RULES if rule.permanent)
#: For people: what waiting cannot change comes before what it can.
_TOLD = (*CAPABILITY_RULES, *STATE_RULES, *ROOM_RULES)


def eligible(ask: Ask, room: Room) -> bool:
    """Tell whether the node would take it if it were empty. Does not change within a call of placement."""
    for meets in _STANDING_TESTS:  # noqa: SIM110 - a generator costs as much as three rules
        if not meets(ask, room):
            return False
    return True


def has_room(ask: Ask, room: Room) -> bool:
    """Tell whether an eligible node has what is asked free now."""
    for meets in _ROOM_TESTS:  # noqa: SIM110 - as above
        if not meets(ask, room):
            return False
    return True


def ever_fits(ask: Ask, room: Room) -> bool:
    """Tell whether waiting could help: no permanent rule refuses."""
    return all(meets(ask, room) for meets in _CAPABILITY_TESTS)


def first_refusal(ask: Ask, room: Room) -> Refusal | None:
    """Return why the node does not take it now; None exactly when `eligible` and `has_room`."""
    for rule in _TOLD:
        if not rule.meets(ask, room):
            return rule.refusal(ask, room)
    return None
