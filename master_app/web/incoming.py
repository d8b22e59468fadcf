"""A large body on its way from the loop to the thread that takes it: read ahead, so that neither waits.

The loop puts in what the socket brings, up to a limit; the thread takes out what has gathered. While the thread
works through one piece the next one arrives, and pieces are handed over as they came, without a copy.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

#: What may wait for the thread; then the socket is read no further.
AHEAD_BYTES: Final = 2 << 20
#: The connection ends a client that is silent long before this: who waits longer waits for a loop that has ended.
SILENT_S: Final = 120.0
_LINE_BYTES: Final = 64 << 10

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Incoming:
    """`fill` runs on the loop; everything else is called by the one thread that takes the body."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, ahead_bytes: int = AHEAD_BYTES, silent_s: float = SILENT_S
    ) -> None:
        self._loop = loop
        self._ahead_bytes = ahead_bytes
        self._silent_s = silent_s
        self._change = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wanted_bytes = 0
        self._is_over = False
        self._room = asyncio.Event()

    async def fill(self, receive: Receive) -> None:
        """Bring the body in until it ends, or the client is gone; then nothing more comes."""
        try:
            more = True
            while more:
                message = await receive()
                more = message.get("more_body", False)
                if piece := message.get("body", b""):
                    await self._put(piece)
        finally:
            with self._change:
                self._is_over = True
                self._change.notify()

    async def _put(self, piece: bytes) -> None:
        with self._change:
            self._pieces.append(piece)
            self._waiting_bytes += len(piece)
            if 0 < self._wanted_bytes <= self._waiting_bytes:
                self._change.notify()
            if self._waiting_bytes < self._ahead_bytes:
                return
            self._room.clear()
        await self._room.wait()

    def take(self, size: int) -> Sequence[bytes]:
        """Return pieces of `size` bytes or a little more, fewer at the end of the body, none after it. Waits."""
        with self._change:
            self._await(size)
            taken, count = [], 0
            while self._pieces and count < size:
                taken.append(self._pieces.popleft())
                count += len(taken[-1])
            self._taken(count)
        return taken

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer at the end of the body; all of it without a size. Waits."""
        if size < 0:
            return b"".join(iter(lambda: self.read(self._ahead_bytes), b""))
        found = bytearray()
        while len(found) < size and (pieces := self.take(min(size - len(found), self._ahead_bytes))):
            for piece in pieces:
                found += piece
        self._put_back(found, size)
        return bytes(found)

    def readline(self, size: int = -1) -> bytes:
        """Return up to and with the next line feed, at most `size` bytes."""
        limit = size if size >= 0 else 1 << 62
        line = bytearray()
        while len(line) < limit and (content := self.read(min(_LINE_BYTES, limit - len(line)))):
            end = content.find(b"\n") + 1
            line += content[:end] if end else content
            if end:
                self._put_back(bytearray(content), end)
                break
        return bytes(line)

    def _await(self, size: int) -> None:
        self._wanted_bytes = min(size, self._ahead_bytes)
        while self._waiting_bytes < self._wanted_bytes and not self._is_over:
            if not self._change.wait(self._silent_s):
                self._is_over = True
        self._wanted_bytes = 0

    def _taken(self, count: int) -> None:
        was_full = self._waiting_bytes >= self._ahead_bytes
        self._waiting_bytes -= count
        if was_full and self._waiting_bytes < self._ahead_bytes:
            self._loop.call_soon_threadsafe(self._room.set)

    def _put_back(self, content: bytearray, size: int) -> None:
        """Cut content to `size` bytes; what is beyond comes first again."""
        if len(content) <= size:
            return
        rest = bytes(content[size:])
        del content[size:]
        with self._change:
            self._pieces.appendleft(rest)
            self._waiting_bytes += len(rest)
