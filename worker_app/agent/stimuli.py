"""What can happen to an agent, as values. `AgentState.handle` takes one with the time and answers instructions.

A stimulus about an attempt or a sandbox that is not current any more is ignored by the state, so that whoever
performs instructions never has to know whether an answer still matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.attempt import Failure, RejectReason
from core.domain.lending import OnEnter
from core.domain.node import HostUse, NodeFacts
from core.domain.rewards import Tick
from core.domain.session import AttemptUse, ImagePin, MasterMessage, OwnerStatus
from worker_app.agent.ports.sandbox import FoundSandbox
from worker_app.agent.ports.store import LocalResult, Stored

# ---------------------------------------------------------------- time, the owner, the machine


@dataclass(frozen=True, slots=True)
class Tick1s:
    """A second passed. Timers compare the time that comes with it; it also comes first after a sleep."""


@dataclass(frozen=True, slots=True)
class RetryNow:
    """The network came back, or a person said "retry now"."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What the database and the engine still had when the agent started. `found` None: the engine did not answer,
    and what it has is to be learned from the next inventory.
    """

    stored: Stored
    found: tuple[FoundSandbox, ...] | None


@dataclass(frozen=True, slots=True)
class FactsChanged:
    facts: NodeFacts


@dataclass(frozen=True, slots=True)
class Measured:
    host: HostUse


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    owner: OwnerStatus


@dataclass(frozen=True, slots=True)
class Yield:
    """What becomes of running work, by the owner's rules. Told again and again; only a change does something."""

    action: OnEnter
    #: Of THROTTLE: what all running work may use together.
    cpu_millis: int = 0
    #: Work on GPUs stops with its checkpoint, whatever becomes of the rest.
    stop_gpu: bool = False
    #: From these submitters nothing is taken.
    owners_blocked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The owner stops this one; it goes back with its checkpoint."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class QuitAsked:
    """Give all work back and leave; after `grace_ms` leave anyway."""

    grace_ms: int


@dataclass(frozen=True, slots=True)
class SystemEnds:
    """Give all work back within `grace_ms` and take none; whether the system really ends is not sure."""

    grace_ms: int


@dataclass(frozen=True, slots=True)
class SystemStays:
    """It did not end: work may come again."""


@dataclass(frozen=True, slots=True)
class InventoryTaken:
    found: tuple[FoundSandbox, ...]


# ---------------------------------------------------------------- the connection


@dataclass(frozen=True, slots=True)
class Received:
    connection: int
    message: MasterMessage


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Dialling failed, or the stream ended. `final`: only a person can mend it; try rarely. `soon`: the master's
    computer is there, so that its program is probably being started again.
    """

    connection: int
    reason: str
    final: bool = False
    soon: bool = False


# ---------------------------------------------------------------- the database


@dataclass(frozen=True, slots=True)
class Written:
    serial: int


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """Nothing of it is kept; the changes are tried again with the next tick."""

    serial: int
    reason: str
    disk_full: bool = False


# ---------------------------------------------------------------- one attempt, in order


@dataclass(frozen=True, slots=True)
class PrepareProgress:
    attempt_id: str
    phase: str
    percent: float = -1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    attempt_id: str
    pin: ImagePin | None = None


@dataclass(frozen=True, slots=True)
class PrepareFailed:
    """Exactly one of `failure` and `reject` is set. `sandbox_open`: the slot's sandbox can be used again."""

    attempt_id: str
    failure: Failure | None = None
    reject: RejectReason | None = None
    sandbox_open: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    attempt_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Used:
    """What it uses now. `ticks`: all full metering ticks so far, when one was completed."""

    use: AttemptUse
    ticks: tuple[Tick, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The command is over; facts as the sandbox saw them, with what the agent gathered meanwhile."""

    attempt_id: str
    at_ms: int
    exit_code: int | None = None
    signal: int | None = None
    oom_killed: bool = False
    timed_out: bool = False
    cancelled: bool = False
    disk_exceeded: bool = False
    dirty: bool = False
    problem: str = ""
    #: The headline: its own `hivemind_fail` line, else the last line of its traceback.
    headline: str = ""
    wall_ms: int = 0
    peak_memory_bytes: int = 0
    ticks: tuple[Tick, ...] = ()
    metrics: tuple[tuple[str, float], ...] = ()
    log_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RunLost:
    """The sandbox died under it."""

    attempt_id: str
    at_ms: int
    failure: Failure
    ticks: tuple[Tick, ...] = ()
    log_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Collected:
    """`results` are on this machine. `refused` when the outputs could not be taken."""

    attempt_id: str
    results: tuple[LocalResult, ...] = ()
    checkpoint: tuple[LocalResult, ...] = ()
    refused: Failure | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    attempt_id: str


@dataclass(frozen=True, slots=True)
class UploadFailed:
    attempt_id: str
    failure: Failure


# ---------------------------------------------------------------- sandboxes


@dataclass(frozen=True, slots=True)
class SandboxClosed:
    """`sure` False: its removal could not be confirmed, so it may run until its countdown ends it."""

    slot: int
    sandbox_id: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Adopted:
    """A sandbox of an earlier life answers; `attempt_id` is the one it has, empty: none of ours."""

    slot: int
    sandbox_id: str
    attempt_id: str = ""


@dataclass(frozen=True, slots=True)
class AdoptFailed:
    """`sure` False: it is perhaps not removed either, and may run until its countdown ends it."""

    slot: int
    sandbox_id: str
    sure: bool = True


Stimulus = (
    Tick1s
    | RetryNow
    | Restored
    | FactsChanged
    | Measured
    | OwnerChanged
    | Yield
    | GiveBack
    | QuitAsked
    | SystemEnds
    | SystemStays
    | InventoryTaken
    | Received
    | Disconnected
    | Written
    | WriteFailed
    | PrepareProgress
    | Prepared
    | PrepareFailed
    | Started
    | Used
    | RunEnded
    | RunLost
    | Collected
    | Uploaded
    | UploadFailed
    | SandboxClosed
    | Adopted
    | AdoptFailed
)
