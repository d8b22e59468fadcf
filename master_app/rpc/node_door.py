"""The node door's sessions: one reader and one writer a stream; batches of updates overlap in the writer.

read Hello -> service.open -> Welcome | Refused
read Sync  -> service.sync -> SyncReply, then offers and orders flow
read Report -> service.report, at once;  read Updates -> service.updates, acknowledged as they commit
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import grpc

from core.domain.errors import Busy, HiveMindError, ProtocolError, Unauthenticated
from core.domain.session import (
    Ack,
    AgentMessage,
    Hello,
    MasterMessage,
    Refused,
    Report,
    Resync,
    Sync,
    Updates,
)
from core.pb import node_pb2_grpc
from core.rpc.codec.node import agent_message_from_pb, master_message_to_pb
from core.rpc.interceptors import Context, caller
from core.rpc.pki.authority import NodeCertificate
from core.rpc.streams import SessionStream
from master_app.rpc.services import SessionService

logger = logging.getLogger(__name__)

SYNC_S = 15.0
#: A node that takes nothing for this long is gone, whatever its keepalive says.
_WRITE_S = 30.0
_BUSY_RETRY_S = 0.2
_BUSY_TRIES = 50


class NodeSessionDoor(node_pb2_grpc.NodeSessionServicer):
    """`Open` of the node door. The newest session of a node ends the older one."""

    def __init__(
        self, service: SessionService, new_session_id: Callable[[], str], *, sync_s: float = SYNC_S
    ) -> None:
        self._service = service
        self._new_session_id = new_session_id
        self._sync_s = sync_s
        self._live: dict[str, SessionStream] = {}

    async def Open(self, request_iterator: Any, context: Context) -> None:  # type: ignore[override]
        certificate = caller()
        assert isinstance(certificate, NodeCertificate)
        stream = SessionStream(self._new_session_id(), asyncio.get_running_loop())
        hello = await self._hello(context)
        if hello.node_id != certificate.node_id:
            raise Unauthenticated(
                "The certificate belongs to another node.",
                code="CERTIFICATE_OF_ANOTHER_NODE",
                fix="Let this node join again; do not copy the data folder of a node to another machine.",
            )
        opening = self._service.open(certificate.node_id, certificate.serial, stream, hello)
        try:
            answer = await asyncio.shield(asyncio.wrap_future(opening))
        except asyncio.CancelledError:
            # The caller went away while its session was being written: it is over as soon as it is there.
            opening.add_done_callback(lambda done: self._abandoned(stream, done))
            raise
        if isinstance(answer, Refused):
            await context.write(master_message_to_pb(answer))
            return
        node_id = certificate.node_id
        older = self._live.get(node_id)
        self._live[node_id] = stream
        if older is not None:
            older.close("a newer session of this node")
        logger.info("session opened", extra={"node": node_id, "session": stream.session_id})
        reader: asyncio.Task[None] | None = None
        live = _LiveSession(self._service, stream, context, self._sync_s)
        try:
            await context.write(master_message_to_pb(answer))
            reader = asyncio.get_running_loop().create_task(live.read())
            await live.write()
        finally:
            stream.close("the stream ended")
            if reader is not None:
                reader.cancel()
                await asyncio.wait([reader])
            if self._live.get(node_id) is stream:
                del self._live[node_id]
            reason = stream.reason
            logger.info("session closed", extra={"node": node_id, "session": stream.session_id, "reason": reason})
            self._service.closed(stream.session_id, reason)
        if live.error is not None:
            raise live.error

    async def _hello(self, context: Context) -> Hello:
        try:
            async with asyncio.timeout(self._sync_s):
                first = await context.read()
        except TimeoutError:
            raise ProtocolError("No Hello came.", code="HELLO_MISSING") from None
        if first is grpc.aio.EOF:
            raise ProtocolError("The stream ended before a Hello.", code="HELLO_MISSING")
        message = agent_message_from_pb(first)
        if not isinstance(message, Hello):
            raise ProtocolError("A session begins with a Hello.", code="HELLO_MISSING")
        return message

    def _abandoned(self, stream: SessionStream, opening: Future[Any]) -> None:
        if opening.cancelled() or opening.exception() is not None or isinstance(opening.result(), Refused):
            return
        stream.close("the stream ended")
        self._service.closed(stream.session_id, "the stream ended")


class _LiveSession:
    """One welcomed stream."""

    def __init__(self, service: SessionService, stream: SessionStream, context: Context, sync_s: float) -> None:
        self._service = service
        self._stream = stream
        self._context = context
        self._sync_s = sync_s
        self._synced = False
        #: Set whenever the writer task ran: the window may be open again.
        self._room = asyncio.Event()
        #: What the other side did wrong; raised once everything is told.
        self.error: Exception | None = None

    async def write(self) -> None:
        """Send what is queued until the session is over, then say why."""
        stream = self._stream
        while True:
            messages = await stream.next_messages()
            self._room.set()
            if messages is None:
                break
            for message in messages:
                if not await self._send(message):
                    return
        if self.error is None and stream.reason != _ENDED:
            farewell = Resync(session_id=stream.session_id, reason=stream.reason)
            await self._send(farewell)

    async def _send(self, message: MasterMessage) -> bool:
        """Write one message; False when the node has not read for so long that its session is over."""
        try:
            async with asyncio.timeout(_WRITE_S):
                await self._context.write(master_message_to_pb(message))
        except TimeoutError:
            self._stream.close("the node does not read")
            self.error = self.error or ProtocolError("The node does not read.", code="NOT_READING")
            return False
        return True

    async def read(self) -> None:
        """Take messages until the stream ends or something is wrong; then the writer ends too."""
        try:
            await self._sync()
            while not self._stream.reason:
                raw = await self._context.read()
                if raw is grpc.aio.EOF:
                    break
                await self._take(agent_message_from_pb(raw))
            self._stream.close(_ENDED)
        except Busy as error:
            self._stream.close(f"the master is busy: {error.message}")
        except HiveMindError as error:
            self.error = error
            self._stream.close(error.code)
        except (asyncio.CancelledError, grpc.aio.UsageError):
            self._stream.close(_ENDED)
            raise
        except Exception as error:
            self.error = error
            self._stream.close("an error inside the master")

    async def _sync(self) -> None:
        try:
            async with asyncio.timeout(self._sync_s):
                raw = await self._context.read()
        except TimeoutError:
            self._stream.close("no SYNC came in time")
            return
        if raw is grpc.aio.EOF:
            self._stream.close(_ENDED)
            return
        message = agent_message_from_pb(raw)
        if not isinstance(message, Sync) or message.session_id != self._stream.session_id:
            self._stream.close("a SYNC of this session must come first")
            return
        future = self._service.sync(self._stream.session_id, message)
        reply = await asyncio.wrap_future(future)
        if isinstance(reply, Resync):
            self._stream.send(reply)
        else:
            self._stream.release(reply)

    async def _take(self, message: AgentMessage) -> None:
        stream = self._stream
        if isinstance(message, (Hello, Sync)):
            stream.close("a session has one HELLO and one SYNC")
        elif message.session_id != stream.session_id:
            stream.close("a message of another session")
        elif isinstance(message, Report):
            stream.send(self._service.report(stream.session_id, message))
        else:
            await self._updates(message)

    async def _updates(self, updates: Updates) -> None:
        stream = self._stream
        while not stream.window_open and not stream.reason:
            self._room.clear()
            if stream.window_open:
                break
            await self._room.wait()
        for _ in range(_BUSY_TRIES):
            if stream.reason:
                return
            try:
                future = self._service.updates(stream.session_id, updates)
                break
            except Busy:
                # Not reading on is what slows the node down; its outbox keeps what waits.
                await self._pause(_BUSY_RETRY_S)
        else:
            stream.close("the master is busy")
            return
        stream.started()
        future.add_done_callback(self._committed)

    async def _pause(self, seconds: float) -> None:
        self._room.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._room.wait()
        except TimeoutError:
            return

    def _committed(self, future: Future[Ack | Resync]) -> None:
        """Runs on the writer's thread."""
        error = None if future.cancelled() else future.exception()
        if error is None and not future.cancelled():
            self._stream.finished(future.result())
            return
        logger.warning("updates were not kept", extra={"session": self._stream.session_id}, exc_info=error)
        # Not acknowledged, so the node sends them again in its next session.
        code = error.code if isinstance(error, HiveMindError) else "INTERNAL"
        self._stream.finished(Resync(session_id=self._stream.session_id, reason=f"not kept: {code}"))


_ENDED = "the stream ended"
