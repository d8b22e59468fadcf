"""Notices as doors and the sender read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import func, literal, select, text, tuple_

from core.domain.ledger import user_account
from core.domain.notices import Channel, Due, Expiring, Notice, NoticeSettings
from core.domain.task import TaskState
from master_app.ports.reads import Page
from master_app.storage.readers import Readers, number_cursor, page_size
from master_app.storage.repositories.notices import row_to_notice
from master_app.storage.tables.ledger import accounts
from master_app.storage.tables.notices import notice_deliveries, notice_settings, notices
from master_app.storage.tables.tasks import TASK_IS_LIVE, tasks
from master_app.storage.values import NOTICE_SETTINGS

#: More than this is "many" on a badge.
MANY: Final = 100
_PREFIX: Final = user_account("")


class SqlNoticeReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def page(self, owner_id: str, *, unread: bool, cursor: str | None, limit: int) -> Page[Notice]:
        size, columns = page_size(limit), notices.c
        query = select(notices).where(columns.owner_id == owner_id)
        if unread:
            query = query.where(columns.read_ms == 0)
        if cursor is not None:
            query = query.where(columns.sequence < number_cursor(cursor))
        rows = self._readers.rows(query.order_by(columns.sequence.desc()).limit(size + 1))
        found = [row_to_notice(tuple(row)) for row in rows]
        return Page(found[:size], str(found[size - 1].sequence) if len(found) > size else None)

    def after(self, owner_id: str, sequence: int, limit: int) -> Sequence[Notice]:
        query = (
            select(notices)
            .where(notices.c.owner_id == owner_id, notices.c.sequence > sequence, notices.c.read_ms == 0)
            .order_by(notices.c.sequence)
            .limit(limit)
        )
        return [row_to_notice(tuple(row)) for row in self._readers.rows(query)]

    def unread(self, owner_id: str) -> int:
        inner = select(notices.c.sequence).where(notices.c.owner_id == owner_id, notices.c.read_ms == 0)
        row = self._readers.row(select(func.count()).select_from(inner.limit(MANY).subquery()))
        return int(row[0]) if row is not None else 0

    def notice(self, owner_id: str, sequence: int) -> Notice | None:
        row = self._readers.row(
            select(notices).where(notices.c.sequence == sequence, notices.c.owner_id == owner_id)
        )
        return None if row is None else row_to_notice(tuple(row))

    def settings(self, owner_id: str) -> NoticeSettings:
        row = self._readers.row(select(notice_settings.c.content).where(notice_settings.c.owner_id == owner_id))
        return NOTICE_SETTINGS.load(str(row[0])) if row is not None else NoticeSettings()

    def due(self, now_ms: int, limit: int, without: Collection[tuple[str, Channel]] = ()) -> Sequence[Due]:
        query = (
            select(notices, notice_deliveries.c.channel, notice_deliveries.c.tries)
            .join(notices, notices.c.sequence == notice_deliveries.c.sequence)
            .where(notice_deliveries.c.next_ms <= now_ms)
            .order_by(notice_deliveries.c.next_ms, notices.c.sequence)
            .limit(limit)
        )
        if without:
            whose = tuple_(notices.c.owner_id, notice_deliveries.c.channel)
            query = query.where(whose.not_in([(owner_id, channel.value) for owner_id, channel in without]))
        return [
            Due(notice=row_to_notice(tuple(row[:-2])), channel=Channel(row[-2]), tries=int(row[-1]))
            for row in self._readers.rows(query.select_from(notice_deliveries))
        ]

    def low_balances(self, below_ucpt: int) -> Sequence[tuple[str, int]]:
        query = (
            select(tasks.c.owner_id, func.coalesce(func.max(accounts.c.balance_ucpt), 0))
            .outerjoin(accounts, accounts.c.account_id == literal(_PREFIX) + tasks.c.owner_id)
            .where(text(TASK_IS_LIVE))
            .group_by(tasks.c.owner_id)
        )
        found = [(str(row[0]), int(row[1])) for row in self._readers.rows(query)]
        return [(owner_id, balance) for owner_id, balance in found if balance < below_ucpt]

    def expiring(self, after_ms: int, until_ms: int) -> Sequence[Expiring]:
        columns = tasks.c
        query = (
            select(
                columns.owner_id,
                func.count(),
                func.min(columns.expires_ms),
                func.min(columns.name),
                func.min(columns.task_id),
            )
            .where(
                columns.expires_ms > after_ms,
                columns.expires_ms <= until_ms,
                text("expires_ms > 0 AND expired = 0"),
                columns.state == TaskState.SUCCEEDED.value,
                columns.result_bytes > 0,
            )
            .group_by(columns.owner_id)
        )
        return [
            Expiring(owner_id=row[0], count=int(row[1]), first_ms=int(row[2]), name=row[3], task_id=row[4])
            for row in self._readers.rows(query)
        ]
