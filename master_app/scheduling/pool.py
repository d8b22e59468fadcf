"""The hot state: what dispatch needs to know of nodes, tasks and live attempts, as one plain value.

Owned by the writer thread: nobody else reads or changes it. Every change goes through a verb that writes its
reversal into the journal, so that a command that raises leaves no trace: `mark()` before, `rewind(mark)`
after. It is rebuilt from the database at start and after a failed commit.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from core.domain.attempt import ATTEMPT_RANK, AttemptState
from core.domain.node import HostUse, NodeAdmin, NodeFacts, NodeHealth, NodeOwner
from core.domain.resources import Resources
from core.domain.spec import PreferSpec, RequiresSpec

Undo = Callable[[], object]
#: What a node remembers of the bundles and images it was given, for ranking.
MAX_REMEMBERED_CACHES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one attempt of a task needs of a node. Tasks that need the same share one value."""

    resources: Resources
    requires: RequiresSpec
    prefer: PreferSpec
    image_ref: str
    #: Only nodes that have this image id can run it (an image that exists on nodes only).
    image_id: str = ""
    allow_process: bool = False


@dataclass(slots=True, kw_only=True)
class PoolNode:
    """One enrolled node that is not revoked."""

    node_id: str
    name: str
    owner_id: str
    facts: NodeFacts
    admin: NodeAdmin
    health: NodeHealth
    owner_state: NodeOwner = NodeOwner.AVAILABLE
    quarantined_until_ms: int = 0
    #: Not 0: it was quarantined and has not ended an attempt well since.
    quarantine_step_ms: int = 0
    protocol_ok: bool = True
    host: HostUse = field(default_factory=HostUse)
    session_id: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    #: Sum of the reservations of its live attempts.
    reserved: Resources = field(default_factory=Resources)
    running: int = 0
    #: Share of its recent attempts that ended well, 0..1.
    reliability: float = 1.0
    #: Tasks whose bundle and image it has, newest last; bounded.
    caches: dict[str, None] = field(default_factory=dict)

    @property
    def free(self) -> Resources:
        """Capacity less reservations."""
        return self.facts.capacity - self.reserved


@dataclass(slots=True, kw_only=True)
class PoolTask:
    """One live task. Indices from `next_index` to `subtask_count` have no row yet; the merge's is the count."""

    task_id: str
    owner_id: str
    priority: int
    submitted_ms: int
    generation: int
    subtask_count: int
    needs: Needs
    merge_needs: Needs | None = None
    next_index: int = 0
    #: False while its state takes no new attempts (held, paused, waiting, ended).
    dispatchable: bool = True
    #: While its image is not pinned one attempt at a time is placed.
    pinned: bool = True
    max_parallel: int = 0
    #: How many attempts at once its owner's funds cover; None: not limited.
    affordable: int | None = None
    lease_s: int = 600
    #: Indices that were started before and may start again now.
    ready: list[int] = field(default_factory=list)
    #: (ready_at_ms, index), a heap.
    backoff: list[tuple[int, int]] = field(default_factory=list)
    active: int = 0
    #: Nodes that an index must avoid while another is feasible (different_node).
    excluded: dict[int, set[str]] = field(default_factory=dict)
    #: Nodes that the whole task avoids while another is feasible.
    avoided: set[str] = field(default_factory=set)
    #: Step of the memory ladder for an index after OOM.
    memory_bytes: dict[int, int] = field(default_factory=dict)
    #: Since when its first ready subtask has found no node; 0: it found one.
    starved_since_ms: int = 0
    prefers_reliable: bool = False

    @property
    def waiting(self) -> int:
        """Subtasks that could start now if a node took them."""
        return len(self.ready) + self.subtask_count - self.next_index

    def room(self) -> int:
        """How many more attempts of it may run at once."""
        limits = [self.waiting]
        if self.max_parallel:
            limits.append(self.max_parallel - self.active)
        if self.affordable is not None:
            limits.append(self.affordable - self.active)
        if not self.pinned:
            limits.append(1 - self.active)
        return max(0, min(limits))

    def needs_of(self, index: int) -> Needs:
        """What this index needs; the merge has needs of its own."""
        return self.merge_needs if index >= self.subtask_count and self.merge_needs else self.needs

    def resources_of(self, index: int) -> Resources:
        """What this index reserves, with its step of the memory ladder."""
        resources = self.needs_of(index).resources
        memory_bytes = self.memory_bytes.get(index)
        if memory_bytes is None:
            return resources
        return Resources(
            cpu_millis=resources.cpu_millis,
            memory_bytes=memory_bytes,
            disk_bytes=resources.disk_bytes,
            gpus=resources.gpus,
            gpu_memory_bytes=resources.gpu_memory_bytes,
        )


@dataclass(slots=True, kw_only=True)
class LiveAttempt:
    """One attempt that is not terminal. `deadline_ms` is soft: reports push it on (R2)."""

    attempt_id: str
    task_id: str
    index: int
    node_id: str
    #: Of the master that made it; kept with its row.
    term: int
    epoch: int
    generation: int
    number: int
    resources: Resources
    state: AttemptState
    offered_ms: int
    lease_s: int
    deadline_ms: int
    session_id: str
    #: What its owner wants of it: empty, or the reason of a stop order.
    stop_reason: str = ""
    give_back: bool = False
    stop_since_ms: int = 0


class Pool:
    """Nodes, tasks and live attempts. See the module's words on who may touch it."""

    def __init__(self) -> None:
        self.nodes: dict[str, PoolNode] = {}
        self.tasks: dict[str, PoolTask] = {}
        self.attempts: dict[str, LiveAttempt] = {}
        self.attempts_of_node: dict[str, dict[str, LiveAttempt]] = {}
        self.attempts_of_task: dict[str, dict[str, LiveAttempt]] = {}
        #: Decayed use of each owner in core-milliseconds, for fair share.
        self.owner_use: dict[str, float] = {}
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

        def reverse() -> None:
            for name, value in before:
                setattr(thing, name, value)

        self._journal.append(reverse)

    # ---- nodes

    def put_node(self, node: PoolNode) -> None:
        """Add a node, or replace what is known of it."""
        old = self.nodes.get(node.node_id)
        self.nodes[node.node_id] = node
        if old is None:
            self._journal.append(lambda: self.nodes.pop(node.node_id))
        else:
            self._journal.append(lambda: self.nodes.__setitem__(node.node_id, old))

    def remove_node(self, node_id: str) -> None:
        """Forget a node (revoked)."""
        old = self.nodes.pop(node_id, None)
        if old is not None:
            self._journal.append(lambda: self.nodes.__setitem__(node_id, old))

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
        """Add a live task."""
        self.tasks[task.task_id] = task
        self._journal.append(lambda: self.tasks.pop(task.task_id, None))

    def remove_task(self, task_id: str) -> None:
        """Forget a task that ended; its live attempts, if any, stay until they are confirmed."""
        old = self.tasks.pop(task_id, None)
        if old is not None:
            self._journal.append(lambda: self.tasks.__setitem__(task_id, old))

    def make_ready(self, task: PoolTask, index: int) -> None:
        """An index that was started before may start again now."""
        task.ready.append(index)
        self._journal.append(lambda: task.ready.remove(index))

    def put_back_off(self, task: PoolTask, index: int, ready_at_ms: int) -> None:
        """An index may start again at a time."""
        entry = (ready_at_ms, index)
        heapq.heappush(task.backoff, entry)

        def reverse() -> None:
            task.backoff.remove(entry)
            heapq.heapify(task.backoff)

        self._journal.append(reverse)

    def wake_backoff(self, task: PoolTask, now_ms: int) -> list[int]:
        """Move the indices whose time has come to ready and return them."""
        woken: list[int] = []
        while task.backoff and task.backoff[0][0] <= now_ms:
            entry = heapq.heappop(task.backoff)
            woken.append(entry[1])
            self._journal.append(lambda entry=entry: heapq.heappush(task.backoff, entry))  # type: ignore[misc]
            self.make_ready(task, entry[1])
        return woken

    def withdraw(self, task: PoolTask, index: int) -> None:
        """An index that waits to start again needs no more attempts."""
        if index in task.ready:
            task.ready.remove(index)
            self._journal.append(lambda: task.ready.append(index))
            return
        for entry in task.backoff:
            if entry[1] == index:
                task.backoff.remove(entry)
                heapq.heapify(task.backoff)
                self._journal.append(lambda: heapq.heappush(task.backoff, entry))
                return

    def climb_memory(self, task: PoolTask, index: int, memory_bytes: int) -> None:
        """The next attempts of this index reserve this much memory."""
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
        nodes = task.excluded.setdefault(index, set())
        if node_id not in nodes:
            nodes.add(node_id)
            self._journal.append(lambda: nodes.discard(node_id))

    def take_index(self, task: PoolTask) -> int:
        """Take the next index to place: those that started before first, then the unborn in order."""
        if task.ready:
            index = task.ready.pop()
            self._journal.append(lambda: task.ready.append(index))
            return index
        index = task.next_index
        if index >= task.subtask_count:
            raise IndexError(f"task {task.task_id} has no index to place")
        task.next_index = index + 1
        self._journal.append(lambda: setattr(task, "next_index", index))
        return index

    # ---- attempts

    def add_attempt(self, attempt: LiveAttempt) -> None:
        """Reserve the attempt's resources on its node. MUST fit: placement looked at this same value."""
        self._link(attempt)
        self._journal.append(lambda: self._unlink(attempt))

    def end_attempt(self, attempt_id: str) -> LiveAttempt | None:
        """Release what a live attempt reserved; None when it is not live."""
        attempt = self.attempts.get(attempt_id)
        if attempt is not None:
            self._unlink(attempt)
            self._journal.append(lambda: self._link(attempt))
        return attempt

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
        node = self.nodes.get(attempt.node_id)
        if node is not None:
            node.reserved = node.reserved + attempt.resources
            node.running += 1
        task = self.tasks.get(attempt.task_id)
        if task is not None:
            task.active += 1

    def _unlink(self, attempt: LiveAttempt) -> None:
        del self.attempts[attempt.attempt_id]
        _drop(self.attempts_of_node, attempt.node_id, attempt.attempt_id)
        _drop(self.attempts_of_task, attempt.task_id, attempt.attempt_id)
        node = self.nodes.get(attempt.node_id)
        if node is not None:
            node.reserved = node.reserved - attempt.resources
            node.running -= 1
        task = self.tasks.get(attempt.task_id)
        if task is not None:
            task.active -= 1


def _drop(index: dict[str, dict[str, LiveAttempt]], key: str, attempt_id: str) -> None:
    of_key = index[key]
    del of_key[attempt_id]
    if not of_key:
        del index[key]
