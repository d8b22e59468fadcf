"""A condition: something is not as it should be, in words that a person can act on. It ends when its cause does.

Master and agent each keep a list of those that hold now (`core.conditions`). A condition says what happened, since
when, what is at risk and what will happen next; `fix` is what a person may do, empty where nothing is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    #: Worth knowing; nothing is lost and nobody has to act.
    NOTICE = "notice"
    #: Work waits or is repeated until it ends.
    WARNING = "warning"
    #: Somebody must act, or what is at risk may be lost.
    ALERT = "alert"


class ConditionCode(StrEnum):
    """Stable names. Of the master unless said otherwise."""

    DATABASE_FULL = "DATABASE_FULL"
    DATABASE_AWAY = "DATABASE_AWAY"
    #: Both: the disk with the data or storage folder.
    DISK_LOW = "DISK_LOW"
    DISK_FULL = "DISK_FULL"
    INODES_LOW = "INODES_LOW"
    #: Both.
    MEMORY_LOW = "MEMORY_LOW"
    STORAGE_GONE = "STORAGE_GONE"
    BLOB_DAMAGED = "BLOB_DAMAGED"
    BLOB_LOST = "BLOB_LOST"
    #: Both: the wall clock was set.
    CLOCK_JUMPED = "CLOCK_JUMPED"
    LEDGER_UNSOUND = "LEDGER_UNSOUND"
    NODE_SILENT = "NODE_SILENT"
    NODE_NO_ENGINE = "NODE_NO_ENGINE"
    NODE_DISK_FULL = "NODE_DISK_FULL"
    NODE_QUARANTINED = "NODE_QUARANTINED"
    NODE_DUPLICATE = "NODE_DUPLICATE"
    #: Of the agent, from here on.
    ENGINE_AWAY = "ENGINE_AWAY"
    MASTER_AWAY = "MASTER_AWAY"
    MASTER_REFUSES = "MASTER_REFUSES"
    OUTBOX_STUCK = "OUTBOX_STUCK"
    MAY_SLEEP = "MAY_SLEEP"
    SLEPT = "SLEPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`subject` tells two of one code apart: a node, a folder, a blob. Sentences end with a full stop."""

    code: ConditionCode
    subject: str = ""
    gravity: Gravity = Gravity.WARNING
    what: str
    at_risk: str
    next: str
    fix: str = ""
    #: Wall clock. 0: the list fills in when it saw it first.
    since_ms: int = 0
    #: 0 while it holds.
    until_ms: int = 0

    @property
    def words(self) -> str:
        """Everything that a person is told, as one line."""
        return " ".join(part for part in (self.what, self.at_risk, self.next, self.fix) if part)
