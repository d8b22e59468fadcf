"""A large body comes to the thread whole, in order and ahead of it, and no further ahead than was said."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from master_app.web.incoming import Incoming

AHEAD = 1_000


class Body:
    """What a client sends, and how much of it was asked for."""

    def __init__(self, pieces: list[bytes], *, cut: bool = False) -> None:
        self.pieces = pieces
        self.cut = cut
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        if self.asked == len(self.pieces):
            return {"type": "http.disconnect"}
        piece = self.pieces[self.asked]
        self.asked += 1
        more = self.cut or self.asked < len(self.pieces)
        return {"type": "http.request", "body": piece, "more_body": more}


@contextmanager
def coming(body: Body) -> Iterator[Incoming]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    incoming: Future[Incoming] = Future()

    async def fill() -> None:
        incoming.set_result(Incoming(loop, ahead_bytes=AHEAD))
        await incoming.result().fill(body.receive)

    filling = asyncio.run_coroutine_threadsafe(fill(), loop)
    try:
        yield incoming.result(10)
    finally:
        filling.cancel()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def pieces_of(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def test_pieces_are_handed_over_as_they_came_until_there_are_none() -> None:
    content = secrets.token_bytes(10_007)
    body = Body(pieces_of(content, 300))
    with coming(body) as incoming:
        taken = list(iter(lambda: incoming.take(500), []))
    assert [piece for group in taken for piece in group] == body.pieces
    assert all(sum(map(len, group)) >= 500 for group in taken[:-1])


def test_no_more_is_read_ahead_than_was_said() -> None:
    body = Body(pieces_of(bytes(10_000), 400))
    with coming(body) as incoming:
        assert incoming.read(400) == bytes(400)
        for _ in range(1000):
            if body.asked * 400 >= 400 + AHEAD:
                break
            threading.Event().wait(0.01)
        assert 400 + AHEAD <= body.asked * 400 <= 400 + AHEAD + 400
        assert len(incoming.read(-1)) == 9_600, "it goes on when there is room"


def test_it_reads_as_a_file_does() -> None:
    content = secrets.token_bytes(5_000)
    with coming(Body(pieces_of(content, 333))) as incoming:
        assert incoming.read(0) == b""
        assert incoming.read(10) == content[:10]
        assert incoming.read(3_000) == content[10:3_010], "more than is ever read ahead"
        assert incoming.read(9_000) == content[3_010:]
        assert incoming.read(1) == b"" and incoming.read() == b"" and incoming.take(1) == []


def test_lines() -> None:
    with coming(Body([b"one\ntw", b"o\n", b"x" * 2_500 + b"\n", b"end"])) as incoming:
        assert incoming.readline() == b"one\n"
        assert incoming.readline(2) == b"tw"
        assert incoming.readline() == b"o\n"
        assert incoming.readline() == b"x" * 2_500 + b"\n"
        assert incoming.readline() == b"end" and incoming.readline() == b""


def test_a_client_that_goes_away_ends_the_body() -> None:
    with coming(Body([b"abc"], cut=True)) as incoming:
        assert incoming.read(10) == b"abc" and incoming.read(10) == b""


def test_nobody_waits_for_a_loop_that_has_ended() -> None:
    loop = asyncio.new_event_loop()
    incoming = Incoming(loop, silent_s=0.05)
    loop.close()
    assert incoming.read(10) == b"" and incoming.take(10) == []
