"""HELLO: who may open a session, and what an accepted one changes (lifecycles C2)."""

from __future__ import annotations

from core.domain.node import NodeAdmin, NodeHealth
from core.domain.session import PROTOCOL_MAX, PROTOCOL_MIN, Hello, Refused, Welcome
from master_app.node_pool.health import set_health
from master_app.ports.node_pool import NodeRecord
from master_app.ports.unit_of_work import UnitOfWork


def refuse_hello(node: NodeRecord | None, certificate_serial: str, hello: Hello) -> Refused | None:
    """Return why this HELLO is refused; None when it may open a session."""
    if node is None:
        return Refused(
            code="NODE_UNKNOWN",
            message="The master does not know this node.",
            fix="Join again with a new link.",
        )
    if node.admin is NodeAdmin.REVOKED:
        return Refused(
            code="NODE_REVOKED",
            message="This node was revoked by the operator of the pool.",
            fix="Ask for a new join link.",
        )
    if node.certificate_serial != certificate_serial:
        return Refused(
            code="CERTIFICATE_REPLACED",
            message="This certificate is not the node's newest.",
            fix="If this computer's data folder was copied, join the copy with a link of its own.",
        )
    if is_duplicate(node, hello):
        return Refused(
            code="DUPLICATE_IDENTITY",
            message="Another computer has this identity: the data folder was copied, or restored from an older "
            "state.",
            fix="Join this computer with a link of its own.",
        )
    if hello.protocol_min > PROTOCOL_MAX:
        return Refused(
            code="MASTER_TOO_OLD",
            message="This worker is newer than the master understands.",
            fix="Update the master, or install the worker that it offers.",
            retry_after_s=3600,
        )
    return None


def is_duplicate(node: NodeRecord, hello: Hello) -> bool:
    """Tell whether a second computer uses a node's identity: a copied data folder, mostly.

    An agent counts itself up at each start, so the same count from another run of a system is another computer's,
    and a lower one is that of whoever was here before its copy.
    """
    if hello.incarnation < node.incarnation:
        return True
    return hello.incarnation == node.incarnation and bool(node.boot_id) and hello.boot_id != node.boot_id


def accept_hello(uow: UnitOfWork, node: NodeRecord, session_id: str, hello: Hello, interval_s: float) -> Welcome:
    """Write what the HELLO says; the node is INITIALIZING until its SYNC."""
    if hello.highest_term >= uow.term:
        uow.raise_term(hello.highest_term)
    node.incarnation = hello.incarnation
    node.boot_id = hello.boot_id
    node.version = hello.agent_version
    node.last_seen_ms = uow.now_ms
    uow.nodes.save(node)
    hot = uow.pool.nodes[node.node_id]
    set_health(uow, hot, NodeHealth.INITIALIZING, "HELLO")
    uow.pool.change(hot, session_id=session_id, protocol_ok=hello.protocol_max >= PROTOCOL_MIN)
    return Welcome(
        session_id=session_id,
        term=uow.term,
        protocol=min(hello.protocol_max, PROTOCOL_MAX),
        master_time_ms=uow.now_ms,
        report_interval_s=interval_s,
        node_name=node.name,
        owner_id=node.owner_id,
        reward_rule=uow.ledger.rule().to_text(),
    )
