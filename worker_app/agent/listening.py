"""Listens to what passes between the agent and its master and database, for the owner's eyes. Changes nothing."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.clock import Clock
from core.domain.attempt import LIVE_ATTEMPT_STATES, AttemptState
from core.domain.session import Ack, AgentMessage, Hello, MasterMessage, Offer, Receipt, Report, TaskBrief, Welcome
from core.domain.spec import TaskSpec
from worker_app.agent.earnings import EarningsBook
from worker_app.agent.ports.link import Link, Session
from worker_app.agent.ports.store import AgentStore, BriefKey, Changes, Stored

logger = logging.getLogger(__name__)


class HeardSession:
    """A session that tells what went through it."""

    def __init__(self, session: Session, heard: HeardLink) -> None:
        self._session = session
        self._heard = heard

    async def send(self, message: AgentMessage) -> None:
        if isinstance(message, Report):
            self._heard.reported(message.number)
        await self._session.send(message)

    async def receive(self) -> MasterMessage:
        message = await self._session.receive()
        self._heard.take(message)
        return message

    async def close(self) -> None:
        await self._session.close()


class HeardLink:
    """Implements `ports.link.Link` around another one; on the agent's loop."""

    def __init__(self, link: Link, book: EarningsBook, clock: Clock) -> None:
        self._link = link
        self._book = book
        self._clock = clock
        self._sent: dict[int, int] = {}
        # The loop renews leases; it never waits for a disk.
        self._clerk = ThreadPoolExecutor(1, "receipts")
        #: Of the newest report: from sending to its acknowledgement; negative: not known yet.
        self.latency_ms = -1
        self.protocol = 0
        self.last_contact_ms = 0

    async def connect(self, hello: Hello) -> Session:
        self._sent.clear()
        return HeardSession(await self._link.connect(hello), self)

    async def close(self) -> None:
        await self._link.close()
        self._clerk.shutdown(wait=True)

    def _received(self, receipts: tuple[Receipt, ...], at_ms: int) -> None:
        try:
            self._book.received(receipts, at_ms)
        except sqlite3.Error as error:
            logger.warning("a receipt could not be kept", extra={"reason": str(error)})

    def reported(self, number: int) -> None:
        self._sent[number] = self._clock.steady_ms()
        if len(self._sent) > 16:
            del self._sent[next(iter(self._sent))]

    def take(self, message: MasterMessage) -> None:
        """Note what this message tells an owner."""
        self.last_contact_ms = self._clock.wall_ms()
        try:
            if isinstance(message, Welcome):
                self.protocol = message.protocol
                self._book.use_rule(message.reward_rule)
            elif isinstance(message, Ack):
                sent = self._sent.pop(message.report, None)
                if sent is not None:
                    self.latency_ms = self._clock.steady_ms() - sent
                if message.receipts:
                    self._clerk.submit(self._received, message.receipts, self.last_contact_ms)
        except (sqlite3.Error, ValueError) as error:
            # Seeing earnings must never cost a session.
            logger.warning("a receipt could not be kept", extra={"reason": str(error)})


class HeardStore:
    """Implements `ports.store.AgentStore` around another one: attempts that end are kept in the earnings' book."""

    def __init__(self, store: AgentStore, book: EarningsBook, load_spec: Callable[[str], TaskSpec]) -> None:
        self._store = store
        self._book = book
        self._load_spec = load_spec
        self._offers: dict[str, Offer] = {}
        self._briefs: dict[BriefKey, TaskBrief] = {}
        #: Read once a brief: there may be thousands of attempts a second, each of which names its task.
        self._names: dict[BriefKey, str] = {}

    def open(self) -> Stored:
        stored = self._store.open()
        self._offers = {one.offer.attempt_id: one.offer for one in stored.attempts if one.offer is not None}
        self._briefs = dict(stored.briefs)
        return stored

    def write(self, changes: Changes) -> None:
        self._store.write(changes)
        try:
            with self._book.batch():
                self._note(changes)
        except (sqlite3.Error, ValueError) as error:
            logger.warning("an earning could not be kept", extra={"reason": str(error)})

    def _note(self, changes: Changes) -> None:
        for brief in changes.briefs:
            self._briefs[brief.task_id, brief.revision] = brief
        for offer, _ in changes.accepted:
            self._offers[offer.attempt_id] = offer
        for update in changes.updates:
            if update.state in LIVE_ATTEMPT_STATES or update.state is AttemptState.REJECTED:
                continue
            ended = self._offers.pop(update.attempt_id, None)
            if ended is not None:
                brief_of = self._briefs.get((ended.task_id, ended.revision))
                name = self._name_of(brief_of) if brief_of else ended.task_id
                self._book.ended(ended, brief_of, name, update)
        for key in changes.dropped_briefs:
            self._briefs.pop(key, None)
            self._names.pop(key, None)
        for attempt_id in changes.dropped:
            self._offers.pop(attempt_id, None)

    def _name_of(self, brief: TaskBrief) -> str:
        key = (brief.task_id, brief.revision)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._load_spec(brief.spec_json).name
        return name

    def close(self) -> None:
        self._store.close()
