"""The port through which the agent speaks with its master: a session, blobs, logs and enrolment.

    session = await link.connect(hello)      # dials, sends HELLO; the first answer is Welcome or Refused
    await session.send(report)               # in order; returns when the stream took it, not when acknowledged
    message = await session.receive()        # raises LinkClosed when the stream is over
    await session.close()

    await blobs.missing(attempt_id, digests) # which the master does not have yet
    async for piece in blobs.fetch(...): ... # resumable by offset
    await blobs.store(attempt_id, digest, file)

    async for ack in logs.append(chunks): ...

Everything raises LinkClosed when the connection is down or breaks, and never waits without a bound. What the
other side sent wrongly is ProtocolError. The agent's rules (backoff, renewal, resending) are not here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.domain.errors import HiveMindError
from core.domain.membership import PracticeTask
from core.domain.node import NodeFacts
from core.domain.session import AgentMessage, Hello, JoinLink, LogAck, LogChunk, MasterMessage


class LinkClosed(HiveMindError):
    """The master cannot be reached, or the stream broke. Trying again later is right."""

    default_code = "MASTER_UNREACHABLE"


class NobodyListens(LinkClosed):
    """The master's computer answers, but no master listens there: it is being started again, most likely."""

    default_code = "MASTER_NOT_RUNNING"


class LinkRefused(HiveMindError):
    """The master was reached and turned us away: certificate, fingerprint, token. Only a person mends it."""

    default_code = "MASTER_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this node is to its master, as kept in an owner-only file. The key was made here and stays here."""

    node_id: str
    node_name: str
    owner_id: str
    key_pem: bytes = field(repr=False)
    certificate_pem: bytes
    ca_pem: bytes
    #: `HOST:PORT` of the node door (mutual TLS) and of the control door (enrolment, renewal).
    node_door: str
    control_door: str
    #: End of the certificate's life, Unix time; the agent renews well before it.
    expires_at_ms: int
    pool_name: str = ""
    #: An operator must approve the node first; it may connect and wait.
    pending: bool = False
    #: What the owner is shown before agreeing: who runs the pool, who may submit there, whose node this is.
    operator: str = ""
    sign_up: str = ""
    owner_name: str = ""


class Session(Protocol):
    """One bidirectional stream. MUST be closed. `send` and `receive` may be awaited at the same time."""

    async def send(self, message: AgentMessage) -> None:
        """Hand one message to the stream, in order. Raises LinkClosed; then it may or may not have gone out."""
        ...

    async def receive(self) -> MasterMessage:
        """Return the next message. Raises LinkClosed at the end of the stream, also of a dead one: C1's
        keepalive ends it within 30 s.
        """
        ...

    async def close(self) -> None:
        """End the stream. Idempotent, bounded in time, never raises."""
        ...


class Link(Protocol):
    """The way to the node door."""

    async def connect(self, hello: Hello) -> Session:
        """Dial and send `hello`. Bounded by 15 s. Raises LinkClosed or LinkRefused."""
        ...

    async def close(self) -> None:
        """Give back the channel, which blobs and logs share. Idempotent."""
        ...


class BlobLink(Protocol):
    """Content in and out, each call under the grant of one attempt."""

    async def missing(self, attempt_id: str, digests: Sequence[str]) -> frozenset[str]:
        """Return those of `digests` that the master does not have."""
        ...

    def fetch(self, attempt_id: str, digest: str, *, offset: int = 0, length: int = 0) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob from `offset`, `length` of them (0: to its end), in pieces of any size.

        Raises NotFound when there is no such blob or no grant for it. The digest of the whole is checked by the
        caller, who may be resuming.
        """
        ...

    async def store(self, attempt_id: str, digest: str, file: Path, size_bytes: int) -> None:
        """Send a blob from a local file, going on where a broken transfer of it ended; durable on return.

        Raises StorageFull when the master has no room, Invalid when the content is not that of `digest`.
        """
        ...


class SecretLink(Protocol):
    """What the task's submitter entrusted to the master, for one attempt that lives on this node."""

    async def secrets(self, attempt_id: str) -> Mapping[str, str]:
        """Return names and values for the attempt's environment. MUST NOT be kept on this machine's disk.

        Raises NotFound: code SECRET_MISSING when one is not set any more, else the attempt is not ours.
        """
        ...


class LogLink(Protocol):
    """What attempts write, on a stream of its own, so that logs never delay a lease."""

    def append(self, chunks: AsyncIterator[LogChunk]) -> AsyncIterator[LogAck]:
        """Send chunks as they come and yield what is kept, until `chunks` ends or the stream breaks."""
        ...


class MembershipLink(Protocol):
    """What a node asks once, beside its session. Raises LinkClosed, LinkRefused and what the master answers."""

    async def practise(self) -> PracticeTask:
        """Return the practice task of this node's owner; without an id when it is over."""
        ...

    async def use(self, identity: Identity) -> None:
        """Go on with a renewed certificate: from the next dial and the next transfer on."""
        ...

    async def leave(self) -> None:
        """Have this node revoked. Its certificate is worth nothing afterwards."""
        ...


class EnrolmentLink(Protocol):
    """Becoming a node, and staying one. On the control door, where no client certificate is asked for."""

    def new_key(self) -> bytes:
        """Make a private key (PEM). The caller keeps it before `enrol`, so that no issued certificate is lost."""
        ...

    async def enrol(self, link: JoinLink, *, key_pem: bytes, facts: NodeFacts, agent_version: str) -> Identity:
        """Spend the one-time secret of `link` for a certificate. The master's CA must have the link's digest.

        Raises LinkRefused (wrong fingerprint; used, expired or unknown link), LinkClosed.
        """
        ...

    async def renew(self, identity: Identity) -> Identity:
        """Get a new certificate for the same key, also when the old one has expired; refused once revoked."""
        ...
