"""The queue behind a session: bounded, merged, ordered, ended once."""

from __future__ import annotations

import asyncio
import threading

from core.domain.resources import Resources
from core.domain.session import Ack, Offer, Offers, Orders, Resync, StopOrder, SyncReply
from core.rpc.streams import SessionStream, merge


def offers(number: int, lease_report: int = 0, count: int = 1) -> Offers:
    made = [
        Offer(
            attempt_id=f"{number}.{i}",
            task_id="t",
            revision=1,
            index=i,
            epoch=1,
            attempt_number=1,
            resources=Resources(),
            lease_s=600,
        )
        for i in range(count)
    ]
    return Offers(session_id="s", term=1, lease_report=lease_report, briefs=(), offers=tuple(made))


def ack(*numbers: int, report: int = 0) -> Ack:
    return Ack(session_id="s", report=report, updates=numbers)


def test_acks_and_offers_are_joined() -> None:
    merged = merge([ack(1), offers(1), ack(2, 3, report=4), offers(2), ack(report=3)])
    assert merged[0] == ack(1, 2, 3, report=4)
    assert isinstance(merged[1], Offers) and [o.attempt_id for o in merged[1].offers] == ["1.0", "2.0"]
    assert len(merged) == 2


def test_offers_that_name_different_reports_stay_apart() -> None:
    assert merge([offers(1, 1), offers(2, 2)]) == [offers(1, 1), offers(2, 2)]


def test_a_joined_message_stays_bounded() -> None:
    merged = merge([offers(1, count=300), offers(2, count=300)])
    assert [len(each.offers) for each in merged if isinstance(each, Offers)] == [300, 300]


def test_nothing_passes_orders() -> None:
    orders = Orders(session_id="s", draining=True)
    assert merge([offers(1), orders, offers(2), ack(1)]) == [offers(1), orders, ack(1), offers(2)]


async def test_nothing_goes_out_before_the_sync_reply() -> None:
    stream = SessionStream("s", asyncio.get_running_loop())
    stream.send(offers(1))
    assert await stream.next_messages() == []
    reply = SyncReply(session_id="s", verdicts=())
    stream.release(reply)
    assert await stream.next_messages() == [reply, offers(1)]


async def test_a_node_that_does_not_read_is_closed_and_memory_stays_bounded() -> None:
    stream = SessionStream("s", asyncio.get_running_loop(), limit=10)
    for number in range(50):
        stream.send(offers(number))
    assert stream.reason == "the node does not keep up"
    assert await stream.next_messages() is None


async def test_what_was_queued_before_the_end_still_goes_out() -> None:
    stream = SessionStream("s", asyncio.get_running_loop())
    stream.release(SyncReply(session_id="s", verdicts=()))
    stream.send(ack(1))
    stream.send(Resync(session_id="s", reason="why"))
    stream.send(ack(2))
    messages = await stream.next_messages()
    assert messages is not None and messages[-1] == ack(1)
    assert await stream.next_messages() is None and stream.reason == "why"


async def test_only_the_newest_of_waiting_orders_counts() -> None:
    stream = SessionStream("s", asyncio.get_running_loop())
    stream.release(SyncReply(session_id="s", verdicts=()))
    stream.send(Orders(session_id="s", paused=True))
    stream.send(Orders(session_id="s", paused=False))
    messages = await stream.next_messages()
    assert messages is not None and messages[1:] == [Orders(session_id="s", paused=False)]


async def test_no_message_of_many_threads_is_lost() -> None:
    stream = SessionStream("s", asyncio.get_running_loop())
    stream.release(SyncReply(session_id="s", verdicts=()))

    def work(first: int) -> None:
        for number in range(first, first + 500):
            stream.send(ack(number))

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 500, 1000)]
    for thread in threads:
        thread.start()
    seen: set[int] = set()
    async with asyncio.timeout(10):
        while len(seen) < 1500:
            for message in await stream.next_messages() or ():
                if isinstance(message, Ack):
                    seen.update(message.updates)
    for thread in threads:
        thread.join()


async def test_the_window_closes_and_opens() -> None:
    stream = SessionStream("s", asyncio.get_running_loop())
    for _ in range(32):
        stream.started()
    assert not stream.window_open
    stream.finished(None)
    assert stream.window_open


async def test_waiting_orders_name_every_attempt_that_is_to_stop() -> None:
    """They are sent one by one: of a task that is cancelled none may run on until the next report."""
    stream = SessionStream("s", asyncio.get_running_loop())
    stream.release(SyncReply(session_id="s", verdicts=()))
    for name in ("a", "b", "a"):
        stop = StopOrder(attempt_id=name, reason="cancelled")
        stream.send(Orders(session_id="s", stops=(stop,), report_interval_s=1.0 if name == "b" else 0.0))
    messages = await stream.next_messages()
    assert messages is not None
    [orders] = [message for message in messages if isinstance(message, Orders)]
    assert [stop.attempt_id for stop in orders.stops] == ["a", "b"]
    assert orders.report_interval_s == 1.0
