"""What is wrong with nodes, in words that say what is at risk and what happens next."""

from __future__ import annotations

import time
from typing import Final

from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.node import NodeAdmin, NodeHealth
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import PoolNode

#: How long a node may be silent before people are told: a restart of its agent is no news.
SILENT_SHOWN_MS: Final = 15_000
NODES_SHOWN: Final = 50
DUPLICATE_SHOWN_MS: Final = 15 * 60_000


def node_conditions(uow: UnitOfWork) -> list[Condition]:
    """Return what is wrong with nodes now, those with work at risk first; at most NODES_SHOWN. A command."""
    found = []
    for hot in uow.pool.nodes.values():
        if hot.admin not in (NodeAdmin.PENDING, NodeAdmin.REVOKED):
            condition = node_condition(uow, hot)
            if condition is not None:
                found.append(condition)
    found.sort(key=lambda c: (c.gravity is Gravity.NOTICE, c.since_ms))
    return found[:NODES_SHOWN]


def is_duplicate_shown(uow: UnitOfWork, hot: PoolNode) -> bool:
    """Tell whether people are still told that two computers use this node's identity."""
    return bool(hot.duplicate_ms) and uow.now_ms - hot.duplicate_ms < DUPLICATE_SHOWN_MS


def node_condition(uow: UnitOfWork, hot: PoolNode) -> Condition | None:
    """Return what is wrong with one node, the gravest thing; None when nothing is."""
    if is_duplicate_shown(uow, hot):
        return Condition(
            code=ConditionCode.NODE_DUPLICATE,
            subject=hot.node_id,
            gravity=Gravity.ALERT,
            what=f"Two computers use the identity of node {hot.name}: its data folder was copied, it seems.",
            at_risk="What the other still runs: it is not that node any more, so its work is done "
            "again elsewhere.",
            next="One of them is the node, the other is turned away. This note goes 15 minutes after "
            "the other has tried last.",
            fix="Join one of them with a link of its own; revoke the node if you do not know the other computer.",
        )
    if hot.health in (NodeHealth.SUSPECT, NodeHealth.DISCONNECTED):
        node = uow.nodes.get(hot.node_id)
        since_ms = node.health_since_ms if node is not None else uow.now_ms
        if uow.now_ms - since_ms < SILENT_SHOWN_MS:
            return None
        return _silent(uow, hot, since_ms)
    if hot.health is not NodeHealth.READY:
        return None
    if not hot.facts.engine_ok:
        return Condition(
            code=ConditionCode.NODE_NO_ENGINE,
            subject=hot.node_id,
            what=f"Node {hot.name} has no container engine: {hot.facts.engine_problem or 'it does not answer'}.",
            at_risk="What ran there when it went; it is given to other nodes without a charge.",
            next="It gets work again as soon as its engine answers; it looks every 10 s.",
            fix="Start the engine on that computer.",
        )
    if not hot.facts.disk_ok:
        return Condition(
            code=ConditionCode.NODE_DISK_FULL,
            subject=hot.node_id,
            what=f"The disk of node {hot.name} is full.",
            at_risk="Nothing that is done: its results are kept until the master has them.",
            next="It gets no new work until there is room.",
            fix="Free space on that computer, or lower disk_reserve_gb.",
        )
    if hot.quarantined_until_ms > uow.now_ms:
        until = time.strftime("%H:%M:%S", time.gmtime(hot.quarantined_until_ms / 1000))
        return Condition(
            code=ConditionCode.NODE_QUARANTINED,
            subject=hot.node_id,
            gravity=Gravity.NOTICE,
            what=f"Node {hot.name} is in quarantine: attempts failed there through no fault of theirs.",
            at_risk="Nothing; what failed there runs elsewhere.",
            next=f"It gets work again at {until} UTC; a success ends the quarantine's growth.",
            fix="Clear the quarantine once its cause is mended.",
        )
    return None


def _silent(uow: UnitOfWork, hot: PoolNode, since_ms: int) -> Condition:
    live = list(uow.pool.live_of_node(hot.node_id))
    since = time.strftime("%H:%M:%S", time.gmtime(since_ms / 1000))
    if not live:
        next_words, at_risk = "It gets work again when it comes back.", "Nothing: no work was there."
    else:
        until = time.strftime("%H:%M:%S", time.gmtime(max(each.deadline_ms for each in live) / 1000))
        at_risk = f"The time of {len(live)} attempts there. They may still be running, so nothing is repeated yet."
        next_words = (
            f"If it comes back by {until} UTC they go on as if nothing had happened; else they run elsewhere."
        )
    return Condition(
        code=ConditionCode.NODE_SILENT,
        subject=hot.node_id,
        gravity=Gravity.WARNING if live else Gravity.NOTICE,
        since_ms=since_ms,
        what=f"Node {hot.name} has not been heard of since {since} UTC.",
        at_risk=at_risk,
        next=next_words,
        fix="Look whether that computer is on and reaches this one.",
    )
