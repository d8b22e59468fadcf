"""The audit log, read and verified."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from core.domain.events import AuditRecorded
from master_app.ports.reads import Page
from master_app.storage.history import FIRST_HASH, audit_hash
from master_app.storage.readers import Readers, number_cursor, page_size
from master_app.storage.tables.history import audit_log

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    sequence: int
    fact: AuditRecorded
    hash: str


class SqlAuditReads:
    """Committed rows of the audit log."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def page(self, *, actor_id: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[AuditRow]:
        """Newest first."""
        size = page_size(limit)
        query = select(audit_log).order_by(audit_log.c.sequence.desc()).limit(size + 1)
        if cursor is not None:
            query = query.where(audit_log.c.sequence < number_cursor(cursor))
        if actor_id is not None:
            query = query.where(audit_log.c.actor_id == actor_id)
        rows = [
            AuditRow(
                row[0],
                AuditRecorded(
                    at_ms=row[1], actor_id=row[2], action=row[3], subject=row[4], details=row[5], origin=row[6]
                ),
                row[8],
            )
            for row in self._readers.rows(query)
        ]
        return Page(rows[:size], str(rows[size - 1].sequence) if len(rows) > size else None)

    def first_altered(self) -> int | None:
        """Return the number of the first row that does not fit its chain, or None when all fit."""
        sequence, last_hash = 0, FIRST_HASH
        while True:
            rows = self._readers.rows(
                select(audit_log)
                .where(audit_log.c.sequence > sequence)
                .order_by(audit_log.c.sequence)
                .limit(_ROWS_AT_ONCE)
            )
            for row in rows:
                if row[0] != sequence + 1 or row[7] != last_hash or audit_hash(tuple(row[:8])) != row[8]:
                    return sequence + 1
                sequence, last_hash = row[0], row[8]
            if len(rows) < _ROWS_AT_ONCE:
                return None
