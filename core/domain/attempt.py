"""An attempt: one run of one subtask on one node. It only ever moves forward (lifecycles, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.transitions import Edge, Table


class AttemptState(StrEnum):
    #: Committed by dispatch, sent down the session of its node; nobody has it yet.
    OFFERED = "OFFERED"
    #: In the agent's database.
    ACCEPTED = "ACCEPTED"
    #: Files, image, packages and sandbox are being made ready; not metered.
    PREPARING = "PREPARING"
    #: The command runs; metered.
    RUNNING = "RUNNING"
    #: The command ended; results are on their way.
    UPLOADING = "UPLOADING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    #: The node did not take it; nothing ran.
    REJECTED = "REJECTED"
    #: The node gave it back, perhaps with a checkpoint.
    RETURNED = "RETURNED"
    #: The master gave it up (rule R4).
    LOST = "LOST"
    #: Another attempt won, or its generation is over.
    SUPERSEDED = "SUPERSEDED"


ATTEMPT_ORDER = (
    AttemptState.OFFERED,
    AttemptState.ACCEPTED,
    AttemptState.PREPARING,
    AttemptState.RUNNING,
    AttemptState.UPLOADING,
)
LIVE_ATTEMPT_STATES = frozenset(ATTEMPT_ORDER)
TERMINAL_ATTEMPT_STATES = frozenset(AttemptState) - LIVE_ATTEMPT_STATES
#: How far a state is: a report never moves an attempt to a smaller number.
ATTEMPT_RANK = {state: rank for rank, state in enumerate(ATTEMPT_ORDER)} | dict.fromkeys(
    TERMINAL_ATTEMPT_STATES, len(ATTEMPT_ORDER)
)


class FailureClass(StrEnum):
    """Who has to mend it; decides which retry budget pays and whether the run is paid."""

    USER = "user"
    OOM = "oom"
    TIMEOUT = "timeout"
    OUTPUT = "output"
    DISK = "disk"
    INFRA = "infra"


#: Failures that spend the user's retries and are paid for.
USER_CLASS_FAILURES = frozenset(FailureClass) - {FailureClass.INFRA}


class RejectReason(StrEnum):
    CAPACITY = "capacity"
    NOT_AVAILABLE = "not_available"
    IMAGE_NOT_ALLOWED = "image_not_allowed"
    OWNER_NOT_ALLOWED = "owner_not_allowed"
    DISK_FULL = "disk_full"
    ENGINE = "engine"
    STALE_OFFER = "stale_offer"


class ReturnReason(StrEnum):
    OWNER = "owner"
    DRAIN = "drain"
    QUIT = "quit"
    SCHEDULE = "schedule"
    FUNDS = "funds"
    #: Its task was paused, and goes on from its checkpoint.
    PAUSE = "pause"
    #: It waited behind another attempt longer than it was meant to, or for a task or node that takes no more.
    WAITING = "waiting"


class LostReason(StrEnum):
    NO_ACK = "no_ack"
    LEASE = "lease"
    ABSENT = "absent"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt FAILED. `code` is stable; `message` is the headline that a person reads."""

    failure_class: FailureClass
    code: str
    message: str = ""


def _edges() -> list[Edge[AttemptState]]:
    words = {
        AttemptState.ACCEPTED: "in the agent's database",
        AttemptState.PREPARING: "files, image and sandbox",
        AttemptState.RUNNING: "the command started",
        AttemptState.UPLOADING: "the command ended",
        AttemptState.SUCCEEDED: "results are stored",
        AttemptState.FAILED: "class and code say why",
        AttemptState.CANCELLED: "confirmed stopped",
        AttemptState.REJECTED: "the node did not take it",
        AttemptState.RETURNED: "given back",
        AttemptState.LOST: "R4",
        AttemptState.SUPERSEDED: "another won",
    }
    edges = [
        Edge(source, target, words[target])
        for rank, source in enumerate(ATTEMPT_ORDER)
        for target in (*ATTEMPT_ORDER[rank + 1 :], *sorted(TERMINAL_ATTEMPT_STATES))
        if not (target is AttemptState.REJECTED and rank > ATTEMPT_RANK[AttemptState.PREPARING])
    ]
    # A late result of a lost attempt is accepted when nobody won meanwhile (rule R5).
    edges.append(Edge(AttemptState.LOST, AttemptState.SUCCEEDED, "late, no winner (R5)"))
    return edges


ATTEMPT_TABLE: Table[AttemptState] = Table("attempt", AttemptState, [AttemptState.OFFERED], _edges())
