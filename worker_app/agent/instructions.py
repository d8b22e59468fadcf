"""What an agent is to do next, as values: the answers of `AgentState.handle`, carried out by the performer."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.session import AgentMessage, Hello, Offer, TaskBrief
from core.domain.spec import TaskSpec
from worker_app.agent.ports.sandbox import FoundSandbox
from worker_app.agent.ports.store import Changes, LocalResult

# ---------------------------------------------------------------- the connection


@dataclass(frozen=True, slots=True)
class Connect:
    """Dial now. Answer with `Received` or `Disconnected` of this `connection`."""

    connection: int
    hello: Hello


@dataclass(frozen=True, slots=True)
class Send:
    connection: int
    message: AgentMessage


@dataclass(frozen=True, slots=True)
class Disconnect:
    connection: int
    reason: str


@dataclass(frozen=True, slots=True)
class BecameLive:
    """The session is in order: offers may come."""

    node_name: str
    report_interval_s: float


# ---------------------------------------------------------------- the database


@dataclass(frozen=True, slots=True)
class Write:
    """Make durable. One at a time; answer with `Written` or `WriteFailed`."""

    serial: int
    changes: Changes


# ---------------------------------------------------------------- one attempt, in order


@dataclass(frozen=True, slots=True)
class Prepare:
    """Fetch what is missing and make the slot's sandbox ready. `open_sandbox` False: it is open already."""

    slot: int
    sandbox_id: str
    open_sandbox: bool
    gpu_uuids: tuple[str, ...]
    offer: Offer
    brief: TaskBrief
    spec: TaskSpec
    lease_ms: int


@dataclass(frozen=True, slots=True)
class CancelPrepare:
    """Stop preparing; answer with `PrepareFailed`, whatever it says."""

    attempt_id: str
    slot: int


@dataclass(frozen=True, slots=True)
class Execute:
    """Run it. `in_place`: again, with the checkpoint as it left it (R12). `timeout_ms` 0 is none."""

    attempt_id: str
    slot: int
    lease_ms: int
    timeout_ms: int
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class CancelRun:
    """SIGTERM, then SIGKILL; `RunEnded` follows."""

    attempt_id: str
    slot: int
    grace_s: float


@dataclass(frozen=True, slots=True)
class Collect:
    """Take files out of the slot's sandbox. `outputs` False: the checkpoint only."""

    attempt_id: str
    slot: int
    outputs: bool
    checkpoint: bool
    #: Missing required files are a failure; else what there is is taken.
    strict: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """Bring files and the rest of the log to the master; tried again until the state says otherwise."""

    attempt_id: str
    results: tuple[LocalResult, ...]


@dataclass(frozen=True, slots=True)
class AbandonUpload:
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The master has everything of this attempt: remove its files here."""

    attempt_id: str


# ---------------------------------------------------------------- sandboxes


@dataclass(frozen=True, slots=True)
class RenewSandbox:
    slot: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class SetUsageInterval:
    seconds: float


@dataclass(frozen=True, slots=True)
class FreezeSandbox:
    slot: int


@dataclass(frozen=True, slots=True)
class ThawSandbox:
    slot: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class ThrottleSandbox:
    slot: int
    cpu_millis: int


@dataclass(frozen=True, slots=True)
class CloseSandbox:
    """End and remove it at once, with what runs in it. Answer with `SandboxClosed`."""

    slot: int
    sandbox_id: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over what an earlier life started, and go on with whichever of `candidates` it has."""

    slot: int
    found: FoundSandbox
    gpu_uuids: tuple[str, ...]
    candidates: tuple[Offer, ...]
    brief: TaskBrief
    spec: TaskSpec
    lease_ms: int


@dataclass(frozen=True, slots=True)
class RemoveFound:
    found: FoundSandbox


@dataclass(frozen=True, slots=True)
class ReleaseTask:
    """No attempt of this task is here any more: what is kept for it may go."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TakeInventory:
    """Ask the runtime what exists; answer with `InventoryTaken`."""


@dataclass(frozen=True, slots=True)
class Exit:
    reason: str


Instruction = (
    Connect
    | Send
    | Disconnect
    | BecameLive
    | Write
    | Prepare
    | CancelPrepare
    | Execute
    | CancelRun
    | Collect
    | Upload
    | AbandonUpload
    | Forget
    | RenewSandbox
    | SetUsageInterval
    | FreezeSandbox
    | ThawSandbox
    | ThrottleSandbox
    | CloseSandbox
    | Adopt
    | RemoveFound
    | ReleaseTask
    | TakeInventory
    | Exit
)
