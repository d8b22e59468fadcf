"""What the doors call. Services answer with `concurrent.futures.Future`s and may be called on the rpc loop:
they prepare in memory and never block. Any call may raise a `HiveMindError` at once (`Busy`: a queue is full).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from typing import BinaryIO, Protocol

from core.domain.audit import AuditCheck
from core.domain.condition import Condition
from core.domain.membership import Enrolled, PracticeTask
from core.domain.operations import (
    BackupMade,
    JoinLinkMade,
    LedgerCheck,
    NewJoinLink,
    NewUser,
    NodeAction,
    NodePage,
    OperatorIdentity,
    Renewal,
    TaskAction,
    TaskPage,
)
from core.domain.session import (
    Ack,
    EnrolmentRequest,
    Hello,
    LogAck,
    LogChunk,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from core.domain.views import NodeView, TaskView
from master_app.ports.node_pool import SessionLink


class NodeDirectory(Protocol):
    """Which certificates are good now. Asked on each Open, blob and log call; answers from memory."""

    def check_certificate(self, node_id: str, certificate_serial: str) -> None:
        """Raise Unauthenticated unless this serial (hex, lower case) is the node's current one, or the one
        before it while the new one was not used yet, and the node is not revoked.
        """


class SessionService(Protocol):
    """Sessions of agents. `session_id` of every call is the link's own; the door has checked it."""

    def open(
        self, node_id: str, certificate_serial: str, link: SessionLink, hello: Hello
    ) -> Future[Welcome | Refused]:
        """Admit a node. `node_id` comes from the certificate and equals `hello.node_id`.

        `Welcome.session_id` MUST be `link.session_id`. From the commit on this session is the node's only one:
        the service may use `link` at once, and the door ends the older stream when the Welcome arrives.
        """

    def sync(self, session_id: str, sync: Sync) -> Future[SyncReply | Resync]:
        """Reconcile, once a session. Offers may be sent down the link before the reply resolves; the door
        sends the reply first.
        """

    def report(self, session_id: str, report: Report) -> Ack | Resync:
        """Take a soft report: at once, from memory, on the rpc loop."""

    def updates(self, session_id: str, updates: Updates) -> Future[Ack | Resync]:
        """Resolve after the commit. Called again before the former resolved; order is that of the calls."""

    def closed(self, session_id: str, reason: str) -> None:
        """The stream is over. Called once for each session that `open` welcomed, whoever ended it."""


class EnrolmentService(Protocol):
    def enrol(self, request: EnrolmentRequest, peer: str) -> Future[Enrolled]:
        """Spend a use of the token and sign the certificate. Raises Unauthenticated for any token that is not
        good, in the same words; RateLimited for a `peer` (address) that guesses.
        """

    def renew(self, renewal: Renewal, peer: str) -> Future[bytes]:
        """Return the new certificate (PEM). The door has checked the proof; the service checks that the node
        lives, is not revoked, and that serial or key are the ones it has.
        """


class NodeMembershipService(Protocol):
    """What a node asks beside its session."""

    def practise(self, node_id: str) -> Future[PracticeTask]:
        """Make the practice task of the node's owner, once; asked again, return the same one. Raises Conflict
        while an operator has not approved the node.
        """

    def leave(self, node_id: str) -> Future[None]:
        """Revoke the node in its owner's name; what it still holds is lost."""


class GrantService(Protocol):
    """Which node may read or write what; from live attempts. May read the database, so it gives a future."""

    def may_read(self, node_id: str, attempt_id: str, sha256: str) -> Future[bool]:
        """Tell whether this attempt lives on this node and its task's blobs hold `sha256`."""

    def note_missing(self, node_id: str, attempt_id: str, sha256: str) -> Future[None]:
        """A blob that this attempt may read is not there, or damaged: whoever waits for it is told."""

    def may_store(self, node_id: str, attempt_id: str) -> Future[bool]:
        """Tell whether this attempt is of this node and its terminal update was not acknowledged yet (R5)."""


class BlobWriting(Protocol):
    """One blob on its way in. All calls may block: the door makes them in a thread, one at a time."""

    @property
    def offset(self) -> int:
        """How much is already there, from an earlier try too."""

    def write(self, content: bytes) -> None:
        """Append. Raises StorageFull, and TooLarge past the announced size."""

    def commit(self) -> None:
        """Check size and SHA-256 and make it durable; raises Invalid and drops what was there on mismatch."""

    def close(self) -> None:
        """Let go. What was not committed stays for a later try, until the store sweeps it."""


class BlobStore(Protocol):
    """The content store. All calls may block."""

    def size(self, sha256: str) -> int | None:
        """Return the size of a blob that is whole, else None."""

    def is_sound(self, sha256: str) -> bool:
        """Tell whether a blob is there with the right content; one that is damaged is moved aside."""

    def whole(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield all of a blob; one that is damaged ends with NotFound (BLOB_DAMAGED) instead of its last piece."""

    def open(self, sha256: str) -> BinaryIO:
        """Open a whole blob for reading; raises NotFound."""

    def receive(self, sha256: str, size: int) -> BlobWriting:
        """Start or go on with a blob. Raises StorageFull, TooLarge; Busy while another call writes it."""


class Meter(Protocol):
    """Counts what moves to nodes and from them. Cheap, and never raises."""

    def count(self, node_id: str, *, sent: int = 0, received: int = 0) -> None: ...


class LogService(Protocol):
    def append(self, node_id: str, chunks: Sequence[LogChunk]) -> Future[Sequence[LogAck]]:
        """Keep what may be kept. One ack for each attempt and stream named. Chunks of attempts without a
        write grant are answered with `full`, so that the agent stops sending them.
        """


class SecretService(Protocol):
    def give(self, node_id: str, attempt_id: str) -> Future[Mapping[str, str]]:
        """Return the values of the secrets that the attempt's task names. Raises NotFound for an attempt that does
        not live on this node, and for a secret that is not set any more (SECRET_MISSING).
        """


class OperatorGate(Protocol):
    def authenticate(self, token: str, peer: str) -> Future[OperatorIdentity]:
        """Return who holds this token; raises Unauthenticated, or Forbidden for a user who is no operator."""


class OperatorService(Protocol):
    """The commands of operators. Each is written to the audit log with its reason."""

    def add_user(self, operator: OperatorIdentity, user: NewUser) -> Future[str]:
        """Return the user's id."""

    def reset_password(self, operator: OperatorIdentity, name: str, password: str) -> Future[str]:
        """Set the password; an empty one: return a one-use login instead."""

    def create_join_link(self, operator: OperatorIdentity, wish: NewJoinLink) -> Future[JoinLinkMade]: ...

    def verify_ledger(self, operator: OperatorIdentity) -> Future[LedgerCheck]: ...

    def verify_audit(self, operator: OperatorIdentity) -> Future[AuditCheck]: ...

    def backup(self, operator: OperatorIdentity, path: str) -> Future[BackupMade]: ...

    def list_conditions(self, operator: OperatorIdentity) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """Return what is wrong now, the gravest first, and what ended lately. Answers from memory."""

    def list_nodes(self, operator: OperatorIdentity, *, cursor: str, limit: int) -> Future[NodePage]: ...

    def list_tasks(
        self, operator: OperatorIdentity, *, states: Sequence[str], cursor: str, limit: int
    ) -> Future[TaskPage]: ...

    def act_on_node(
        self, operator: OperatorIdentity, node_id: str, action: NodeAction, *, reason: str, deadline_ms: int
    ) -> Future[NodeView]: ...

    def act_on_task(
        self, operator: OperatorIdentity, task_id: str, action: TaskAction, *, reason: str
    ) -> Future[TaskView]: ...
