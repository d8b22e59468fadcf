"""What time does: leases and offers that run out, silent nodes, deadlines, drains. One `tick(now)` a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from core.clock import Clock
from core.domain.attempt import AttemptState, LostReason
from core.domain.events import NodeAdminChanged
from core.domain.node import ADMIN_TABLE, NodeAdmin, NodeHealth
from core.domain.task import HeldCode
from master_app.node_pool.breaker import Breaker
from master_app.node_pool.health import set_health
from master_app.node_pool.sessions import NodeSessions, Session
from master_app.node_pool.wall import WallWatch
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.scheduling.explain import could_ever_fit
from master_app.scheduling.lanes import overdue
from master_app.scheduling.pool import LiveAttempt, PoolNode, PoolTask
from master_app.scheduling.turns import Turns
from master_app.tasks.attempts import Attempts
from master_app.tasks.funds import Funds
from master_app.tasks.rollup import Rollup

OFFER_ANSWER_MS = 15_000
SYNC_LIMIT_MS = 15_000
SUSPECT_INTERVALS = 2.5
DISCONNECT_INTERVALS = 4.0
INFEASIBLE_AFTER_MS = 30 * 60_000
#: Rows looked at in one tick; the rest waits for the next.
TICK_LIMIT = 256


class Reaper:
    """Everything that happens because time passed. Errors of one tick are the caller's to log; the next comes."""

    def __init__(
        self,
        *,
        writer: Writer,
        attempts: Attempts,
        sessions: NodeSessions,
        breaker: Breaker,
        rollup: Rollup,
        funds: Funds,
        dispatch: Callable[[UnitOfWork], object],
        collect_again: Callable[[], object],
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._attempts = attempts
        self._sessions = sessions
        self._breaker = breaker
        self._rollup = rollup
        self._funds = funds
        self._dispatch = dispatch
        self._collect_again = collect_again
        self._steady_ms = clock.steady_ms
        self._turns = Turns(TICK_LIMIT)
        self._is_resumed = False
        self.wall = WallWatch(clock)

    def tick(self) -> None:
        """Queue one look at the clock; waits for it, so that ticks never pile up."""
        self._writer.execute(self.look, lane=Lane.INNER).result(60)

    def resume(self, uow: UnitOfWork) -> None:
        """Once after the start: what was on its way between states goes on (lifecycles, section 6). A disk that is
        full then puts it off until the first look that can write.
        """
        uow.after_commit(lambda: setattr(self, "_is_resumed", True))
        # Most of a long queue waits; only the others are held in memory at once.
        for task in list(uow.tasks.live(beyond_queue=True)):
            self._attempts.resume(task)
            self._rollup.refresh(uow, task)

    def look(self, uow: UnitOfWork) -> None:
        """The command itself. Writes nothing when nothing is due."""
        if not self._is_resumed:
            self.resume(uow)
        self.wall.look(uow)
        self._lose_overdue(uow)
        for node_id, attempt_ids in overdue(uow.pool, uow.now_ms).items():
            uow.after_commit(partial(self._sessions.take_back, node_id, attempt_ids))
        for hot in list(uow.pool.nodes.values()):
            self._judge_health(uow, hot)
            self._finish_drain(uow, hot)
        self._end_overdue_tasks(uow)
        self._judge_feasibility(uow)
        self._attempts.look(uow)
        self._funds.look(uow)
        self._collect_again()
        self._dispatch(uow)

    def _lose_overdue(self, uow: UnitOfWork) -> None:
        lost: dict[str, list[tuple[str, LostReason]]] = {}
        unanswered: set[str] = set()
        for live in uow.pool.attempts.values():
            session = self._sessions.session(live.node_id)
            if session is not None and session.unread:
                continue  # its word is in the queue behind this look
            if uow.now_ms > live.deadline_ms:
                lost.setdefault(live.node_id, []).append((live.attempt_id, LostReason.LEASE))
            elif _is_unanswered(live, session, uow.now_ms):
                unanswered.add(live.node_id)
        for node_id, of_node in lost.items():
            applied = self._attempts.lose(uow, of_node[:TICK_LIMIT])
            self._breaker.judge(uow, node_id, applied.incidents, 0)
        for node_id in unanswered:
            self._ask_anew(uow, node_id)

    def _ask_anew(self, uow: UnitOfWork, node_id: str) -> None:
        """R1: no word of an offer in 15 s. Whether the node has it only the inventory of a new session can tell:
        an offer that was on its way for long, or its answer, must not make two attempts run at once.
        """
        hot = uow.pool.nodes[node_id]
        reason = f"said nothing of an offer for {OFFER_ANSWER_MS // 1000} s"
        if hot.health is NodeHealth.READY:
            set_health(uow, hot, NodeHealth.SUSPECT, reason)
        uow.pool.change(hot, session_id="")
        uow.after_commit(lambda: self._sessions.close(node_id, reason))

    def _judge_health(self, uow: UnitOfWork, hot: PoolNode) -> None:
        session = self._sessions.session(hot.node_id)
        now = self._steady_ms()
        if hot.health is NodeHealth.INITIALIZING:
            if session is not None and now - session.opened_steady_ms > SYNC_LIMIT_MS:
                self._sessions.close(hot.node_id, "no SYNC in 15 s")
                set_health(uow, hot, NodeHealth.DISCONNECTED, "no SYNC in 15 s")
            return
        if session is not None and session.synced:
            silent_s = (now - session.heard_steady_ms) / 1000
            # One that somebody looks at reports each second, and may be late as any other.
            usual_s = max(session.interval_s, self._sessions.interval_s)
            if hot.health is NodeHealth.READY and silent_s > SUSPECT_INTERVALS * usual_s:
                set_health(uow, hot, NodeHealth.SUSPECT, f"silent for {silent_s:.0f} s")
            if hot.health is NodeHealth.SUSPECT and silent_s > DISCONNECT_INTERVALS * usual_s:
                set_health(uow, hot, NodeHealth.DISCONNECTED, f"silent for {silent_s:.0f} s")
        elif hot.health is NodeHealth.SUSPECT:
            node = uow.nodes.get(hot.node_id)
            since_ms = uow.now_ms - (node.health_since_ms if node else 0)
            if since_ms > DISCONNECT_INTERVALS * 1000 * self._sessions.interval_s:
                set_health(uow, hot, NodeHealth.DISCONNECTED, "its connection did not come back")
        if hot.health is NodeHealth.DISCONNECTED and hot.running == 0:
            set_health(uow, hot, NodeHealth.DOWN, "all its leases are over")

    def _finish_drain(self, uow: UnitOfWork, hot: PoolNode) -> None:
        if hot.admin is not NodeAdmin.DRAINING:
            return
        node = uow.nodes.get(hot.node_id)
        if node is None:
            return
        if hot.running == 0:
            ADMIN_TABLE.check(hot.admin, NodeAdmin.DRAINED, hot.node_id)
            uow.pool.change(hot, admin=NodeAdmin.DRAINED)
            node.admin = NodeAdmin.DRAINED
            uow.nodes.save(node)
            uow.publish(
                NodeAdminChanged(
                    node_id=hot.node_id,
                    source=NodeAdmin.DRAINING,
                    target=NodeAdmin.DRAINED,
                    actor_id="",
                    reason="nothing runs any more",
                    at_ms=uow.now_ms,
                )
            )
        elif node.drain_deadline_ms and uow.now_ms > node.drain_deadline_ms:
            for live in uow.pool.live_of_node(hot.node_id):
                self._rollup.stop(uow, live, "drain", give_back=True)

    def _end_overdue_tasks(self, uow: UnitOfWork) -> None:
        for task_id in uow.tasks.overdue(uow.now_ms, TICK_LIMIT):
            task = uow.tasks.get(task_id)
            if task is not None:
                self._rollup.refresh(uow, task)

    def _judge_feasibility(self, uow: UnitOfWork) -> None:
        """Hold what no enrolled node could ever take, and let it go when one can."""
        if not uow.pool.nodes:
            return
        tasks, now_ms = uow.pool.tasks.values(), uow.now_ms
        asked = [hot for hot in tasks if not hot.active and self._is_in_question(hot, now_ms)]
        verdicts: dict[tuple[int, str], bool] = {}
        for hot in self._turns.take(asked):
            task = uow.tasks.get(hot.task_id)
            if task is None or task.held not in (None, HeldCode.NO_FEASIBLE_NODE):
                continue
            kind = (id(hot.needs), hot.owner_id)
            if kind not in verdicts:
                verdicts[kind] = could_ever_fit(uow.pool, hot.needs, hot.owner_id)
            fits = verdicts[kind]
            if task.held is None and not fits and hot.dispatchable:
                task.held = HeldCode.NO_FEASIBLE_NODE
                task.held_reason = "no node of this pool could ever take it"
                self._rollup.refresh(uow, task)
            elif task.held is HeldCode.NO_FEASIBLE_NODE and fits:
                task.held, task.held_reason = None, ""
                self._rollup.refresh(uow, task)

    @staticmethod
    def _is_in_question(hot: PoolTask, now_ms: int) -> bool:
        starved = hot.starved_since_ms and now_ms - hot.starved_since_ms > INFEASIBLE_AFTER_MS
        return bool(starved) or not hot.dispatchable


def _is_unanswered(live: LiveAttempt, session: Session | None, now_ms: int) -> bool:
    """Tell whether the session that an offer went down lives and said nothing of it for too long (R1)."""
    if live.state is not AttemptState.OFFERED or now_ms - live.offered_ms <= OFFER_ANSWER_MS:
        return False
    return session is not None and session.synced and session.link.session_id == live.session_id
