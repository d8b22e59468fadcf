"""ASGI before Flask: threads are given to requests that are ready to use one.

A small body is read before a thread is taken, so a slow client holds none. Requests that move much (large bodies,
results) share half of the threads. A download stops when its client is gone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from a2wsgi import WSGIMiddleware

from master_app.web.incoming import Incoming
from master_app.web.live import LiveStreams

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = dict[str, Any]

THREADS: Final = 64
MOVERS: Final = 32
SMALL_BODY_BYTES: Final = 1 << 20
_MAX_WAITING: Final = 512
_MAX_PATH: Final = 8 << 10
#: Answers that may be large.
_MOVING = re.compile(r"/api/(v1/)?(tasks/[^/]+/(result|usage|artifacts/.+)|ledger/export)")


class Front:
    """The ASGI application that uvicorn serves."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        live: LiveStreams | None = None,
        threads: int = THREADS,
        movers: int = MOVERS,
    ) -> None:
        self._live = live
        stopping: Any = _StopsWhenGone(app)
        self._wsgi = WSGIMiddleware(stopping, workers=threads, send_queue_size=2)
        self._movers = asyncio.Semaphore(movers)
        self._others = asyncio.Semaphore(threads - movers)
        self._waiting = 0

    def end_streams(self) -> None:
        """End all event streams, so that stopping need not wait for readers that never leave."""
        if self._live is not None:
            self._live.close()

    def close(self) -> None:
        """Let idle threads go."""
        self.end_streams()
        self._wsgi.executor.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        if scope["type"] != "http":
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        if self._live is not None and self._live.handles(scope["path"]):
            await self._live(scope, receive, send, _refuse)
            return
        length = _content_length(scope)
        is_large = length > SMALL_BODY_BYTES
        body = b""
        if not is_large:
            whole = await _read(receive, length)
            if whole is None:
                return
            body = whole
        gate = self._movers if is_large or _MOVING.fullmatch(scope["path"]) else self._others
        if self._waiting >= _MAX_WAITING:
            await _refuse(send, 503, "BUSY", "The master is busy.", retry_after_s=1)
            return
        self._waiting += 1
        try:
            await gate.acquire()
        finally:
            self._waiting -= 1
        try:
            if is_large:
                await self._take_in(scope, receive, send)
            else:
                await self._answer(scope, body, receive, send)
        finally:
            gate.release()

    async def _take_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a large body ahead of the thread that takes it."""
        incoming = scope["hivemind.incoming"] = Incoming(asyncio.get_running_loop())
        filling = asyncio.ensure_future(incoming.fill(receive))
        try:
            await self._wsgi(scope, receive, send)  # type: ignore[arg-type]
        finally:
            filling.cancel()

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        gone = scope["hivemind.gone"] = _Gone()

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.is_gone = True

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        watcher = asyncio.ensure_future(watch())
        try:
            await self._wsgi(scope, replay, send)  # type: ignore[arg-type]
        finally:
            watcher.cancel()


class _Gone:
    """Set by the loop, read by the thread that answers."""

    __slots__ = ("is_gone",)

    def __init__(self) -> None:
        self.is_gone = False


class _StopsWhenGone:
    """WSGI around the app: what nobody takes any more is not made, and large bodies are those read ahead."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scope = environ.get("asgi.scope", {})
        if (incoming := scope.get("hivemind.incoming")) is not None:
            environ["wsgi.input"] = incoming
        answer = self._app(environ, start_response)
        gone = scope.get("hivemind.gone")
        return answer if gone is None else _Stopping(answer, gone)


class _Stopping:
    def __init__(self, answer: Iterable[bytes], gone: _Gone) -> None:
        self._answer = answer
        self._gone = gone

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._answer:
            if self._gone.is_gone:
                return
            yield piece

    def close(self) -> None:
        closing = getattr(self._answer, "close", None)
        if closing is not None:
            closing()


def _refusal(scope: Scope) -> tuple[int, str, str] | None:
    if not scope["query_string"].isascii() or len(scope["query_string"]) + len(scope["path"]) > _MAX_PATH:
        return 400, "BAD_REQUEST", "The address of this request cannot be read."
    names = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" in names:
        return 411, "LENGTH_REQUIRED", "Send the header Content-Length instead of a chunked body."
    return None


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 16 else 0
    return 0


async def _read(receive: Receive, length: int) -> bytes | None:
    """Return a small body; None: the client went away."""
    pieces = bytearray()
    while len(pieces) < length:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(pieces)


async def _refuse(send: Send, status: int, code: str, detail: str, *, retry_after_s: int = 0) -> None:
    document = {
        "type": f"urn:hivemind:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    if retry_after_s:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
