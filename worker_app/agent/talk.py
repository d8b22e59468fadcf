"""The agent's side of the conversation: it dials, says HELLO and SYNC, reports, and takes what the master says.

Rules C1-C4 and R2 of the lifecycles. `Connection` knows where a stream stands; this knows what to say on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from core.domain.attempt import ReturnReason
from core.domain.node import HostUse
from core.domain.session import (
    Ack,
    HeldAttempt,
    Hello,
    Offers,
    Orders,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Verdict,
    Welcome,
)
from worker_app.agent import reporting, stimuli
from worker_app.agent.attempts import Stop
from worker_app.agent.connection import Connection, Phase
from worker_app.agent.instructions import BecameLive, Connect, Disconnect, Send, SetUsageInterval
from worker_app.agent.pending import Pending
from worker_app.agent.work import Out, Work

#: Seconds come one a second; after this long without one the machine slept.
SLEPT_MS: Final = 20_000
#: A dial this old was begun before the network came back.
STALE_DIAL_MS: Final = 500


class Talk:
    """Mutated only by `AgentState`. `incarnation` 0: the database was not read yet, so nothing is dialled."""

    def __init__(
        self,
        *,
        node_id: str,
        agent_version: str,
        features: tuple[str, ...],
        connection: Connection,
        pending: Pending,
        work: Work,
    ) -> None:
        self.node_id = node_id
        self.agent_version = agent_version
        self.features = features
        self.connection = connection
        self.pending = pending
        self.work = work
        self.incarnation = 0
        self.host = HostUse()
        #: What the master has to say to the owner.
        self.notice = ""
        self.is_over = False
        #: From when to when the machine slept last, steady clock; (0, 0): not since the start.
        self.slept = (0, 0)
        self._facts_sent = False
        self._usage_interval_s = 0.0
        self._ticked_ms = 0
        self._messages = self._message_handlers()

    def tick(self, now_ms: int, out: Out) -> None:
        """Dial, report, or give up on an answer, as the time says."""
        connection = self.connection
        self._woke(now_ms, out)
        if connection.is_stuck(now_ms):
            self._drop(f"no answer to {connection.phase.value} in time", now_ms, out)
        self._dial_if_due(now_ms, out)
        if connection.report_due(now_ms, reporting.shortest_lease_ms(self.work)):
            self.report(now_ms, out)

    def facts_changed(self, now_ms: int, out: Out) -> None:
        self._facts_sent = False
        if self.connection.is_live:
            self.report(now_ms, out)

    def _message_handlers(self) -> dict[type, Callable[[Any, int, Out], None]]:
        return {
            Welcome: self._welcome,
            Refused: self._refused,
            SyncReply: self._sync_reply,
            Offers: self._offers,
            Orders: self._orders,
            Ack: self._ack,
            Resync: self._resync,
        }

    def _woke(self, now_ms: int, out: Out) -> None:
        """After a sleep of the machine the stream is dead, and nobody may tell us for half a minute: dial anew."""
        before, self._ticked_ms = self._ticked_ms, now_ms
        if not before or now_ms - before < SLEPT_MS:
            return
        self.slept = (before, now_ms)
        if self.connection.phase is not Phase.IDLE:
            self._drop(f"this machine slept for {(now_ms - before) // 1000} s", now_ms, out)
        self.connection.hurry(now_ms)

    def retry_now(self, _stimulus: stimuli.RetryNow, now_ms: int, out: Out) -> None:
        """The network came back, or a person asks: what is being tried may hang on what was before."""
        connection = self.connection
        if connection.phase is Phase.HELLO and now_ms - connection.since_ms >= STALE_DIAL_MS:
            self._drop("dialled anew", now_ms, out)
        connection.hurry(now_ms)
        self._dial_if_due(now_ms, out)

    def _dial_if_due(self, now_ms: int, out: Out) -> None:
        if self.connection.is_due(now_ms) and self.incarnation and not self.is_over:
            self._dial(now_ms, out)

    def _dial(self, now_ms: int, out: Out) -> None:
        hello = Hello(
            node_id=self.node_id,
            incarnation=self.incarnation,
            boot_id=self.work.boot_id,
            features=self.features,
            agent_version=self.agent_version,
            highest_term=self.pending.highest_term,
        )
        out.append(Connect(self.connection.dial(now_ms), hello))

    def _drop(self, reason: str, now_ms: int, out: Out) -> None:
        number = self.connection.number
        self.connection.lost(now_ms, reason)
        out.append(Disconnect(number, reason))

    def disconnected(self, stimulus: stimuli.Disconnected, now_ms: int, out: Out) -> None:
        if stimulus.connection == self.connection.number and self.connection.phase is not Phase.IDLE:
            self.connection.lost(now_ms, stimulus.reason, final=stimulus.final, soon=stimulus.soon)

    def received(self, stimulus: stimuli.Received, now_ms: int, out: Out) -> None:
        connection, message = self.connection, stimulus.message
        if stimulus.connection != connection.number or connection.phase is Phase.IDLE:
            return
        if not isinstance(message, Welcome | Refused) and message.session_id != connection.session_id:
            return
        self._messages[type(message)](message, now_ms, out)

    def _welcome(self, message: Welcome, now_ms: int, out: Out) -> None:
        connection = self.connection
        if connection.phase is not Phase.HELLO:
            return
        connection.welcomed(message, now_ms)
        self.pending.term(message.term)
        self.work.node_owner_id = message.owner_id
        self.work.new_session()
        held = [HeldAttempt(attempt_id=item.attempt_id, state=item.state) for item in self.work.held.values()]
        ended = [
            HeldAttempt(attempt_id=attempt_id, state=entry.update.state)
            for attempt_id, entry in self.pending.outgoing.items()
            if attempt_id not in self.work.held
        ]
        connection.sent(now_ms, [item.attempt_id for item in held])
        self._facts_sent = True
        sync = Sync(
            session_id=message.session_id,
            attempts=(*held, *ended),
            facts=self.work.facts,
            host=self.host,
            owner=self.work.owner,
        )
        out.append(Send(connection.number, sync))

    def _refused(self, message: Refused, now_ms: int, out: Out) -> None:
        number = self.connection.number
        self.connection.lost(
            now_ms, f"{message.code}: {message.message}", final=message.retry_after_s <= 0, refused=message
        )
        self.notice = message.message
        out.append(Disconnect(number, message.message))

    def _resync(self, message: Resync, now_ms: int, out: Out) -> None:
        self._drop(f"the master asks for a new session: {message.reason}", now_ms, out)

    def _sync_reply(self, message: SyncReply, now_ms: int, out: Out) -> None:
        if self.connection.phase is not Phase.SYNCING:
            return
        self.connection.lived(now_ms)
        welcome = self.connection.welcome
        assert welcome is not None
        renewed = []
        for attempt_id, verdict in message.verdicts:
            if verdict is Verdict.CONTINUE:
                renewed.append(attempt_id)
            else:
                self.work.stop(attempt_id, Stop("fenced"), now_ms, out, grace_s=0)
        report = self.connection.confirmed(0)
        if report is not None:
            self.work.renew(tuple(renewed), report.sent_ms, now_ms, out)
        self.pending.session_began()
        out.append(
            BecameLive(
                welcome.node_name, self.connection.interval_ms(reporting.shortest_lease_ms(self.work)) / 1000
            )
        )

    def _offers(self, message: Offers, now_ms: int, out: Out) -> None:
        if not self.connection.is_live:
            return
        self.pending.term(message.term)
        for brief in message.briefs:
            self.work.briefs.hear(brief)
        base_ms = self.connection.sent_ms(message.lease_report)
        for offer in message.offers:
            self.work.offer(offer, base_ms, now_ms)

    def _orders(self, message: Orders, now_ms: int, out: Out) -> None:
        if not self.connection.is_live:
            return
        self.notice = message.notice
        for order in message.stops:
            if order.if_waiting:
                self.work.give_back_waiting(order.attempt_id, now_ms, out)
            elif order.give_back:
                known = {reason.value for reason in ReturnReason}
                reason = ReturnReason(order.reason) if order.reason in known else ReturnReason.DRAIN
                self.work.stop(order.attempt_id, Stop(order.reason, reason), now_ms, out)
            else:
                grace_s = 0.0 if order.reason in ("fenced", "superseded", "unknown") else None
                self.work.stop(order.attempt_id, Stop(order.reason), now_ms, out, grace_s=grace_s)
        if message.report_interval_s > 0:
            self.connection.asked_interval_ms = int(message.report_interval_s * 1000)
            interval_s = self.connection.interval_ms(reporting.shortest_lease_ms(self.work)) / 1000
            if interval_s != self._usage_interval_s:
                self._usage_interval_s = interval_s
                out.append(SetUsageInterval(interval_s))

    def _ack(self, message: Ack, now_ms: int, out: Out) -> None:
        connection = self.connection
        connection.is_welcome = message.welcome
        report = connection.confirmed(message.report)
        if report is not None and connection.is_live:
            self.work.renew(report.attempt_ids, report.sent_ms, now_ms, out)
        for update in self.pending.acknowledged(message.updates):
            self.work.forget(update, out)

    def report(self, now_ms: int, out: Out) -> None:
        """Say now what runs here, which renews its leases once it is acknowledged."""
        connection = self.connection
        live = reporting.uses(self.work)
        number = connection.sent(now_ms, [use.attempt_id for use in live])
        report = Report(
            session_id=connection.session_id,
            number=number,
            live=live,
            host=self.host,
            owner=self.work.owner,
            facts=None if self._facts_sent else self.work.facts,
        )
        self._facts_sent = True
        out.append(Send(connection.number, report))
