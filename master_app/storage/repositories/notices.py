"""Notices of users. Written at once: they are few."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, select

from core.domain.notices import Channel, Notice, NoticeKind, NoticeSettings, Values
from master_app.storage.statements import Row, Sql, constant, insert_of
from master_app.storage.tables.notices import notice_deliveries, notice_settings, notices
from master_app.storage.values import NOTICE_SETTINGS

_ADD: Final = insert_of(notices)
_LAST: Final = select(func.max(notices.c.sequence))
_OWNER: Final = notices.c.owner_id == bindparam("owner")
_NEWEST: Final = select(func.max(notices.c.at_ms)).where(
    _OWNER, notices.c.subject == bindparam("subject"), notices.c.kind == bindparam("kind")
)
_UNREAD_TO: Final = select(notices.c.sequence).where(
    _OWNER, notices.c.sequence <= bindparam("up_to"), notices.c.read_ms == constant(0)
)
_READ: Final = notices.update().values(read_ms=bindparam("at")).where(notices.c.sequence == bindparam("one"))
_SETTINGS: Final = select(notice_settings.c.content).where(notice_settings.c.owner_id == bindparam("owner"))
_UNPLAN: Final = notice_deliveries.delete().where(
    notice_deliveries.c.sequence == bindparam("one"), notice_deliveries.c.channel == bindparam("channel")
)
_OLD: Final = notices.delete().where(notices.c.at_ms < bindparam("before"))
_MANY: Final = select(notices.c.owner_id).group_by(notices.c.owner_id).having(func.count() > bindparam("keep"))
_SEQUENCES: Final = select(notices.c.sequence).where(_OWNER).order_by(notices.c.sequence.desc())
_DROP: Final = notices.delete().where(_OWNER, notices.c.sequence <= bindparam("up_to"))
_ORPHANS: Final = notice_deliveries.delete().where(notice_deliveries.c.sequence.not_in(select(notices.c.sequence)))
_FORGET: Final = notices.delete().where(_OWNER)
_FORGET_SETTINGS: Final = notice_settings.delete().where(notice_settings.c.owner_id == bindparam("owner"))


def row_to_notice(row: Sequence[object]) -> Notice:
    sequence, owner_id, at_ms, kind, subject, details, read_ms = row
    assert isinstance(sequence, int) and isinstance(at_ms, int) and isinstance(read_ms, int)
    values: Values = json.loads(str(details)) if details else {}
    return Notice(
        sequence=sequence,
        owner_id=str(owner_id),
        at_ms=at_ms,
        kind=NoticeKind(str(kind)),
        subject=str(subject),
        values=values,
        read_ms=read_ms,
    )


class SqlNotices:
    """See the port."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        row = sql.row(_LAST)
        # Only grows: a number that a rolled-back transaction took is not given again.
        self._last = int(row[0] or 0) if row else 0

    def add(self, owner_id: str, kind: NoticeKind, subject: str, values: Values, at_ms: int) -> int:
        self._last += 1
        details = json.dumps(dict(values), ensure_ascii=False) if values else ""
        self._sql.run(_ADD, (self._last, owner_id, at_ms, kind.value, subject, details, 0))
        return self._last

    def newest_ms(self, owner_id: str, kind: NoticeKind, subject: str) -> int:
        row = self._sql.row(_NEWEST, (owner_id, subject, kind.value))
        return int(row[0] or 0) if row else 0

    def mark_read(self, owner_id: str, up_to: int, now_ms: int) -> int:
        rows: list[Row] = [(now_ms, row[0]) for row in self._sql.rows(_UNREAD_TO, (owner_id, up_to))]
        self._sql.run_many(_READ, rows)
        return len(rows)

    def settings(self, owner_id: str) -> NoticeSettings:
        row = self._sql.row(_SETTINGS, (owner_id,))
        return NOTICE_SETTINGS.load(str(row[0])) if row else NoticeSettings()

    def save_settings(self, owner_id: str, settings: NoticeSettings) -> None:
        self._sql.upsert_many(notice_settings, [(owner_id, NOTICE_SETTINGS.dump(settings))])

    def put_due(self, sequence: int, channel: Channel, tries: int, next_ms: int) -> None:
        self._sql.upsert_many(notice_deliveries, [(sequence, channel.value, tries, next_ms)])

    def remove_due(self, sequences: Sequence[int], channel: Channel) -> None:
        self._sql.run_many(_UNPLAN, [(sequence, channel.value) for sequence in sequences])

    def trim(self, keep: int, before_ms: int) -> int:
        gone = self._sql.run(_OLD, (before_ms,))
        for (owner_id,) in self._sql.rows(_MANY, (keep,)):
            sequences = self._sql.rows(_SEQUENCES, (owner_id,))
            gone += self._sql.run(_DROP, (owner_id, sequences[keep][0]))
        if gone:
            self._sql.run(_ORPHANS)
        return gone

    def forget(self, owner_id: str) -> None:
        if self._sql.run(_FORGET, (owner_id,)):
            self._sql.run(_ORPHANS)
        self._sql.run(_FORGET_SETTINGS, (owner_id,))
