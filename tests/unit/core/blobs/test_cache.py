"""The agent's cache stays within its budget and never removes what work under way needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.domain.errors import StorageFull


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(BlobStore(tmp_path / "store"), 1000)


def _put(cache: BlobCache, letter: bytes, used_at: int) -> str:
    name = cache.store.put(letter * 400)
    os.utime(cache.store.path(name), (used_at, used_at))
    return name


def test_the_least_recently_used_goes_first(cache: BlobCache) -> None:
    old, new = _put(cache, b"a", 100), _put(cache, b"b", 200)
    cache.touch(old)
    assert cache.make_room(400) == 400
    assert cache.store.has(old) and not cache.store.has(new)


def test_what_is_pinned_stays_until_it_is_unpinned_as_often(cache: BlobCache) -> None:
    old, new = _put(cache, b"a", 100), _put(cache, b"b", 200)
    cache.pin([old])
    cache.pin([old])
    cache.unpin([old])
    cache.make_room(400)
    assert cache.store.has(old) and not cache.store.has(new)
    with pytest.raises(StorageFull):
        cache.make_room(800)
    cache.unpin([old])
    assert cache.make_room(800) == 400


def test_more_than_the_budget_is_refused_without_removing_anything(cache: BlobCache) -> None:
    kept = _put(cache, b"a", 100)
    with pytest.raises(StorageFull):
        cache.make_room(1001)
    assert cache.store.has(kept)
