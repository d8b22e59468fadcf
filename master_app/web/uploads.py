"""Zips on their way in: a content store for each user, so that nobody learns or uses what others sent.

A zip lives here from its first byte until it is a task; then its files are in the pool's store and it goes. What a
full disk interrupted stays, and is submitted again by its digest. `sweep` removes what was left.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.blobs.store import BlobStore
from core.blobs.writing import BlobWriter
from core.domain.errors import NotFound, RateLimited, StorageFull
from core.domain.ids import is_ulid
from core.paths import private_folder

#: Disk that uploads leave free for everything else.
FREE_RESERVE_BYTES: Final = 256 << 20
#: What one user may have lying here.
USER_BYTES: Final = 8 << 30
KEPT_S: Final = 24 * 3600
#: How long a request that made a task may be repeated without sending its zip again.
REPEATS_S: Final = 900
_SWEEP_AT_MOST: Final = 1000


class Uploads:
    """The folder of uploads. Thread-safe."""

    def __init__(
        self, root: Path, *, free_reserve_bytes: int = FREE_RESERVE_BYTES, user_bytes: int = USER_BYTES
    ) -> None:
        self._root = private_folder(root)
        self._free_reserve_bytes = free_reserve_bytes
        self._user_bytes = user_bytes
        self._lock = threading.Lock()
        self._stores: dict[str, BlobStore] = {}
        self._in_use: Counter[tuple[str, str]] = Counter()
        self._doomed: set[tuple[str, str]] = set()

    def of(self, user_id: str) -> BlobStore:
        """Return the store of one user."""
        with self._lock:
            store = self._stores.get(user_id)
            if store is None:
                if not is_ulid(user_id):
                    raise NotFound("There is no such user.", code="USER_NOT_FOUND")
                store = self._stores[user_id] = BlobStore(self._root / user_id)
            return store

    def admit(self, user_id: str, size: int) -> None:
        """Raise StorageFull or RateLimited unless `size` more bytes may come in. Nothing is lost by asking."""
        if shutil.disk_usage(self._root).free < size + self._free_reserve_bytes:
            raise StorageFull(
                "The disk of the pool is full: this upload was not taken. What was uploaded before is kept.",
                fix="Try again later, or tell the operator.",
            )
        used = self.used_bytes(user_id)
        if used + size > self._user_bytes:
            raise RateLimited(
                f"Your uploads that are not tasks yet would take {used + size:,} of {self._user_bytes:,} bytes.",
                retry_after_s=600,
                code="QUOTA_UPLOADS",
                fix="Submit or delete what you uploaded; it is removed after a day.",
            )

    def used_bytes(self, user_id: str) -> int:
        """Return what lies here of one user, unfinished uploads too."""
        store = self.of(user_id)
        total = sum(size for _name, size, _changed in store.names())
        for folder in ("tmp", "partial"):
            for path in (store.root / folder).iterdir():
                try:
                    total += path.stat().st_size
                except FileNotFoundError:
                    continue
        return total

    def writer(self, user_id: str) -> BlobWriter:
        return self.of(user_id).writer()

    @contextmanager
    def using(self, user_id: str, sha256: str) -> Iterator[Path]:
        """Return where a whole zip is, and keep it there for the block. Raises NotFound."""
        store, key = self.of(user_id), (user_id, sha256)
        with self._lock:
            self._in_use[key] += 1
        try:
            if store.size(sha256) is None:
                raise NotFound(
                    "There is no such upload of yours.",
                    code="UPLOAD_NOT_FOUND",
                    fix="Upload it with PUT /api/v1/blobs/{sha256} first; uploads are kept for a day.",
                )
            yield store.path(sha256)
        finally:
            with self._lock:
                self._in_use[key] -= 1
                if self._in_use[key] <= 0:
                    del self._in_use[key]
                    if key in self._doomed:
                        self._doomed.discard(key)
                        store.delete(sha256)

    def discard(self, user_id: str, sha256: str) -> None:
        """Remove a zip when nobody reads it any more."""
        key = (user_id, sha256)
        with self._lock:
            if self._in_use[key] > 0:
                self._doomed.add(key)
                return
            del self._in_use[key]
        self.of(user_id).delete(sha256)

    def expire_soon(self, user_id: str, sha256: str, now_s: float) -> None:
        """Leave a zip that became a task to a later sweep, so that a repeat of its request still finds it."""
        with suppress(FileNotFoundError):
            os.utime(self.of(user_id).path(sha256), (now_s, now_s - KEPT_S + REPEATS_S))

    def sweep(self, now_s: float) -> int:
        """Remove what has been here for a day; return how many files. Call it every hour or so."""
        count = 0
        for folder in list(self._root.iterdir())[:_SWEEP_AT_MOST]:
            if not is_ulid(folder.name):
                continue
            store = self.of(folder.name)
            count += store.sweep(KEPT_S)
            for sha256, _size, changed_s in list(store.names()):
                if changed_s < now_s - KEPT_S:
                    self.discard(folder.name, sha256)
                    count += 1
        return count
