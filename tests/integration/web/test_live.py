"""Event streams on the real server: many at once, resumed, ended; requests beside them are not starved."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

import pytest
import requests

from core.domain.errors import Unauthenticated
from core.domain.events import Fact
from core.domain.user import Principal, Role
from master_app.feed import Feed
from master_app.web import live as live_module
from master_app.web.live import SESSION_COOKIE, LiveStreams, Pace
from master_app.web.server import WebServer, serve_app
from tests.unit.master_app.test_feed import submitted

QUICK = Pace(pulse_s=0.3, collect_s=0.01, gap_s=0.02, check_s=0.2)
WAIT_S = 30


class People:
    """Tokens are names; those in `gone` were revoked."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def authenticate(self, token: str, origin: str) -> Principal:
        if not token or token in self.gone:
            raise Unauthenticated("This token is not valid.", code="TOKEN_INVALID")
        role = Role.OPERATOR if token == "root" else Role.SUBMITTER
        return Principal(user_id=token, username=token, roles=frozenset({role}), origin=origin)


def app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"page"]


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def feed() -> Feed:
    return Feed(100)


@pytest.fixture
def streams(feed: Feed, people: People) -> LiveStreams:
    return LiveStreams(feed, people.authenticate, pace=QUICK)


@pytest.fixture
def server(streams: LiveStreams) -> Iterator[WebServer]:
    started = serve_app(app, port=0, live=streams)
    yield started
    started.stop()


class Reader:
    """One client of a stream, on raw asyncio: requests would need a thread each."""

    opened: ClassVar[list[Reader]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.status = 0

    @classmethod
    async def open(cls, port: int, path: str, **headers: str) -> Reader:
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        cls.opened.append(made)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        request = "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""])
        made._writer.write(request.encode())
        head = await asyncio.wait_for(made._reader.readuntil(b"\r\n\r\n"), WAIT_S)
        made.status = int(head.split()[1])
        return made

    async def event(self) -> tuple[str, int, Any]:
        """Return the next event; ("", 0, None) when the server ended the stream."""
        fields: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), WAIT_S)).decode().rstrip("\r\n")
            if not line and fields:
                return fields["event"], int(fields["id"]), json.loads(fields["data"])
            if line == "0" or (not line and self._reader.at_eof()):
                return "", 0, None
            name, mark, value = line.partition(": ")
            if mark:
                fields[name] = value

    async def next(self, kind: str) -> tuple[int, Any]:
        while True:
            found, position, values = await self.event()
            if found in (kind, ""):
                return position, values

    def close(self) -> None:
        self._writer.close()


@pytest.fixture(autouse=True)
async def _closed_readers() -> AsyncIterator[None]:
    yield
    for reader in Reader.opened:
        reader.close()
    Reader.opened.clear()


def publish(feed: Feed, *facts: Fact) -> None:
    """As the writer does: from a thread that is not the loop's."""
    thread = threading.Thread(target=feed.publish, args=(facts, feed.commit_number + 1))
    thread.start()
    thread.join()


async def until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < limit, "it did not come to that"
        await asyncio.sleep(0.02)


async def test_a_stream_says_what_changed_and_pulses_when_nothing_did(server: WebServer, feed: Feed) -> None:
    reader = await Reader.open(server.port, "/api/v1/events", Authorization="Bearer ann")
    assert (await reader.event())[:2] == ("hello", 100)
    publish(feed, submitted("a"), submitted("b", "bob"))
    assert (await reader.next("change"))[1]["changes"] == [{"kind": "task", "id": "a", "what": "state"}]
    assert (await reader.next("pulse"))[0] == 101
    reader.close()


async def test_a_cut_stream_goes_on_where_it_was(server: WebServer, feed: Feed) -> None:
    publish(feed, submitted("a"))
    publish(feed, submitted("b"))
    for path, headers in (
        ("/api/events?after=101", {"Authorization": "Bearer ann"}),
        ("/live", {"Cookie": f"{SESSION_COOKIE}=ann", "Last_Event_ID": "101"}),
    ):
        reader = await Reader.open(server.port, path, **headers)
        position, values = await reader.next("change")
        assert position == 102 and [each["id"] for each in values["changes"]] == ["b"]
        reader.close()


async def test_a_position_that_is_not_known_any_more_is_a_reset(server: WebServer, feed: Feed) -> None:
    reader = await Reader.open(server.port, "/api/events?after=7", Authorization="Bearer ann")
    assert (await reader.next("reset"))[0] == 100
    publish(feed, submitted("a"))
    assert (await reader.next("change"))[0] == 101
    reader.close()


async def test_tokens_and_cookies_are_not_mistaken_for_each_other(server: WebServer, people: People) -> None:
    assert (await Reader.open(server.port, "/live", Authorization="Bearer ann")).status == 401
    assert (await Reader.open(server.port, "/api/events", Cookie=f"{SESSION_COOKIE}=ann")).status == 401
    reader = await Reader.open(server.port, "/live", Cookie=f"{SESSION_COOKIE}=ann")
    people.gone.add("ann")
    assert await reader.next("bye") is not None
    assert (await reader.event())[0] == ""


async def test_one_user_cannot_take_all_places(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MAX_STREAMS_OF_A_USER", 2)
    held = [await Reader.open(server.port, "/api/events", Authorization="Bearer ann") for _ in range(2)]
    assert (await Reader.open(server.port, "/api/events", Authorization="Bearer ann")).status == 429
    other = await Reader.open(server.port, "/api/events", Authorization="Bearer bob")
    assert other.status == 200
    for reader in (*held, other):
        reader.close()


async def test_three_hundred_streams_take_no_thread_and_all_hear(
    server: WebServer, feed: Feed, streams: LiveStreams
) -> None:
    before = threading.active_count()
    readers = [
        await Reader.open(server.port, "/api/events", Authorization=f"Bearer user{number}")
        for number in range(300)
    ]
    await until(lambda: streams.count == 300)
    assert threading.active_count() - before <= 4
    answer = await asyncio.to_thread(requests.get, f"{server.url}/page", timeout=WAIT_S)
    assert answer.text == "page"
    for number in range(300):
        feed.publish([submitted(f"t{number}", f"user{number}")], feed.commit_number + 1)
    heard = await asyncio.gather(*(reader.next("change") for reader in readers))
    assert [values["changes"][0]["id"] for _, values in heard] == [f"t{number}" for number in range(300)]
    for reader in readers:
        reader.close()
    await until(lambda: streams.count == 0)


async def test_stopping_ends_the_streams_at_once(feed: Feed, streams: LiveStreams) -> None:
    server = serve_app(app, port=0, live=streams)
    readers = [await Reader.open(server.port, "/api/events", Authorization="Bearer ann") for _ in range(20)]
    began = time.monotonic()
    await asyncio.to_thread(server.stop)
    assert time.monotonic() - began < 5
    for reader in readers:
        while (await reader.event())[0]:
            continue
    publish(feed, submitted("a"))  # nobody listens; nothing breaks
