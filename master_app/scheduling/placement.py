"""Which waiting subtask runs where: one bounded call over the pool, first task first, best node first.

Order of tasks: priority, then the owner who used least, then age. A call keeps its own account of what it gave
away, to the byte, so that it never oversubscribes although the attempts are added by its caller.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from core.domain.resources import Resources
from master_app.scheduling.ahead import Gap, Rivals, indices_for
from master_app.scheduling.desk import Candidate, Desk
from master_app.scheduling.fair_share import share_of
from master_app.scheduling.feasibility import Ask, has_room
from master_app.scheduling.indexes import Line, TaskQueue
from master_app.scheduling.pool import Pool, PoolTask
from master_app.scheduling.ranking import total
from master_app.scheduling.settings import SchedulingSettings

#: Indices of one task that are tried before it counts as blocked.
_TRIED = 4
#: Blocked tasks at the head of a line that are looked at in each call, before it goes on where the last stopped.
_HEAD = 32
#: Blocked tasks that are noted when no node has a free slot.
_NOTED_WHEN_FULL = 4
#: Placements between two looks at the timer.
_BETWEEN_LOOKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """This index of this task goes to this node, which has these resources free."""

    task_id: str
    index: int
    node_id: str
    resources: Resources
    #: It follows in a lane that is there, or in the one that another placement of this call opens.
    lane: str = ""
    follows: Placement | None = None


def place(
    pool: Pool,
    now_ms: int,
    *,
    timer_ms: Callable[[], float],
    limit: int = 256,
    budget_ms: float = 5.0,
    settings: SchedulingSettings | None = None,
) -> list[Placement]:
    """Return what to start now; its indices are already taken. The caller MUST add an attempt for each.

    It ends at `limit` placements or after `budget_ms` by `timer_ms`; what is left comes with the next call.
    """
    return _Call(pool, now_ms, timer_ms, limit, budget_ms, settings or SchedulingSettings()).run()


class _Call:
    def __init__(
        self,
        pool: Pool,
        now_ms: int,
        timer_ms: Callable[[], float],
        limit: int,
        budget_ms: float,
        settings: SchedulingSettings,
    ) -> None:
        self.pool = pool
        self.now_ms = now_ms
        self.limit = limit
        self.settings = settings
        self.desk = Desk(pool, now_ms, settings)
        self.placed: list[Placement] = []
        self.rivals = Rivals(self.desk)
        self._timer_ms = timer_ms
        self._until_ms = timer_ms() + budget_ms
        self._blocked_count = 0
        #: Owners and needs that found no node in this call: room only shrinks within it.
        self._blocked: set[tuple[int, str]] = set()
        #: How many more each task may start, as it was before this call gave it any.
        self._rooms_left: dict[str, int] = {}

    def run(self) -> list[Placement]:
        self._wake()
        self.desk.check_claims()
        for priority in sorted(self.pool.queue.lines, reverse=True):
            if self._over():
                break
            self._place_priority(priority)
        self._fill_lanes()
        self.desk.close()
        return self.placed

    def _over(self) -> bool:
        return (
            len(self.placed) >= self.limit
            or self._blocked_count >= self.settings.max_blocked_tasks
            # The first of a full pool are looked at all the same: from now on they count as starved.
            or (not self.pool.open_nodes.step_of and self._blocked_count >= _NOTED_WHEN_FULL)
            or self._timer_ms() > self._until_ms
        )

    def _wake(self) -> None:
        alarms = self.pool.alarms
        while alarms and alarms[0][0] <= self.now_ms:
            task = self.pool.tasks.get(heapq.heappop(alarms)[1])
            if task is not None:
                self.pool.wake_backoff(task, self.now_ms)

    def _place_priority(self, priority: int) -> None:
        owners = list(self.pool.queue.lines[priority])
        turns = [(share_of(self.pool, owner, self.now_ms, self.settings), owner) for owner in owners]
        heapq.heapify(turns)
        walks = {owner: _Walk(self.pool.queue, priority, owner) for owner in owners}
        while turns and not self._over():
            share, owner_id = heapq.heappop(turns)
            key = walks[owner_id].next_key()
            if key is None:
                continue
            task = self.pool.tasks[key[1]]
            count = self._turn_size(task, share, turns[0][0] if turns else None)
            done = self._place_task(task, count)
            if done < count:
                walks[owner_id].skip(key)
                self._blocked_count += not done
            spent = done * task.needs.resources.cpu_millis * self.settings.running_weight_s
            heapq.heappush(turns, (share + spent, owner_id))
        for walk in walks.values():
            walk.close()

    def _turn_size(self, task: PoolTask, share: float, next_share: float | None) -> int:
        """How many this owner may start before the next one has used less."""
        left = self.limit - len(self.placed)
        each = task.needs.resources.cpu_millis * self.settings.running_weight_s
        if next_share is None or each <= 0:
            return left
        return max(1, min(left, int((next_share - share) / each) + 1))

    def _place_task(self, task: PoolTask, count: int) -> int:
        """Place at most `count` subtasks and return how many; fewer: it has no more room, or no node has."""
        room_left = self._rooms_left.get(task.task_id)
        if room_left is None:
            room_left = task.room()
        count = min(count, room_left)
        done, found_no_node = 0, False
        while done < count:
            step, found_no_node = self._place_some(task, count - done)
            done += step
            if not step or found_no_node or self._timer_ms() > self._until_ms:
                break
        self._rooms_left[task.task_id] = room_left - done
        if found_no_node:
            self.rivals.add(task)
        if done:
            if task.starved_since_ms:
                self.pool.change(task, starved_since_ms=0)
                self.desk.release_claims(task.task_id)
        elif found_no_node:
            self._starve(task)
        return done

    def _place_some(self, task: PoolTask, count: int) -> tuple[int, bool]:
        """Place the next indices that are alike; tell how many, and whether no node was left for the first."""
        found_no_node = False
        for index in self.pool.next_indices(task, _TRIED):
            alike = task.is_plain(index)
            if alike and (id(task.needs), task.owner_id) in self._blocked:
                found_no_node = True
                continue
            ask = self.desk.ask(task, index)
            if self.desk.over_quota(task.owner_id, ask.resources.cpu_millis):
                return 0, found_no_node
            avoid = task.avoided.union(task.excluded.get(index, ()))
            candidates = self.desk.candidates(task, ask, avoid)
            if not candidates:
                found_no_node = True
                if alike:
                    self._blocked.add((id(task.needs), task.owner_id))
                continue
            return self._give(task, ask, index, candidates, count if alike else 1), False
        return 0, found_no_node

    def _give(self, task: PoolTask, ask: Ask, index: int, candidates: list[Candidate], count: int) -> int:
        """Give the best node again and again, until none of the candidates has room or the indices change kind."""
        desk, pool, placed = self.desk, self.pool, self.placed
        fill, with_gpus = self.settings.fill, ask.resources.gpus > 0
        given = 0
        while True:
            _, node_id, standing = candidates[0]
            room = desk.rooms[node_id]
            pool.take_index(task, index)
            desk.take(room, task.owner_id, ask.resources)
            placed.append(Placement(task_id=task.task_id, index=index, node_id=node_id, resources=ask.resources))
            given += 1
            if has_room(ask, room):
                score = total(room, standing, fill, with_gpus=with_gpus)
                heapq.heapreplace(candidates, (score, node_id, standing))
            else:
                heapq.heappop(candidates)
            if given >= count or not candidates:
                return given
            index = task.ready[-1] if task.ready else task.next_index
            if not task.is_plain(index) or desk.over_quota(task.owner_id, ask.resources.cpu_millis):
                return given
            if given % _BETWEEN_LOOKS == 0 and self._timer_ms() > self._until_ms:
                return given

    def _fill_lanes(self) -> None:
        """Let more follow in the lanes that this call opened, and in those of which an attempt has ended."""
        pool, opened = self.pool, list(self.placed)
        lanes_of = Counter(placement.task_id for placement in opened)
        for placement in opened:
            task = pool.tasks[placement.task_id]
            gap = Gap(task, placement.node_id, 1, placement.resources)
            self._fill(gap, lanes_of[placement.task_id], follows=placement)
            lanes_of[placement.task_id] -= 1
        while pool.shortened:
            lane = pool.lanes.get(pool.shortened.popitem()[0])
            task_of_lane = pool.tasks.get(lane.task_id) if lane is not None else None
            if lane is not None and task_of_lane is not None and lane.node_id in pool.nodes:
                gap = Gap(task_of_lane, lane.node_id, len(lane.attempts), lane.resources)
                self._fill(gap, lanes_of[lane.task_id], lane=lane.lane_id)

    def _fill(self, gap: Gap, opened: int, *, lane: str = "", follows: Placement | None = None) -> None:
        task, limit = gap.task, self.limit - len(self.placed)
        if limit <= 0 or self._timer_ms() > self._until_ms:
            return
        for index in indices_for(gap, self.desk, self.rivals, lanes=task.lanes + opened, limit=limit):
            self.pool.take_index(task, index)
            self.placed.append(
                Placement(
                    task_id=task.task_id,
                    index=index,
                    node_id=gap.node_id,
                    resources=gap.resources,
                    lane=lane,
                    follows=follows,
                )
            )

    def _starve(self, task: PoolTask) -> None:
        if not task.starved_since_ms:
            self.pool.change(task, starved_since_ms=self.now_ms)
        elif self.now_ms - task.starved_since_ms >= self.settings.starvation_s * 1000:
            self.desk.claim_best(task)


class _Walk:
    """Goes through one owner's line by age; stands still until told to skip."""

    def __init__(self, queue: TaskQueue, priority: int, owner_id: str) -> None:
        self._queue = queue
        self._priority = priority
        self._owner_id = owner_id
        self._after: tuple[int, str] | None = None
        self._skipped = 0

    @property
    def _line(self) -> Line | None:
        # Looked for each time: a line that was empty for a moment, as when its one task changed, is another one.
        return self._queue.lines.get(self._priority, {}).get(self._owner_id)

    def next_key(self) -> tuple[int, str] | None:
        """Return the oldest task that was not skipped."""
        line = self._line
        if line is None:
            return None
        at = bisect_right(line.keys, self._after) if self._after is not None else 0
        return line.keys[at] if at < len(line.keys) else None

    def skip(self, key: tuple[int, str]) -> None:
        """Go on to the next; after the head of the line, to where the last call stopped."""
        self._after = key
        self._skipped += 1
        line = self._line
        resume = line.resume_after if line is not None else None
        if self._skipped == _HEAD and resume is not None and resume > key:
            self._after = resume

    def close(self) -> None:
        """Note where to go on, so that a long line behind a blocked head is seen in turns."""
        line = self._line
        if line is not None:
            stopped = self._skipped >= _HEAD and self.next_key() is not None
            line.resume_after = self._after if stopped else None
