"""Brings blobs to this machine: within the disk budget, resumable, each once however many attempts want it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.blobs.cache import BlobCache
from core.blobs.writing import PartialBlob
from core.domain.errors import Busy, Invalid, RateLimited, StorageUnavailable, TooLarge
from worker_app.agent.pauses import Pauses
from worker_app.agent.ports.link import BlobLink, LinkClosed

logger = logging.getLogger(__name__)

#: Files that are fetched at the same time for one attempt.
PARALLEL: Final = 4
#: A blob whose content was wrong is fetched anew this often.
MAX_DAMAGED: Final = 2
#: Pieces of 1 MiB that may wait for the disk.
MAX_GATHERED: Final = 8

OnBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`sha256` names the bytes from `offset` of blob `blob`; for a whole blob the two names are the same."""

    sha256: str
    size: int
    blob: str
    offset: int = 0


class Fetching:
    """Used on the agent's loop; hashing and writing happen on threads."""

    def __init__(self, link: BlobLink, cache: BlobCache, pauses: Pauses) -> None:
        self._link = link
        self._cache = cache
        self._pauses = pauses
        self._under_way: dict[str, asyncio.Lock] = {}

    def has_all(self, wanted: Sequence[Wanted]) -> bool:
        """Tell whether all are here and known to be whole; False may only mean that nobody looked yet."""
        return all(self._cache.store.is_trusted(one.sha256) for one in wanted)

    async def ensure(self, attempt_id: str, wanted: Sequence[Wanted], on_bytes: OnBytes) -> None:
        """Have all of `wanted`, which the caller has pinned. Goes on through broken connections until cancelled.

        Raises NotFound (no such blob, or no grant), Invalid (wrong content twice), StorageFull.
        """
        missing = {} if self.has_all(wanted) else await asyncio.to_thread(self._missing, wanted)
        for one in wanted:
            if one.sha256 not in missing:
                self._cache.touch(one.sha256)
        if not missing:
            return
        total = sum(one.size for one in missing.values())
        await asyncio.to_thread(self._cache.make_room, total)
        room = asyncio.Semaphore(PARALLEL)

        async def fetch(one: Wanted) -> None:
            async with room:
                await self._fetch(attempt_id, one, on_bytes)

        try:
            async with asyncio.TaskGroup() as group:
                for one in missing.values():
                    group.create_task(fetch(one))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _missing(self, wanted: Sequence[Wanted]) -> dict[str, Wanted]:
        """Return what must be fetched: what is not here, and what this disk has spoilt."""
        return {one.sha256: one for one in wanted if not self._cache.store.is_sound(one.sha256)}

    async def whole(self, attempt_id: str, digest: str, max_bytes: int) -> bytes:
        """Return a blob whose size is not known, at most `max_bytes`, through the cache."""
        store, failures = self._cache.store, 0
        while not (store.is_trusted(digest) or await asyncio.to_thread(store.is_sound, digest)):
            pieces: list[bytes] = []
            count = 0
            try:
                async for piece in self._link.fetch(attempt_id, digest):
                    count += len(piece)
                    if count > max_bytes:
                        raise TooLarge("A list of files is too large.", code="INDEX_TOO_LARGE")
                    pieces.append(piece)
            except (LinkClosed, Busy, RateLimited) as error:
                failures += 1
                logger.info("a list of files has to wait", extra={"code": error.code})
                await self._pauses.pause(min(60_000, 1000 << min(failures, 6)))
                continue
            await asyncio.to_thread(self._keep, digest, b"".join(pieces))
        self._cache.touch(digest)
        return await asyncio.to_thread(store.read, digest, 0, max_bytes)

    def _keep(self, digest: str, content: bytes) -> None:
        self._cache.make_room(len(content))
        with self._cache.store.writer() as writer:
            writer.write(content)
            writer.finish(digest)

    async def _fetch(self, attempt_id: str, wanted: Wanted, on_bytes: OnBytes) -> None:
        lock = self._under_way.setdefault(wanted.sha256, asyncio.Lock())
        try:
            async with lock:
                await self._fetch_alone(attempt_id, wanted, on_bytes)
        finally:
            if not lock.locked():
                self._under_way.pop(wanted.sha256, None)

    async def _fetch_alone(self, attempt_id: str, wanted: Wanted, on_bytes: OnBytes) -> None:
        failures = damaged = 0
        while not self._cache.store.has(wanted.sha256):
            try:
                await self._receive(attempt_id, wanted, on_bytes)
            except (LinkClosed, Busy, RateLimited, StorageUnavailable) as error:
                failures += 1
                logger.info("a blob has to wait", extra={"blob": wanted.sha256, "code": error.code})
                await self._pauses.pause(min(60_000, 1000 << min(failures, 6)))
            except Invalid:
                damaged += 1
                if damaged >= MAX_DAMAGED:
                    raise

    async def _receive(self, attempt_id: str, wanted: Wanted, on_bytes: OnBytes) -> None:
        partial = await asyncio.to_thread(self._cache.store.receive, wanted.sha256, wanted.size)
        try:
            if partial.offset < wanted.size:
                await self._pour(attempt_id, wanted, partial, on_bytes)
            await asyncio.to_thread(partial.commit)
        finally:
            partial.close()

    async def _pour(self, attempt_id: str, wanted: Wanted, partial: PartialBlob, on_bytes: OnBytes) -> None:
        pieces = self._link.fetch(
            attempt_id,
            wanted.blob,
            offset=wanted.offset + partial.offset,
            length=wanted.size - partial.offset,
        )
        loop = asyncio.get_running_loop()
        writing: asyncio.Future[None] | None = None
        gathered: list[bytes] = []
        try:
            # What arrives while the disk is at work is written together, next.
            async for piece in pieces:
                gathered.append(piece)
                if writing is None or writing.done() or len(gathered) >= MAX_GATHERED:
                    if writing is not None:
                        await asyncio.shield(writing)
                    writing = loop.run_in_executor(None, partial.write_all, gathered)
                    on_bytes(sum(map(len, gathered)))
                    gathered = []
            if writing is not None:
                await asyncio.shield(writing)
            if gathered:
                writing = loop.run_in_executor(None, partial.write_all, gathered)
                on_bytes(sum(map(len, gathered)))
                await asyncio.shield(writing)
        finally:
            # The file may be closed once no thread writes to it, also when this was cancelled.
            if writing is not None:
                await asyncio.wait([writing])
                writing.exception()
