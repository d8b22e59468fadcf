"""The agent's way to the node door: sessions on one connection, blobs and logs on another.

Two connections, because pieces of a large file that already stand in a socket's buffer would delay a report on a
slow line, and with it a lease. All of it runs on the agent's loop; files are read in threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import grpc

from core.domain.errors import ProtocolError, TooLarge
from core.domain.membership import PracticeTask
from core.domain.session import AgentMessage, Hello, LogAck, LogChunk, MasterMessage, Updates
from core.pb import (
    blobs_pb2,
    blobs_pb2_grpc,
    logs_pb2_grpc,
    node_pb2,
    node_pb2_grpc,
    secrets_pb2,
    secrets_pb2_grpc,
)
from core.rpc.channel import open_channel
from core.rpc.codec.logs import acks_from_pb, chunks_to_pb
from core.rpc.codec.node import agent_message_to_pb, master_message_from_pb
from core.rpc.server import MESSAGE_BYTES
from worker_app.agent.ports.link import Identity, LinkClosed
from worker_app.wire.failures import explained, translated, translating
from worker_app.wire.reaching import reach

CONNECT_S = 15.0
_CLOSE_S = 2.0
#: Without a piece or an answer for this long a transfer counts as broken.
_IDLE_S = 60.0
#: Leaving does not wait for a master that is away: its operator can remove the node too.
_LEAVE_S = 10.0
_PIECE_BYTES = 1 << 20
#: Updates are split at this size, long before the limit of a message.
_UPDATES_BYTES = 4 << 20
_MISSING_AT_ONCE = 5_000


class Gateway:
    """Implements `Link`, `BlobLink`, `MembershipLink` and `LogLink` for one identity. Of one loop."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._session_channel: grpc.aio.Channel | None = None
        self._bulk_channel: grpc.aio.Channel | None = None

    async def use(self, identity: Identity) -> None:
        """Go on with a renewed certificate: from the next dial and the next transfer on."""
        self._identity = identity
        bulk, self._bulk_channel = self._bulk_channel, None
        if bulk is not None:
            await bulk.close(grace=_IDLE_S)

    # ------------------------------------------------------------ Link

    async def connect(self, hello: Hello) -> GatewaySession:
        """Dial on a fresh connection and send `hello`."""
        if self._session_channel is not None:
            # A new dial must not sit out the backoff of the old connection, nor trust that it still lives.
            await self._session_channel.close()
            self._session_channel = None
        await reach(self._identity.node_door)
        self._session_channel = self._open()
        stub = node_pb2_grpc.NodeSessionStub(self._session_channel)
        call = stub.Open()
        is_expired = self._identity.expires_at_ms <= time.time_ns() // 1_000_000
        with explained(is_expired=is_expired), translating():
            try:
                async with asyncio.timeout(CONNECT_S):
                    await call.wait_for_connection()
                    await call.write(agent_message_to_pb(hello))
            except BaseException:
                call.cancel()
                raise
        return GatewaySession(call, is_expired=is_expired)

    async def close(self) -> None:
        for channel in (self._session_channel, self._bulk_channel):
            if channel is not None:
                await channel.close()
        self._session_channel = self._bulk_channel = None

    def _open(self) -> grpc.aio.Channel:
        mine = self._identity
        return open_channel(
            mine.node_door, mine.ca_pem, key_pem=mine.key_pem, certificate_pem=mine.certificate_pem
        )

    def _bulk(self) -> grpc.aio.Channel:
        if self._bulk_channel is None:
            self._bulk_channel = self._open()
        return self._bulk_channel

    # ------------------------------------------------------------ BlobLink

    async def missing(self, attempt_id: str, digests: Sequence[str]) -> frozenset[str]:
        stub = blobs_pb2_grpc.BlobsStub(self._bulk())
        absent: set[str] = set()
        for first in range(0, len(digests), _MISSING_AT_ONCE):
            request = blobs_pb2.MissingRequest(
                attempt_id=attempt_id, sha256=digests[first : first + _MISSING_AT_ONCE]
            )
            with translating():
                reply = await stub.Missing(request, timeout=_IDLE_S)
            absent.update(reply.sha256)
        return frozenset(absent)

    async def fetch(
        self, attempt_id: str, digest: str, *, offset: int = 0, length: int = 0
    ) -> AsyncIterator[bytes]:
        stub = blobs_pb2_grpc.BlobsStub(self._bulk())
        request = blobs_pb2.FetchRequest(attempt_id=attempt_id, sha256=digest, offset=offset, length=length)
        call = stub.Fetch(request)
        try:
            while True:
                with translating():
                    async with asyncio.timeout(_IDLE_S):
                        piece: Any = await call.read()
                if piece is grpc.aio.EOF:
                    return
                yield piece.content
        finally:
            call.cancel()

    async def store(self, attempt_id: str, digest: str, file: Path, size_bytes: int) -> None:
        stub = blobs_pb2_grpc.BlobsStub(self._bulk())
        call = stub.Store()
        source: BinaryIO | None = None
        try:
            with translating():
                begin = blobs_pb2.StoreBegin(sha256=digest, size=size_bytes, attempt_id=attempt_id)
                async with asyncio.timeout(_IDLE_S):
                    await call.write(blobs_pb2.StoreMessage(begin=begin))
                    reply: Any = await call.read()
                if reply is grpc.aio.EOF:
                    raise LinkClosed("The master ended the transfer.")
                if reply.stored:
                    return
                source = await asyncio.to_thread(file.open, "rb", 0)
                await self._send(call, source, reply.next_offset)
                async with asyncio.timeout(_IDLE_S):
                    await call.done_writing()
                    # Checking and fsync of a large blob take their time; keepalive notices a dead master.
                async with asyncio.timeout(10 * _IDLE_S):
                    reply = await call.read()
                if reply is grpc.aio.EOF or not reply.stored:
                    raise LinkClosed("The master ended the transfer.")
        except asyncio.InvalidStateError as error:
            raise LinkClosed("The master ended the transfer.") from error
        finally:
            call.cancel()
            if source is not None:
                source.close()

    async def _send(self, call: Any, source: BinaryIO, offset: int) -> None:
        def piece_at(position: int) -> bytes:
            source.seek(position)
            return source.read(_PIECE_BYTES)

        while content := await asyncio.to_thread(piece_at, offset):
            async with asyncio.timeout(_IDLE_S):
                try:
                    await call.write(blobs_pb2.StoreMessage(content=content))
                except (asyncio.InvalidStateError, grpc.aio.UsageError):
                    # The master has answered already: its status says why.
                    code = await call.code()
                    details = await call.details()
                    raise grpc.aio.AioRpcError(
                        code, await call.initial_metadata(), await call.trailing_metadata(), details=details
                    ) from None
            offset += len(content)

    # ------------------------------------------------------------ SecretLink

    async def secrets(self, attempt_id: str) -> Mapping[str, str]:
        request = secrets_pb2.SecretsRequest(attempt_id=attempt_id)
        with translating():
            reply = await secrets_pb2_grpc.SecretsStub(self._bulk()).Give(request, timeout=_IDLE_S)
        return dict(reply.values)

    # ------------------------------------------------------------ MembershipLink

    async def practise(self) -> PracticeTask:
        stub = node_pb2_grpc.NodeMembershipStub(self._bulk())
        with translating():
            reply = await stub.Practise(node_pb2.PractiseRequest(), timeout=_IDLE_S)
        return PracticeTask(task_id=reply.task_id, owner_id=reply.owner_id)

    async def leave(self) -> None:
        stub = node_pb2_grpc.NodeMembershipStub(self._bulk())
        with translating():
            await stub.Leave(node_pb2.LeaveRequest(), timeout=_LEAVE_S)

    # ------------------------------------------------------------ LogLink

    async def append(self, chunks: AsyncIterator[LogChunk]) -> AsyncIterator[LogAck]:
        call = logs_pb2_grpc.LogsStub(self._bulk()).Append()
        sender = asyncio.get_running_loop().create_task(self._send_logs(call, chunks))
        try:
            while True:
                with translating():
                    reply: Any = await call.read()
                if reply is grpc.aio.EOF:
                    break
                for ack in acks_from_pb(reply):
                    yield ack
            if sender.done() and not sender.cancelled() and sender.exception() is not None:
                raise LinkClosed("The log stream broke.") from sender.exception()
        finally:
            call.cancel()
            sender.cancel()
            await asyncio.wait([sender])

    async def _send_logs(self, call: Any, chunks: AsyncIterator[LogChunk]) -> None:
        """Send each chunk as it comes; the caller's iterator gathers where it wants batches."""
        async for chunk in chunks:
            await call.write(chunks_to_pb((chunk,)))
        await call.done_writing()


class GatewaySession:
    """Implements `Session`."""

    def __init__(self, call: Any, *, is_expired: bool = False) -> None:
        self._call = call
        self._is_expired = is_expired
        self._sending = asyncio.Lock()

    async def send(self, message: AgentMessage) -> None:
        encoded = agent_message_to_pb(message)
        size = encoded.ByteSize()
        if size > _UPDATES_BYTES and isinstance(message, Updates) and len(message.updates) > 1:
            middle = len(message.updates) // 2
            for part in (message.updates[:middle], message.updates[middle:]):
                await self.send(Updates(session_id=message.session_id, updates=part))
            return
        if size > MESSAGE_BYTES:
            raise TooLarge("A message to the master is too large.", code="MESSAGE_TOO_LARGE")
        async with self._sending:
            try:
                with translating():
                    await self._call.write(encoded)
            except asyncio.InvalidStateError as error:
                raise await self._ended() from error

    async def receive(self) -> MasterMessage:
        with explained(is_expired=self._is_expired):
            return await self._receive()

    async def _receive(self) -> MasterMessage:
        try:
            with translating():
                message = await self._call.read()
        except asyncio.InvalidStateError as error:
            raise await self._ended() from error
        if message is grpc.aio.EOF:
            raise await self._ended()
        try:
            return master_message_from_pb(message)
        except ProtocolError:
            await self.close()
            raise

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._call.done_writing()
                while await self._call.read() is not grpc.aio.EOF:
                    pass
        except (TimeoutError, grpc.RpcError, grpc.aio.UsageError, asyncio.InvalidStateError):
            # The other side may be gone; cancelling is all that is left to do.
            pass
        finally:
            self._call.cancel()

    async def _ended(self) -> Exception:
        """Return why the stream is over."""
        code = await self._call.code()
        if code is grpc.StatusCode.OK:
            return LinkClosed("The master ended the session.")
        return translated(
            grpc.aio.AioRpcError(
                code,
                await self._call.initial_metadata(),
                await self._call.trailing_metadata(),
                details=await self._call.details(),
                debug_error_string=self._call.debug_error_string(),
            )
        )
