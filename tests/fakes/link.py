"""A master as an agent sees one, in one process: it answers HELLO and SYNC, acknowledges, and offers on request.

master = FakeMaster()
master.offer(brief, offer)              # goes out with the next live session, or at once
await master.ended(attempt_id)          # its terminal update
master.cut()                            # every stream breaks; `reachable = False` keeps it so
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.domain.attempt import TERMINAL_ATTEMPT_STATES
from core.domain.errors import HiveMindError, Invalid, NotFound
from core.domain.membership import PracticeTask
from core.domain.node import NodeFacts
from core.domain.session import (
    Ack,
    AgentMessage,
    AttemptUpdate,
    Hello,
    JoinLink,
    LogAck,
    LogChunk,
    LogStream,
    MasterMessage,
    Offer,
    Offers,
    Orders,
    Refused,
    Report,
    StopOrder,
    Sync,
    SyncReply,
    TaskBrief,
    Updates,
    Verdict,
    Welcome,
)
from worker_app.agent.ports.link import Identity, LinkClosed, LinkRefused


class FakeSession:
    """See `worker_app.agent.ports.link.Session`."""

    def __init__(self, master: FakeMaster, session_id: str) -> None:
        self._master = master
        self.session_id = session_id
        self._incoming: asyncio.Queue[MasterMessage | None] = asyncio.Queue()
        self.is_open = True

    async def send(self, message: AgentMessage) -> None:
        if not self.is_open:
            raise LinkClosed("the stream is closed")
        self._master.received(self, message)

    async def receive(self) -> MasterMessage:
        message = await self._incoming.get() if self.is_open or not self._incoming.empty() else None
        if message is None:
            raise LinkClosed("the stream ended")
        return message

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        if self.is_open:
            self.is_open = False
            self._incoming.put_nowait(None)

    def push(self, message: MasterMessage) -> None:
        if self.is_open:
            self._incoming.put_nowait(message)


class FakeMaster:
    """Link, BlobLink and LogLink in one, as one channel is."""

    def __init__(self, *, report_interval_s: float = 30) -> None:
        self.reachable = True
        self.acknowledges = True
        self.refusal: Refused | None = None
        self.report_interval_s = report_interval_s
        self.term = 1
        self.hellos: list[Hello] = []
        self.syncs: list[Sync] = []
        self.reports: list[Report] = []
        #: Every update in the order of arrival, and the terminal one by attempt.
        self.updates: list[AttemptUpdate] = []
        self.terminal: dict[str, AttemptUpdate] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.blobs: dict[str, bytes] = {}
        self.secret_values: dict[str, str] = {}
        self.logs: dict[tuple[str, LogStream], bytearray] = {}
        self.session: FakeSession | None = None
        self.practice = PracticeTask(task_id="practice-task", owner_id="the-pool")
        self.practice_refusal: HiveMindError | None = None
        #: Each renewed identity that it was told to go on with.
        self.used: list[Identity] = []
        self._live = False
        self._waiting: list[tuple[TaskBrief, Offer]] = []
        self._known_briefs: set[tuple[str, int]] = set()
        self._changed = asyncio.Event()

    async def secrets(self, attempt_id: str) -> Mapping[str, str]:
        if not self.secret_values:
            raise NotFound('The secret "TOKEN" is not set.', code="SECRET_MISSING")
        return self.secret_values

    # ------------------------------------------------------------ what a test says

    def offer(self, brief: TaskBrief, *offers: Offer) -> None:
        self._waiting += [(brief, offer) for offer in offers]
        self._flush()

    def stop(self, attempt_id: str, reason: str = "cancelled", *, give_back: bool = False) -> None:
        order = StopOrder(attempt_id=attempt_id, reason=reason, give_back=give_back)
        assert self.session is not None
        self.session.push(Orders(session_id=self.session.session_id, stops=(order,)))

    def cut(self) -> None:
        """Break the stream."""
        self._live = False
        if self.session is not None:
            self.session.drop()

    async def ended(self, attempt_id: str, timeout_s: float = 20) -> AttemptUpdate:
        """Return the attempt's terminal update once it is there."""
        await self.until(lambda: attempt_id in self.terminal, timeout_s)
        return self.terminal[attempt_id]

    async def until(self, condition: object, timeout_s: float = 20) -> None:
        """Return once `condition()` holds; it is looked at after each message."""
        async with asyncio.timeout(timeout_s):
            while not condition():  # type: ignore[operator]
                self._changed.clear()
                await self._changed.wait()

    # ------------------------------------------------------------ the session

    async def connect(self, hello: Hello) -> FakeSession:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        self.hellos.append(hello)
        session = self.session = FakeSession(self, f"session-{len(self.hellos)}")
        self._live = False
        self._known_briefs.clear()
        if self.refusal is not None:
            session.push(self.refusal)
        else:
            session.push(
                Welcome(
                    session_id=session.session_id,
                    term=self.term,
                    protocol=1,
                    master_time_ms=0,
                    report_interval_s=self.report_interval_s,
                    node_name="fake-node",
                    owner_id="owner",
                )
            )
        self._changed.set()
        return session

    async def close(self) -> None:
        self.cut()

    def received(self, session: FakeSession, message: AgentMessage) -> None:
        """Take a message of the agent and answer as a master does."""
        if session is not self.session:
            return
        if isinstance(message, Sync):
            self.syncs.append(message)
            verdicts = tuple(
                (held.attempt_id, self.verdicts.get(held.attempt_id, Verdict.CONTINUE))
                for held in message.attempts
            )
            session.push(SyncReply(session_id=session.session_id, verdicts=verdicts))
            self._live = True
            self._flush()
        elif isinstance(message, Report):
            self.reports.append(message)
            if self.acknowledges:
                session.push(Ack(session_id=session.session_id, report=message.number))
        elif isinstance(message, Updates):
            self._updated(session, message)
        self._changed.set()

    def _updated(self, session: FakeSession, message: Updates) -> None:
        self.updates += message.updates
        if not self.acknowledges:
            return
        for update in message.updates:
            if update.state in TERMINAL_ATTEMPT_STATES:
                self.terminal.setdefault(update.attempt_id, update)
        numbers = tuple(update.number for update in message.updates)
        session.push(Ack(session_id=session.session_id, updates=numbers))

    def _flush(self) -> None:
        if not self._live or not self._waiting or self.session is None:
            return
        briefs = {
            (brief.task_id, brief.revision): brief
            for brief, _ in self._waiting
            if (brief.task_id, brief.revision) not in self._known_briefs
        }
        self._known_briefs |= set(briefs)
        self.session.push(
            Offers(
                session_id=self.session.session_id,
                term=self.term,
                lease_report=0,
                briefs=tuple(briefs.values()),
                offers=tuple(offer for _, offer in self._waiting),
            )
        )
        self._waiting = []

    # ------------------------------------------------------------ blobs and logs

    def keep(self, content: bytes) -> str:
        """Have a blob; return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return digest

    async def missing(self, attempt_id: str, digests: Sequence[str]) -> frozenset[str]:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        return frozenset(digest for digest in digests if digest not in self.blobs)

    async def fetch(
        self, attempt_id: str, digest: str, *, offset: int = 0, length: int = 0
    ) -> AsyncIterator[bytes]:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        if digest not in self.blobs:
            raise NotFound("no such blob")
        content = self.blobs[digest]
        end = offset + length if length else len(content)
        for start in range(offset, end, 1 << 20):
            yield content[start : min(end, start + (1 << 20))]

    async def store(self, attempt_id: str, digest: str, file: Path, size_bytes: int) -> None:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest or len(content) != size_bytes:
            raise Invalid("the content is not that of its digest")
        self.blobs[digest] = content

    async def practise(self) -> PracticeTask:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        if self.practice_refusal is not None:
            raise self.practice_refusal
        return self.practice

    async def use(self, identity: Identity) -> None:
        self.used.append(identity)

    async def leave(self) -> None:
        if not self.reachable:
            raise LinkClosed("nobody answers")

    async def append(self, chunks: AsyncIterator[LogChunk]) -> AsyncIterator[LogAck]:
        async for chunk in chunks:
            if not self.reachable:
                raise LinkClosed("nobody answers")
            log = self.logs.setdefault((chunk.attempt_id, chunk.stream), bytearray())
            if chunk.offset <= len(log):
                log[chunk.offset :] = chunk.content
            self._changed.set()
            yield LogAck(attempt_id=chunk.attempt_id, stream=chunk.stream, next_offset=len(log))


class FakeEnrolment:
    """See `worker_app.agent.ports.link.EnrolmentLink`. One token is good."""

    def __init__(self, token: str = "good") -> None:
        self._token = token
        self.renewed = 0
        self.reachable = True
        #: How much longer a renewed certificate is good.
        self.longer_ms = 1

    def new_key(self) -> bytes:
        return b"KEY"

    async def enrol(self, link: JoinLink, *, key_pem: bytes, facts: NodeFacts, agent_version: str) -> Identity:
        if link.token != self._token:
            raise LinkRefused("This join link was used already.", code="JOIN_LINK_USED")
        return Identity(
            node_id="node-1",
            node_name="fake-node",
            owner_id="owner",
            key_pem=key_pem,
            certificate_pem=b"CERT",
            ca_pem=b"CA",
            node_door=f"{link.host}:50051",
            control_door=f"{link.host}:{link.control_port}",
            expires_at_ms=1 << 50,
        )

    async def renew(self, identity: Identity) -> Identity:
        if not self.reachable:
            raise LinkClosed("nobody answers")
        self.renewed += 1
        return replace(identity, certificate_pem=b"CERT2", expires_at_ms=identity.expires_at_ms + self.longer_ms)
