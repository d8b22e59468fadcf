"""A container's own output, read on a thread and taken on the loop. Bounded: a flood waits in the engine."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Final

import urllib3.exceptions

from worker_app.agent.ports.sandbox import SandboxLost
from worker_app.execution.streams import AttachedStream, KeptOutput

logger = logging.getLogger(__name__)

PIECES_MAX: Final = 32
Piece = tuple[str, bytes]


class OutputReader:
    """Pieces of stdout and stderr in order. MUST be made on the event loop, and closed."""

    def __init__(self, stream: AttachedStream | KeptOutput) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        self._room = threading.Semaphore(PIECES_MAX)
        self._begun: Piece | None = None
        self._closed = False
        threading.Thread(target=self._work, name="sandbox-output", daemon=True).start()

    def send(self, content: bytes) -> None:
        """Write to stdin. Raises SandboxLost when it cannot be."""
        try:
            self._stream.send(content)
        except (OSError, ValueError) as error:
            raise SandboxLost("the sandbox does not take orders any more") from error

    async def read(self) -> Piece | None:
        """Return the next piece, None at the end of both streams."""
        if self._begun is not None:
            piece, self._begun = self._begun, None
            return piece
        found = await self._pieces.get()
        if found is None:
            # For whoever asks again.
            self._pieces.put_nowait(None)
        else:
            self._room.release()
        return found

    async def line(self, wanted: bytes, limit_s: float) -> None:
        """Wait until stdout says exactly this next. Raises SandboxLost for the end, or anything else."""
        if await self._read_to(wanted, limit_s):
            raise SandboxLost("the sandbox's watchdog does not do as it was told")

    async def skip_past(self, wanted: bytes, limit_s: float) -> None:
        """Leave out what comes before this, and this. Raises SandboxLost when it does not come."""
        await self._read_to(wanted, limit_s)

    async def _read_to(self, wanted: bytes, limit_s: float) -> bytes:
        """Return what came before `wanted`; what follows it is read next."""
        said = b""
        try:
            async with asyncio.timeout(limit_s):
                while (at := said.find(wanted)) < 0:
                    piece = await self.read()
                    if piece is None:
                        raise SandboxLost(f"the sandbox's watchdog does not run: {_words(said)}")
                    said += piece[1]
        except TimeoutError:
            raise SandboxLost("the sandbox's watchdog does not answer") from None
        rest = said[at + len(wanted) :]
        if rest:
            self._begun = "stdout", rest
        return said[:at]

    def close(self) -> None:
        """Leave the stream. The container runs on. Idempotent."""
        if not self._closed:
            self._closed = True
            self._room.release()
            self._stream.close()

    def _work(self) -> None:
        try:
            while not self._closed and (frames := self._stream.receive_frames()) is not None:
                for kind, payload in frames:
                    self._room.acquire()
                    self._tell(("stderr" if kind == 2 else "stdout", payload))
        except (OSError, ValueError, AttributeError, urllib3.exceptions.HTTPError) as error:
            logger.info("sandbox output ended: %s", error)
        self._tell(None)

    def _tell(self, piece: Piece | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)
        except RuntimeError:
            # The loop is closed: nobody is left to be told.
            logger.debug("sandbox output ended after its loop")


def _words(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()[-300:]
