"""Which feasible node suits best: effective load first, then small weights that decide between the equal."""

from __future__ import annotations

from core.domain.explain import Score
from core.domain.images import tagged
from master_app.scheduling.feasibility import Ask, Room
from master_app.scheduling.indexes import load_of
from master_app.scheduling.pool import PoolNode, PoolTask
from master_app.scheduling.settings import Fill

#: Weights against a load of 0..1: a difference in load of more than a tenth outweighs all but what was asked for.
CACHED = -0.05
#: No registry told what the image is; whoever has it can.
HAS_IMAGE = -1.0
RUNNING = 0.001
SPREAD = 0.01
#: Larger than any load: a pool that asks for packing fills one node after another.
PACK = -2.0
UNRELIABLE = 0.05
UNRELIABLE_MATTERS = 0.5


def effective_load(room: Room, *, with_gpus: bool = False) -> float:
    """Return max(cpu, memory) of what others use on the host plus what is reserved, as shares of 1.

    Reports are half a minute old; reservations are not, so a burst does not herd to one node.
    """
    load = load_of(room.node, room.cpu_millis, room.memory_bytes)
    capacity = room.node.facts.capacity
    if with_gpus and capacity.gpus:
        load = max(load, 1.0 - room.gpus / capacity.gpus)
    return load


def standing_parts(task: PoolTask, ask: Ask, node: PoolNode) -> tuple[float, float, float]:
    """Return the parts that stay the same within a call: cached inputs, reliability, [prefer]."""
    cached = CACHED if task.task_id in node.caches else 0.0
    if not task.pinned and tagged(ask.needs.image_ref) in node.facts.images:
        cached = HAS_IMAGE
    weight = UNRELIABLE_MATTERS if task.prefers_reliable else UNRELIABLE
    wish = ask.needs.prefer.labels
    # `ssd` means a node that has the label, `site=lab-a` one whose label has that value.
    prefer = sum((value for key, value in wish.items() if _has_label(node, key)), 0.0) if wish else 0.0
    return cached, weight * (1.0 - node.reliability), prefer


def _has_label(node: PoolNode, key: str) -> bool:
    name, equals, value = key.partition("=")
    return node.labels.get(name) == value if equals else name in node.labels


def filling(room: Room, fill: Fill) -> float:
    """Return the part of a node's occupied slots."""
    slots = room.node.facts.slots
    share = room.running / slots if slots else 1.0
    return share * (PACK if fill is Fill.PACK else SPREAD)


def total(room: Room, standing: float, fill: Fill, *, with_gpus: bool) -> float:
    """Return the score alone; the same sum as `score`, for the hot path."""
    return effective_load(room, with_gpus=with_gpus) + RUNNING * room.running + filling(room, fill) + standing


def score(task: PoolTask, ask: Ask, room: Room, fill: Fill) -> Score:
    """Return the score with its parts in the order of the rules; they add up to the total."""
    cached, reliability, prefer = standing_parts(task, ask, room.node)
    with_gpus = ask.resources.gpus > 0
    return Score(
        total=total(room, cached + reliability + prefer, fill, with_gpus=with_gpus),
        parts=(
            ("load", effective_load(room, with_gpus=with_gpus)),
            ("cached", cached),
            ("running", RUNNING * room.running),
            (fill.value, filling(room, fill)),
            ("reliability", reliability),
            ("prefer", prefer),
        ),
    )
