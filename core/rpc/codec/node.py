"""node.proto: the two envelopes of a session. `agent_messages` and `master_messages` do what is inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.domain.errors import ProtocolError
from core.domain.session import (
    Ack,
    AgentMessage,
    Hello,
    MasterMessage,
    Offers,
    Orders,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from core.pb import node_pb2 as pb
from core.rpc.codec import agent_messages as a
from core.rpc.codec import master_messages as m

_AGENT_BODIES: dict[type[Any], tuple[str, Callable[[Any], Any]]] = {
    Hello: ("hello", a.hello_to_pb),
    Sync: ("sync", a.sync_to_pb),
    Report: ("report", a.report_to_pb),
    Updates: ("updates", a.updates_to_pb),
}
_AGENT_READERS: dict[str | None, Callable[[Any], AgentMessage]] = {
    "hello": a.hello_from_pb,
    "sync": a.sync_from_pb,
    "report": a.report_from_pb,
    "updates": a.updates_from_pb,
}
_MASTER_BODIES: dict[type[Any], tuple[str, Callable[[Any], Any]]] = {
    Welcome: ("welcome", m.welcome_to_pb),
    Refused: ("refused", m.refused_to_pb),
    SyncReply: ("sync_reply", m.sync_reply_to_pb),
    Offers: ("offers", m.offers_to_pb),
    Orders: ("orders", m.orders_to_pb),
    Ack: ("ack", m.ack_to_pb),
    Resync: ("resync", m.resync_to_pb),
}
_MASTER_READERS: dict[str | None, Callable[[Any], MasterMessage]] = {
    "welcome": m.welcome_from_pb,
    "refused": m.refused_from_pb,
    "sync_reply": m.sync_reply_from_pb,
    "offers": m.offers_from_pb,
    "orders": m.orders_from_pb,
    "ack": m.ack_from_pb,
    "resync": m.resync_from_pb,
}


def agent_message_to_pb(value: AgentMessage) -> pb.NodeMessage:
    name, to_pb = _AGENT_BODIES[type(value)]
    return pb.NodeMessage(**{name: to_pb(value)})


def agent_message_from_pb(message: pb.NodeMessage) -> AgentMessage:
    name = message.WhichOneof("body")
    if name is None:
        raise ProtocolError("A message without a body was sent.", code="EMPTY_MESSAGE")
    return _AGENT_READERS[name](getattr(message, name))


def master_message_to_pb(value: MasterMessage) -> pb.MasterMessage:
    name, to_pb = _MASTER_BODIES[type(value)]
    return pb.MasterMessage(**{name: to_pb(value)})


def master_message_from_pb(message: pb.MasterMessage) -> MasterMessage:
    name = message.WhichOneof("body")
    if name is None:
        raise ProtocolError("A message without a body was sent.", code="EMPTY_MESSAGE")
    return _MASTER_READERS[name](getattr(message, name))
