"""The stream between the agent and a runner: frames over an attached container or a Unix socket.

One thread reads and one writes, because the same code must work on a Windows named pipe, which no event loop can
poll. Both ends are bounded: a flood from inside waits in the kernel, not in our memory.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import struct
import threading
from collections.abc import Callable
from typing import Protocol

from core.domain.errors import Busy

logger = logging.getLogger(__name__)

HEADER = struct.Struct(">BI")
MARK = b"\0HIVEMIND-SYNC\0"
FRAME_MAX = 1 << 20
IN_FLIGHT_MAX = 4 << 20
OUTGOING_MAX = 16 << 20
NONCE_BYTES = 16

Frame = tuple[int, bytes]


class Stream(Protocol):
    """A connected byte stream. `receive` returns b"" at its end; any method may be called from any thread."""

    def receive(self) -> bytes: ...

    def send(self, content: bytes) -> None: ...

    def close(self) -> None: ...


class BrokenFrames(Exception):
    """The other side sent what is no frame. Only a broken runner does that: the sandbox is lost."""


class FrameParser:
    """Cuts bytes into frames; before that, skips everything up to the mark that answers our nonce.

    A re-attached stream starts anywhere, also in the middle of a frame that an attempt's output fills. The nonce
    is random, so nothing that was written before could contain it.
    """

    def __init__(self, nonce: bytes) -> None:
        self._buffer = bytearray()
        self._mark = MARK + nonce
        self._in_step = False

    def feed(self, content: bytes) -> list[Frame]:
        buffer = self._buffer
        buffer += content
        if not self._in_step:
            at = buffer.find(self._mark)
            if at < 0:
                del buffer[: -len(self._mark)]
                return []
            del buffer[: at + len(self._mark)]
            self._in_step = True
        frames: list[Frame] = []
        position = 0
        while len(buffer) - position >= HEADER.size:
            kind, length = HEADER.unpack_from(buffer, position)
            if length > FRAME_MAX:
                raise BrokenFrames(f"a frame of {length} bytes")
            end = position + HEADER.size + length
            if len(buffer) < end:
                break
            frames.append((kind, bytes(buffer[position + HEADER.size : end])))
            position = end
        del buffer[:position]
        return frames


class Link:
    """Delivers frames on the event loop and sends bytes in order. `on_frames(None)` is the end, once."""

    def __init__(self, stream: Stream, nonce: bytes, on_frames: Callable[[list[Frame] | None], None]) -> None:
        """MUST be made on the event loop on which `on_frames` shall be called."""
        self._stream = stream
        self._parser = FrameParser(nonce)
        self._on_frames = on_frames
        self._loop = asyncio.get_running_loop()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._outgoing_bytes = 0
        self._in_flight = 0
        self._room = threading.Condition()
        self._closed = False
        self._drained = asyncio.Event()
        self._reader = threading.Thread(target=self._read, name="sandbox-read", daemon=True)
        self._writer = threading.Thread(target=self._write, name="sandbox-write", daemon=True)
        self._reader.start()
        self._writer.start()

    def send(self, content: bytes) -> None:
        """Queue bytes; raises Busy when the other side has not read for long. Silent after the end."""
        with self._room:
            if self._outgoing_bytes + len(content) > OUTGOING_MAX:
                raise Busy("the sandbox does not read what it is sent")
            self._outgoing_bytes += len(content)
        self._outgoing.put(content)

    async def drain(self) -> None:
        """Return when little waits to be sent, or the link has ended."""
        while self._outgoing_bytes > FRAME_MAX and not self._closed:
            self._drained.clear()
            if self._outgoing_bytes > FRAME_MAX:
                await self._drained.wait()

    def taken(self, count: int) -> None:
        """Say that `count` bytes of delivered frames were used up, so that more may be read."""
        with self._room:
            self._in_flight -= count
            self._room.notify_all()

    def close(self) -> None:
        """End both threads. Idempotent, and safe from `on_frames`."""
        with self._room:
            if self._closed:
                return
            self._closed = True
            self._room.notify_all()
        self._outgoing.put(None)
        self._stream.close()
        self._drained.set()

    def _read(self) -> None:
        try:
            while content := self._stream.receive():
                frames = self._parser.feed(content)
                if not frames:
                    continue
                size = sum(len(payload) for _, payload in frames)
                with self._room:
                    self._in_flight += size
                self._loop.call_soon_threadsafe(self._on_frames, frames)
                with self._room:
                    while self._in_flight > IN_FLIGHT_MAX and not self._closed:
                        self._room.wait(1.0)
        except (OSError, ValueError, BrokenFrames) as error:
            logger.info("sandbox stream ended: %s", error)
        self._tell(lambda: self._on_frames(None))

    def _write(self) -> None:
        while (content := self._outgoing.get()) is not None:
            try:
                self._stream.send(content)
            except (OSError, ValueError) as error:
                logger.info("sandbox stream cannot be written: %s", error)
                return
            with self._room:
                self._outgoing_bytes -= len(content)
                low = self._outgoing_bytes <= FRAME_MAX < self._outgoing_bytes + len(content)
            if low:
                self._tell(self._drained.set)

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            # The loop is closed: nobody is left to be told.
            logger.debug("sandbox stream ended after its loop")
