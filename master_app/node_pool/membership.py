"""Who belongs to the pool: join links, enrolment, certificates, and what operators and owners do to nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.attempt import LostReason
from core.domain.audit import audited
from core.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.domain.events import NodeAdminChanged, NodeEnrolled
from core.domain.membership import Enrolled
from core.domain.node import ADMIN_TABLE, NodeAdmin, NodeHealth
from core.domain.operations import NodeAction, Renewal
from core.domain.session import EnrolmentRequest
from core.domain.user import Action, Principal, require
from master_app.node_pool.admission import free_name, is_good
from master_app.node_pool.breaker import Breaker
from master_app.node_pool.health import set_health
from master_app.node_pool.node_acts import of_owner
from master_app.node_pool.sessions import NodeSessions
from master_app.ports.node_pool import JoinTokenRecord, NodeRecord
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.scheduling.pool import PoolNode
from master_app.tasks.attempts import Attempts
from master_app.tasks.rollup import Rollup

CERTIFICATE_LIFE_MS = 90 * 86_400_000
MAX_LINK_USES = 10_000
MAX_LINK_LIFE_S = 30 * 86_400


class SignedCertificate(Protocol):
    @property
    def pem(self) -> bytes: ...

    @property
    def serial(self) -> str: ...

    @property
    def expires_ms(self) -> int: ...

    @property
    def key_sha256(self) -> str: ...


class CertificateAuthority(Protocol):
    """Signs node certificates. Pure computation, well under a millisecond."""

    @property
    def ca_pem(self) -> bytes: ...

    def sign_node(self, csr_pem: bytes, node_id: str, now_ms: int) -> SignedCertificate:
        """Raises Invalid for a request that is damaged or asks for too weak a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWish:
    """What a join link is to allow."""

    owner_id: str
    uses: int = 1
    expires_s: int = 900
    labels: Mapping[str, str] = field(default_factory=dict)
    name_pattern: str = "{host}"
    approve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMade:
    token: str = field(repr=False)
    expires_ms: int


class Membership:
    """Enrolment and administration of nodes. Roles are checked here."""

    def __init__(
        self,
        *,
        writer: Writer,
        authority: CertificateAuthority,
        sessions: NodeSessions,
        attempts: Attempts,
        breaker: Breaker,
        rollup: Rollup,
        new_id: Callable[[int], str],
        new_token: Callable[[], str],
        now_ms: Callable[[], int],
        node_door: Callable[[], str],
        pool_name: str,
        introduce: Callable[[UnitOfWork, str, str], Mapping[str, str]],
        dispatch: Callable[[UnitOfWork], object],
    ) -> None:
        self._writer = writer
        self._authority = authority
        self._sessions = sessions
        self._attempts = attempts
        self._breaker = breaker
        self._rollup = rollup
        self._new_id = new_id
        self._new_token = new_token
        self._now_ms = now_ms
        self._node_door = node_door
        self._pool_name = pool_name
        #: owner, maker of the link -> what a joining node is told of the pool's people.
        self._introduce = introduce
        self._dispatch = dispatch
        #: node_id -> (serial, serial before it): answers the doors from memory. Writer thread writes.
        self._serials: dict[str, tuple[str, str]] = {}

    # ---- certificates

    def load(self, nodes: Sequence[NodeRecord]) -> None:
        """Learn the certificates of all nodes at start."""
        self._serials = {
            node.node_id: (node.certificate_serial, "") for node in nodes if node.admin is not NodeAdmin.REVOKED
        }

    def check_certificate(self, node_id: str, certificate_serial: str) -> None:
        """Raise Unauthenticated unless this is the node's certificate and the node is not revoked."""
        if certificate_serial not in [serial for serial in self._serials.get(node_id, ()) if serial]:
            raise Unauthenticated(
                "This node's certificate is not valid here.",
                code="CERTIFICATE_REFUSED",
                fix="Join again with a new link.",
            )

    # ---- join links

    def create_link(self, who: Principal, wish: LinkWish) -> Future[LinkMade]:
        """Make a join link's secret; only its hash is kept. Providers may make links for their own nodes."""
        require(who, Action.NODE_JOIN)
        if wish.owner_id != who.user_id and not who.is_operator:
            raise Forbidden("Only operators make links for others.", code="ROLE_MISSING")
        if not 1 <= wish.uses <= MAX_LINK_USES or not 1 <= wish.expires_s <= MAX_LINK_LIFE_S:
            raise Invalid(
                f"A join link takes 1 to {MAX_LINK_USES} uses and lives at most {MAX_LINK_LIFE_S // 86400} days."
            )
        token = self._new_token()
        record = JoinTokenRecord(
            token_sha256=_digest(token),
            owner_id=wish.owner_id,
            created_by=who.user_id,
            created_ms=self._now_ms(),
            expires_ms=self._now_ms() + wish.expires_s * 1000,
            uses_left=wish.uses,
            labels=dict(wish.labels),
            name_pattern=wish.name_pattern,
            approve=wish.approve,
        )

        def command(uow: UnitOfWork) -> LinkMade:
            uow.nodes.add_join_token(record)
            uow.publish(audited(who, "join_link.create", wish.owner_id, f"uses={wish.uses}", at_ms=uow.now_ms))
            return LinkMade(token=token, expires_ms=record.expires_ms)

        return self._writer.execute(command)

    # ---- enrolment

    def enrol(self, request: EnrolmentRequest, peer: str) -> Future[Enrolled]:
        """Spend one use of a link and give the node its identity. A token that is not good is always
        answered in the same words.
        """
        digest = _digest(request.token)

        def command(uow: UnitOfWork) -> Enrolled:
            token = uow.nodes.join_token(digest)
            if token is None or not is_good(uow, token):
                raise Unauthenticated(
                    "This join link is not valid: it has expired or was used up.",
                    code="JOIN_LINK_INVALID",
                    fix="Ask the person who runs the pool for a new one.",
                )
            node_id = self._new_id(uow.now_ms)
            signed = self._authority.sign_node(request.csr_pem, node_id, uow.now_ms)
            token.uses_left -= 1
            uow.nodes.save_join_token(token)
            node = NodeRecord(
                node_id=node_id,
                name=free_name(uow, token.name_pattern, request.host_name),
                owner_id=token.owner_id,
                created_ms=uow.now_ms,
                admin=NodeAdmin.PENDING if token.approve else NodeAdmin.ACTIVE,
                certificate_serial=signed.serial,
                certificate_expires_ms=signed.expires_ms,
                key_sha256=signed.key_sha256,
                labels=dict(token.labels),
                facts=request.facts,
                version=request.agent_version,
            )
            uow.nodes.add(node)
            uow.pool.put_node(pool_node(node))
            uow.publish(NodeEnrolled(node_id=node_id, owner_id=node.owner_id, name=node.name, at_ms=uow.now_ms))
            uow.publish(of_owner(node, "node.enrol", node.name, peer, uow.now_ms))
            uow.after_commit(lambda: self._serials.__setitem__(node_id, (signed.serial, "")))
            return Enrolled(
                node_id=node_id,
                node_name=node.name,
                owner_id=node.owner_id,
                certificate_pem=signed.pem,
                ca_pem=self._authority.ca_pem,
                node_door=self._node_door(),
                pool_name=self._pool_name,
                pending=token.approve,
                **self._introduce(uow, node.owner_id, token.created_by),
            )

        return self._writer.execute(command, lane=Lane.NODES)

    def renew(self, renewal: Renewal, peer: str) -> Future[bytes]:
        """Give a node its next certificate. The door has checked that the old key signed the request."""

        def command(uow: UnitOfWork) -> bytes:
            node = uow.nodes.get(renewal.node_id)
            if (
                node is None
                or node.admin is NodeAdmin.REVOKED
                or (
                    node.certificate_serial != renewal.certificate_serial and node.key_sha256 != renewal.key_sha256
                )
            ):
                raise Unauthenticated("This node cannot renew its certificate.", code="RENEWAL_REFUSED")
            signed = self._authority.sign_node(renewal.csr_pem, node.node_id, uow.now_ms)
            old = node.certificate_serial
            node.certificate_serial = signed.serial
            node.certificate_expires_ms = signed.expires_ms
            node.key_sha256 = signed.key_sha256
            uow.nodes.save(node)
            uow.publish(of_owner(node, "node.renew", "", peer, uow.now_ms))
            uow.after_commit(lambda: self._serials.__setitem__(renewal.node_id, (signed.serial, old)))
            return signed.pem

        return self._writer.execute(command, lane=Lane.NODES)

    def leave(self, node_id: str) -> Future[None]:
        """Revoke a node that asks for it itself; again: nothing more happens."""

        def command(uow: UnitOfWork) -> None:
            node = uow.nodes.get(node_id)
            if node is None or node.admin is NodeAdmin.REVOKED:
                return
            self._move(uow, node.owner_id, node, NodeAction.REVOKE, "its owner left the pool", 0)
            uow.publish(of_owner(node, "node.leave", node.name, "", uow.now_ms))
            self._dispatch(uow)

        return self._writer.execute(command, lane=Lane.NODES)

    # ---- administration

    def links(self, who: Principal) -> Future[Sequence[JoinTokenRecord]]:
        """Return the links that still work, newest first: one's own, or everybody's for operators."""
        require(who, Action.NODE_JOIN)
        owner_id = None if who.may(Action.NODE_CONTROL_ANY) else who.user_id
        return self._writer.execute(lambda uow: uow.nodes.join_tokens(owner_id))

    def revoke_link(self, who: Principal, token_sha256: str) -> Future[None]:
        """Make a join link useless at once; nodes that joined with it stay."""
        require(who, Action.NODE_JOIN)

        def command(uow: UnitOfWork) -> None:
            token = uow.nodes.join_token(token_sha256)
            if token is None or (token.owner_id != who.user_id and not who.may(Action.NODE_CONTROL_ANY)):
                raise NotFound("There is no such join link.", code="LINK_NOT_FOUND")
            token.revoked = True
            uow.nodes.save_join_token(token)
            uow.publish(audited(who, "join_link.revoke", token.owner_id, "", at_ms=uow.now_ms))

        return self._writer.execute(command)

    def act(
        self, who: Principal, node_id: str, action: NodeAction, *, reason: str = "", deadline_ms: int = 0
    ) -> Future[NodeAdmin]:
        """Do to a node what its operator, or its owner, asks; return its admin state after it."""
        require(who, Action.NODE_CONTROL)

        def command(uow: UnitOfWork) -> NodeAdmin:
            node = uow.nodes.get(node_id)
            operator = who.may(Action.NODE_CONTROL_ANY)
            if node is None or (node.owner_id != who.user_id and not operator):
                raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
            if not operator and action in _FOR_OPERATORS:
                raise Forbidden("Only operators may do this.", code="ROLE_MISSING")
            if action is NodeAction.CLEAR_QUARANTINE:
                self._breaker.clear(uow, node_id)
            else:
                self._move(uow, who.user_id, node, action, reason, deadline_ms, by_operator=operator)
            uow.publish(audited(who, f"node.{action.value}", node_id, reason, at_ms=uow.now_ms))
            self._dispatch(uow)
            return node.admin

        return self._writer.execute(command)

    def _move(
        self,
        uow: UnitOfWork,
        actor_id: str,
        node: NodeRecord,
        action: NodeAction,
        reason: str,
        deadline_ms: int,
        *,
        by_operator: bool = False,
    ) -> None:
        target = _TARGETS[action]
        # Approval is the operators' own: an owner's "resume" must not stand for it.
        is_unapproved = node.admin is NodeAdmin.PENDING and action is NodeAction.RESUME
        if is_unapproved or not ADMIN_TABLE.allows(node.admin, target):
            raise Conflict(f"{node.name} is {node.admin.value}; it cannot {action.value} now.", code="NODE_STATE")
        if action is NodeAction.RESUME and node.admin_by_operator and not by_operator:
            raise Conflict(
                f"An operator of the pool stopped {node.name}; its owner cannot take that back.",
                code="NODE_STOPPED_BY_OPERATOR",
                fix="Ask an operator to resume it.",
            )
        source = node.admin
        node.admin, node.admin_reason = target, reason
        # What an owner does meanwhile does not weaken an operator's word: only an operator ends it.
        held = node.admin_by_operator or (by_operator and node.owner_id != actor_id)
        node.admin_by_operator = held and target is not NodeAdmin.ACTIVE
        node.drain_deadline_ms = deadline_ms if target is NodeAdmin.DRAINING else 0
        uow.nodes.save(node)
        hot = uow.pool.nodes.get(node.node_id)
        if target is NodeAdmin.REVOKED:
            self._revoke(uow, node)
        elif hot is not None:
            uow.pool.change(hot, admin=target)
        uow.publish(
            NodeAdminChanged(
                node_id=node.node_id,
                source=source,
                target=target,
                actor_id=actor_id,
                reason=reason,
                at_ms=uow.now_ms,
            )
        )

    def _revoke(self, uow: UnitOfWork, node: NodeRecord) -> None:
        lost = [(live.attempt_id, LostReason.REVOKED) for live in uow.pool.live_of_node(node.node_id)]
        self._attempts.lose(uow, lost)
        hot = uow.pool.nodes.get(node.node_id)
        if hot is not None and hot.health in (NodeHealth.READY, NodeHealth.SUSPECT):
            set_health(uow, hot, NodeHealth.SUSPECT, "revoked")
        uow.pool.remove_node(node.node_id)

        def forget() -> None:
            self._serials.pop(node.node_id, None)
            self._sessions.close(node.node_id, "this node was revoked")

        uow.after_commit(forget)


_FOR_OPERATORS = frozenset({NodeAction.APPROVE, NodeAction.CLEAR_QUARANTINE})
_TARGETS = {
    NodeAction.APPROVE: NodeAdmin.ACTIVE,
    NodeAction.RESUME: NodeAdmin.ACTIVE,
    NodeAction.DECLINE: NodeAdmin.REVOKED,
    NodeAction.PAUSE: NodeAdmin.PAUSED,
    NodeAction.DRAIN: NodeAdmin.DRAINING,
    NodeAction.REVOKE: NodeAdmin.REVOKED,
}


def pool_node(node: NodeRecord) -> PoolNode:
    """Return the pool's value of a node that has no session."""
    return PoolNode(
        node_id=node.node_id,
        name=node.name,
        owner_id=node.owner_id,
        facts=node.facts,
        admin=node.admin,
        health=node.health,
        quarantined_until_ms=node.quarantined_until_ms,
        quarantine_step_ms=node.quarantine_step_ms,
        labels={**node.facts.labels, **node.labels},
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
