"""What the master console shows: rows and pages as values, shared by services and the window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.resources import Resources
from core.domain.views import TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolInfo:
    """The pool and its master, as far as they stay the same while it runs."""

    pool_name: str
    host: str
    version: str
    web: str
    control: str
    started_ms: int
    now_ms: int
    operator: str
    ca_sha256: str
    certificate_expires_ms: int
    database: str
    storage: str
    data_dir: str
    computer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTile:
    """A node as the map shows it. `state` is the one of its three states that a person should hear first."""

    node_id: str
    name: str
    owner_name: str
    state: str
    admin: str
    labels: Mapping[str, str]
    #: Effective: what others use plus what is reserved, 0..1.
    load: float
    cpu_percent: float
    memory_percent: float
    gpu_percent: tuple[float, ...]
    slots: int
    running: int
    cpu_millis: int
    memory_bytes: int
    gpus: int
    gpu_memory_bytes: int
    gpu_name: str
    reserved_cpu_millis: int
    reserved_memory_bytes: int
    last_seen_ms: int
    created_ms: int
    runtime: str
    quarantined_until_ms: int
    version: str
    #: Of its key: the first eight digits, to compare with what the new computer shows.
    fingerprint: str
    #: Of blobs and logs, averages over the last seconds: to the node, and from it.
    sent_bytes_s: float = 0.0
    received_bytes_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTiles:
    tiles: tuple[NodeTile, ...] = ()
    gone: tuple[str, ...] = ()
    first: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Things that are different since the last word; `reset`: everything may be."""

    task_ids: tuple[str, ...] = ()
    reset: bool = False
    audit: bool = False
    commit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """How many attempts ended in one minute. Minutes before the master's start are not there."""

    at_ms: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    minutes: tuple[Minute, ...]
    #: Since when the master has counted.
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRow:
    code: str
    subject: str
    gravity: str
    what: str
    at_risk: str
    next: str
    fix: str
    since_ms: int
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """Something that happened, in parts that a window can say in its language."""

    commit: int
    at_ms: int
    kind: str
    subject: str
    name: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The pool in figures, once a second. Its size does not depend on the pool's."""

    at_ms: int
    commit: int
    #: By the state that the map shows.
    nodes: Mapping[str, int] = field(default_factory=dict)
    #: Live tasks by state.
    tasks: Mapping[str, int] = field(default_factory=dict)
    slots: int = 0
    running: int = 0
    ready: int = 0
    oldest_wait_ms: int = 0
    per_minute: float = 0.0
    per_minute_before: float = 0.0
    #: Failures of the last hour by class.
    failures: Mapping[str, int] = field(default_factory=dict)
    ended_hour: int = 0
    spend_hour_ucpt: int = 0
    storage_used: int = 0
    storage_free: int = 0
    storage_total: int = 0
    capacity: Resources = field(default_factory=Resources)
    reserved: Resources = field(default_factory=Resources)
    used_cpu_millis: int = 0
    used_memory_bytes: int = 0
    used_gpus: float = 0.0
    free_cpu_millis: int = 0
    free_cpu_node: str = ""
    free_memory_bytes: int = 0
    free_memory_node: str = ""
    free_gpu_memory_bytes: int = 0
    free_gpu_node: str = ""
    conditions: tuple[ConditionRow, ...] = ()
    facts: tuple[FactRow, ...] = ()
    users: int = 0
    backed_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Which tasks, in which order. With `task_ids` nothing else counts."""

    text: str = ""
    states: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = True
    offset: int = 0
    limit: int = 200
    task_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRows:
    rows: tuple[TaskView, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskMap:
    """One byte for each subtask: the place of its state in `names`."""

    states: bytes
    names: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    attempt_id: str
    task_id: str
    index: int
    node_id: str
    node_name: str
    number: int
    state: str
    reason: str
    failure: str
    failure_message: str
    offered_ms: int
    started_ms: int
    ended_ms: int
    exit_code: int | None
    paid_ucpt: int | None
    pay_reason: str
    peak_memory_bytes: int
    log_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRows:
    rows: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRow:
    """A node, and the first rule by which it refuses; an empty rule: it would take the task."""

    node_id: str
    node_name: str
    rule: str
    needed: str
    available: str
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRows:
    summary: str
    cheapest_change: str
    impossible: bool
    rows: tuple[WhyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    name: str
    index: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRows:
    rows: tuple[ArtifactRow, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPiece:
    content: bytes
    offset: int
    next: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitReply:
    """What came of a submission, or of a check of one (then `task_id` is empty)."""

    task_id: str
    state: str
    state_reason: str
    low_ucpt: int
    high_ucpt: int
    subtask_count: int
    advice: tuple[str, ...]
    name: str
    manifest: str
