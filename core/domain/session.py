"""Every message between a master and an agent, as values. `core.rpc.codec` alone turns them into bytes.

    agent                                   master
      Hello  ---------------------------->            who I am, the highest term I have seen
             <---------------------------- Welcome    or Refused
      Sync   ---------------------------->            the full inventory, once a session
             <---------------------------- SyncReply  CONTINUE or STOP for each; then offers may come
      Report ---------------------------->            soft: renews the leases of what it lists
      Updates --------------------------->            durable: from the outbox, numbered
             <---------------------------- Ack        both; updates only after their commit
             <---------------------------- Offers, Orders, Resync

Rules are named as in the design's lifecycles: C1-C4 for the connection, R1-R12 for attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.attempt import AttemptState, Failure
from core.domain.bundle import FileEntry
from core.domain.node import HostUse, NodeFacts, NodeOwner
from core.domain.resources import Resources
from core.domain.rewards import Tick

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1


# ---------------------------------------------------------------- agent to master


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First message of a session. `node_id` is checked against the certificate."""

    node_id: str
    incarnation: int
    boot_id: str
    protocol_min: int = PROTOCOL_MIN
    protocol_max: int = PROTOCOL_MAX
    features: tuple[str, ...] = ()
    agent_version: str = ""
    #: A master whose term is lower was restored from a backup and must jump above it.
    highest_term: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerStatus:
    """What the person at the machine allows now, why, and until when (0: until they say so)."""

    state: NodeOwner = NodeOwner.AVAILABLE
    reason: str = ""
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAttempt:
    """An attempt that the agent has, live or ended with its report not yet acknowledged."""

    attempt_id: str
    state: AttemptState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """The full inventory of the agent. Counts as report number 0 of its session for leases (R2)."""

    session_id: str
    attempts: tuple[HeldAttempt, ...]
    facts: NodeFacts
    host: HostUse
    owner: OwnerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptUse:
    """What a live attempt uses now: for leases, charts and caps. Percentages are of its reservation."""

    attempt_id: str
    state: AttemptState
    #: Of PREPARING: fetch, image, packages, sandbox.
    phase: str = ""
    #: 0..100; negative: not known.
    percent: float = -1.0
    status: str = ""
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    gpu_percent: tuple[float, ...] = ()
    gpu_memory_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Sent each report interval. Soft: it renews leases in the master's memory and is not written."""

    session_id: str
    #: Counts up from 1 within its session.
    number: int
    live: tuple[AttemptUse, ...]
    host: HostUse
    owner: OwnerStatus
    #: Sent again only when they changed.
    facts: NodeFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePin:
    """Which image it really is: one of a recipe digest, a registry digest, or an engine's image id."""

    ref: str
    recipe: str = ""
    digest: str = ""
    image_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptUpdate:
    """The newest state of one attempt, from the agent's outbox. Durable before it is acknowledged."""

    #: Position in the agent's outbox; counts up over all sessions and restarts of the agent.
    number: int
    attempt_id: str
    state: AttemptState
    #: Of REJECTED and RETURNED: the value of RejectReason or ReturnReason. Of CANCELLED: the order's words.
    reason: str = ""
    failure: Failure | None = None
    exit_code: int | None = None
    started_at_ms: int = 0
    ended_at_ms: int = 0
    #: Metering since the last committed checkpoint or start; only with a terminal state.
    ticks: tuple[Tick, ...] = ()
    peak_memory_bytes: int = 0
    #: Files that the attempt made; their blobs are stored before this is sent.
    artifacts: tuple[FileEntry, ...] = ()
    #: Files of the last committed checkpoint, with the ticks up to it marked by `ticks_committed`.
    checkpoint: tuple[FileEntry, ...] = ()
    ticks_committed: int = 0
    #: Exit code of `retry_exit`: retried without spending user retries (R8).
    retry_free: bool = False
    pin: ImagePin | None = None
    #: Newest `hivemind_metric` of each name.
    metrics: tuple[tuple[str, float], ...] = ()
    log_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    session_id: str
    updates: tuple[AttemptUpdate, ...]


AgentMessage = Hello | Sync | Report | Updates


# ---------------------------------------------------------------- master to agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    session_id: str
    term: int
    protocol: int
    master_time_ms: int
    report_interval_s: float
    node_name: str
    owner_id: str
    #: `RewardRule.to_text` of the rule that holds now: a provider sees what work earns while it runs.
    reward_rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The session is not opened. `retry_after_s` 0: only a person can mend it."""

    code: str
    message: str
    fix: str = ""
    retry_after_s: int = 0


class Verdict(StrEnum):
    CONTINUE = "CONTINUE"
    #: Stop, keep the log, discard the outputs.
    STOP = "STOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReply:
    session_id: str
    verdicts: tuple[tuple[str, Verdict], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One package file of a resolved set; its blob is granted with the lease."""

    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBrief:
    """What is the same for all subtasks of a task; sent once a session, before the first offer of it."""

    task_id: str
    #: Changes when the task's spec changed; offers name the brief by task_id and revision.
    revision: int
    owner_id: str
    owner_name: str
    #: `core.manifest.spec_json` of the TaskSpec.
    spec_json: str
    #: SHA-256 of the bundle's index blob.
    bundle_id: str
    pin: ImagePin | None = None
    wheels: tuple[Wheel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSlice:
    """Where this subtask's items stand: a range of a blob, with the SHA-256 of the range."""

    blob: str
    offset: int
    length: int
    sha256: str
    #: The bytes themselves when they are short; empty: fetch the range.
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePart:
    """The collected files of one subtask, for the merge."""

    index: int
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One attempt for this node. Valid only in its session (R1); leased from `lease_report` on (R2)."""

    attempt_id: str
    task_id: str
    revision: int
    index: int
    epoch: int
    #: 1 for the first attempt of the subtask.
    attempt_number: int
    resources: Resources
    lease_s: int
    item: ItemSlice | None = None
    #: Files of the last committed checkpoint.
    checkpoint: tuple[FileEntry, ...] = ()
    #: Unix time at which the whole task ends, 0 is none.
    deadline_ms: int = 0
    #: The merge's subtask: SHA-256 of a blob of JSON lines, one MergePart each; empty for other subtasks.
    parts_blob: str = ""
    #: The practice subtask, own tasks and the process runtime earn differently; the agent only shows it.
    paid: bool = True
    #: Attempts of one lane run one after another in one slot; empty: its own, the lane that later ones may join.
    lane: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    session_id: str
    term: int
    #: Newest report of this session that the master has acknowledged; 0 is the SYNC.
    lease_report: int
    briefs: tuple[TaskBrief, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOrder:
    attempt_id: str
    #: cancelled, superseded, fenced, funds, drain, deadline, waiting, unknown: shown to the provider.
    reason: str
    #: Ask for a checkpoint and report RETURNED instead of CANCELLED.
    give_back: bool = False
    #: Only while it waits for a slot: one that has begun runs on.
    if_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the agent must do; derived anew each time, so that a lost one comes again."""

    session_id: str
    stops: tuple[StopOrder, ...] = ()
    draining: bool = False
    paused: bool = False
    #: 0: unchanged.
    report_interval_s: float = 0.0
    #: Tell people why nothing is offered; empty when nothing hinders.
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an ended attempt was paid, and why."""

    attempt_id: str
    ucpt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """`report`: newest report taken. `updates`: numbers that are durable, or were refused for good."""

    session_id: str
    report: int = 0
    updates: tuple[int, ...] = ()
    #: False: the node's certificate or protocol no longer allows new work.
    welcome: bool = True
    #: Of attempts that these updates ended. An update that is sent again brings no receipt again.
    receipts: tuple[Receipt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """The session is not usable as it is; say Hello again."""

    session_id: str
    reason: str = ""


MasterMessage = Welcome | Refused | SyncReply | Offers | Orders | Ack | Resync


# ---------------------------------------------------------------- logs and blobs


class LogStream(StrEnum):
    OUT = "out"
    ERR = "err"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChunk:
    """A piece of what an attempt wrote. In order within a stream; a gap means lines were dropped."""

    attempt_id: str
    stream: LogStream
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAck:
    """Everything of this stream before `next_offset` is kept."""

    attempt_id: str
    stream: LogStream
    next_offset: int
    #: The log met its limit; the agent sends no more of it.
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRequest:
    """A joining node: the one-time secret of its join link and a request for its certificate."""

    token: str
    csr_pem: bytes
    facts: NodeFacts
    host_name: str
    agent_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinLink:
    """A bearer secret: `hivemind://HOST:CONTROL_PORT/join?ca=SHA256&token=...&owner=...`."""

    host: str
    control_port: int
    ca_sha256: str
    token: str = field(repr=False)
    owner: str = ""
