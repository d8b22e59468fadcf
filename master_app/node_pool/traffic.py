"""How many bytes move to each node and from it: averages over the last seconds, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

#: The average is over so long; a way that was busy a moment ago is still seen.
WINDOW_S: Final = 5


class Traffic:
    """Thread-safe. It costs an addition a piece; nodes that move nothing take no room."""

    def __init__(self, steady_ms: Callable[[], int]) -> None:
        self._steady_ms = steady_ms
        self._lock = threading.Lock()
        #: node -> by second: [second, sent, received], oldest first.
        self._moved: dict[str, list[list[int]]] = {}

    def count(self, node_id: str, *, sent: int = 0, received: int = 0) -> None:
        second = self._steady_ms() // 1000
        with self._lock:
            rows = self._moved.setdefault(node_id, [])
            if not rows or rows[-1][0] != second:
                rows.append([second, 0, 0])
                del rows[: -WINDOW_S - 1]
            rows[-1][1] += sent
            rows[-1][2] += received

    def rates(self) -> Mapping[str, tuple[float, float]]:
        """Return node id -> bytes a second (to it, from it); nodes at rest are not in it, and are forgotten."""
        first = self._steady_ms() // 1000 - WINDOW_S
        found: dict[str, tuple[float, float]] = {}
        with self._lock:
            for node_id, rows in list(self._moved.items()):
                recent = [row for row in rows if row[0] >= first]
                if not recent:
                    del self._moved[node_id]
                    continue
                found[node_id] = (
                    sum(row[1] for row in recent) / WINDOW_S,
                    sum(row[2] for row in recent) / WINDOW_S,
                )
        return found
