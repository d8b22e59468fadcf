"""The disk budget takes what was used longest ago, and nothing that is in use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from tests.fakes.clock import ManualClock
from worker_app.agent.hygiene import GRACE_MS, Hygiene
from worker_app.agent.ports.keeping import KeptThing


class Shelf:
    """Keeps things; what is in `used` cannot be removed."""

    def __init__(self, *things: KeptThing) -> None:
        self.things = {thing.name: thing for thing in things}
        self.used: set[str] = set()

    async def kept(self) -> Sequence[KeptThing]:
        return list(self.things.values())

    async def discard(self, thing: KeptThing) -> bool:
        return thing.name not in self.used and self.things.pop(thing.name, None) is not None


def image(name: str, size: int, used_ms: int) -> KeptThing:
    return KeptThing(kind="image", name=name, size_bytes=size, used_ms=used_ms)


def a_cache(folder: Path) -> BlobCache:
    return BlobCache(BlobStore(folder), 10**9)


async def test_the_oldest_goes_until_the_budget_holds(tmp_path: Path) -> None:
    clock = ManualClock()
    now = clock.wall_ms()
    shelf = Shelf(
        image("old", 50, now - 3 * GRACE_MS), image("newer", 50, now - 2 * GRACE_MS), image("now", 50, now)
    )
    hygiene = Hygiene(shelf, a_cache(tmp_path), clock)
    assert await hygiene.keep(150) == 150
    assert set(shelf.things) == {"old", "newer", "now"}
    assert await hygiene.keep(100) == 100
    assert set(shelf.things) == {"newer", "now"}
    # What was used a moment ago stays, however small the budget.
    assert await hygiene.keep(0) == 50
    assert set(shelf.things) == {"now"}


async def test_what_is_in_use_stays_and_the_next_one_goes(tmp_path: Path) -> None:
    clock = ManualClock()
    now = clock.wall_ms()
    shelf = Shelf(image("used", 50, now - 3 * GRACE_MS), image("free", 50, now - 2 * GRACE_MS))
    shelf.used = {"used"}
    assert await Hygiene(shelf, a_cache(tmp_path), clock).keep(60) == 50
    assert set(shelf.things) == {"used"}


async def test_blobs_count_too_and_pinned_ones_stay(tmp_path: Path) -> None:
    clock, cache = ManualClock(), a_cache(tmp_path)
    clock.advance(s=10**10)
    names = []
    for content in (b"a" * 40, b"b" * 40):
        writer = cache.store.writer()
        writer.write(content)
        names.append(writer.finish()[0])
    cache.pin([names[0]])
    assert await Hygiene(None, cache, clock).keep(10) == 40
    assert [name for name, _, _ in cache.store.names()] == [names[0]]
