"""What the audit log's readers need of it. It is written by the unit of work alone, from facts, at each commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from core.domain.audit import AuditRow
from master_app.ports.reads import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows are wanted; empty: all. `action` is the beginning of one ("user.", "login")."""

    actor_id: str | None = None
    action: str = ""
    subject: str = ""
    #: Part of the details or of where it came from.
    text: str = ""
    since_ms: int = 0
    #: 0: until now.
    until_ms: int = 0


class AuditReads(Protocol):
    """Committed rows, on connections of their own."""

    def page(self, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50) -> Page[AuditRow]:
        """Newest first."""

    def rows(self) -> Iterable[AuditRow]:
        """All rows, oldest first, up to the newest of now. Streams, flat memory."""
