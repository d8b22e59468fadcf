"""What a session's door answers when the service is slow, gone or cancelled; without sockets."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import grpc
import pytest

from core.domain.errors import ProtocolError
from core.domain.session import Hello, Refused, Resync, Sync, Welcome
from core.pb import node_pb2
from core.rpc import interceptors
from core.rpc.codec.node import agent_message_to_pb, master_message_from_pb
from core.rpc.pki.authority import NodeCertificate
from master_app.rpc.node_door import NodeSessionDoor
from tests.fakes.door_services import FakeSessions

NODE = NodeCertificate(node_id="01NODE", serial="1", key_sha256="k", expires_ms=0)
HELLO = agent_message_to_pb(Hello(node_id="01NODE", incarnation=1, boot_id="b"))


class FakeContext:
    """Plays the other side of a stream: what it says, then silence until it is told to end."""

    def __init__(self, *messages: Any) -> None:
        self._incoming: asyncio.Queue[Any] = asyncio.Queue()
        for message in messages:
            self._incoming.put_nowait(message)
        self.written: list[Any] = []

    def end(self) -> None:
        self._incoming.put_nowait(grpc.aio.EOF)

    async def read(self) -> Any:
        return await self._incoming.get()

    async def write(self, message: Any) -> None:
        self.written.append(master_message_from_pb(message))


async def opened(door: NodeSessionDoor, context: FakeContext) -> None:
    interceptors._caller.set(NODE)
    await door.Open(None, context)  # type: ignore[arg-type]


async def test_no_hello_in_time_ends_the_call() -> None:
    door = NodeSessionDoor(FakeSessions(), lambda: "s", sync_s=0.01)
    with pytest.raises(ProtocolError):
        await opened(door, FakeContext())


async def test_no_sync_in_time_is_answered_with_resync() -> None:
    sessions = FakeSessions()
    context = FakeContext(HELLO)
    await opened(NodeSessionDoor(sessions, lambda: "s", sync_s=0.01), context)
    assert isinstance(context.written[0], Welcome)
    assert context.written[1] == Resync(session_id="s", reason="no SYNC came in time")
    assert sessions.closings == [("s", "no SYNC came in time")]


async def test_something_else_than_hello_is_refused() -> None:
    door = NodeSessionDoor(FakeSessions(), lambda: "s")
    for message in (node_pb2.NodeMessage(), node_pb2.NodeMessage(report=node_pb2.Report())):
        with pytest.raises(ProtocolError):
            await opened(door, FakeContext(message))


async def test_a_caller_that_leaves_while_its_session_is_written_leaves_no_session_behind() -> None:
    waiting: Future[Welcome | Refused] = Future()

    class SlowSessions(FakeSessions):
        def open(self, *arguments: Any) -> Future[Welcome | Refused]:
            welcome = super().open(*arguments).result()
            self.answer = welcome
            return waiting

    sessions = SlowSessions()
    call = asyncio.ensure_future(opened(NodeSessionDoor(sessions, lambda: "s"), FakeContext(HELLO)))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert sessions.closings == []
    waiting.set_result(sessions.answer)
    assert sessions.closings == [("s", "the stream ended")]


async def test_a_bug_behind_the_door_closes_the_session_and_is_not_swallowed() -> None:
    class BrokenSessions(FakeSessions):
        def sync(self, session_id: str, sync: Sync) -> Future[Any]:
            raise RuntimeError("a bug in the service")

    sessions = BrokenSessions()
    sync = node_pb2.NodeMessage()
    sync.sync.session_id = "s"
    sync.sync.facts.runtime = 1  # type: ignore[assignment]
    sync.sync.owner.state = node_pb2.NodeOwner.NODE_OWNER_AVAILABLE
    context = FakeContext(HELLO, sync)
    with pytest.raises(RuntimeError):
        await opened(NodeSessionDoor(sessions, lambda: "s"), context)
    assert sessions.closings == [("s", "an error inside the master")]
