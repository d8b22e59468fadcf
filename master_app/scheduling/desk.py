"""The account of one call: what is free on each node after what it gave away, and which nodes may be asked."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import islice

from core.domain.resources import Resources
from master_app.scheduling.feasibility import Ask, Room, eligible, has_room
from master_app.scheduling.pool import Pool, PoolTask
from master_app.scheduling.ranking import effective_load, standing_parts, total
from master_app.scheduling.settings import Fill, SchedulingSettings

#: Of many nodes: how many that suit are compared for one task, and how many are looked at to find them.
_COMPARED = 16
_LOOKED_AT = 256
#: Nodes that already run the task and so have its inputs, looked at first.
_AT_HOME = 8

#: Score, node id (so that equal scores are decided the same each time), the part that does not change.
Candidate = tuple[float, str, float]


class Desk:
    """Made for one call, or for one explanation; changes nothing but the pool's derived orders and claims."""

    def __init__(self, pool: Pool, now_ms: int, settings: SchedulingSettings) -> None:
        self.pool = pool
        self.now_ms = now_ms
        self.settings = settings
        self.rooms: dict[str, Room] = {}
        self.owner_given: dict[str, int] = {}
        self._cpu_given = 0
        self._given_nodes: set[str] = set()
        self._cpu_running = sum(pool.owner_cpu_millis.values()) if settings.quotas.pool_millis else 0

    def room(self, node_id: str) -> Room:
        """Return the account of a node of the pool."""
        room = self.rooms.get(node_id)
        if room is None:
            pool = self.pool
            claimed_by = pool.claims.get(node_id, "")
            claim = None
            if claimed_by:
                task = pool.tasks.get(claimed_by)
                claim = claim_of(task) if task is not None else None
            room = self.rooms[node_id] = Room(pool.nodes[node_id], claimed_by, claim)
        return room

    def ask(self, task: PoolTask, index: int) -> Ask:
        """Return what this index wishes for."""
        return Ask(
            task_id=task.task_id,
            owner_id=task.owner_id,
            needs=task.needs_of(index),
            resources=task.resources_of(index),
            now_ms=self.now_ms,
        )

    def over_quota(self, owner_id: str, cpu_millis: int) -> str:
        """Return the words for the quota that speaks against so much more, or nothing."""
        quota = self.settings.quota_of(owner_id)
        if quota:
            running = self.pool.owner_cpu_millis.get(owner_id, 0) + self.owner_given.get(owner_id, 0)
            if running + cpu_millis > quota:
                return f"its owner may use {quota / 1000:g} cores at once and uses {running / 1000:g}"
        limit = self.settings.quotas.pool_millis
        if limit and self._cpu_running + self._cpu_given + cpu_millis > limit:
            return f"the pool may use {limit / 1000:g} cores at once"
        return ""

    def take(self, room: Room, owner_id: str, resources: Resources) -> None:
        """Give resources of a node away. MUST fit."""
        room.take(resources)
        self.owner_given[owner_id] = self.owner_given.get(owner_id, 0) + resources.cpu_millis
        self._cpu_given += resources.cpu_millis
        node = room.node
        self._given_nodes.add(node.node_id)
        if room.running >= node.facts.slots:
            self.pool.open_nodes.drop(node.node_id)
        else:
            self.pool.open_nodes.put(node.node_id, effective_load(room))

    def candidates(self, task: PoolTask, ask: Ask, avoid: frozenset[str]) -> list[Candidate]:
        """Return a heap of the nodes that take it now, best first; of many nodes, of those that were looked at."""
        fill, with_gpus = self.settings.fill, ask.resources.gpus > 0
        found: list[Candidate] = []
        for room in self._suited(task, ask, avoid):
            standing = sum(standing_parts(task, ask, room.node))
            found.append((total(room, standing, fill, with_gpus=with_gpus), room.node.node_id, standing))
        heapq.heapify(found)
        return found

    def _suited(self, task: PoolTask, ask: Ask, avoid: frozenset[str]) -> list[Room]:
        open_nodes = self.pool.open_nodes
        few = len(open_nodes) <= self.settings.exact_nodes
        if few:
            rooms = [room for room in map(self.room, list(open_nodes.step_of)) if _takes(ask, room)]
        else:
            rooms = self._sampled(task, ask, avoid)
        if avoid and rooms:
            kept = [room for room in rooms if room.node.node_id not in avoid]
            # Soft only when nobody else could take it, not when the others are busy for a while.
            return kept if kept or another_takes(self, ask, avoid) else rooms
        return rooms

    def _sampled(self, task: PoolTask, ask: Ask, avoid: frozenset[str]) -> list[Room]:
        pool, wanted = self.pool, _COMPARED + len(avoid)
        home = islice(pool.attempts_of_task.get(task.task_id, {}).values(), _AT_HOME)
        at_home = {attempt.node_id for attempt in home if attempt.node_id in pool.open_nodes.step_of}
        rooms = [room for room in map(self.room, at_home) if _takes(ask, room)]
        fullest_first = self.settings.fill is Fill.PACK
        nearest = islice(pool.open_nodes.by_load(fullest_first=fullest_first), _LOOKED_AT)
        self._collect(ask, (node_id for node_id in nearest if node_id not in at_home), rooms, wanted)
        if not rooms:
            # What only a few nodes can do is found in turns: each call looks at the next part of the pool.
            window = pool.open_nodes.window(pool.rotation, _LOOKED_AT)
            pool.rotation += _LOOKED_AT
            self._collect(ask, window, rooms, wanted)
        return rooms

    def _collect(self, ask: Ask, node_ids: Iterable[str], rooms: list[Room], wanted: int) -> None:
        for node_id in node_ids:
            room = self.room(node_id)
            if _takes(ask, room):
                rooms.append(room)
                if len(rooms) >= wanted:
                    return

    # ---- reservations for starved tasks

    def check_claims(self) -> None:
        """Release what is kept for a task that no longer waits, or on a node that no longer takes it."""
        for node_id, task_id in list(self.pool.claims.items()):
            task, node = self.pool.tasks.get(task_id), self.pool.nodes.get(node_id)
            waits = task is not None and task.dispatchable and task.room() > 0
            if task is None or node is None or not waits or not eligible(self.first_ask(task), Room(node)):
                self.pool.release_claim(node_id)

    def claim_best(self, task: PoolTask) -> None:
        """Keep the node that lacks least for a starved task, unless it has one or enough are kept."""
        claims = self.pool.claims
        most = min(self.settings.max_claims, max(1, len(self.pool.nodes) // 2))
        if len(claims) >= most or task.task_id in claims.values():
            return
        ask = self.first_ask(task)
        best: tuple[float, str] | None = None
        for node_id in islice(self.pool.nodes, _LOOKED_AT):
            room = self.room(node_id)
            if node_id not in claims and eligible(ask, room):
                lacking = (_lack(ask.resources, room), node_id)
                if best is None or lacking < best:
                    best = lacking
        if best is not None:
            self.pool.claim(best[1], task.task_id)
            room = self.room(best[1])
            room.claimed_by, room.claim = task.task_id, ask.resources

    def release_claims(self, task_id: str) -> None:
        """The starved task found a node: what was kept for it is everybody's."""
        for node_id in [node_id for node_id, claimed in self.pool.claims.items() if claimed == task_id]:
            self.pool.release_claim(node_id)
            room = self.room(node_id)
            room.claimed_by, room.claim = "", None

    def first_ask(self, task: PoolTask) -> Ask:
        """Return what the next index of a task wishes for."""
        indices = self.pool.next_indices(task, 1)
        return self.ask(task, indices[0] if indices else 0)

    def close(self) -> None:
        """Put the orders right: from here on only added attempts count."""
        for node_id in self._given_nodes:
            self.pool.open_nodes.touch(self.pool.nodes[node_id])


def claim_of(task: PoolTask) -> Resources:
    """Return what a starved task will need on the node that is kept for it."""
    index = task.ready[-1] if task.ready else task.next_index
    return task.resources_of(index)


def another_takes(desk: Desk, ask: Ask, avoid: frozenset[str]) -> bool:
    """Tell whether a node that is not avoided would take it if it were empty."""
    return any(
        node_id not in avoid and eligible(ask, desk.room(node_id))
        for node_id in islice(desk.pool.nodes, _LOOKED_AT)
    )


def _takes(ask: Ask, room: Room) -> bool:
    return has_room(ask, room) and eligible(ask, room)


def _lack(asked: Resources, room: Room) -> float:
    """How far a node is from having it free, as shares of its capacity."""
    capacity = room.node.facts.capacity
    return (
        max(0, asked.cpu_millis - room.cpu_millis) / max(1, capacity.cpu_millis)
        + max(0, asked.memory_bytes - room.memory_bytes) / max(1, capacity.memory_bytes)
        + max(0, asked.disk_bytes - room.disk_bytes) / max(1, capacity.disk_bytes)
        + max(0, asked.gpus - room.gpus) / max(1, capacity.gpus)
    )
