"""`Agent` of the local door: decode, one call, encode."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any, Protocol

from core.clock import Clock
from core.domain.agent_views import AgentAction, AgentShown, Sample
from core.domain.earning_views import EarningRow
from core.domain.errors import Invalid
from core.domain.lending import LendingRules
from core.pb import agent_pb2 as pb
from core.pb import agent_pb2_grpc
from core.rpc.codec.agent import from_pb, to_pb
from core.rpc.interceptors import Context
from worker_app.agent.desk import Desk
from worker_app.agent.doctor import Doctor
from worker_app.agent.examining import examine
from worker_app.agent.owner_actions import OwnerActions

MAX_LINES = 2000


class Examined(Protocol):
    """Makes a doctor for the runtime that is there now."""

    def __call__(self) -> Doctor: ...


class AgentDoor(agent_pb2_grpc.AgentServicer):
    """Made on the agent's loop."""

    def __init__(self, desk: Desk, actions: OwnerActions, doctor: Examined, clock: Clock) -> None:
        self._desk = desk
        self._actions = actions
        self._doctor = doctor
        self._clock = clock
        self._examining = asyncio.Lock()

    async def Watch(self, request: Any, context: Context) -> None:  # type: ignore[override]
        """A snapshot, then what changed; the face that falls behind gets the newest, never a queue."""
        desk, key = self._desk, object()
        event = desk.subscribe(key, samples=request.samples)
        before = AgentShown()
        try:
            while True:
                await event.wait()
                event.clear()
                now = desk.shown()
                delta = changes(before, now, samples=request.samples)
                before = now
                if delta != AgentShown():
                    await context.write(to_pb(delta))
        finally:
            desk.unsubscribe(key)

    async def Act(self, request: Any, context: Context) -> pb.ActReply:
        try:
            action = AgentAction(request.action)
        except ValueError:
            raise Invalid(f"This agent knows no action {request.action!r}.", code="ACTION_UNKNOWN") from None
        self._actions.act(
            action, seconds=request.seconds, attempt_id=request.attempt_id, owner_id=request.owner_id
        )
        return pb.ActReply()

    async def GetRules(self, request: Any, context: Context) -> Any:
        return to_pb(self._actions.rules())

    async def TryRules(self, request: Any, context: Context) -> Any:
        return to_pb(self._desk.why_with(from_pb(LendingRules, request.rules)))

    async def SetRules(self, request: Any, context: Context) -> Any:
        return to_pb(self._actions.set_rules(from_pb(LendingRules, request.rules)))

    async def Join(self, request: Any, context: Context) -> Any:
        return to_pb(await self._actions.join(request.link))

    async def GetConsent(self, request: Any, context: Context) -> Any:
        return to_pb(self._actions.consent())

    async def Examine(self, request: Any, context: Context) -> None:  # type: ignore[override]
        async with self._examining:
            async for check in examine(self._doctor()):
                await context.write(to_pb(check))

    async def ReadLog(self, request: Any, context: Context) -> pb.ReadLogReply:
        limit = min(request.limit or MAX_LINES, MAX_LINES)
        if request.attempt_id:
            lines, total = self._desk.output_tail.lines(request.attempt_id, limit)
        else:
            lines, total = self._desk.agent_tail.lines(limit)
        return pb.ReadLogReply(lines=[to_pb(line) for line in lines], total=total)

    async def ListEarnings(self, request: Any, context: Context) -> Any:
        found = await asyncio.to_thread(
            self._desk.book.earnings,
            self._clock.wall_ms(),
            days=request.days,
            day=request.day,
            cursor=request.cursor,
            limit=request.limit,
        )
        message = to_pb(found)
        if not request.cursor and not request.day:
            for row in reversed(self._running()):
                message.rows.insert(0, to_pb(row))
            message.pending_ucpt = self._desk.shown().status.pending_ucpt  # type: ignore[union-attr]
        return message

    def _running(self) -> list[EarningRow]:
        shown = self._desk.shown().containers
        return [
            EarningRow(
                attempt_id=one.attempt_id,
                task_name=one.task_name,
                index=one.index,
                owner_name=one.owner_name,
                state=one.state,
                money="running",
                started_ms=one.started_ms,
                ran_ms=self._clock.wall_ms() - one.started_ms if one.started_ms else 0,
                resources=one.resources,
                ucpt=one.pending_ucpt,
            )
            for one in (shown.rows if shown else ())
        ]

    async def ExplainEarning(self, request: Any, context: Context) -> Any:
        return to_pb(await asyncio.to_thread(self._actions.explain, request.attempt_id))

    async def GetHistory(self, request: Any, context: Context) -> pb.GetHistoryReply:
        samples, step_s = self._desk.history.span(request.span_s, self._clock.wall_ms())
        return pb.GetHistoryReply(samples=[to_pb(sample) for sample in samples], step_s=step_s)

    async def TraceLink(self, request: Any, context: Context) -> pb.TraceLinkReply:
        hops = await self._actions.trace()
        return pb.TraceLinkReply(hops=[to_pb(hop) for hop in hops], at_ms=self._clock.wall_ms())


def changes(before: AgentShown, now: AgentShown, *, samples: bool) -> AgentShown:
    """Return the parts of `now` that differ. A sample goes along only where it was asked for, and only once."""
    parts: dict[str, Any] = {}
    for one in fields(AgentShown):
        part = getattr(now, one.name)
        if part != getattr(before, one.name) and not (isinstance(part, Sample) and not samples):
            parts[one.name] = part
    return AgentShown(**parts)
