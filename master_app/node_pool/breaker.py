"""The breaker: a node that fails what it is given rests for a while, longer each time, and heals by success.

Infra failures and rejections quarantine 10 s, doubling to 1 h. A black hole, which ends whatever it gets at
once, is stopped at 5 such failures in 2 minutes. A task's own failures count only when they come from several
tasks: one bad program must not close a node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.domain.events import NodeQuarantined
from master_app.ports.unit_of_work import UnitOfWork
from master_app.tasks.batch import Incident

FIRST_STEP_MS = 10_000
LAST_STEP_MS = 3_600_000
FAST_FAILURE_MS = 10_000
FAST_WINDOW_MS = 120_000
FAST_LIMIT = 5
#: Distinct tasks that must fail on a node by their own class before it is a suspect.
DISTINCT_TASKS = 3
#: How much one ended attempt counts in a node's reliability.
RATE_STEP = 0.1


@dataclass(slots=True)
class _Recent:
    #: (when, task_id, blames_node) of failures that ended within FAST_FAILURE_MS; at most FAST_LIMIT.
    fast: deque[tuple[int, str, bool]] = field(default_factory=lambda: deque(maxlen=FAST_LIMIT))


class Breaker:
    """Judges nodes by how their attempts ended. Soft memory: a restart forgives."""

    def __init__(self) -> None:
        self._recent: dict[str, _Recent] = {}

    def judge(self, uow: UnitOfWork, node_id: str, incidents: Sequence[Incident], successes: int) -> None:
        """Quarantine or forgive one node after a batch of its reports."""
        self._rate(uow, node_id, sum(incident.blames_node for incident in incidents), successes)
        blamed = [incident for incident in incidents if incident.blames_node]
        tripped = self._note_fast(uow.now_ms, node_id, incidents)
        if tripped:
            self._quarantine(uow, node_id, f"{FAST_LIMIT} attempts failed at once", alert=True)
        elif blamed:
            self._quarantine(uow, node_id, "infrastructure failures or rejected offers", alert=False)
        elif successes:
            self._forgive(uow, node_id)

    def clear(self, uow: UnitOfWork, node_id: str) -> None:
        """Lift a quarantine now (operator)."""
        self._recent.pop(node_id, None)
        self._forgive(uow, node_id)

    @staticmethod
    def _rate(uow: UnitOfWork, node_id: str, failures: int, successes: int) -> None:
        """Move the node's reliability towards 0 with each failure of its own, towards 1 with each success."""
        hot = uow.pool.nodes.get(node_id)
        if hot is None:
            return
        reliability = hot.reliability * (1 - RATE_STEP) ** failures
        reliability = 1 - (1 - reliability) * (1 - RATE_STEP) ** successes
        if abs(reliability - hot.reliability) > 0.001:
            uow.pool.change(hot, reliability=reliability)

    def _note_fast(self, now_ms: int, node_id: str, incidents: Sequence[Incident]) -> bool:
        recent = self._recent.setdefault(node_id, _Recent())
        for incident in incidents:
            if incident.run_ms < FAST_FAILURE_MS:
                recent.fast.append((now_ms, incident.task_id, incident.blames_node))
        if len(recent.fast) < FAST_LIMIT or recent.fast[0][0] < now_ms - FAST_WINDOW_MS:
            return False
        all_blamed = all(blamed for _, _, blamed in recent.fast)
        if not all_blamed and len({task_id for _, task_id, _ in recent.fast}) < DISTINCT_TASKS:
            return False
        recent.fast.clear()
        return True

    @staticmethod
    def _quarantine(uow: UnitOfWork, node_id: str, reason: str, *, alert: bool) -> None:
        node = uow.nodes.get(node_id)
        hot = uow.pool.nodes.get(node_id)
        if node is None or hot is None or (node.quarantined_until_ms > uow.now_ms and not alert):
            return
        step_ms = min(max(FIRST_STEP_MS, node.quarantine_step_ms * 2), LAST_STEP_MS)
        node.quarantine_step_ms = step_ms
        node.quarantined_until_ms = uow.now_ms + step_ms
        node.quarantine_reason = reason
        uow.nodes.save(node)
        uow.pool.change(hot, quarantined_until_ms=node.quarantined_until_ms, quarantine_step_ms=step_ms)
        uow.publish(
            NodeQuarantined(node_id=node_id, until_ms=node.quarantined_until_ms, reason=reason, at_ms=uow.now_ms)
        )

    @staticmethod
    def _forgive(uow: UnitOfWork, node_id: str) -> None:
        hot = uow.pool.nodes.get(node_id)
        if hot is None or (not hot.quarantined_until_ms and not hot.quarantine_step_ms):
            return
        node = uow.nodes.get(node_id)
        if node is None:
            return
        was = node.quarantined_until_ms > uow.now_ms
        node.quarantined_until_ms = node.quarantine_step_ms = 0
        node.quarantine_reason = ""
        uow.nodes.save(node)
        uow.pool.change(hot, quarantined_until_ms=0, quarantine_step_ms=0)
        if was:
            uow.publish(NodeQuarantined(node_id=node_id, until_ms=0, reason="healed", at_ms=uow.now_ms))
