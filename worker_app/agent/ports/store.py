"""The port of the agent's own database: its inbox (accepted attempts) and its outbox (unacknowledged updates).

    stored = store.open()     # at start; raises the incarnation by one, durably
    store.write(changes)      # durable on return: group commit, one call at a time
    store.close()

Calls block and belong to one thread of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.attempt import TERMINAL_ATTEMPT_STATES
from core.domain.bundle import FileEntry
from core.domain.rewards import Tick
from core.domain.session import AttemptUpdate, Offer, TaskBrief

#: A brief is named by task and revision.
BriefKey = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMark:
    """Written when an attempt gets its place: where it may be found after a restart of the agent."""

    sandbox_id: str
    gpu_uuids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResult:
    """A file that an attempt left, still on this machine; `local` is the name in the agent's results folder."""

    entry: FileEntry
    local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ends once its files are with the master. Its number is given when it is sent."""

    update: AttemptUpdate
    results: tuple[LocalResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttempt:
    """An attempt as the database has it."""

    #: None: it was rejected, and only its update is left.
    offer: Offer | None
    #: Steady clock of `boot_id`; another boot's is over.
    deadline_ms: int
    boot_id: str
    mark: StartMark | None = None
    ticks: tuple[Tick, ...] = ()
    ending: Ending | None = None
    #: Newest numbered update that was not acknowledged.
    update: AttemptUpdate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything that survived."""

    incarnation: int
    highest_term: int = 0
    next_number: int = 1
    briefs: Mapping[BriefKey, TaskBrief] = field(default_factory=dict)
    attempts: tuple[StoredAttempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """One group commit. Applied in the order of the fields; what is dropped is dropped last."""

    briefs: tuple[TaskBrief, ...] = ()
    #: New attempts with their deadlines.
    accepted: tuple[tuple[Offer, int], ...] = ()
    marks: Mapping[str, StartMark] = field(default_factory=dict)
    deadlines: Mapping[str, int] = field(default_factory=dict)
    ticks: Mapping[str, tuple[Tick, ...]] = field(default_factory=dict)
    endings: Mapping[str, Ending] = field(default_factory=dict)
    #: Newest update by attempt; also of attempts that were never accepted (REJECTED).
    updates: tuple[AttemptUpdate, ...] = ()
    dropped: tuple[str, ...] = ()
    dropped_briefs: tuple[BriefKey, ...] = ()
    highest_term: int = 0
    next_number: int = 0

    def ended(self) -> list[str]:
        """Return the attempts whose end is among these."""
        last = (one.attempt_id for one in self.updates if one.state in TERMINAL_ATTEMPT_STATES)
        return [*self.endings, *last]


class AgentStore(Protocol):
    """One process, one thread."""

    def open(self) -> Stored:
        """Open or make the database and return what it holds, with the incarnation raised and kept.

        Raises StorageUnavailable when it cannot be used or was made by a newer version.
        """
        ...

    def write(self, changes: Changes) -> None:
        """Keep all of `changes` or nothing. Durable on return. Raises StorageFull or StorageUnavailable."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...
