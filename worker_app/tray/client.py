"""Speaks to an agent's local door; answers with shapes of `core.domain.agent_views`, raises HiveMindError."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import grpc

from core.domain.agent_views import (
    AgentAction,
    AgentShown,
    Check,
    Consent,
    Hop,
    LogLine,
    RulesShown,
    Sample,
    WhyView,
)
from core.domain.earning_views import Earnings, Explained
from core.domain.errors import HiveMindError
from core.domain.lending import LendingRules
from core.pb import agent_pb2 as pb
from core.pb import agent_pb2_grpc
from core.rpc.codec.agent import from_pb, to_pb
from core.rpc.status import error_from_rpc

_CALL_S: Final = 10.0
#: Joining asks the engine and the master.
_JOIN_S: Final = 120.0
_EXAMINE_S: Final = 900.0


class AgentAway(HiveMindError):
    """No agent answers on this computer."""

    default_code = "AGENT_AWAY"


@dataclass(frozen=True, slots=True)
class Door:
    """Where an agent's door is, as its `agent.json` says."""

    address: str
    token: str
    pid: int


def find_door(folder: Path) -> Door | None:
    """Return the door of the agent that runs with this data folder; None when there is none."""
    try:
        content: dict[str, Any] = json.loads((folder / "agent.json").read_bytes())
        return Door(content["doors"]["agent"], content["token"], content["pid"])
    except (OSError, ValueError, KeyError):
        return None


def merged(before: AgentShown, delta: AgentShown) -> AgentShown:
    """Return a snapshot with the parts that came."""
    came = {one.name: part for one in fields(AgentShown) if (part := getattr(delta, one.name)) is not None}
    return replace(before, **came)


class AgentClient:
    """One connection. MUST be made and used on one event loop."""

    def __init__(self, door: Door) -> None:
        options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        self._channel = grpc.aio.insecure_channel(door.address, options=options)
        self._stub: Any = agent_pb2_grpc.AgentStub(self._channel)
        self._metadata = (("authorization", f"Bearer {door.token}"),)

    async def close(self) -> None:
        await self._channel.close(None)

    async def watch(self, *, samples: bool) -> AsyncIterator[AgentShown]:
        """Yield whole snapshots, each with what changed put in; the sample is only that of this moment."""
        shown = AgentShown()
        call = self._stub.Watch(pb.WatchRequest(samples=samples), metadata=self._metadata)
        try:
            async for message in call:
                delta = from_pb(AgentShown, message)
                shown = replace(merged(shown, delta), sample=delta.sample)
                yield shown
        except grpc.aio.AioRpcError as error:
            raise _error(error) from error
        finally:
            call.cancel()

    async def act(
        self, action: AgentAction, *, seconds: int = 0, attempt_id: str = "", owner_id: str = ""
    ) -> None:
        request = pb.ActRequest(action=action.value, seconds=seconds, attempt_id=attempt_id, owner_id=owner_id)
        await self._call("Act", request)

    async def rules(self) -> RulesShown:
        return from_pb(RulesShown, await self._call("GetRules", pb.GetRulesRequest()))

    async def try_rules(self, rules: LendingRules) -> WhyView:
        return from_pb(WhyView, await self._call("TryRules", pb.TryRulesRequest(rules=to_pb(rules))))

    async def set_rules(self, rules: LendingRules) -> RulesShown:
        return from_pb(RulesShown, await self._call("SetRules", pb.SetRulesRequest(rules=to_pb(rules))))

    async def join(self, link: str) -> Consent:
        return from_pb(Consent, await self._call("Join", pb.JoinRequest(link=link), _JOIN_S))

    async def consent(self) -> Consent:
        return from_pb(Consent, await self._call("GetConsent", pb.GetConsentRequest()))

    async def examine(self) -> AsyncIterator[Check]:
        """Yield each fact as it is found; the same name again replaces the one before."""
        call = self._stub.Examine(pb.ExamineRequest(), timeout=_EXAMINE_S, metadata=self._metadata)
        try:
            async for message in call:
                yield from_pb(Check, message)
        except grpc.aio.AioRpcError as error:
            raise _error(error) from error
        finally:
            call.cancel()

    async def log(self, attempt_id: str = "", limit: int = 2000) -> tuple[tuple[LogLine, ...], int]:
        reply = await self._call("ReadLog", pb.ReadLogRequest(attempt_id=attempt_id, limit=limit))
        return tuple([from_pb(LogLine, line) for line in reply.lines]), reply.total

    async def earnings(self, *, days: int, day: str = "", cursor: str = "", limit: int = 100) -> Earnings:
        request = pb.ListEarningsRequest(days=days, day=day, cursor=cursor, limit=limit)
        return from_pb(Earnings, await self._call("ListEarnings", request))

    async def explain(self, attempt_id: str) -> Explained:
        request = pb.ExplainEarningRequest(attempt_id=attempt_id)
        return from_pb(Explained, await self._call("ExplainEarning", request))

    async def history(self, span_s: int) -> tuple[tuple[Sample, ...], int]:
        reply = await self._call("GetHistory", pb.GetHistoryRequest(span_s=span_s))
        return tuple([from_pb(Sample, sample) for sample in reply.samples]), reply.step_s

    async def trace(self) -> tuple[tuple[Hop, ...], int]:
        reply = await self._call("TraceLink", pb.TraceLinkRequest(), 30.0)
        return tuple([from_pb(Hop, hop) for hop in reply.hops]), reply.at_ms

    async def _call(self, method: str, request: Any, timeout_s: float = _CALL_S) -> Any:
        try:
            return await getattr(self._stub, method)(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise _error(error) from error


def _error(error: grpc.aio.AioRpcError) -> HiveMindError:
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return AgentAway("The worker service does not answer.")
    return error_from_rpc(error) or HiveMindError(error.details() or "The worker service failed.")
