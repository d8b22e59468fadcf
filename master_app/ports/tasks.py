"""What `master_app.tasks` and `master_app.node_pool` need kept of tasks, subtasks and attempts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.attempt import AttemptState, Failure
from core.domain.bundle import FileEntry
from core.domain.ids import SubtaskKey
from core.domain.rewards import Tick
from core.domain.session import ImagePin, ItemSlice, Wheel
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, MergeState, TaskState, WaitFor, Wish


@dataclass(slots=True, kw_only=True)
class TaskRecord:
    """One task's row. Mutable: change it, then `save` it; one write a commit however often it is saved."""

    task_id: str
    owner_id: str
    name: str
    created_ms: int
    bundle_id: str
    #: SHA-256 of the ItemIndex blob; empty for count, grid and none.
    items_blob: str = ""
    subtask_count: int = 1
    priority: int = 50
    state: TaskState = TaskState.QUEUED
    state_reason: str = ""
    state_since_ms: int = 0
    wish: Wish = Wish.RUN
    held: HeldCode | None = None
    held_reason: str = ""
    wait_for: WaitFor = WaitFor.NOTHING
    merge: MergeState = MergeState.NONE
    started_ms: int = 0
    ended_ms: int = 0
    deadline_ms: int = 0
    #: Attempts and winners of older generations are fenced.
    generation: int = 1
    #: The unborn start here.
    next_index: int = 0
    #: Counts of subtasks that have a row, without the merge's own.
    ready: int = 0
    backoff: int = 0
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    eaten: int = 0
    live_attempts: int = 0
    max_failed: int = 1
    min_success: float = 1.0
    #: Changes with the spec, names its brief.
    revision: int = 1
    pin: ImagePin | None = None
    wheels: tuple[Wheel, ...] = ()
    parts_blob: str = ""
    #: Money of this task so far and its cap (None: no cap).
    paid_ucpt: int = 0
    max_ucpt: int | None = None
    #: What the files of its winners take.
    result_bytes: int = 0
    #: Attempts that were RETURNED; after 20 it prefers steadier nodes (R8).
    returned: int = 0
    idempotency_key: str = ""
    #: When its bundle and artifacts may be removed; 0: not ended yet.
    expires_ms: int = 0
    expired: bool = False
    #: One part runs first; when it has ended the task pauses until its owner has seen what it took.
    try_one: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskRecord:
    """One subtask's row."""

    task_id: str
    index: int
    state: SubtaskState
    generation: int = 1
    epoch: int = 0
    ready_at_ms: int = 0
    winner: str = ""
    user_failures: int = 0
    infra_failures: int = 0
    returned: int = 0
    free_retries: int = 0
    #: Steps of the memory ladder taken.
    oom_step: int = 0
    #: Distinct nodes on which it failed by user class.
    failed_nodes: tuple[str, ...] = ()
    checkpoint: tuple[FileEntry, ...] = ()

    @property
    def key(self) -> SubtaskKey:
        return SubtaskKey(self.task_id, self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt's row."""

    attempt_id: str
    task_id: str
    index: int
    node_id: str
    term: int
    epoch: int
    generation: int
    number: int
    state: AttemptState
    memory_bytes: int
    offered_ms: int
    #: Of the attempt that opened its lane; empty: itself.
    lane: str = ""
    reason: str = ""
    failure: Failure | None = None
    exit_code: int | None = None
    started_ms: int = 0
    ended_ms: int = 0
    ticks: tuple[Tick, ...] = ()
    peak_memory_bytes: int = 0
    #: None: not decided yet. 0 has its reason in `pay_reason`.
    paid_ucpt: int | None = None
    pay_reason: str = ""
    log_bytes: int = 0
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord:
    """A bundle that is kept. `blobs` are all blobs that its entries and items live in."""

    bundle_id: str
    size: int
    file_count: int
    blobs: tuple[str, ...]
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedTask:
    """Everything that is written when a task is accepted."""

    task: TaskRecord
    spec_json: str
    #: The resolved manifest, as text.
    resolved_toml: str
    bundle: BundleRecord
    after: tuple[str, ...] = ()


class TaskRepository(Protocol):
    def add(self, submitted: SubmittedTask) -> None: ...

    def get(self, task_id: str) -> TaskRecord | None:
        """Return the row; within one transaction always the same object."""

    def save(self, task: TaskRecord) -> None:
        """Write the row at the commit."""

    def spec_json(self, task_id: str) -> str:
        """Return the spec, or raise NotFound."""

    def specs_json(self, task_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the specs of many tasks; those that are not there are left out."""

    def set_spec(self, task_id: str, spec_json: str, resolved_toml: str) -> None: ...

    def keep_blobs(self, task_id: str, blobs: Sequence[str]) -> None:
        """Note that a task needs these blobs too: its attempts may read them, retention keeps them."""

    def find_by_key(self, owner_id: str, idempotency_key: str) -> str | None:
        """Return the task that this owner made with this key."""

    def live(self, *, beyond_queue: bool = False) -> Iterable[TaskRecord]:
        """Return all tasks that have not ended, oldest first, without loading them all at once; `beyond_queue`:
        without those that are QUEUED.
        """

    def dependants(self, task_id: str) -> Sequence[str]:
        """Return live tasks that come after this one."""

    def after(self, task_id: str) -> Sequence[str]:
        """Return the tasks that this one comes after."""

    def expired(self, now_ms: int, limit: int) -> Sequence[str]:
        """Return tasks whose files may be removed now."""

    def overdue(self, now_ms: int, limit: int) -> Sequence[str]:
        """Return live tasks whose deadline has passed."""

    def count_live(self, owner_id: str) -> tuple[int, int]:
        """Return how many live tasks and how many subtasks an owner has (quota)."""


class SubtaskRepository(Protocol):
    def get_many(self, keys: Sequence[SubtaskKey]) -> dict[SubtaskKey, SubtaskRecord]: ...

    def put_many(self, records: Sequence[SubtaskRecord]) -> None:
        """Insert or replace."""

    def win(self, winners: Sequence[tuple[SubtaskKey, int, str]]) -> None:
        """Make subtasks SUCCEEDED with their winner, (key, generation, attempt_id), where there is none and the
        generation is current.

        Raises Conflict when any of them did not hold, and then has changed none of the others for good:
        the transaction fails.
        """

    def of_state(self, task_id: str, states: Iterable[SubtaskState]) -> Sequence[SubtaskRecord]: ...

    def missing(self, task_id: str, subtask_count: int) -> Sequence[int]:
        """Return the indices without a winner of the current generation."""

    def reset(self, task_id: str, generation: int, *, all_of_them: bool) -> int:
        """Make FAILED and CANCELLED (or all) subtasks READY again with fresh budgets; return how many."""

    def cancel_open(self, task_id: str) -> int:
        """Make BLOCKED, READY and BACKOFF subtasks CANCELLED; return how many rows changed."""


class AttemptRepository(Protocol):
    def add_many(self, records: Sequence[AttemptRecord]) -> None: ...

    def get_many(self, attempt_ids: Sequence[str]) -> dict[str, AttemptRecord]: ...

    def put_states(self, states: Sequence[tuple[str, AttemptState, int]]) -> None:
        """Set (attempt_id, live state, started_ms) for attempts that moved but have not ended."""

    def end_many(self, records: Sequence[AttemptRecord]) -> None:
        """Write terminal rows whole."""

    def add_artifacts(self, attempt_id: str, key: SubtaskKey, files: Sequence[FileEntry]) -> None: ...

    def live(self) -> Sequence[AttemptRecord]:
        """Return all attempts that are not terminal."""

    def winners(self, task_id: str) -> Iterable[tuple[int, str]]:
        """Return (index, attempt_id) of each winner, by index."""

    def artifacts_of(self, attempt_id: str) -> Sequence[FileEntry]: ...

    def run_times_ms(self, task_name: str, bundle_id: str, limit: int) -> Sequence[int]:
        """Return how long recent successful attempts of this bundle ran, newest first (quotes)."""


class ItemReader(Protocol):
    """Items of a task, read from its index blob; cached, cheap per index."""

    def item(self, task: TaskRecord, index: int) -> ItemSlice | None:
        """Return the slice of one subtask, with its content where that is short."""
