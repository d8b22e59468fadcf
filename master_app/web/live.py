"""Server-sent events beside Flask: one loop holds all streams, no thread waits for any of them.

`/api/v1/events` takes a bearer token, `/live` the cookie of a page; both are this code. A stream says which things
changed (see `master_app.feed`), at most once a second, and a pulse when nothing did. Its ids are commit numbers:
a browser that comes back with Last-Event-ID gets what it missed, or `reset` when that is not known any more.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

import structlog

from core.domain.errors import HiveMindError, Unauthenticated
from core.domain.user import Action, Principal
from master_app.feed import Audience, Delta, Feed

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = dict[str, Any]
Refuse = Callable[..., Awaitable[None]]

log = structlog.get_logger(__name__)
BEARER_PATHS: Final = frozenset({"/api/events", "/api/v1/events"})
COOKIE_PATH: Final = "/live"
SESSION_COOKIE: Final = "hm_session"
MAX_STREAMS: Final = 1024
MAX_STREAMS_OF_A_USER: Final = 64
_PULSE_S: Final = 4.0
#: Changes are collected this long before anybody is woken, and sent at most once a second.
_COLLECT_S: Final = 0.1
_GAP_S: Final = 1.0
#: A session that was revoked loses its stream within this time.
_CHECK_S: Final = 30.0
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a stream speaks; tests are in a hurry."""

    pulse_s: float = _PULSE_S
    collect_s: float = _COLLECT_S
    gap_s: float = _GAP_S
    check_s: float = _CHECK_S


@dataclass(eq=False, slots=True)
class _Stream:
    who: Principal
    audience: Audience
    send: Send
    position: int
    ring: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        self.gone.set()
        self.ring.set()

    async def say(self, event: str, position: int, **values: Any) -> None:
        text = event_text(event, position, **values)
        await self.send({"type": "http.response.body", "body": text.encode(), "more_body": True})


def event_text(event: str, position: int, **values: Any) -> str:
    """Return one event as its lines; its id is a commit number."""
    body = json.dumps({"commit": position, **values}, separators=(",", ":"))
    return f"event: {event}\nid: {position}\ndata: {body}\n\n"


def changes_of(delta: Delta) -> list[dict[str, str]]:
    """Return what changed, as events say it."""
    return [{"kind": c.kind.value, "id": c.thing_id, "what": c.what.value} for c in delta.changes]


class LiveStreams:
    """The ASGI side of the feed. Everything but `_on_commit` and `close` runs on the web loop."""

    def __init__(
        self, feed: Feed, authenticate: Callable[[str, str], Principal], *, pace: Pace | None = None
    ) -> None:
        self._feed = feed
        self._authenticate = authenticate
        self._pace = pace or Pace()
        self._threads = ThreadPoolExecutor(4, "live")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: dict[str, set[_Stream]] = {}
        self._of_user: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._dirty: set[str] = set()
        self._is_called = False
        self._is_closed = False
        self._subscription = feed.subscribe(self._on_commit)

    @property
    def count(self) -> int:
        return self._of_user.total()

    def handles(self, path: str) -> bool:
        return path == COOKIE_PATH or path in BEARER_PATHS

    def close(self) -> None:
        """End every stream. Any thread."""
        self._is_closed = True
        self._subscription.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._end_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, refuse: Refuse) -> None:
        """Answer one request with a stream, for as long as its browser wants it."""
        self._loop = asyncio.get_running_loop()
        if scope["method"] != "GET":
            await refuse(send, 405, "METHOD_NOT_ALLOWED", "Events are read with GET.")
            return
        token = _token(scope)
        try:
            who = await self._check(token, scope)
        except HiveMindError as error:
            await refuse(send, 401, error.code, error.message)
            return
        if not who.may(Action.TASK_READ):
            await refuse(send, 403, "SCOPE_MISSING", "This token lacks the scope tasks:read.")
            return
        too_many = self._of_user[who.user_id] >= MAX_STREAMS_OF_A_USER
        if self._is_closed or too_many or self.count >= MAX_STREAMS:
            status, code = (429, "TOO_MANY_STREAMS") if too_many else (503, "BUSY")
            await refuse(send, status, code, "Too many event streams are open.", retry_after_s=10)
            return
        after = _after(scope)
        audience = Audience(who.user_id, is_operator=who.may(Action.TASK_READ_ANY))
        stream = _Stream(who, audience, send, self._feed.commit_number if after is None else after)
        await self._hold(stream, scope, receive, token)

    async def _hold(self, stream: _Stream, scope: Scope, receive: Receive, token: str) -> None:
        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            stream.end()

        lanes = stream.audience.lanes
        for lane in lanes:
            self._streams.setdefault(lane, set()).add(stream)
        self._of_user[stream.who.user_id] += 1
        watcher = asyncio.ensure_future(watch())
        try:
            await stream.send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            await stream.say("hello", stream.position)
            await self._follow(stream, scope, token)
            await stream.send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watcher.cancel()
            self._of_user[stream.who.user_id] -= 1
            if self._of_user[stream.who.user_id] <= 0:
                del self._of_user[stream.who.user_id]
            for lane in lanes:
                self._streams[lane].discard(stream)
                if not self._streams[lane]:
                    del self._streams[lane]

    async def _follow(self, stream: _Stream, scope: Scope, token: str) -> None:
        loop = asyncio.get_running_loop()
        check_at = loop.time() + self._pace.check_s
        while not stream.gone.is_set():
            stream.ring.clear()
            delta = self._feed.changes(stream.audience, stream.position)
            has_news = delta.reset or bool(delta.changes)
            if has_news:
                await self._tell(stream, delta)
            stream.position = delta.commit
            if loop.time() >= check_at:
                try:
                    await self._check(token, scope)
                except Unauthenticated:
                    await stream.say("bye", stream.position)
                    return
                except HiveMindError as error:
                    log.warning("a session could not be looked up again", code=error.code)
                check_at = loop.time() + self._pace.check_s
            if has_news and await _within(stream.gone, self._pace.gap_s):
                return
            if not await _within(stream.ring, self._pace.pulse_s):
                await stream.say("pulse", stream.position)

    async def _tell(self, stream: _Stream, delta: Delta) -> None:
        if delta.reset:
            await stream.say("reset", delta.commit)
            return
        await stream.say("change", delta.commit, changes=changes_of(delta))

    async def _check(self, token: str, scope: Scope) -> Principal:
        client = scope.get("client")
        origin = client[0] if client else ""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._authenticate, token, origin)

    def _on_commit(self, lanes: frozenset[str]) -> None:
        """Called by the writer after a commit: sets a flag, and calls the loop once for all commits meanwhile."""
        loop = self._loop
        if loop is None or not self._streams:
            return
        with self._lock:
            self._dirty |= lanes
            if self._is_called:
                return
            self._is_called = True
        try:
            loop.call_soon_threadsafe(loop.call_later, self._pace.collect_s, self._ring)
        except RuntimeError:
            log.debug("the web loop has ended; nobody listens")

    def _ring(self) -> None:
        with self._lock:
            lanes, self._dirty = self._dirty, set()
            self._is_called = False
        for lane in lanes:
            for stream in self._streams.get(lane, ()):
                stream.ring.set()

    def _end_all(self) -> None:
        for streams in list(self._streams.values()):
            for stream in list(streams):
                stream.end()


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Tell whether the event came within the time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _token(scope: Scope) -> str:
    """Return the token of a request: on the API from its header, on pages from the cookie, never the other."""
    headers = {name: value for name, value in scope["headers"] if name in (b"authorization", b"cookie")}
    if scope["path"] != COOKIE_PATH:
        scheme, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""
    try:
        cookie = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    found = cookie.get(SESSION_COOKIE)
    return found.value if found is not None else ""


def _after(scope: Scope) -> int | None:
    """Return the commit that the reader has: Last-Event-ID after a cut, else the query's `after`."""
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value.isdigit() and len(value) <= 18:
            return int(value)
    given = parse_qs(scope["query_string"].decode("latin-1")).get("after", [""])[-1]
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None
