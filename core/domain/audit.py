"""The audit log: who did what to what, from where. Each row hashes the one before: none can be changed alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.domain.events import AuditRecorded
from core.domain.user import Principal

FIRST_HASH: Final = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row as it is kept. `previous` is the hash of the row before it."""

    sequence: int
    fact: AuditRecorded
    previous: str
    hash: str

    def fields(self) -> tuple[object, ...]:
        """Return what the hash covers, in its order."""
        fact = self.fact
        return (
            self.sequence,
            fact.at_ms,
            fact.actor_id,
            fact.action,
            fact.subject,
            fact.details,
            fact.origin,
            self.previous,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """The outcome of replaying the log. `misfit`: the number of the first row that does not fit."""

    rows: int
    head: str
    misfit: int | None = None

    @property
    def sentence(self) -> str:
        if self.misfit is not None:
            return f"Row {self.misfit} of the audit log does not fit: it or one before it was changed or removed."
        return f"{self.rows} rows of the audit log fit; newest {self.head or 'none'}."


def audit_hash(fields: tuple[object, ...]) -> str:
    """Return the hash of a row from everything in it but its own hash."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def follow(fact: AuditRecorded, last_sequence: int, last_hash: str) -> AuditRow:
    """Return the row of a fact that follows the given one."""
    row = AuditRow(last_sequence + 1, fact, last_hash, "")
    return AuditRow(row.sequence, fact, last_hash, audit_hash(row.fields()))


def check_rows(rows: Iterable[AuditRow]) -> AuditCheck:
    """Replay rows from the first on. What was cut off at the end shows only against a head kept elsewhere."""
    count, head = 0, FIRST_HASH
    for row in rows:
        if row.sequence != count + 1 or row.previous != head or audit_hash(row.fields()) != row.hash:
            return AuditCheck(rows=count, head=head, misfit=count + 1)
        count, head = row.sequence, row.hash
    return AuditCheck(rows=count, head=head)


def audited(
    who: Principal | None, action: str, subject: str, details: str = "", *, at_ms: int, origin: str = ""
) -> AuditRecorded:
    """Return the fact that `who` did this; None: the owner of the data folder. MUST hold no secret."""
    return AuditRecorded(
        actor_id=who.user_id if who is not None else "",
        action=action,
        subject=subject,
        details=details[:500],
        origin=(who.origin if who is not None else "") or origin,
        at_ms=at_ms,
    )
