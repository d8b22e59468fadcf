"""Why a task waits and why a node is idle, by the very rules that placement runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

from core.domain.explain import NodeVerdict, Refusal, WhyWaiting
from master_app.scheduling.desk import Desk, another_takes
from master_app.scheduling.feasibility import Ask, Room, amounts, cores, ever_fits, first_refusal
from master_app.scheduling.pool import Needs, Pool, PoolTask
from master_app.scheduling.ranking import score
from master_app.scheduling.settings import SchedulingSettings

#: Rows of one answer; of a larger pool the first are shown and the summary says so.
MAX_VERDICTS = 1000
#: Less than this of anything is no change worth offering.
_LEAST = 0.07
#: Waiting tasks that are looked at for "why idle".
_TASKS_SHOWN_TO_A_NODE = 200
#: For all nodes of one list together: some 60 ms of the writer's time.
_TASKS_SHOWN_IN_ALL = 4_000


def could_ever_fit(pool: Pool, needs: Needs, owner_id: str) -> bool:
    """Tell whether any enrolled node could take it if it were empty and at work. Looks at every node."""
    ask = Ask(task_id="", owner_id=owner_id, needs=needs, resources=needs.resources, now_ms=0)
    return any(ever_fits(ask, Room(node)) for node in pool.nodes.values())


def why_waiting(pool: Pool, task_id: str, now_ms: int, settings: SchedulingSettings | None = None) -> WhyWaiting:
    """Return why a task does not run (more): what holds the task itself, else each node's first refusal."""
    task = pool.tasks.get(task_id)
    if task is None:
        return WhyWaiting(summary="This task does not wait: it has ended, or there is no such task.")
    desk = Desk(pool, now_ms, settings or SchedulingSettings())
    index = _next_index(task, now_ms)
    ask = desk.ask(task, index)
    verdicts, refused_rooms = _verdicts(desk, task, index, ask)
    impossible = not (len(refused_rooms) < len(verdicts) or _could_change(pool, ask, refused_rooms))
    own, lowered = _own_reason(desk, task, now_ms), None
    # A task that no node could ever take is held for that: then the nodes are the answer, not the hold.
    if own is not None and (task.dispatchable or not impossible):
        return WhyWaiting(summary=own[0], verdicts=verdicts, cheapest_change=own[1], impossible=impossible)
    takers = sum(verdict.refusal is None for verdict in verdicts)
    if not pool.nodes:
        summary, change = "No node has joined this pool.", "join a node"
    elif takers:
        one = "1 node takes it now; it is placed when its turn comes."
        summary, change = (
            one if takers == 1 else f"{takers} nodes take it now; it is placed when its turn comes.",
            "",
        )
    elif impossible:
        summary = "No node of this pool could ever take it."
        change, lowered = _cheapest_change(pool, ask, refused_rooms)
    else:
        summary = f"None of {len(pool.nodes)} nodes takes it now. {_most_common(verdicts)}"
        change, lowered = _cheapest_change(pool, ask, refused_rooms)
    # The merge has sizes of its own, and a step of the memory ladder is no number of the manifest.
    own_size = index in task.memory_bytes or index >= task.subtask_count
    changeable = None if lowered is None or own_size or float(lowered[1]) < _LEAST else lowered
    return WhyWaiting(
        summary=summary, verdicts=verdicts, cheapest_change=change, change=changeable, impossible=impossible
    )


def closed_by(pool: Pool, node_id: str, now_ms: int) -> Refusal | None:
    """Return the first rule that keeps a node from taking any work at all; None: it takes what suits it."""
    node = pool.nodes[node_id]
    empty = Needs.nothing()
    ask = Ask(task_id="", owner_id=node.owner_id, needs=empty, resources=empty.resources, now_ms=now_ms)
    refusal = first_refusal(ask, Room(node))
    return refusal if refusal is not None and refusal.rule != "runtime" else None


class IdleReasons:
    """Says in one sentence each why nodes run nothing more, as of one look at the pool.

    `nodes` is how many will be asked about: what one look may cost is shared between them, so that a list of a
    thousand nodes holds nobody up. For one node 200 waiting tasks are looked at.
    """

    def __init__(
        self, pool: Pool, now_ms: int, settings: SchedulingSettings | None = None, *, nodes: int = 1
    ) -> None:
        self._pool = pool
        self._now_ms = now_ms
        self._desk = Desk(pool, now_ms, settings or SchedulingSettings())
        keys = (key for lines in pool.queue.lines.values() for line in lines.values() for key in line.keys)
        at_most = max(1, min(_TASKS_SHOWN_TO_A_NODE, _TASKS_SHOWN_IN_ALL // max(1, nodes)))
        self._waiting = [self._first_of(pool.tasks[task_id]) for _, task_id in islice(keys, at_most)]

    def _first_of(self, task: PoolTask) -> tuple[PoolTask, int, Ask]:
        index = _next_index(task, self._now_ms)
        return task, index, self._desk.ask(task, index)

    def of(self, node_id: str) -> str:
        """Return the sentence; empty when it just was not the node's turn."""
        if node_id not in self._pool.nodes:
            return "This node is not enrolled."
        room = self._desk.room(node_id)
        refusals: Counter[str] = Counter()
        for task, index, ask in self._waiting:
            refusal = _refusal(self._desk, task, index, ask, room)
            if refusal is None:
                words = self._desk.over_quota(task.owner_id, ask.resources.cpu_millis)
                if not words:
                    return ""
                refusals[words] += 1
            else:
                refusals[str(refusal)] += 1
        if not self._waiting:
            refusal = closed_by(self._pool, node_id, self._now_ms)
            return f"No task is waiting. {refusal}" if refusal else "No task is waiting."
        looked_at = len(self._waiting)
        words, count = refusals.most_common(1)[0]
        return f"{count} of {looked_at} waiting tasks: {words}."


def _next_index(task: PoolTask, now_ms: int) -> int:
    if task.ready:
        return task.ready[-1]
    if task.next_index < task.subtask_count or not task.backoff:
        return min(task.next_index, task.subtask_count - 1)
    return task.backoff[0][1]


def _own_reason(desk: Desk, task: PoolTask, now_ms: int) -> tuple[str, str] | None:
    """Return what holds the task whatever the nodes are, and what would change it."""
    if not task.dispatchable:
        return (
            "It is held, paused, stopping, or waits for another task.",
            "see its state; resume it when it is paused",
        )
    if task.waiting <= 0:
        if task.backoff:
            wait_s = max(0, -(-(task.backoff[0][0] - now_ms) // 1000))
            return f"Its next subtask failed and is tried again in {wait_s} s.", ""
        return f"All its subtasks have been given out: {task.lanes} run now.", ""
    if not task.pinned and task.active >= 1:
        return "Its first attempt pins the image; the others follow.", ""
    if task.max_parallel and task.lanes >= task.max_parallel:
        return (
            f"It runs {task.lanes} at once, as its max_parallel allows.",
            f"raise max_parallel above {task.max_parallel}",
        )
    if task.affordable is not None and task.lanes >= task.affordable:
        return (
            f"Its cost cap and the balance of its owner cover {task.affordable} at once.",
            "raise its cost cap, or add credits",
        )
    quota = desk.over_quota(task.owner_id, task.needs.resources.cpu_millis)
    if quota:
        return f"Quota: {quota}.", "wait until one ends, or ask an operator for a larger quota"
    return None


def _refusal(desk: Desk, task: PoolTask, index: int, ask: Ask, room: Room) -> Refusal | None:
    refusal = first_refusal(ask, room)
    avoid = task.avoided.union(task.excluded.get(index, ()))
    if refusal is None and room.node.node_id in avoid and another_takes(desk, ask, avoid):
        return Refusal(rule="excluded", needed="a node where it did not fail", available="it failed here")
    return refusal


def _verdicts(
    desk: Desk, task: PoolTask, index: int, ask: Ask
) -> tuple[tuple[NodeVerdict, ...], list[tuple[Refusal, Room]]]:
    verdicts, refused = [], []
    for node_id in islice(desk.pool.nodes, MAX_VERDICTS):
        room = desk.room(node_id)
        refusal = _refusal(desk, task, index, ask, room)
        if refusal is not None:
            refused.append((refusal, room))
        verdicts.append(
            NodeVerdict(
                node_id=node_id,
                node_name=room.node.name,
                refusal=refusal,
                score=None if refusal else score(task, ask, room, desk.settings.fill),
            )
        )
    return tuple(verdicts), refused


def _could_change(pool: Pool, ask: Ask, refused: list[tuple[Refusal, Room]]) -> bool:
    """Tell whether a node that refuses now, or one that no verdict was made of, could ever take it."""
    for refusal, room in refused:
        # What a permanent rule refuses stays refused: most nodes of a large pool need no second look.
        if not refusal.permanent and ever_fits(ask, room):
            return True
    return any(ever_fits(ask, Room(node)) for node in islice(pool.nodes.values(), MAX_VERDICTS, None))


def _most_common(verdicts: tuple[NodeVerdict, ...]) -> str:
    rules = Counter(verdict.refusal.rule for verdict in verdicts if verdict.refusal)
    rule, count = rules.most_common(1)[0]
    return f"The commonest reason: {rule} ({count})."


def _cheapest_change(
    pool: Pool, ask: Ask, refused: list[tuple[Refusal, Room]]
) -> tuple[str, tuple[str, str] | None]:
    """Return the smallest lowering of one number that one node would take, else what to wait for."""
    lowerings = [found for refusal, room in refused if (found := _lowered(refusal, ask, room)) is not None]
    # The smallest first: whether it helps is asked of as few as can be.
    for lowering in sorted(lowerings, key=lambda each: (each.share, each.words)):
        if lowering.helps():
            return lowering.words, lowering.change
    for refusal, room in refused:
        if not refusal.permanent and room.node.node_id in pool.attempts_of_node:
            return f"wait until one of {room.node.running} attempts on node {room.node.name} ends", None
    waiting = [(refusal, room) for refusal, room in refused if not refusal.permanent]
    if waiting:
        refusal, room = waiting[0]
        return f"node {room.node.name}: {refusal.rule} must become {refusal.needed}", None
    rules = Counter(refusal.rule for refusal, _ in refused)
    return (f"join a node that meets the rule {rules.most_common(1)[0][0]}" if rules else ""), None


@dataclass(frozen=True, slots=True)
class _Lowering:
    """One number of a task that one node would need lower: by which share, and whether that alone is enough."""

    share: float
    words: str
    #: As a field of a manifest and its value.
    change: tuple[str, str]
    less: Ask
    room: Room
    of_node: bool

    def helps(self) -> bool:
        # A node that is too small is worth naming while it is busy; one that is busy only when this helps now.
        return ever_fits(self.less, self.room) if self.of_node else first_refusal(self.less, self.room) is None


def _lowered(refusal: Refusal, ask: Ask, room: Room) -> _Lowering | None:
    """Return what would have to be lowered, None where it is no number or nothing would be left of it."""
    capacity, asked, name = room.node.facts.capacity, ask.resources, room.node.name
    of_node = refusal.rule.endswith("_of_node")
    kind = refusal.rule.removesuffix("_of_node")
    if kind == "memory":
        there, wanted = capacity.memory_bytes if of_node else room.memory_bytes, asked.memory_bytes
        lowered = replace(asked, memory_bytes=there)
        field, value = "memory_gb", _gigabytes(there)
        words = f"lower memory_gb to {value} (node {name})"
    elif kind == "cpu":
        there, wanted = capacity.cpu_millis if of_node else room.cpu_millis, asked.cpu_millis
        lowered = replace(asked, cpu_millis=there)
        field, value = "cpu_cores", cores(there).split(maxsplit=1)[0]
        words = f"lower cpu_cores to {value} (node {name})"
    elif kind == "disk":
        there, wanted = capacity.disk_bytes if of_node else room.disk_bytes, asked.disk_bytes
        lowered = replace(asked, disk_bytes=there)
        field, value = "disk_gb", _gigabytes(there)
        words = f"lower disk_gb to {value} (node {name})"
    else:
        return None
    if there <= 0:
        return None
    less = replace(ask, resources=lowered)
    return _Lowering(1.0 - there / wanted, words, (field, value), less, room, of_node)


def _gigabytes(there: int) -> str:
    return amounts(there, there)[1].split()[0]
