"""Content in and out, in pieces, resumable both ways. Files are read and written in threads; memory stays flat."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, BinaryIO, TypeVar

import grpc

from core.domain.errors import Invalid, NotFound, ProtocolError
from core.pb import blobs_pb2, blobs_pb2_grpc
from core.rpc.interceptors import Context, caller
from core.rpc.pki.authority import NodeCertificate
from master_app.rpc.services import BlobStore, BlobWriting, GrantService, Meter

T = TypeVar("T")

PIECE_BYTES = 1 << 20
MAX_MISSING = 10_000
#: A peer that sends nothing for this long loses its call, not its bytes.
IDLE_S = 60.0
#: Small pieces are gathered to about this before they are written.
_WRITE_BYTES = 4 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobsDoor(blobs_pb2_grpc.BlobsServicer):
    """`Blobs` of the node door. `threads` is a pool of its own, so that nothing else waits for disks."""

    def __init__(
        self, store: BlobStore, grants: GrantService, threads: ThreadPoolExecutor, traffic: Meter
    ) -> None:
        self._store = store
        self._grants = grants
        self._threads = threads
        self._traffic = traffic

    async def Missing(self, request: Any, context: Context) -> blobs_pb2.MissingReply:
        if len(request.sha256) > MAX_MISSING:
            raise Invalid(f"At most {MAX_MISSING} blobs can be asked for at once.", code="TOO_MANY")
        wanted = [_checked(sha256) for sha256 in request.sha256]
        await self._may_store(request.attempt_id)
        return blobs_pb2.MissingReply(sha256=await self._run(self._missing, wanted))

    def _missing(self, wanted: list[str]) -> list[str]:
        return [sha256 for sha256 in wanted if not self._store.is_sound(sha256)]

    async def Fetch(self, request: Any, context: Context) -> None:  # type: ignore[override]
        sha256 = _checked(request.sha256)
        node_id = _node_id()
        if not await asyncio.wrap_future(self._grants.may_read(node_id, request.attempt_id, sha256)):
            raise NotFound("There is no such blob for this attempt.", code="BLOB_NOT_FOUND")
        try:
            await self._give(request, sha256, node_id, context)
        except NotFound:
            # Said before the agent is answered: what follows for its attempt depends on it.
            await asyncio.wrap_future(self._grants.note_missing(node_id, request.attempt_id, sha256))
            raise

    async def _give(self, request: Any, sha256: str, node_id: str, context: Context) -> None:
        size = await self._run(self._store.size, sha256)
        if size is None:
            raise NotFound("The pool's disk has lost this blob.", code="BLOB_NOT_FOUND")
        end = min(size, request.offset + request.length) if request.length else size
        if request.offset > size:
            raise Invalid("The offset is beyond the end of the blob.", code="OFFSET_TOO_LARGE")
        if end - request.offset == size:
            contents = self._store.whole(sha256)
        else:
            contents = _range(await self._run(self._store.open, sha256), request.offset, end)
        loop = asyncio.get_running_loop()
        pieces = _pieces(contents, size)
        ahead = loop.run_in_executor(self._threads, next, pieces, None)
        try:
            while (piece := await ahead) is not None:
                # The next piece is read while this one is on its way.
                ahead = loop.run_in_executor(self._threads, next, pieces, None)
                await context.write(piece)
                self._traffic.count(node_id, sent=len(piece.content))
        finally:
            # The file may only be closed once no thread reads it, also when the call was cancelled.
            ahead.add_done_callback(lambda _done: pieces.close())

    async def Store(self, request_iterator: Any, context: Context) -> None:  # type: ignore[override]
        first = await _read(context)
        if first is grpc.aio.EOF or first.WhichOneof("body") != "begin":
            raise ProtocolError("A blob begins with its digest and size.", code="STORE_BEGIN_MISSING")
        begin = first.begin
        sha256 = _checked(begin.sha256)
        await self._may_store(begin.attempt_id)
        if await self._run(self._store.is_sound, sha256):
            await context.write(blobs_pb2.StoreReply(next_offset=begin.size, stored=True))
            return
        writing = await self._open(sha256, begin.size)
        try:
            await context.write(blobs_pb2.StoreReply(next_offset=writing.offset))
            await self._receive(context, writing, begin.size)
            await _whole(self._run(writing.commit))
        finally:
            await _whole(self._run(writing.close))
        await context.write(blobs_pb2.StoreReply(next_offset=begin.size, stored=True))

    async def _open(self, sha256: str, size: int) -> BlobWriting:
        opening = self._run(self._store.receive, sha256, size)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # Or the blob would stay taken by a call that is over.
            await asyncio.wait([opening])
            if opening.exception() is None:
                await _whole(self._run(opening.result().close))
            raise

    async def _receive(self, context: Context, writing: BlobWriting, size: int) -> None:
        """Take content until `size` is reached or the sender ends; writing overlaps receiving."""
        arrived = writing.offset
        gathered: list[bytes] = []
        gathered_bytes = 0
        node_id = _node_id()
        pending: asyncio.Future[None] | None = None
        try:
            while arrived < size:
                message = await _read(context)
                if message is grpc.aio.EOF:
                    break
                content = message.content
                if message.WhichOneof("body") != "content" or not content:
                    raise ProtocolError("Content was expected.", code="STORE_CONTENT_MISSING")
                arrived += len(content)
                self._traffic.count(node_id, received=len(content))
                gathered.append(content)
                gathered_bytes += len(content)
                if gathered_bytes >= _WRITE_BYTES or arrived >= size:
                    if pending is not None:
                        await _whole(pending)
                    pending = self._run(_write_all, writing, gathered)
                    gathered, gathered_bytes = [], 0
            if gathered:
                if pending is not None:
                    await _whole(pending)
                pending = self._run(_write_all, writing, gathered)
        finally:
            if pending is not None:
                await _whole(pending)

    async def _may_store(self, attempt_id: str) -> None:
        if not await asyncio.wrap_future(self._grants.may_store(_node_id(), attempt_id)):
            raise NotFound("This node has no such attempt.", code="ATTEMPT_NOT_FOUND")

    def _run(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


async def _whole(future: asyncio.Future[T]) -> T:
    """Wait for a thread to end its work, also when the call was cancelled: one call at a time a blob."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _write_all(writing: BlobWriting, pieces: list[bytes]) -> None:
    for piece in pieces:
        writing.write(piece)


def _range(file: BinaryIO, offset: int, end: int) -> Generator[bytes, None, None]:
    with file:
        file.seek(offset)
        while offset < end:
            content = file.read(min(PIECE_BYTES, end - offset))
            if not content:
                raise NotFound("The blob is shorter than it was.", code="BLOB_NOT_FOUND")
            offset += len(content)
            yield content


def _pieces(contents: Generator[bytes, None, None], size: int) -> Generator[blobs_pb2.BlobPiece, None, None]:
    """Give each piece its message; the first says how large the whole blob is. Closing it closes the file."""
    total = size
    with closing(contents):
        for content in contents:
            yield blobs_pb2.BlobPiece(content=content, blob_size=total)
            total = 0


async def _read(context: Context) -> Any:
    try:
        async with asyncio.timeout(IDLE_S):
            return await context.read()
    except TimeoutError:
        raise ProtocolError("The sender fell silent.", code="IDLE") from None


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise Invalid("A blob is named by its SHA-256 in lower-case hex.", code="DIGEST_INVALID")
    return sha256


def _node_id() -> str:
    certificate = caller()
    assert isinstance(certificate, NodeCertificate)
    return certificate.node_id
