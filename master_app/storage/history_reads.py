"""The audit log, read and streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, or_, select

from core.domain.audit import AuditRow
from core.domain.events import AuditRecorded
from master_app.ports.audit import AuditFilter
from master_app.ports.reads import Page
from master_app.storage.readers import Readers, number_cursor, page_size
from master_app.storage.tables.history import audit_log

_ROWS_AT_ONCE: Final = 1_000


class SqlAuditReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def page(self, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50) -> Page[AuditRow]:
        size, columns = page_size(limit), audit_log.c
        query = select(audit_log).order_by(columns.sequence.desc()).limit(size + 1)
        if cursor is not None:
            query = query.where(columns.sequence < number_cursor(cursor))
        if wanted.actor_id is not None:
            query = query.where(columns.actor_id == wanted.actor_id)
        if wanted.action:
            query = query.where(columns.action.startswith(wanted.action, autoescape=True))
        if wanted.subject:
            query = query.where(columns.subject == wanted.subject)
        if wanted.text:
            found = (each.contains(wanted.text, autoescape=True) for each in (columns.details, columns.origin))
            query = query.where(or_(*found))
        if wanted.since_ms:
            query = query.where(columns.at_ms >= wanted.since_ms)
        if wanted.until_ms:
            query = query.where(columns.at_ms < wanted.until_ms)
        rows = [_row(row) for row in self._readers.rows(query)]
        return Page(rows[:size], str(rows[size - 1].sequence) if len(rows) > size else None)

    def rows(self) -> Iterator[AuditRow]:
        # Rows are only ever added at the end: up to the newest of now is one moment, read in portions.
        last = self._readers.row(select(func.coalesce(func.max(audit_log.c.sequence), 0)))
        newest, after = int(last[0]) if last is not None else 0, 0
        while after < newest:
            query = select(audit_log).where(audit_log.c.sequence > after, audit_log.c.sequence <= newest)
            rows = self._readers.rows(query.order_by(audit_log.c.sequence).limit(_ROWS_AT_ONCE))
            for row in rows:
                yield _row(row)
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1][0]


def _row(row: Any) -> AuditRow:
    fact = AuditRecorded(
        at_ms=row[1], actor_id=row[2], action=row[3], subject=row[4], details=row[5], origin=row[6]
    )
    return AuditRow(row[0], fact, row[7], row[8])
