"""Live sessions of nodes: HELLO, SYNC, reports, updates, orders. The master's half of lifecycles C1-C4 and R1-R6.

Calls queue one command each; their futures are done when the effect is durable. The door sends what they
answer; offers and orders go down the session's link after the commit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from core.domain.attempt import LIVE_ATTEMPT_STATES, ReturnReason
from core.domain.errors import HiveMindError
from core.domain.node import NodeAdmin, NodeHealth
from core.domain.session import (
    Ack,
    AttemptUse,
    Hello,
    Orders,
    Refused,
    Report,
    Resync,
    StopOrder,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from master_app.node_pool.breaker import Breaker
from master_app.node_pool.health import set_health
from master_app.node_pool.hello import accept_hello, is_duplicate, refuse_hello
from master_app.node_pool.reconcile import reconcile, renew
from master_app.ports.node_pool import NodeRecord, SessionLink
from master_app.ports.unit_of_work import Command, Lane, UnitOfWork, Writer
from master_app.scheduling.pool import LiveAttempt, PoolNode
from master_app.tasks.attempts import Attempts

logger = logging.getLogger(__name__)
T = TypeVar("T")
REPORT_INTERVAL_S = 30.0
LOOKED_AT_INTERVAL_S = 1.0


@dataclass(slots=True)
class Session:
    """One live stream of one node. Writer thread only."""

    link: SessionLink
    node_id: str
    opened_steady_ms: int
    synced: bool = False
    #: Newest report that was taken; 0 is the SYNC.
    report: int = 0
    heard_steady_ms: int = 0
    interval_s: float = REPORT_INTERVAL_S
    briefs: set[tuple[str, int]] = field(default_factory=set)
    #: Newest use of each live attempt, for faces.
    uses: dict[str, AttemptUse] = field(default_factory=dict)
    owner_reason: str = ""
    #: What came and waits in the writer's queue: until it is read, no lease of the node is judged. The door's
    #: thread adds, the writer's takes away.
    unread: set[object] = field(default_factory=set)


class NodeSessions:
    """See the module's words. `dispatch(uow)` is run at the end of what may have made room or work."""

    def __init__(
        self,
        *,
        writer: Writer,
        attempts: Attempts,
        breaker: Breaker,
        steady_ms: Callable[[], int],
        report_interval_s: float = REPORT_INTERVAL_S,
    ) -> None:
        self._writer = writer
        self._attempts = attempts
        self._breaker = breaker
        self._steady_ms = steady_ms
        self._interval_s = report_interval_s
        self._by_node: dict[str, Session] = {}
        #: Written by the door's thread, read by both.
        self._node_of: dict[str, str] = {}
        self._dispatch: Callable[[UnitOfWork], object] = lambda uow: None
        self._looked_at: dict[str, int] = {}

    @property
    def interval_s(self) -> float:
        """The usual report interval."""
        return self._interval_s

    def use_dispatch(self, dispatch: Callable[[UnitOfWork], object]) -> None:
        """Set what dispatch does. Once, by the composition root: dispatch and sessions need each other."""
        self._dispatch = dispatch

    # ---- what the door calls

    def open(
        self, node_id: str, certificate_serial: str, link: SessionLink, hello: Hello
    ) -> Future[Welcome | Refused]:
        """HELLO. The newest session of a node supersedes the others without asking them (C2)."""

        def command(uow: UnitOfWork) -> Welcome | Refused:
            node = uow.nodes.get(node_id)
            refused = refuse_hello(node, certificate_serial, hello)
            if node is not None and (refused is None or refused.code == "DUPLICATE_IDENTITY"):
                _note_duplicate(uow, node, hello)
            if refused is not None:
                return refused
            assert node is not None, "an unknown node is refused"
            welcome = accept_hello(uow, node, link.session_id, hello, self._interval_s)
            uow.after_commit(lambda: self._register(node_id, link))
            return welcome

        self._node_of[link.session_id] = node_id
        return self._writer.execute(command, lane=Lane.NODES)

    def sync(self, session_id: str, sync: Sync) -> Future[SyncReply | Resync]:
        """The full inventory, once a session: what is missing is LOST, what is unwanted is told to stop (C3)."""

        def command(uow: UnitOfWork) -> SyncReply | Resync:
            session = self._current(session_id)
            if session is None or session.synced:
                return _resync(session_id, "SYNC of another session, or a second one")
            hot = uow.pool.nodes.get(session.node_id)
            if hot is None or hot.health is not NodeHealth.INITIALIZING:
                return _resync(session_id, "was given up meanwhile")
            verdicts = reconcile(uow, self._attempts, session.node_id, sync)
            session.heard_steady_ms = self._steady_ms()
            session.owner_reason = sync.owner.reason
            session.synced = True
            uow.undo(lambda: setattr(session, "synced", False))
            self._dispatch(uow)
            return SyncReply(session_id=sync.session_id, verdicts=verdicts)

        return self._writer.execute(command, lane=Lane.NODES)

    def report(self, session_id: str, report: Report) -> Ack | Resync:
        """Soft: acknowledged at once, and queued to renew the leases of what it lists.

        While it waits there no lease of its node ends, however long a slow disk holds the writer up.
        """
        session = self._current(session_id)
        if session is None or not session.synced:
            return _resync(session_id, "report before SYNC")

        def command(uow: UnitOfWork) -> None:
            hot = uow.pool.nodes.get(session.node_id)
            if self._current(session_id) is not session or hot is None:
                return
            # What was acknowledged lets the agent run on, whatever becomes of the session (R2).
            for use in report.live:
                live = uow.pool.attempts.get(use.attempt_id)
                if live is not None and live.node_id == hot.node_id:
                    renew(uow, live)
            if hot.health in (NodeHealth.DISCONNECTED, NodeHealth.DOWN):  # C3b; an idle node is DOWN at once
                uow.after_commit(lambda: session.link.send(_resync(session_id, "was given up meanwhile")))
                return
            self._take_report(uow, session, hot, report)
            self._order_later(uow, session)
            self._dispatch(uow)

        self._read_later(session, command)
        return Ack(session_id=session_id, report=report.number)

    def updates(self, session_id: str, updates: Updates) -> Future[Ack | Resync]:
        """Durable: acknowledged after the commit."""

        def command(uow: UnitOfWork) -> Ack | Resync:
            session = self._current(session_id)
            if session is None or not session.synced:
                return _resync(session_id, "updates before SYNC")
            applied = self._attempts.apply(uow, session.node_id, updates.updates)
            self._breaker.judge(uow, session.node_id, applied.incidents, applied.successes)
            for update in updates.updates:
                if update.state not in LIVE_ATTEMPT_STATES:
                    session.uses.pop(update.attempt_id, None)
            self._dispatch(uow)
            receipts = tuple(applied.receipts)
            return Ack(session_id=session_id, updates=tuple(applied.acknowledged), receipts=receipts)

        return self._read_later(self._current(session_id), command)

    def closed(self, session_id: str, reason: str) -> None:
        """The stream ended. The node is SUSPECT, not lost: its leases run on."""

        def command(uow: UnitOfWork) -> None:
            session = self._current(session_id)
            self._node_of.pop(session_id, None)
            if session is None:
                return
            node_id = session.node_id
            hot = uow.pool.nodes.get(node_id)
            # In one transaction with the HELLO of the next session this one still looks current.
            if hot is not None and hot.session_id == session_id:
                target = NodeHealth.SUSPECT if hot.health is NodeHealth.READY else NodeHealth.DISCONNECTED
                if hot.health in (NodeHealth.READY, NodeHealth.INITIALIZING):
                    set_health(uow, hot, target, reason)
                uow.pool.change(hot, session_id="")

            def drop() -> None:
                if self._by_node.get(node_id) is session:
                    del self._by_node[node_id]

            uow.after_commit(drop)

        self._writer.execute(command, lane=Lane.NODES)

    # ---- what other services of the node pool ask, on the writer thread

    def link(self, node_id: str) -> SessionLink | None:
        """Return the sending half of a node's SYNCED session."""
        session = self._by_node.get(node_id)
        return session.link if session is not None and session.synced else None

    def session(self, node_id: str) -> Session | None:
        """Return a node's newest session, synced or not."""
        return self._by_node.get(node_id)

    def lease_report(self, node_id: str) -> int:
        """Newest report of the session that was acknowledged (R2)."""
        return self._by_node[node_id].report

    def needs_brief(self, node_id: str, task_id: str, revision: int) -> bool:
        """Tell whether this session has not had this brief, and note that it has it now."""
        briefs = self._by_node[node_id].briefs
        if (task_id, revision) in briefs:
            return False
        briefs.add((task_id, revision))
        return True

    def stop(self, node_id: str, order: StopOrder) -> None:
        """Send a stop order now; a lost one comes again with the next report."""
        link = self.link(node_id)
        if link is not None:
            link.send(Orders(session_id=link.session_id, stops=(order,)))

    def take_back(self, node_id: str, attempt_ids: Sequence[str]) -> None:
        """Ask for what still waits there; derived anew each second, so a lost order does no harm."""
        link = self.link(node_id)
        if link is not None:
            reason = ReturnReason.WAITING.value
            stops = [
                StopOrder(attempt_id=attempt_id, reason=reason, give_back=True, if_waiting=True)
                for attempt_id in attempt_ids
            ]
            link.send(Orders(session_id=link.session_id, stops=tuple(stops)))

    def close(self, node_id: str, reason: str) -> None:
        """End a node's session (revoked)."""
        session = self._by_node.pop(node_id, None)
        if session is not None:
            session.link.close(reason)

    def close_all(self, reason: str) -> None:
        """End all sessions: every node says HELLO again."""
        for node_id in list(self._by_node):
            self.close(node_id, reason)

    def look_at(self, node_id: str, for_ms: int) -> None:
        """Somebody looks at this node: ask it for 1 s reports for so long from now."""
        self._looked_at[node_id] = self._steady_ms() + for_ms
        link = self.link(node_id)
        session = self._by_node.get(node_id)
        if link is not None and session is not None and session.interval_s > LOOKED_AT_INTERVAL_S:
            session.interval_s = LOOKED_AT_INTERVAL_S
            link.send(Orders(session_id=link.session_id, report_interval_s=LOOKED_AT_INTERVAL_S))

    def use_of(self, attempt: LiveAttempt) -> AttemptUse | None:
        """Return what a live attempt last said that it uses."""
        session = self._by_node.get(attempt.node_id)
        return session.uses.get(attempt.attempt_id) if session else None

    # ---- inner

    def _read_later(self, session: Session | None, command: Command[T]) -> Future[T]:
        """Queue what a node says. The agent was answered, or will be: no lease of it may end meanwhile (R2)."""
        if session is None:
            return self._writer.execute(command, lane=Lane.NODES)
        message = object()
        session.unread.add(message)
        try:
            future = self._writer.execute(command, lane=Lane.NODES)
        except HiveMindError:
            session.unread.discard(message)
            raise
        future.add_done_callback(lambda _: session.unread.discard(message))
        return future

    def _register(self, node_id: str, link: SessionLink) -> None:
        old = self._by_node.get(node_id)
        self._by_node[node_id] = Session(
            link=link, node_id=node_id, opened_steady_ms=self._steady_ms(), interval_s=self._interval_s
        )
        if old is not None:
            old.link.close("superseded by a newer session")

    def _take_report(self, uow: UnitOfWork, session: Session, hot: PoolNode, report: Report) -> None:
        session.report = max(session.report, report.number)
        session.heard_steady_ms = self._steady_ms()
        session.owner_reason = report.owner.reason
        session.uses = {use.attempt_id: use for use in report.live}
        if hot.health is NodeHealth.SUSPECT:
            set_health(uow, hot, NodeHealth.READY, "reports again")
        if report.facts is not None:
            node = uow.nodes.get(hot.node_id)
            if node is not None and node.facts != report.facts:
                node.facts = report.facts
                node.last_seen_ms = uow.now_ms
                uow.nodes.save(node)
            labels = {**report.facts.labels, **(node.labels if node else {})}
            uow.pool.change(hot, facts=report.facts, labels=labels)
        uow.pool.change(hot, host=report.host, owner_state=report.owner.state)
        self._attempts.advance(uow, hot.node_id, [(use.attempt_id, use.state) for use in report.live])

    def _order_later(self, uow: UnitOfWork, session: Session) -> None:
        """Orders are derived, never stored: what should be, less what is."""
        hot = uow.pool.nodes[session.node_id]
        unknown = [
            StopOrder(attempt_id=attempt_id, reason="unknown")
            for attempt_id in session.uses
            if attempt_id not in uow.pool.attempts
        ]
        stops = tuple(unknown + stop_orders(uow.pool.live_of_node(session.node_id)))
        wanted_s = self._interval_s
        if self._looked_at.get(session.node_id, 0) > self._steady_ms():
            wanted_s = LOOKED_AT_INTERVAL_S
        change_s = wanted_s if wanted_s != session.interval_s else 0.0
        draining = hot.admin in (NodeAdmin.DRAINING, NodeAdmin.DRAINED)
        paused = hot.admin is NodeAdmin.PAUSED
        session.interval_s = wanted_s
        if stops or change_s or draining or paused:
            orders = Orders(
                session_id=session.link.session_id,
                stops=stops,
                draining=draining,
                paused=paused,
                report_interval_s=change_s,
            )
            uow.after_commit(lambda: session.link.send(orders))

    def _current(self, session_id: str) -> Session | None:
        session = self._by_node.get(self._node_of.get(session_id, ""))
        return session if session is not None and session.link.session_id == session_id else None


def _note_duplicate(uow: UnitOfWork, node: NodeRecord, hello: Hello) -> None:
    hot = uow.pool.nodes.get(node.node_id)
    if hot is not None and is_duplicate(node, hello):
        logger.warning("two computers use one identity", extra={"node_id": node.node_id, "boot_id": hello.boot_id})
        uow.pool.change(hot, duplicate_ms=uow.now_ms)


def _resync(session_id: str, reason: str) -> Resync:
    return Resync(session_id=session_id, reason=reason)


def stop_orders(lives: Iterable[LiveAttempt]) -> list[StopOrder]:
    """Return the orders for those live attempts that are no longer wanted."""
    return [
        StopOrder(attempt_id=live.attempt_id, reason=live.stop_reason, give_back=live.give_back)
        for live in lives
        if live.stop_reason
    ]
