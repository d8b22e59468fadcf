"""Blocking calls on a bounded set of threads, each with a deadline after which it is given up.

The Docker SDK can hang for ever (its timeouts do not hold on pipes). A call that passes its deadline keeps its
thread; the thread is replaced, and when too many were lost the engine counts as not answering.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.domain.errors import EngineUnavailable

logger = logging.getLogger(__name__)

C = TypeVar("C")
R = TypeVar("R")
LOST_MAX = 16


class _Call(Generic[C, R]):
    def __init__(self, work: Callable[[C], R], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[R] = loop.create_future()
        self.abandoned = False
        self.worker: _Worker[C] | None = None

    def answer(self, result: R | None, error: BaseException | None) -> None:
        def settle() -> None:
            if self.future.done():
                return
            if error is not None:
                self.future.set_exception(error)
            else:
                self.future.set_result(result)  # type: ignore[arg-type]

        try:
            self.loop.call_soon_threadsafe(settle)
        except RuntimeError:
            logger.debug("an engine call ended after its loop")


class _Worker(Generic[C]):
    """A thread with a client of its own: SDK clients are not promised to be thread-safe."""

    def __init__(self, pool: CallPool[C]) -> None:
        self.given_up = False
        self._pool = pool
        self._client: C | None = None
        self._thread = threading.Thread(target=self._work, name="engine-call", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            self._serve()
        finally:
            if self._client is not None:
                self._pool.close_client(self._client)

    def _serve(self) -> None:
        while not self.given_up:
            call = self._pool.waiting.get()
            if call is None:
                return
            if call.abandoned:
                continue
            call.worker = self
            try:
                if self._client is None:
                    self._client = self._pool.make_client()
                call.answer(call.work(self._client), None)
            except BaseException as error:
                call.answer(None, error)
            call.worker = None
        self._pool.came_back()


class CallPool(Generic[C]):
    """Runs `work(client)` on one of `size` threads. `close` gives the idle ones back."""

    def __init__(self, make_client: Callable[[], C], close_client: Callable[[C], None], size: int) -> None:
        self.make_client = make_client
        self.close_client = close_client
        self.waiting: queue.SimpleQueue[_Call[C, object] | None] = queue.SimpleQueue()
        self._size = size
        self._lost = 0
        self._lock = threading.Lock()
        self._started = False
        self._workers: list[_Worker[C]] = []

    @property
    def lost(self) -> int:
        """Threads that are stuck in a call which was given up."""
        return self._lost

    async def call(self, work: Callable[[C], R], deadline_s: float) -> R:
        """Return what `work` returns; raises EngineUnavailable past the deadline, and then goes on without it."""
        if self._lost >= LOST_MAX:
            raise EngineUnavailable("the container engine has stopped answering", fix="Restart Docker.")
        if not self._started:
            self._started = True
            self._workers = [_Worker(self) for _ in range(self._size)]
        call: _Call[C, R] = _Call(work, asyncio.get_running_loop())
        self.waiting.put(call)  # type: ignore[arg-type]
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the answer.
            async with asyncio.timeout(deadline_s):
                return await call.future
        except TimeoutError:
            self._give_up(call)
            raise EngineUnavailable(
                f"the container engine did not answer within {deadline_s:.0f} s", fix="Restart Docker."
            ) from None

    def close(self) -> None:
        """Let idle threads end and close their clients. Stuck ones are daemons and end with the process."""
        workers, self._workers, self._started = self._workers, [], False
        for _ in workers:
            self.waiting.put(None)
        for worker in workers:
            worker.join(1.0)

    def came_back(self) -> None:
        """A thread that had been given up returned after all."""
        with self._lock:
            self._lost -= 1

    def _give_up(self, call: _Call[C, R]) -> None:
        call.abandoned = True
        worker = call.worker
        if worker is not None:
            with self._lock:
                self._lost += 1
            worker.given_up = True
            logger.warning("engine call given up", extra={"lost_threads": self._lost})
            self._workers = [_Worker(self), *(one for one in self._workers if one is not worker)]
