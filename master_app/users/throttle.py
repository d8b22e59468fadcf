"""Counts per key in a sliding window, bounded in memory: lockout after failures, and rate limits."""

from __future__ import annotations

import threading
from collections import OrderedDict

from core.domain.errors import RateLimited


class Throttle:
    """At most `limit` counts a key within `window_ms`. Thread-safe. Keeps the newest `max_keys` keys: who fills
    it with names has spent their own origin's counts long before.
    """

    def __init__(self, *, limit: int, window_ms: int, what: str, max_keys: int = 10_000) -> None:
        """`what` completes the sentence "Too many ...": "failed sign-ins of this user"."""
        self._limit = limit
        self._window_ms = window_ms
        self._what = what
        self._max_keys = max_keys
        self._counts: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, key: str, now_ms: int) -> None:
        """Raise RateLimited while the key has used up its counts. Counts nothing."""
        with self._lock:
            times = self._recent(key, now_ms)
            if len(times) < self._limit:
                return
            wait_ms = times[-self._limit] + self._window_ms - now_ms
        raise RateLimited(
            f"Too many {self._what}. Try again in {-(-wait_ms // 1000)} s.", retry_after_s=-(-wait_ms // 1000)
        )

    def is_full(self, key: str, now_ms: int) -> bool:
        """Tell whether `check` would raise."""
        with self._lock:
            return len(self._recent(key, now_ms)) >= self._limit

    def count(self, key: str, now_ms: int) -> None:
        """Count one."""
        with self._lock:
            times = self._recent(key, now_ms)
            times.append(now_ms)
            del times[: -self._limit]
            self._counts[key] = times
            self._counts.move_to_end(key)
            while len(self._counts) > self._max_keys:
                self._counts.popitem(last=False)

    def take(self, key: str, now_ms: int) -> None:
        """Count one, or raise RateLimited and count nothing."""
        self.check(key, now_ms)
        self.count(key, now_ms)

    def clear(self, key: str) -> None:
        """Forget what was counted for the key."""
        with self._lock:
            self._counts.pop(key, None)

    def _recent(self, key: str, now_ms: int) -> list[int]:
        return [at for at in self._counts.get(key, ()) if at > now_ms - self._window_ms]
