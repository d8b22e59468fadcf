"""What the console's pages need to read: pages by offset with their totals, on connections of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.console import ArtifactRow, AttemptRow, NodeTile, Overview, SubtaskMap, TaskQuery, TaskRows
from core.domain.console_pages import (
    AccountRows,
    AuditRows,
    DayRow,
    LinkRow,
    ListQuery,
    TransferQuery,
    TransferRows,
    UserRows,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNote:
    owner_name: str
    created_ms: int
    last_seen_ms: int
    fingerprint: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLook:
    """One look at the pool: its figures, and each node by id."""

    at_ms: int
    overview: Overview
    tiles: Mapping[str, NodeTile]


class ConsoleReads(Protocol):
    """Committed rows, of all owners: the caller has checked that an operator asks."""

    def tasks(self, query: TaskQuery) -> TaskRows: ...

    def live_tasks(self) -> tuple[Mapping[str, int], int]:
        """Return live tasks by state, and when the oldest that is queued was submitted (0: none)."""

    def task_names(self, task_ids: Sequence[str]) -> Mapping[str, str]: ...

    def subtask_map(self, task_id: str) -> SubtaskMap: ...

    def attempts(self, task_id: str, limit: int) -> Sequence[AttemptRow]:
        """Newest first."""

    def artifacts(self, task_id: str, limit: int) -> Sequence[ArtifactRow]: ...

    def accounts(self, query: ListQuery, today_ms: int) -> AccountRows: ...

    def transfers(self, query: TransferQuery) -> TransferRows: ...

    def days(self, account_id: str, since_ms: int, offset_ms: int) -> Sequence[DayRow]:
        """Return income and spend by day; `offset_ms` is that of the reader's zone from UTC."""

    def spent_since(self, since_ms: int) -> int: ...

    def users(self, query: ListQuery) -> UserRows: ...

    def node_notes(self) -> Mapping[str, NodeNote]:
        """Return what a node's row says that the hot state does not, by node."""

    def user_count(self) -> int: ...

    def audit(self, query: ListQuery) -> AuditRows: ...

    def join_links(self, now_ms: int) -> Sequence[LinkRow]: ...
