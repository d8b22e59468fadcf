"""Facts that are kept: the timeline of each task, and the audit log, whose rows each hash the one before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select

from core.domain.attempt import AttemptState
from core.domain.audit import FIRST_HASH, follow
from core.domain.events import (
    AttemptEnded,
    AuditRecorded,
    Fact,
    TaskStateChanged,
    TaskSubmitted,
)
from master_app.storage.statements import Row, Sql, constant, insert_of
from master_app.storage.tables.history import audit_log, task_events

_ADD_EVENT: Final = insert_of(task_events)
_LAST_EVENT: Final = select(func.max(task_events.c.sequence))
_ADD_AUDIT: Final = insert_of(audit_log)
_LAST_AUDIT: Final = (
    select(audit_log.c.sequence, audit_log.c.hash).order_by(audit_log.c.sequence.desc()).limit(constant(1))
)


class History:
    """Writes facts of a transaction; positions move on only when it was committed."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        row = sql.row(_LAST_EVENT)
        self._event = int(row[0] or 0) if row else 0
        last = sql.row(_LAST_AUDIT)
        self._audit: tuple[int, str] = (int(last[0]), str(last[1])) if last else (0, FIRST_HASH)
        self._next_event = self._event
        self._next_audit = self._audit

    def write(self, facts: Iterable[Fact]) -> None:
        """Write what of these facts is kept. Called once a transaction, at its end."""
        self._next_event, self._next_audit = self._event, self._audit
        events: list[Row] = []
        audits: list[Row] = []
        for fact in facts:
            if isinstance(fact, AuditRecorded):
                row = follow(fact, *self._next_audit)
                self._next_audit = row.sequence, row.hash
                audits.append((*row.fields(), row.hash))
                continue
            line = _timeline(fact)
            if line is not None:
                self._next_event += 1
                events.append((line[0], self._next_event, *line[1:]))
        self._sql.run_many(_ADD_EVENT, events)
        self._sql.run_many(_ADD_AUDIT, audits)

    def committed(self) -> None:
        self._event, self._audit = self._next_event, self._next_audit


def _timeline(fact: Fact) -> Row | None:
    """Return (task_id, at_ms, kind, index, node_id, text) of what a task's owner wants to read later."""
    match fact:
        case TaskSubmitted():
            return fact.task_id, fact.at_ms, "submitted", None, "", f"{fact.subtask_count} subtasks"
        case TaskStateChanged():
            words = f"{fact.source.value} -> {fact.target.value}"
            return fact.task_id, fact.at_ms, "state", None, "", f"{words}: {fact.reason}" if fact.reason else words
        case AttemptEnded() if fact.state is not AttemptState.SUCCEEDED:
            words = f"{fact.state.value}: {fact.reason}" if fact.reason else fact.state.value
            return fact.task_id, fact.at_ms, "attempt", fact.index, fact.node_id, words
        case _:
            return None
