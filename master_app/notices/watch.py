"""Notices of what no act tells: a balance that runs low while tasks go on, results that are about to expire."""

from __future__ import annotations

from typing import Final

from core.domain.ledger import MAX_AMOUNT_UCPT
from core.domain.notices import KEPT_MS, MAX_KEPT, NoticeKind, Values
from master_app.notices.raising import tell
from master_app.ports.notices import NoticeReads
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer

DAY_MS: Final = 86_400_000
#: Results are told of so long before they go, or a quarter of their time where that is less.
_BEFORE_MS: Final = 3 * DAY_MS


class NoticeWatch:
    """One `tick` a minute. Each of these things is told a user at most once a day."""

    def __init__(self, *, writer: Writer, reads: NoticeReads, retention_ms: int) -> None:
        self._writer = writer
        self._reads = reads
        self._before_ms = min(_BEFORE_MS, retention_ms // 4)

    def tick(self) -> None:
        now_ms = self._writer.execute(self._trim, lane=Lane.INNER).result(60)
        for owner_id, balance_ucpt in self._reads.low_balances(MAX_AMOUNT_UCPT):
            settings = self._reads.settings(owner_id)
            if balance_ucpt < settings.low_ucpt:
                values = {"balance_ucpt": balance_ucpt, "below_ucpt": settings.low_ucpt}
                self._once_a_day(owner_id, NoticeKind.LOW_BALANCE, values)
        for found in self._reads.expiring(now_ms, now_ms + self._before_ms):
            self._once_a_day(
                found.owner_id,
                NoticeKind.EXPIRING,
                {"count": found.count, "first_ms": found.first_ms, "name": found.name, "task_id": found.task_id},
            )

    def _once_a_day(self, owner_id: str, kind: NoticeKind, values: Values) -> None:
        def command(uow: UnitOfWork) -> None:
            newest = uow.notices.newest_ms(owner_id, kind, "")
            if not newest or uow.now_ms - newest >= DAY_MS:
                tell(uow, owner_id, kind, "", values)

        self._writer.execute(command, lane=Lane.INNER).result(60)

    @staticmethod
    def _trim(uow: UnitOfWork) -> int:
        uow.notices.trim(MAX_KEPT, uow.now_ms - KEPT_MS)
        return uow.now_ms
