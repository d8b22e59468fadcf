"""Accepted attempts that wait for a slot. Of each lane only the first may have it, once the lane is free."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator

from worker_app.agent.attempts import Held


class Waiting:
    """In the order in which they came, lane by lane."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[str]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for lane in self._lanes.values():
            yield from lane

    def append(self, held: Held) -> None:
        """Let it wait behind all of its lane."""
        self._lanes.setdefault(held.lane, deque()).append(held.attempt_id)
        self._count += 1

    def remove(self, held: Held) -> None:
        """It waits no more."""
        lane = self._lanes[held.lane]
        if lane[0] == held.attempt_id:
            lane.popleft()
        else:
            lane.remove(held.attempt_id)
        self._count -= 1
        if not lane:
            del self._lanes[held.lane]

    def heads(self, busy: Container[str]) -> Iterator[str]:
        """Go through the first of each lane that is not busy, the lane that waits longest first."""
        for name, lane in self._lanes.items():
            if name not in busy:
                yield lane[0]
