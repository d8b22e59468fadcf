"""The agent's budget over a store: what is pinned stays, the least recently used goes first."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable

from core.blobs.store import BlobStore
from core.domain.errors import StorageFull


class BlobCache:
    """Keeps a store within a budget. Thread-safe. Use of a blob is remembered in its file's access time."""

    def __init__(self, store: BlobStore, budget_bytes: int) -> None:
        self.store = store
        self.budget_bytes = budget_bytes
        self._lock = threading.Lock()
        self._pins: Counter[str] = Counter()

    def pin(self, blobs: Iterable[str]) -> None:
        """Keep these until they are unpinned as often; they need not be there yet."""
        with self._lock:
            self._pins.update(blobs)

    def unpin(self, blobs: Iterable[str]) -> None:
        with self._lock:
            for blob in blobs:
                if self._pins[blob] > 1:
                    self._pins[blob] -= 1
                else:
                    del self._pins[blob]

    def touch(self, sha256: str) -> None:
        """Note that a blob is used now."""
        path = self.store.path(sha256)
        try:
            # The time of change stays: the store knows by it that the content is as it was.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            return

    def discard(self, sha256: str) -> bool:
        """Remove a blob; False when it is pinned."""
        with self._lock:
            if self._pins[sha256]:
                return False
            self.store.delete(sha256)
            return True

    def make_room(self, more_bytes: int) -> int:
        """Remove unpinned blobs, oldest use first, until `more_bytes` fit; return how many bytes went.

        Raises StorageFull when what is pinned leaves no room.
        """
        if more_bytes > self.budget_bytes:
            raise StorageFull(
                f"{more_bytes} bytes are more than the disk budget of {self.budget_bytes}.",
                code="DISK_BUDGET",
                fix="Give this worker a larger disk budget.",
            )
        with self._lock:
            blobs = sorted(self.store.names(), key=lambda blob: blob[2])
            total = sum(size for _, size, _ in blobs)
            freed = 0
            for sha256, size, _ in blobs:
                if total - freed + more_bytes <= self.budget_bytes:
                    break
                if not self._pins[sha256]:
                    self.store.delete(sha256)
                    freed += size
            if total - freed + more_bytes > self.budget_bytes:
                raise StorageFull(
                    "The disk budget is used up by work that is under way.",
                    code="DISK_BUDGET",
                    fix="Give this worker a larger disk budget, or fewer slots.",
                )
            return freed
