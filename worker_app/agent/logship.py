"""What attempts write, on its way to the master: a spool on disk, and one stream that follows it.

Output is appended to `<attempt>.out` and `<attempt>.err` in the spool folder as it comes, whether or not the
master can be reached, up to a limit for each attempt; a shipper sends what is not acknowledged yet and goes on
after a broken stream where the master's acknowledgement says. `delivered` waits for the rest of one attempt's log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from core import paths
from core.domain.errors import HiveMindError
from core.domain.session import LogChunk, LogStream
from worker_app.agent.pauses import Pauses
from worker_app.agent.ports.link import LogLink

logger = logging.getLogger(__name__)

MAX_LOG_BYTES: Final = 64 << 20
CHUNK_BYTES: Final = 64 << 10
#: Chunks on their way without an acknowledgement.
WINDOW_BYTES: Final = 4 << 20
_SUFFIX: Final = {LogStream.OUT: "out", LogStream.ERR: "err"}


@dataclass(slots=True)
class _Spool:
    """One stream of one attempt."""

    attempt_id: str
    stream: LogStream
    file: BinaryIO
    written: int = 0
    sent: int = 0
    acknowledged: int = 0
    full: bool = False
    waiters: list[asyncio.Future[None]] = field(default_factory=list)


class LogShipper:
    """Made and used on the agent's loop. Writing to the spool is a small append, never an fsync."""

    def __init__(self, folder: Path, link: LogLink, pauses: Pauses) -> None:
        self._folder = paths.private_folder(folder)
        self._link = link
        self._pauses = pauses
        self._spools: dict[tuple[str, LogStream], _Spool] = {}
        self._more = asyncio.Event()
        self._closed = False
        #: Hears all that is appended, for whoever looks.
        self.listener: Callable[[str, LogStream, bytes], None] | None = None

    # ------------------------------------------------------------ the attempt's side

    def append(self, attempt_id: str, stream: LogStream, content: bytes) -> None:
        """Take what an attempt wrote next."""
        if self.listener is not None:
            self.listener(attempt_id, stream, content)
        spool = self._spools.get((attempt_id, stream)) or self._open(attempt_id, stream)
        room = MAX_LOG_BYTES - spool.written
        if room <= 0 or spool.full:
            return
        try:
            spool.file.seek(spool.written)
            spool.file.write(content[:room])
        except OSError as error:
            # The node's own disk is full: the log ends here, the attempt does not.
            logger.warning("a log was cut", extra={"attempt_id": attempt_id, "reason": str(error)})
            spool.full = True
            return
        spool.written += min(len(content), room)
        self._more.set()

    def written(self, attempt_id: str) -> int:
        """Return how many bytes of its log were kept here."""
        return sum(
            spool.written for stream in LogStream if (spool := self._spools.get((attempt_id, stream))) is not None
        )

    async def delivered(self, attempt_id: str) -> None:
        """Return once the master has all that was written so far."""
        for stream in LogStream:
            spool = self._spools.get((attempt_id, stream))
            if spool is not None and spool.acknowledged < spool.written and not spool.full:
                future = asyncio.get_running_loop().create_future()
                spool.waiters.append(future)
                await future

    def recover(self, attempt_id: str) -> int:
        """Take up an earlier life's spool; return how many bytes of output it holds, both streams together."""
        for stream in LogStream:
            if self._path(attempt_id, stream).exists():
                self._open(attempt_id, stream)
        return self.written(attempt_id)

    def forget(self, attempt_id: str) -> None:
        """Remove the spool of an attempt that is over."""
        for stream in LogStream:
            spool = self._spools.pop((attempt_id, stream), None)
            if spool is not None:
                spool.file.close()
                _release(spool)
            self._path(attempt_id, stream).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the files; they stay for the next life."""
        for spool in self._spools.values():
            spool.file.close()
        self._spools.clear()

    def tidy(self, known: set[str]) -> None:
        """Remove spools of attempts that nobody knows any more."""
        for entry in self._folder.iterdir():
            if entry.stem not in known:
                entry.unlink(missing_ok=True)

    def _path(self, attempt_id: str, stream: LogStream) -> Path:
        return self._folder / f"{attempt_id}.{_SUFFIX[stream]}"

    def _open(self, attempt_id: str, stream: LogStream) -> _Spool:
        path = self._path(attempt_id, stream)
        mode = "r+b" if path.exists() else "w+b"
        file = open(path, mode, buffering=0, opener=paths.private_opener)  # noqa: SIM115 - closed by forget
        spool = _Spool(attempt_id, stream, file, written=path.stat().st_size)  # type: ignore[arg-type]
        self._spools[attempt_id, stream] = spool
        if spool.written:
            self._more.set()
        return spool

    # ------------------------------------------------------------ the master's side

    async def run(self) -> None:
        """Ship for as long as the agent lives; cancelled at its end."""
        failures = 0
        while not self._closed:
            await self._wait_for_more()
            for spool in self._spools.values():
                spool.sent = spool.acknowledged
            try:
                async for ack in self._link.append(self._chunks()):
                    failures = 0
                    self._acknowledged(ack.attempt_id, ack.stream, ack.next_offset, full=ack.full)
            except HiveMindError as error:
                failures += 1
                logger.info("the log stream broke", extra={"code": error.code})
            await self._pauses.pause(min(60_000, 1000 << min(failures, 6)) if failures else 0)

    async def _wait_for_more(self) -> None:
        while not any(spool.sent < spool.written for spool in self._spools.values()):
            self._more.clear()
            await self._more.wait()

    async def _chunks(self) -> AsyncIterator[LogChunk]:
        """Yield what is not sent yet, oldest attempt first, and wait for more."""
        while True:
            await self._wait_for_more()
            for spool in list(self._spools.values()):
                while spool.sent < spool.written and not spool.full:
                    while spool.sent - spool.acknowledged > WINDOW_BYTES and not spool.full:
                        self._more.clear()
                        await self._more.wait()
                    spool.file.seek(spool.sent)
                    content = spool.file.read(min(CHUNK_BYTES, spool.written - spool.sent))
                    if not content:
                        spool.written = spool.sent
                        break
                    offset = spool.sent
                    spool.sent += len(content)
                    yield LogChunk(
                        attempt_id=spool.attempt_id, stream=spool.stream, offset=offset, content=content
                    )

    def _acknowledged(self, attempt_id: str, stream: LogStream, next_offset: int, *, full: bool) -> None:
        spool = self._spools.get((attempt_id, stream))
        if spool is None:
            return
        spool.acknowledged = max(spool.acknowledged, min(next_offset, spool.written))
        if full:
            spool.full = True
            spool.sent = spool.written
        if spool.full or spool.acknowledged >= spool.written:
            _release(spool)
        self._more.set()


def _release(spool: _Spool) -> None:
    for waiter in spool.waiters:
        if not waiter.done():
            waiter.set_result(None)
    spool.waiters.clear()
