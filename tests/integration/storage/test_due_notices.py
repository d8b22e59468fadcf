"""Which deliveries of notices are due, on both databases."""

from __future__ import annotations

from core.domain.notices import Channel, NoticeKind
from master_app.ports.unit_of_work import UnitOfWork
from tests.support.storage import Opened


def test_who_is_delivered_to_already_is_left_out_on_that_channel_alone(opened: Opened) -> None:
    def plan(uow: UnitOfWork) -> None:
        for owner_id in ("ann", "bob"):
            sequence = uow.notices.add(owner_id, NoticeKind.DONE, "", {}, 1)
            for channel in Channel:
                uow.notices.put_due(sequence, channel, 0, 1)

    opened.storage.writer.execute(plan).result(30)
    found = opened.storage.notice_reads.due(5, 10, {("ann", Channel.WEBHOOK)})
    assert sorted((due.notice.owner_id, due.channel) for due in found) == [
        ("ann", Channel.MAIL),
        ("bob", Channel.MAIL),
        ("bob", Channel.WEBHOOK),
    ]
    assert len(opened.storage.notice_reads.due(5, 10)) == 4
