"""What faces ask about nodes and waiting tasks: answered from the hot state, on the writer thread, as views.

A look costs no disk write. Names of owners are looked up by the caller's reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass

from core.domain.errors import NotFound
from core.domain.explain import WhyWaiting
from core.domain.node import HostUse, NodeAdmin, NodeOwner
from core.domain.resources import Resources
from core.domain.session import AttemptUse
from core.domain.user import Action, Principal, require
from core.domain.views import NodeView
from master_app.node_pool.conditions import is_duplicate_shown
from master_app.node_pool.sessions import NodeSessions
from master_app.ports.node_pool import NodeRecord
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.scheduling.explain import IdleReasons, closed_by, why_waiting
from master_app.scheduling.pool import LiveAttempt, PoolNode
from master_app.scheduling.settings import SchedulingSettings

MAX_NODES = 10_000
#: Said of the one that is the node, whatever else it does: only its owner can end it.
DUPLICATE = (
    "Two computers use this node's identity; one of them is turned away. Join that one with a link of its own: it "
    "is one step in its window. If you do not know it, revoke this node."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeen:
    """A node in the hot state, with what runs there. Values are of the moment: nobody changes them."""

    hot: PoolNode
    labels: Mapping[str, str]
    interval_s: float
    work: Sequence[tuple[LiveAttempt, AttemptUse | None]]


class NodeQueries:
    """Read-only. What a role may not see is as if it were not there."""

    def __init__(
        self,
        *,
        writer: Writer,
        sessions: NodeSessions,
        settings: SchedulingSettings,
        owner_name: Callable[[UnitOfWork, str], str],
    ) -> None:
        self._writer = writer
        self._sessions = sessions
        self._settings = settings
        self._owner_name = owner_name

    def nodes(self, who: Principal) -> Future[Sequence[NodeView]]:
        """Return all nodes of the pool that are not revoked, oldest first."""
        require(who, Action.NODE_READ)

        def command(uow: UnitOfWork) -> Sequence[NodeView]:
            rows = [node for node in uow.nodes.all() if node.admin is not NodeAdmin.REVOKED][:MAX_NODES]
            reasons = IdleReasons(uow.pool, uow.now_ms, self._settings, nodes=len(rows))
            return [self._view(uow, node, reasons) for node in rows]

        return self._writer.execute(command)

    def node(self, who: Principal, node_id: str) -> Future[NodeView]:
        """Return one node. Raises NotFound."""
        require(who, Action.NODE_READ)

        def command(uow: UnitOfWork) -> NodeView:
            node = uow.nodes.get(node_id)
            if node is None or node.admin is NodeAdmin.REVOKED:
                raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
            return self._view(uow, node, IdleReasons(uow.pool, uow.now_ms, self._settings))

        return self._writer.execute(command)

    def look_at(self, who: Principal, node_id: str, for_ms: int) -> Future[NodeSeen]:
        """Return a node from near, and ask it for a report each second for so long. Raises NotFound."""
        require(who, Action.NODE_READ)

        def command(uow: UnitOfWork) -> NodeSeen:
            node, hot = uow.nodes.get(node_id), uow.pool.nodes.get(node_id)
            if node is None or hot is None:
                raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
            uow.after_commit(lambda: self._sessions.look_at(node_id, for_ms))
            session = self._sessions.session(node_id)
            return NodeSeen(
                hot=copy(hot),
                labels=dict(node.labels),
                interval_s=session.interval_s if session is not None else 0.0,
                work=[(copy(live), self._sessions.use_of(live)) for live in uow.pool.live_of_node(node_id)],
            )

        return self._writer.execute(command)

    def uses(self, task_id: str) -> Future[Sequence[AttemptUse]]:
        """Return what each live attempt of a task last said that it uses. Whose task it is, the caller knows."""

        def command(uow: UnitOfWork) -> Sequence[AttemptUse]:
            found = (self._sessions.use_of(live) for live in uow.pool.live_of_task(task_id))
            return [use for use in found if use is not None]

        return self._writer.execute(command)

    def why_waiting(self, who: Principal, task_id: str) -> Future[WhyWaiting]:
        """Say why a task does not run (more), by the same code that places it."""
        require(who, Action.TASK_READ)

        def command(uow: UnitOfWork) -> WhyWaiting:
            task = uow.tasks.get(task_id)
            if task is None or (task.owner_id != who.user_id and not who.may(Action.TASK_READ_ANY)):
                raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
            if task_id not in uow.pool.tasks:
                return WhyWaiting(summary=f"This task is {task.state.value}.")
            return why_waiting(uow.pool, task_id, uow.now_ms, self._settings)

        return self._writer.execute(command)

    def _view(self, uow: UnitOfWork, node: NodeRecord, reasons: IdleReasons) -> NodeView:
        hot = uow.pool.nodes.get(node.node_id)
        session = self._sessions.session(node.node_id)
        facts = hot.facts if hot is not None else node.facts
        return NodeView(
            node_id=node.node_id,
            name=node.name,
            owner_id=node.owner_id,
            owner_name=self._owner_name(uow, node.owner_id),
            admin=node.admin,
            admin_by_operator=node.admin_by_operator,
            health=hot.health if hot is not None else node.health,
            owner_state=hot.owner_state if hot is not None else NodeOwner.AVAILABLE,
            owner_reason=session.owner_reason if session is not None else "",
            schedulable=hot is not None and closed_by(uow.pool, node.node_id, uow.now_ms) is None,
            why_not=DUPLICATE if hot is not None and is_duplicate_shown(uow, hot) else reasons.of(node.node_id),
            arch=facts.arch,
            os=facts.os,
            host_os=facts.host_os,
            runtime=facts.runtime.value,
            slots=facts.slots,
            capacity=facts.capacity,
            reserved=hot.reserved if hot is not None else Resources(),
            running=hot.running if hot is not None else 0,
            gpus=facts.gpus,
            host=hot.host if hot is not None else HostUse(),
            labels=hot.labels if hot is not None else node.labels,
            version=node.version,
            created_ms=node.created_ms,
            last_seen_ms=node.last_seen_ms,
            quarantined_until_ms=node.quarantined_until_ms,
            certificate_expires_ms=node.certificate_expires_ms,
        )
