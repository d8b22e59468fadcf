"""What the pool holds: nodes, tasks and live attempts, as dispatch sees them. Changed by its verbs only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

from core.domain.attempt import AttemptState
from core.domain.node import HostUse, NodeAdmin, NodeFacts, NodeHealth, NodeOwner
from core.domain.resources import Resources
from core.domain.spec import PreferSpec, RequiresSpec


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

    @classmethod
    def nothing(cls) -> Needs:
        """Return what any node meets."""
        return cls(resources=Resources(), requires=RequiresSpec(), prefer=PreferSpec(), image_ref="")


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
    #: When another computer last came with this node's identity; 0: none did. Soft.
    duplicate_ms: int = 0
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


class _NoDict(dict[int, Any]):
    """Shared by all that have nothing to keep, so nobody may put anything into it."""

    def __setitem__(self, key: int, value: object) -> None:
        raise TypeError("call own_containers first")


#: Most queued tasks never need containers of their own, and four empty ones are a third of their memory. A tuple,
#: because whatever changes a list in place fails loudly on it.
_NO_LIST: Final = cast("list[Any]", ())
_NO_DICT: Final = _NoDict()


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
    ready: list[int] = field(default_factory=lambda: _NO_LIST)
    #: (ready_at_ms, index), a heap.
    backoff: list[tuple[int, int]] = field(default_factory=lambda: _NO_LIST)
    #: Live attempts, and the lanes that they run in: that many at once.
    active: int = 0
    lanes: int = 0
    #: By node: how long a subtask takes its slot, of late. Soft; see lanes.
    pace_ms: dict[str, float] | None = None
    #: Nodes that an index must avoid while another is feasible (different_node).
    excluded: dict[int, set[str]] = field(default_factory=lambda: _NO_DICT)
    #: Nodes that the whole task avoids while another is feasible.
    avoided: frozenset[str] = frozenset()
    #: Step of the memory ladder for an index after OOM.
    memory_bytes: dict[int, int] = field(default_factory=lambda: _NO_DICT)
    #: Since when its first ready subtask has found no node; 0: it found one.
    starved_since_ms: int = 0
    prefers_reliable: bool = False
    #: Its owner tries one part: nothing follows it in its lane.
    alone: bool = False

    @property
    def waiting(self) -> int:
        """Subtasks that could start now if a node took them."""
        return len(self.ready) + self.subtask_count - self.next_index

    def room(self) -> int:
        """How many more attempts of it may run at once."""
        limits = [self.waiting]
        if self.max_parallel:
            limits.append(self.max_parallel - self.lanes)
        if self.affordable is not None:
            limits.append(self.affordable - self.lanes)
        if not self.pinned:
            limits.append(1 - self.active)
        return max(0, min(limits))

    def own_containers(self) -> None:
        """MUST be called before `ready`, `backoff`, `excluded` or `memory_bytes` is changed in place."""
        if self.ready is _NO_LIST:
            self.ready = []
        if self.backoff is _NO_LIST:
            self.backoff = []
        if self.excluded is _NO_DICT:
            self.excluded = {}
        if self.memory_bytes is _NO_DICT:
            self.memory_bytes = {}

    def is_plain(self, index: int) -> bool:
        """Tell whether an index needs just what all others of its task need."""
        return (
            index < self.subtask_count
            and index not in self.memory_bytes
            and index not in self.excluded
            and not self.avoided
        )

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
    #: Whose fair share it counts in; filled in from its task.
    owner_id: str = ""
    #: Name of the first attempt of its lane; filled in when it opens one itself.
    lane: str = ""
