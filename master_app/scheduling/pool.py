"""The hot state: what dispatch needs to know of nodes, tasks and live attempts, as one plain value.

Owned by the writer thread: nobody else reads or changes it. Every change goes through a verb that writes its
reversal into the journal, so that a command that raises leaves no trace: `mark()` before, `rewind(mark)`
after. It is rebuilt from the database at start and after a failed commit.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from functools import partial

from core.domain.attempt import ATTEMPT_RANK, AttemptState
from core.domain.resources import Resources
from master_app.scheduling.indexes import OpenNodes, TaskQueue
from master_app.scheduling.lanes import Lane
from master_app.scheduling.members import LiveAttempt, Needs, PoolNode, PoolTask

Undo = Callable[[], object]
__all__ = ["LiveAttempt", "Needs", "Pool", "PoolNode", "PoolTask", "Undo"]

#: What a node remembers of the bundles and images it was given, for ranking.
MAX_REMEMBERED_CACHES = 256


class Pool:
    """Nodes, tasks and live attempts. See the module's words on who may touch it."""

    def __init__(self) -> None:
        self.nodes: dict[str, PoolNode] = {}
        self.tasks: dict[str, PoolTask] = {}
        self.attempts: dict[str, LiveAttempt] = {}
        self.attempts_of_node: dict[str, dict[str, LiveAttempt]] = {}
        self.attempts_of_task: dict[str, dict[str, LiveAttempt]] = {}
        self.lanes: dict[str, Lane] = {}
        #: Lanes of which an attempt ended since the last call of placement. A hint: never undone.
        self.shortened: dict[str, None] = {}
        #: Decayed use of each owner in core-milliseconds, and when it was that; see fair_share.
        self.owner_use: dict[str, tuple[float, int]] = {}
        #: What the live attempts of each owner reserve, in thousandths of cores.
        self.owner_cpu_millis: dict[str, int] = {}
        #: node_id -> the starved task that the node is kept for.
        self.claims: dict[str, str] = {}
        #: Derived, for placement: never saved, never compared.
        self.open_nodes = OpenNodes()
        self.queue = TaskQueue()
        #: (ready_at_ms, task_id) of tasks that back off, a heap; entries may be stale.
        self.alarms: list[tuple[int, str]] = []
        #: Where the last look at a part of many nodes began.
        self.rotation = 0
        self._interned: dict[str, Needs] = {}
        self._journal: list[Undo] = []

    # ---- journal

    def mark(self) -> int:
        """Return the place to rewind to."""
        return len(self._journal)

    def rewind(self, mark: int) -> None:
        """Undo every change since `mark`, newest first."""
        while len(self._journal) > mark:
            self._journal.pop()()

    def settle(self) -> None:
        """Forget how to undo: the changes are committed."""
        self._journal.clear()

    def undo(self, action: Undo) -> None:
        """Record how to reverse a change that was made outside a verb of this class."""
        self._journal.append(action)

    def change(self, thing: PoolNode | PoolTask | LiveAttempt, **values: object) -> None:
        """Set fields of a thing of this pool, undoably."""
        before = [(name, getattr(thing, name)) for name in values]
        for name, value in values.items():
            setattr(thing, name, value)
        self._touch(thing)

        def reverse() -> None:
            for name, value in before:
                setattr(thing, name, value)
            self._touch(thing)

        self._journal.append(reverse)

    # ---- nodes

    def put_node(self, node: PoolNode) -> None:
        """Add a node, or replace what is known of it."""
        old = self.nodes.get(node.node_id)
        self._set_node(node.node_id, node)
        self._journal.append(lambda: self._set_node(node.node_id, old))

    def remove_node(self, node_id: str) -> None:
        """Forget a node (revoked)."""
        old = self.nodes.get(node_id)
        if old is not None:
            self._set_node(node_id, None)
            self._journal.append(lambda: self._set_node(node_id, old))

    def remember_cache(self, node: PoolNode, task_id: str) -> None:
        """Note that a node has what this task needs. A hint for ranking: not undone."""
        node.caches.pop(task_id, None)
        node.caches[task_id] = None
        if len(node.caches) > MAX_REMEMBERED_CACHES:
            del node.caches[next(iter(node.caches))]

    # ---- tasks

    def intern(self, needs: Needs) -> Needs:
        """Return the one value that stands for these needs; queued tasks mostly share it."""
        # By its text: needs hold mappings, which cannot be keys.
        return self._interned.setdefault(repr(needs), needs)

    def put_task(self, task: PoolTask) -> None:
        """Add a live task, or replace what is known of it."""
        old = self.tasks.get(task.task_id)
        self._set_task(task.task_id, task)
        self._journal.append(lambda: self._set_task(task.task_id, old))

    def remove_task(self, task_id: str) -> None:
        """Forget a task that ended; its live attempts, if any, stay until they are confirmed."""
        old = self.tasks.get(task_id)
        if old is not None:
            self._set_task(task_id, None)
            self._journal.append(lambda: self._set_task(task_id, old))

    def make_ready(self, task: PoolTask, index: int) -> None:
        """An index that was started before may start again now."""
        task.own_containers()
        task.ready.append(index)
        self.queue.touch(task)
        # Undone newest first, so what was appended is last again.
        self._journal.append(lambda: self._put_ready_back(task, len(task.ready) - 1, None))

    def put_back_off(self, task: PoolTask, index: int, ready_at_ms: int) -> None:
        """An index may start again at a time."""
        entry = (ready_at_ms, index)
        self._push_backoff(task, entry)
        self._journal.append(lambda: self._drop_backoff(task, entry))

    def wake_backoff(self, task: PoolTask, now_ms: int) -> list[int]:
        """Move the indices whose time has come to ready and return them."""
        woken: list[int] = []
        while task.backoff and task.backoff[0][0] <= now_ms:
            entry = heapq.heappop(task.backoff)
            self._journal.append(partial(self._push_backoff, task, entry))
            self.make_ready(task, entry[1])
            woken.append(entry[1])
        return woken

    def withdraw(self, task: PoolTask, index: int) -> None:
        """An index that waits to start again needs no more attempts."""
        if index in task.ready:
            self._take_ready(task, task.ready.index(index))
            self.queue.touch(task)
            return
        for entry in task.backoff:
            if entry[1] == index:
                self._drop_backoff(task, entry)
                self._journal.append(partial(self._push_backoff, task, entry))
                return

    def climb_memory(self, task: PoolTask, index: int, memory_bytes: int) -> None:
        """The next attempts of this index reserve this much memory."""
        task.own_containers()
        before = task.memory_bytes.get(index)
        task.memory_bytes[index] = memory_bytes

        def reverse() -> None:
            if before is None:
                del task.memory_bytes[index]
            else:
                task.memory_bytes[index] = before

        self._journal.append(reverse)

    def exclude(self, task: PoolTask, index: int, node_id: str) -> None:
        """This index avoids this node while another is feasible."""
        task.own_containers()
        nodes = task.excluded.get(index)
        if nodes is None:
            task.excluded[index] = {node_id}
            self._journal.append(lambda: task.excluded.pop(index))
        elif node_id not in nodes:
            nodes.add(node_id)
            self._journal.append(lambda: nodes.discard(node_id))

    def next_indices(self, task: PoolTask, count: int) -> list[int]:
        """Return the indices that may be taken next, in order: those that started before, then one unborn."""
        indices = list(task.ready[: -count - 1 : -1])
        if task.next_index < task.subtask_count:
            indices.append(task.next_index)
        return indices

    def take_index(self, task: PoolTask, index: int | None = None) -> int:
        """Take the next index to place, or one of `next_indices`."""
        if index is None:
            index = task.ready[-1] if task.ready else task.next_index
        if index == task.next_index and index < task.subtask_count:
            task.next_index = index + 1

            def reverse() -> None:
                task.next_index = index
                self.queue.touch(task)

            self._journal.append(reverse)
        elif task.ready and task.ready[-1] == index:
            self._take_ready(task, len(task.ready) - 1)
        elif index in task.ready:
            self._take_ready(task, task.ready.index(index))
        else:
            raise IndexError(f"task {task.task_id} has no index {index} to place")
        if task.waiting <= 0:
            self.queue.touch(task)
        return index

    # ---- reservations for a starved task

    def claim(self, node_id: str, task_id: str) -> None:
        """Keep a node for a starved task."""
        before = self.claims.get(node_id)
        self.claims[node_id] = task_id
        self._journal.append(lambda: self._set_claim(node_id, before))

    def release_claim(self, node_id: str) -> None:
        """Keep a node for nobody."""
        before = self.claims.pop(node_id, None)
        if before is not None:
            self._journal.append(lambda: self._set_claim(node_id, before))

    # ---- attempts

    def add_attempt(self, attempt: LiveAttempt) -> None:
        """Add a live attempt; one that opens its lane reserves. MUST fit: placement looked at this same value."""
        self._link(attempt)
        self._journal.append(lambda: self._unlink(attempt))

    def end_attempt(self, attempt_id: str) -> LiveAttempt | None:
        """Let go of a live attempt, and of its lane's reservation with the last; None when it is not live."""
        attempt = self.attempts.get(attempt_id)
        if attempt is not None:
            self._unlink(attempt)
            if attempt.lane in self.lanes:
                self.shortened[attempt.lane] = None
            self._journal.append(lambda: self._link(attempt))
        return attempt

    def waits(self, attempt: LiveAttempt) -> bool:
        """Tell whether a live attempt waits behind another of its lane."""
        lane = self.lanes.get(attempt.lane)
        return lane is not None and lane.waits(attempt.attempt_id)

    def advance_attempt(self, attempt: LiveAttempt, state: AttemptState) -> bool:
        """Move a live attempt forward; False when that would be no step forward."""
        if ATTEMPT_RANK[state] <= ATTEMPT_RANK[attempt.state]:
            return False
        self.change(attempt, state=state)
        return True

    def live_of_node(self, node_id: str) -> Iterable[LiveAttempt]:
        """Return the live attempts on a node; safe to end them while going through."""
        return list(self.attempts_of_node.get(node_id, {}).values())

    def live_of_task(self, task_id: str) -> Iterable[LiveAttempt]:
        """Return the live attempts of a task; safe to end them while going through."""
        return list(self.attempts_of_task.get(task_id, {}).values())

    def _link(self, attempt: LiveAttempt) -> None:
        self.attempts[attempt.attempt_id] = attempt
        self.attempts_of_node.setdefault(attempt.node_id, {})[attempt.attempt_id] = attempt
        self.attempts_of_task.setdefault(attempt.task_id, {})[attempt.attempt_id] = attempt
        task = self.tasks.get(attempt.task_id)
        if task is not None:
            attempt.owner_id = task.owner_id
            task.active += 1
        attempt.lane = attempt.lane or attempt.attempt_id
        lane = self.lanes.get(attempt.lane)
        if lane is None:
            lane = Lane(attempt.lane, attempt.task_id, attempt.node_id, attempt.resources)
            self.lanes[attempt.lane] = lane
            self._reserve(attempt, lane.resources, 1, task)
        lane.attempts[attempt.attempt_id] = attempt
        if task is not None:
            self.queue.touch(task)

    def _unlink(self, attempt: LiveAttempt) -> None:
        del self.attempts[attempt.attempt_id]
        _drop(self.attempts_of_node, attempt.node_id, attempt.attempt_id)
        _drop(self.attempts_of_task, attempt.task_id, attempt.attempt_id)
        task = self.tasks.get(attempt.task_id)
        if task is not None:
            task.active -= 1
        lane = self.lanes[attempt.lane]
        del lane.attempts[attempt.attempt_id]
        if not lane.attempts:
            del self.lanes[attempt.lane]
            self._reserve(attempt, lane.resources, -1, task)
        if task is not None:
            self.queue.touch(task)

    def _reserve(self, attempt: LiveAttempt, amount: Resources, sign: int, task: PoolTask | None) -> None:
        node = self.nodes.get(attempt.node_id)
        if node is not None:
            node.reserved = node.reserved + amount if sign > 0 else node.reserved - amount
            node.running += sign
            self.open_nodes.touch(node)
        if task is not None:
            task.lanes += sign
        running = self.owner_cpu_millis.get(attempt.owner_id, 0) + sign * amount.cpu_millis
        if running:
            self.owner_cpu_millis[attempt.owner_id] = running
        else:
            self.owner_cpu_millis.pop(attempt.owner_id, None)

    # ---- the derived orders, and reversals

    def _touch(self, thing: PoolNode | PoolTask | LiveAttempt) -> None:
        # A thing that was replaced or removed meanwhile is in no order.
        if isinstance(thing, PoolNode):
            if self.nodes.get(thing.node_id) is thing:
                self.open_nodes.touch(thing)
        elif isinstance(thing, PoolTask) and self.tasks.get(thing.task_id) is thing:
            self.queue.drop(thing)
            self.queue.touch(thing)

    def _set_node(self, node_id: str, node: PoolNode | None) -> None:
        if node is None:
            self.nodes.pop(node_id, None)
            self.open_nodes.drop(node_id)
        else:
            self.nodes[node_id] = node
            live = self.attempts_of_node.get(node_id)
            if live is not None:
                # Known anew, or put in after its attempts: what runs there stays reserved.
                lanes = [self.lanes[lane_id] for lane_id in {attempt.lane for attempt in live.values()}]
                node.reserved = sum((lane.resources for lane in lanes), Resources())
                node.running = len(lanes)
            self.open_nodes.touch(node)

    def _set_task(self, task_id: str, task: PoolTask | None) -> None:
        old = self.tasks.get(task_id)
        if old is not None:
            self.queue.drop(old)
        if task is None:
            self.tasks.pop(task_id, None)
            return
        self.tasks[task_id] = task
        live = self.attempts_of_task.get(task_id)
        if live is not None:
            task.active = len(live)
            task.lanes = len({attempt.lane for attempt in live.values()})
        self.queue.touch(task)
        for ready_at_ms, _ in task.backoff:
            heapq.heappush(self.alarms, (ready_at_ms, task_id))

    def _set_claim(self, node_id: str, task_id: str | None) -> None:
        if task_id is None:
            self.claims.pop(node_id, None)
        else:
            self.claims[node_id] = task_id

    def _take_ready(self, task: PoolTask, position: int) -> None:
        index = task.ready.pop(position)
        self._journal.append(lambda: self._put_ready_back(task, position, index))

    def _put_ready_back(self, task: PoolTask, position: int, index: int | None) -> None:
        if index is None:
            del task.ready[position]
        else:
            task.ready.insert(position, index)
        self.queue.touch(task)

    def _push_backoff(self, task: PoolTask, entry: tuple[int, int]) -> None:
        task.own_containers()
        heapq.heappush(task.backoff, entry)
        heapq.heappush(self.alarms, (entry[0], task.task_id))

    def _drop_backoff(self, task: PoolTask, entry: tuple[int, int]) -> None:
        task.backoff.remove(entry)
        heapq.heapify(task.backoff)


def _drop(index: dict[str, dict[str, LiveAttempt]], key: str, attempt_id: str) -> None:
    of_key = index[key]
    del of_key[attempt_id]
    if not of_key:
        del index[key]
