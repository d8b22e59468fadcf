"""SYNC: a node's full inventory against what the master has of it (lifecycles C3 and section 6)."""

from __future__ import annotations

from core.domain.attempt import LIVE_ATTEMPT_STATES, AttemptState, LostReason
from core.domain.events import FenceViolated
from core.domain.node import NodeHealth
from core.domain.session import HeldAttempt, Sync, Verdict
from master_app.node_pool.health import set_health
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt
from master_app.tasks.attempts import Attempts
from master_app.tasks.offers import LEASE_GRACE_MS


def reconcile(uow: UnitOfWork, attempts: Attempts, node_id: str, sync: Sync) -> tuple[tuple[str, Verdict], ...]:
    """Give up what is absent, judge what is there, note the node's facts. Returns a verdict for each attempt."""
    held = {attempt.attempt_id: attempt for attempt in sync.attempts}
    absent = [
        (live.attempt_id, LostReason.NO_ACK if live.state is AttemptState.OFFERED else LostReason.ABSENT)
        for live in uow.pool.live_of_node(node_id)
        if live.attempt_id not in held
    ]
    attempts.lose(uow, absent)
    known = uow.attempts.get_many([aid for aid in held if aid not in uow.pool.attempts])
    verdicts = tuple(
        (attempt.attempt_id, _verdict(uow, node_id, attempt, attempt.attempt_id in known))
        for attempt in sync.attempts
    )
    attempts.advance(uow, node_id, [(held.attempt_id, held.state) for held in sync.attempts])
    node = uow.nodes.get(node_id)
    hot = uow.pool.nodes[node_id]
    if node is not None:
        node.facts = sync.facts
        node.last_seen_ms = uow.now_ms
        uow.nodes.save(node)
    uow.pool.change(
        hot,
        facts=sync.facts,
        host=sync.host,
        owner_state=sync.owner.state,
        labels={**sync.facts.labels, **(node.labels if node else {})},
    )
    set_health(uow, hot, NodeHealth.READY, "SYNC")
    return verdicts


def renew(uow: UnitOfWork, live: LiveAttempt) -> None:
    """Extend a lease (R2). Soft and monotonic: a rolled-back command may leave it longer, never shorter."""
    live.deadline_ms = max(live.deadline_ms, uow.now_ms + live.lease_s * 1000 + LEASE_GRACE_MS)


def _verdict(uow: UnitOfWork, node_id: str, held: HeldAttempt, known: bool) -> Verdict:
    live = uow.pool.attempts.get(held.attempt_id)
    if live is not None and live.node_id == node_id:
        renew(uow, live)
        return Verdict.STOP if live.stop_reason and not live.give_back else Verdict.CONTINUE
    if held.state not in LIVE_ATTEMPT_STATES:
        return Verdict.CONTINUE  # it has ended there: its report is wanted (R5, R6)
    if known:
        uow.publish(FenceViolated(node_id=node_id, attempt_id=held.attempt_id, at_ms=uow.now_ms))
    return Verdict.STOP
