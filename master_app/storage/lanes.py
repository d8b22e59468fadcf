"""The writer's queue: bounded, with a share for each lane, so that nobody's flood starves the others."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Generic, TypeVar

from core.domain.errors import Busy, StorageUnavailable
from master_app.ports.unit_of_work import Lane

T = TypeVar("T")
LANE_LENGTH: Final = {Lane.NODES: 2_048, Lane.PEOPLE: 1_024, Lane.INNER: 256}


class LanedQueue(Generic[T]):
    """Items keep their order within a lane; lanes take turns. `put` from any thread, the rest from one."""

    def __init__(self, lengths: dict[Lane, int] | None = None) -> None:
        self._lengths = dict(lengths or LANE_LENGTH)
        self._lanes: dict[Lane, deque[T]] = {lane: deque() for lane in Lane}
        self._turns: deque[Lane] = deque(Lane)
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition(threading.Lock())

    def __len__(self) -> int:
        return self._waiting

    def put(self, lane: Lane, item: T) -> None:
        """Add an item, or raise Busy when its lane is full, or StorageUnavailable when the queue is closed."""
        with self._changed:
            if self._closed:
                raise StorageUnavailable("The master is stopping.", code="STOPPING", fix="Try again soon.")
            items = self._lanes[lane]
            if len(items) >= self._lengths[lane]:
                raise Busy(f"Too much waits to be written ({lane.value}).", fix="Try again in a second.")
            items.append(item)
            self._waiting += 1
            if self._waiting == 1:
                self._changed.notify()

    def take(self) -> T | None:
        """Return the next item of the lane whose turn it is, or None when nothing waits. Never blocks."""
        with self._changed:
            if not self._waiting:
                return None
            while True:
                lane = self._turns[0]
                self._turns.rotate(-1)
                items = self._lanes[lane]
                if items:
                    self._waiting -= 1
                    return items.popleft()

    def wait(self) -> bool:
        """Block until something waits (True), or the queue is closed and empty (False)."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return self._waiting > 0

    def close(self) -> None:
        """Take nothing more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
