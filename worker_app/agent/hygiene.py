"""The disk budget: what was used longest ago goes first, of images, packages and files of tasks alike.

Only what this worker brought is ever counted or removed; other people's images are none of its business.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from core.blobs.cache import BlobCache
from core.clock import Clock
from worker_app.agent.ports.keeping import Keeping, KeptThing

logger = logging.getLogger(__name__)

#: What was used a moment ago may be about to be mounted.
GRACE_MS: Final = 10 * 60_000


class Hygiene:
    """`keep` each minute. `keeping` None: the runtime keeps nothing of its own."""

    def __init__(self, keeping: Keeping | None, cache: BlobCache, clock: Clock) -> None:
        self._keeping = keeping
        self._cache = cache
        self._clock = clock

    async def keep(self, budget_bytes: int) -> int:
        """Bring what is kept within the budget, as far as nothing of it is in use; return how much is left."""
        things = await asyncio.to_thread(self._blobs)
        if self._keeping is not None:
            things += await self._keeping.kept()
        used = sum(thing.size_bytes for thing in things)
        recent = self._clock.wall_ms() - GRACE_MS
        for thing in sorted(things, key=lambda one: one.used_ms):
            if used <= budget_bytes or thing.used_ms > recent:
                break
            if await self._discard(thing):
                used -= thing.size_bytes
                logger.info(
                    "removed to keep the disk budget",
                    extra={"kind": thing.kind, "thing": thing.name, "bytes": thing.size_bytes},
                )
        return used

    def _blobs(self) -> list[KeptThing]:
        return [
            KeptThing(kind="blob", name=sha256, size_bytes=size, used_ms=int(used_s * 1000))
            for sha256, size, used_s in self._cache.store.names()
        ]

    async def _discard(self, thing: KeptThing) -> bool:
        if thing.kind == "blob":
            return await asyncio.to_thread(self._cache.discard, thing.name)
        assert self._keeping is not None, "nobody else keeps anything"
        return await self._keeping.discard(thing)
