"""What stands behind the doors, in memory: enough to admit, answer and remember, with switches for bad days."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from core.clock import SystemClock
from core.domain.audit import AuditCheck
from core.domain.condition import Condition
from core.domain.errors import Forbidden, NotFound, Unauthenticated
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
    Verdict,
    Welcome,
)
from core.domain.views import NodeView, TaskView
from core.rpc.pki.authority import CertificateAuthority
from master_app.ports.node_pool import SessionLink

T = TypeVar("T")


def resolved(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future


def failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


class FakeSessions:
    """Admits everybody, continues everything, keeps updates at once unless told to `hold` them."""

    def __init__(self) -> None:
        self.links: dict[str, SessionLink] = {}
        self.hellos: list[Hello] = []
        self.syncs: list[Sync] = []
        self.reports: list[Report] = []
        self.updates_taken: list[int] = []
        self.closings: list[tuple[str, str]] = []
        self.refusal: Refused | None = None
        self.failures: list[Exception] = []
        self.hold = False
        self.held: list[tuple[Future[Ack | Resync], Ack]] = []
        self.closed_one = threading.Event()

    def open(
        self, node_id: str, certificate_serial: str, link: SessionLink, hello: Hello
    ) -> Future[Welcome | Refused]:
        self.hellos.append(hello)
        if self.refusal is not None:
            return resolved(self.refusal)
        self.links[link.session_id] = link
        welcome = Welcome(
            session_id=link.session_id,
            term=7,
            protocol=1,
            master_time_ms=1,
            report_interval_s=30.0,
            node_name="node-one",
            owner_id="owner",
        )
        return resolved(welcome)

    def sync(self, session_id: str, sync: Sync) -> Future[SyncReply | Resync]:
        self.syncs.append(sync)
        verdicts = tuple((held.attempt_id, Verdict.CONTINUE) for held in sync.attempts)
        return resolved(SyncReply(session_id=session_id, verdicts=verdicts))

    def report(self, session_id: str, report: Report) -> Ack | Resync:
        self.reports.append(report)
        return Ack(session_id=session_id, report=report.number)

    def updates(self, session_id: str, updates: Updates) -> Future[Ack | Resync]:
        if self.failures:
            error = self.failures.pop(0)
            if isinstance(error, Unauthenticated):
                return failed(error)
            raise error
        numbers = tuple(update.number for update in updates.updates)
        self.updates_taken.extend(numbers)
        ack = Ack(session_id=session_id, updates=numbers)
        if not self.hold:
            return resolved(ack)
        future: Future[Ack | Resync] = Future()
        self.held.append((future, ack))
        return future

    def closed(self, session_id: str, reason: str) -> None:
        self.closings.append((session_id, reason))
        self.links.pop(session_id, None)
        self.closed_one.set()

    @property
    def live(self) -> SessionLink:
        """The only open session."""
        (link,) = self.links.values()
        return link


class FakeMembership:
    """NodeDirectory and EnrolmentService over a real authority: one token, counted uses."""

    def __init__(self, authority: CertificateAuthority, token: str) -> None:
        self.authority = authority
        self.clock = SystemClock()
        self.token_sha256 = hashlib.sha256(token.encode()).hexdigest()
        self.uses_left = 1
        self.serials: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.revoked: set[str] = set()
        self.practised: list[str] = []
        self.node_door = ":1"
        self.tokens_seen = 0

    def check_certificate(self, node_id: str, certificate_serial: str) -> None:
        if node_id in self.revoked:
            raise Unauthenticated("This node was removed from the pool.", code="NODE_REVOKED")
        if self.serials.get(node_id) != certificate_serial:
            raise Unauthenticated("This certificate was replaced.", code="CERTIFICATE_REPLACED")

    def enrol(self, request: EnrolmentRequest, peer: str) -> Future[Enrolled]:
        self.tokens_seen += 1
        if hashlib.sha256(request.token.encode()).hexdigest() != self.token_sha256 or not self.uses_left:
            return failed(Unauthenticated("This join link is not good (any more).", code="TOKEN_NOT_GOOD"))
        self.uses_left -= 1
        node_id = f"01NODE{len(self.serials):020d}"
        issued = self.authority.sign_node(request.csr_pem, node_id, self.clock.wall_ms())
        self.serials[node_id], self.keys[node_id] = issued.serial, issued.key_sha256
        return resolved(
            Enrolled(
                node_id=node_id,
                node_name="node-one",
                owner_id="owner",
                certificate_pem=issued.pem,
                ca_pem=self.authority.ca_pem,
                node_door=self.node_door,
                operator="ada",
                sign_up="invite",
                owner_name="bob",
            )
        )

    def practise(self, node_id: str) -> Future[PracticeTask]:
        self.practised.append(node_id)
        return resolved(PracticeTask(task_id="practice-task", owner_id="the-pool"))

    def leave(self, node_id: str) -> Future[None]:
        self.revoked.add(node_id)
        return resolved(None)

    def renew(self, renewal: Renewal, peer: str) -> Future[bytes]:
        if renewal.node_id in self.revoked or self.keys.get(renewal.node_id) != renewal.key_sha256:
            return failed(Unauthenticated("This node was removed from the pool.", code="NODE_REVOKED"))
        issued = self.authority.sign_node(renewal.csr_pem, renewal.node_id, self.clock.wall_ms())
        self.serials[renewal.node_id] = issued.serial
        return resolved(issued.pem)


class FakeGrants:
    """Everything is granted but what is named."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.missing: list[tuple[str, str, str]] = []

    def note_missing(self, node_id: str, attempt_id: str, sha256: str) -> Future[None]:
        self.missing.append((node_id, attempt_id, sha256))
        return resolved(None)

    def may_read(self, node_id: str, attempt_id: str, sha256: str) -> Future[bool]:
        return resolved(not {node_id, attempt_id, sha256} & self.refused)

    def may_store(self, node_id: str, attempt_id: str) -> Future[bool]:
        return resolved(not {node_id, attempt_id} & self.refused)


class FakeLogs:
    def __init__(self) -> None:
        self.content: dict[tuple[str, str], bytes] = {}

    def append(self, node_id: str, chunks: Sequence[LogChunk]) -> Future[Sequence[LogAck]]:
        acks = []
        for chunk in chunks:
            key = (chunk.attempt_id, chunk.stream.value)
            self.content[key] = self.content.get(key, b"") + chunk.content
            acks.append(
                LogAck(attempt_id=key[0], stream=chunk.stream, next_offset=chunk.offset + len(chunk.content))
            )
        return resolved(acks)


class FakeSecrets:
    """The secrets of one attempt, for one node."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], dict[str, str]] = {}

    def give(self, node_id: str, attempt_id: str) -> Future[Mapping[str, str]]:
        values = self.values.get((node_id, attempt_id))
        if values is None:
            return failed(NotFound("This node has no such attempt.", code="ATTEMPT_NOT_FOUND"))
        return resolved(values)


class FakeOperators:
    """OperatorGate and OperatorService: one token, remembers what was asked."""

    def __init__(self, token: str, node: NodeView | None = None) -> None:
        self._token = token
        self.node = node
        self.asked: list[tuple[Any, ...]] = []
        self.conditions: tuple[Condition, ...] = ()

    def authenticate(self, token: str, peer: str) -> Future[OperatorIdentity]:
        if token == "submitter":
            return failed(Forbidden("Only operators may do this."))
        if token != self._token:
            return failed(Unauthenticated("The token is not good.", code="TOKEN_NOT_GOOD"))
        return resolved(OperatorIdentity(user_id="01OP", name="op", local=True))

    def add_user(self, operator: OperatorIdentity, user: NewUser) -> Future[str]:
        self.asked.append(("add_user", operator.name, user))
        return resolved("01USER")

    def reset_password(self, operator: OperatorIdentity, name: str, password: str) -> Future[str]:
        return resolved("" if password else "login-once")

    def create_join_link(self, operator: OperatorIdentity, wish: NewJoinLink) -> Future[JoinLinkMade]:
        self.asked.append(("join", operator.name, wish))
        return resolved(JoinLinkMade(link="hivemind://x", expires_ms=5))

    def verify_ledger(self, operator: OperatorIdentity) -> Future[LedgerCheck]:
        return resolved(LedgerCheck(sound=True, transfers=3, accounts=2))

    def verify_audit(self, operator: OperatorIdentity) -> Future[AuditCheck]:
        return resolved(AuditCheck(rows=4, head="h", misfit=3))

    def backup(self, operator: OperatorIdentity, path: str) -> Future[BackupMade]:
        return resolved(BackupMade(path=path, size=10))

    def list_conditions(self, operator: OperatorIdentity) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        return self.conditions, self.conditions

    def list_nodes(self, operator: OperatorIdentity, *, cursor: str, limit: int) -> Future[NodePage]:
        return resolved(NodePage(nodes=() if self.node is None else (self.node,)))

    def list_tasks(
        self, operator: OperatorIdentity, *, states: Sequence[str], cursor: str, limit: int
    ) -> Future[TaskPage]:
        return resolved(TaskPage(tasks=()))

    def act_on_node(
        self, operator: OperatorIdentity, node_id: str, action: NodeAction, *, reason: str, deadline_ms: int
    ) -> Future[NodeView]:
        self.asked.append(("act", node_id, action, reason))
        assert self.node is not None
        return resolved(self.node)

    def act_on_task(
        self, operator: OperatorIdentity, task_id: str, action: TaskAction, *, reason: str
    ) -> Future[TaskView]:
        raise NotImplementedError
