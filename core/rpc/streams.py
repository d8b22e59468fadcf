"""The sending half of a session: bounded, thread-safe, one wake-up for many messages, neighbours merged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import replace

from core.domain.session import Ack, MasterMessage, Offers, Orders, Resync

QUEUE_LIMIT = 4096
#: Batches of updates that may be on their way through the writer at once.
UPDATES_WINDOW = 32
_OFFERS_A_MESSAGE = 512


def merge(messages: Iterable[MasterMessage]) -> list[MasterMessage]:
    """Return the same news in fewer messages.

    An Ack may go earlier, since it only says what is durable; offers keep their order and are joined while
    they name the same report. Nothing passes any other message.
    """
    merged: list[MasterMessage] = []
    acks: list[Ack] = []
    offers: list[Offers] = []
    for message in messages:
        if isinstance(message, Ack):
            acks.append(message)
        elif isinstance(message, Offers):
            offers.append(message)
        else:
            _flush(merged, acks, offers)
            merged.append(message)
    _flush(merged, acks, offers)
    return merged


def _flush(merged: list[MasterMessage], acks: list[Ack], offers: list[Offers]) -> None:
    if len(acks) == 1:
        merged.append(acks[0])
    elif acks:
        merged.append(
            Ack(
                session_id=acks[0].session_id,
                report=max(ack.report for ack in acks),
                updates=tuple([number for ack in acks for number in ack.updates]),
                welcome=acks[-1].welcome,
            )
        )
    first = 0
    while first < len(offers):
        last, total = first + 1, len(offers[first].offers)
        while (
            last < len(offers)
            and offers[last].lease_report == offers[first].lease_report
            and offers[last].term == offers[first].term
            and total + len(offers[last].offers) <= _OFFERS_A_MESSAGE
        ):
            total += len(offers[last].offers)
            last += 1
        if last == first + 1:
            merged.append(offers[first])
        else:
            group = offers[first:last]
            merged.append(
                replace(
                    group[0],
                    briefs=tuple([brief for each in group for brief in each.briefs]),
                    offers=tuple([offer for each in group for offer in each.offers]),
                )
            )
        first = last
    acks.clear()
    offers.clear()


def _merged_orders(older: Orders, newer: Orders) -> Orders:
    """The newest state counts, but each attempt that is to stop is named: they are ordered one by one."""
    stops = {(stop.attempt_id, stop.give_back): stop for stop in (*older.stops, *newer.stops)}
    interval_s = newer.report_interval_s or older.report_interval_s
    return replace(newer, stops=tuple(stops.values()), report_interval_s=interval_s)


class SessionStream:
    """Implements `SessionLink`. `send`, `close` and `finished` may be called on any thread, the rest on the loop.

    What is not an answer of the door itself waits until `release`, so that nothing comes before the SyncReply.
    """

    def __init__(self, session_id: str, loop: asyncio.AbstractEventLoop, limit: int = QUEUE_LIMIT) -> None:
        self._session_id = session_id
        self._loop = loop
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: list[MasterMessage] = []
        self._released = False
        self._woken = False
        self._wake = asyncio.Event()
        self._reason: str | None = None
        self._in_flight = 0

    @property
    def session_id(self) -> str:
        return self._session_id

    @property
    def reason(self) -> str:
        """Why the session was closed; empty while it is open."""
        return self._reason or ""

    def send(self, message: MasterMessage) -> None:
        with self._lock:
            self._put(message)

    def close(self, reason: str) -> None:
        """End the session after what is queued, with a Resync that names the reason. Idempotent."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._rouse()

    def release(self, first: MasterMessage) -> None:
        """Send the SyncReply, then all that waited for it."""
        with self._lock:
            self._queue.insert(0, first)
            self._released = True
            self._rouse()

    def started(self) -> None:
        """Count one batch of updates that is on its way through the writer."""
        with self._lock:
            self._in_flight += 1

    def finished(self, message: MasterMessage | None) -> None:
        """A batch is through; `message` is what to answer."""
        with self._lock:
            self._in_flight -= 1
            if message is not None:
                self._put(message)
            self._rouse()

    @property
    def window_open(self) -> bool:
        return self._in_flight < UPDATES_WINDOW

    async def next_messages(self) -> list[MasterMessage] | None:
        """Wait for messages and return all that wait, merged; None once the session is over."""
        while True:
            await self._wake.wait()
            with self._lock:
                self._wake.clear()
                self._woken = False
                queue: list[MasterMessage] = []
                if self._released:
                    queue, self._queue = self._queue, queue
                over = self._reason is not None
            if queue:
                if over:
                    self._wake.set()
                return merge(queue)
            if over:
                return None
            return []

    def _put(self, message: MasterMessage) -> None:
        if self._reason is not None:
            return
        if isinstance(message, Resync):
            self._reason = message.reason or "resync"
        elif len(self._queue) >= self._limit:
            # A node that does not read; what it missed it learns by its next SYNC.
            self._reason = "the node does not keep up"
            self._queue.clear()
        elif isinstance(message, Orders) and self._queue and isinstance(self._queue[-1], Orders):
            self._queue[-1] = _merged_orders(self._queue[-1], message)
        else:
            self._queue.append(message)
        self._rouse()

    def _rouse(self) -> None:
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._wake.set)
            except RuntimeError:
                # The loop is closed: the master stops, and with it every session.
                self._reason = self._reason or "the master stops"
