"""Waiting that obeys the agent's own clock: pauses end when a tick says that their time has come."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Pauses:
    """Of one event loop. Nothing here sleeps; `tick` is called each second by the daemon."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._now_ms = 0

    async def pause(self, duration_ms: int) -> None:
        """Return at the first tick after `duration_ms`."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._now_ms + duration_ms, next(self._numbers), future))
        await future

    def tick(self, now_ms: int) -> None:
        """Let go of whom it is time for."""
        self._now_ms = now_ms
        while self._waiting and self._waiting[0][0] <= now_ms:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
