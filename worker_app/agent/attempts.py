"""One attempt that the agent holds, and the steps it takes here. Finer than the states that the master sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.attempt import AttemptState, Failure, FailureClass, ReturnReason
from core.domain.bundle import FileEntry
from core.domain.resources import Resources
from core.domain.rewards import Tick
from core.domain.session import AttemptUse, ImagePin, Offer, TaskBrief
from core.domain.spec import Isolation, TaskSpec
from core.domain.transitions import Edge, Table
from worker_app.agent.ports.store import Ending, StartMark
from worker_app.agent.stimuli import RunEnded


class Step(StrEnum):
    #: On its way into the database; nothing may be done for it yet (R1).
    ACCEPTING = "ACCEPTING"
    #: Waits for a slot.
    QUEUED = "QUEUED"
    #: Known from an earlier life; it is not clear yet whether it still runs.
    RESTORING = "RESTORING"
    #: Has a slot; files and sandbox are being made ready.
    PREPARING = "PREPARING"
    #: The command is running, or about to.
    RUNNING = "RUNNING"
    #: The command ended with `checkpoint_exit`: its checkpoint is on its way, then it runs on (R12).
    COMMITTING = "COMMITTING"
    #: The command is over; files are being taken out of the sandbox.
    COLLECTING = "COLLECTING"
    #: The slot is free; files and the rest of the log are on their way.
    UPLOADING = "UPLOADING"
    #: Its run was given up, and its sandbox is being removed: nothing is said of its end before that is certain.
    CLOSING = "CLOSING"
    #: Its terminal update is in the outbox.
    ENDED = "ENDED"


_S = Step
STEP_TABLE: Table[Step] = Table(
    "attempt step",
    Step,
    [_S.ACCEPTING, _S.RESTORING, _S.UPLOADING],
    [
        Edge(_S.ACCEPTING, _S.QUEUED, "durable"),
        Edge(_S.ACCEPTING, _S.ENDED, "stopped before it was durable"),
        Edge(_S.RESTORING, _S.RUNNING, "found in a sandbox"),
        Edge(_S.RESTORING, _S.QUEUED, "was never begun"),
        Edge(_S.RESTORING, _S.CLOSING, "past its deadline, or cannot be taken over"),
        Edge(_S.RESTORING, _S.ENDED, "gone, or past its deadline"),
        Edge(_S.QUEUED, _S.PREPARING, "a slot is free"),
        Edge(_S.QUEUED, _S.ENDED, "stopped, returned or past its deadline"),
        Edge(_S.PREPARING, _S.RUNNING, "all is ready"),
        Edge(_S.PREPARING, _S.ENDED, "cannot be made ready, or stopped"),
        Edge(_S.RUNNING, _S.COLLECTING, "the command ended and left files"),
        Edge(_S.RUNNING, _S.UPLOADING, "the command ended, only its log is to go"),
        Edge(_S.RUNNING, _S.CLOSING, "fenced, or its sandbox does not answer"),
        Edge(_S.CLOSING, _S.ENDED, "the sandbox is gone, or its countdown is over"),
        Edge(_S.RUNNING, _S.ENDED, "the command ended and left nothing"),
        Edge(_S.COLLECTING, _S.UPLOADING, "files are here"),
        Edge(_S.COLLECTING, _S.COMMITTING, "a checkpoint to commit"),
        Edge(_S.COLLECTING, _S.ENDED, "nothing to upload, or fenced"),
        Edge(_S.COMMITTING, _S.RUNNING, "committed: in place again"),
        Edge(_S.COMMITTING, _S.UPLOADING, "stopped meanwhile"),
        Edge(_S.COMMITTING, _S.ENDED, "fenced, or its checkpoint could not be stored"),
        Edge(_S.UPLOADING, _S.ENDED, "all is with the master, or given up"),
    ],
)
#: Steps in which the attempt has a slot and a lease that may run out.
IN_SLOT = frozenset({_S.PREPARING, _S.RUNNING, _S.COLLECTING, _S.COMMITTING})
#: Steps in which something may run, or will: fenced at the deadline (R3).
FENCED = frozenset({_S.ACCEPTING, _S.QUEUED, _S.RESTORING}) | IN_SLOT

_STATE = {
    _S.ACCEPTING: AttemptState.ACCEPTED,
    _S.QUEUED: AttemptState.ACCEPTED,
    _S.RESTORING: AttemptState.ACCEPTED,
    _S.PREPARING: AttemptState.PREPARING,
    _S.RUNNING: AttemptState.RUNNING,
    _S.COMMITTING: AttemptState.RUNNING,
    _S.COLLECTING: AttemptState.UPLOADING,
    _S.UPLOADING: AttemptState.UPLOADING,
    _S.CLOSING: AttemptState.RUNNING,
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why an attempt must not go on. `give_back`: RETURNED with its checkpoint, else CANCELLED."""

    reason: str
    give_back: ReturnReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`state` is terminal unless `run_on`. `outputs`, `checkpoint`: which files are taken before it."""

    state: AttemptState
    reason: str = ""
    failure: Failure | None = None
    retry_free: bool = False
    outputs: bool = False
    #: Missing required outputs turn success into FAILED(output).
    strict: bool = False
    checkpoint: bool = False
    run_on: bool = False


@dataclass(slots=True)
class Held:
    """An attempt from acceptance to the terminal update. Changed only by `AgentState`."""

    offer: Offer
    brief: TaskBrief
    spec: TaskSpec
    deadline_ms: int
    step: Step
    slot: int = -1
    stop: Stop | None = None
    mark: StartMark | None = None
    phase: str = ""
    percent: float = -1.0
    use: AttemptUse | None = None
    #: Steady clock: when preparing last got on, for the stall limit (R10).
    progress_ms: int = 0
    #: Deadline as the database has it; written again when it moved a good way.
    kept_deadline_ms: int = 0
    started_at_ms: int = 0
    #: RUNNING time of earlier runs in place.
    ran_ms: int = 0
    peak_memory_bytes: int = 0
    ticks: tuple[Tick, ...] = ()
    ticks_committed: int = 0
    checkpoint_committed: tuple[FileEntry, ...] = ()
    pin: ImagePin | None = None
    run: RunEnded | None = None
    #: What its end was judged to be, while COLLECTING.
    judged: Judgement | None = None
    ending: Ending | None = None
    #: Of CLOSING: the sandbox that must be gone, and when it is by its own countdown (steady clock).
    closing: str = ""
    gone_by_ms: int = 0
    #: State that the outbox last heard; AttemptState.OFFERED: nothing yet.
    told: AttemptState = AttemptState.OFFERED
    #: How often another attempt was placed before it although it was older.
    passed_over: int = 0
    #: Steady clock: since when the owner's rules have it frozen; negative: it is not.
    frozen_ms: int = -1
    #: What the owner's rules leave it of its cores; 0: all.
    throttled_millis: int = 0

    @property
    def attempt_id(self) -> str:
        return self.offer.attempt_id

    @property
    def lane(self) -> str:
        """Attempts of one lane have a slot one after another."""
        return self.offer.lane or self.offer.attempt_id

    @property
    def is_merge(self) -> bool:
        return self.offer.index >= self.spec.subtask_count

    @property
    def is_alone(self) -> bool:
        """Tell whether its sandbox is for it alone."""
        return self.is_merge or self.spec.run.isolation is Isolation.SUBTASK

    @property
    def state(self) -> AttemptState:
        """As the master sees it. A run in place after a checkpoint never goes back to RUNNING's past."""
        if self.step is Step.COLLECTING and self.run is None:
            return AttemptState.RUNNING
        return _STATE[self.step]

    def move(self, step: Step) -> None:
        """Take the next step, or raise InvalidTransition."""
        self.step = STEP_TABLE.check(self.step, step, self.offer.attempt_id)


SandboxKey = tuple[str, int, Resources, str]


def sandbox_key(held: Held) -> SandboxKey:
    """Name everything that two attempts must share to run in one sandbox."""
    alone = held.offer.attempt_id if held.is_alone else ""
    return (held.offer.task_id, held.offer.revision, held.offer.resources, alone)


def infra(code: str, message: str) -> Failure:
    """Return a failure for which the node or the pool is to blame, not the task."""
    return Failure(failure_class=FailureClass.INFRA, code=code, message=message)
