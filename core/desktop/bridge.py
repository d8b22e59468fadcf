"""From other threads into Qt: an asyncio loop on its own thread, and a mailbox that turns bursts into batches."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Coroutine, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

T = TypeVar("T")


class LoopThread:
    """The asyncio loop of a face: all of its gRPC lives there. Started when it is made."""

    def __init__(self, name: str = "wire") -> None:
        self._loop = asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there; callable from any thread. After the end nothing runs: the answer is cancelled."""
        if not self._thread.is_alive():
            work.close()
            ended: Future[T] = Future()
            ended.cancel()
            return ended
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Cancel what runs there and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class Mailbox(QObject):
    """Takes values from any thread and gives them to the Qt thread in batches, a bounded number of times a second.

    Of values with the same key the newest is kept, so a mailbox is never larger than the number of its keys,
    however slow the window is. `batch` carries a dict in the order in which keys first came.
    """

    batch = Signal(object)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None, *, per_second: float = 10.0) -> None:
        super().__init__(parent)
        self._interval_s = 1.0 / per_second
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, object] = {}
        self._asked = False
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._deliver)
        self._woken.connect(self._schedule, Qt.ConnectionType.QueuedConnection)
        self.taken = 0

    def put(self, key: Hashable, value: object) -> None:
        """Leave a value. Never blocks; safe on any thread and after the window is gone."""
        with self._lock:
            self._waiting[key] = value
            self.taken += 1
            if self._asked:
                return
            self._asked = True
        if shiboken6.isValid(self):
            self._woken.emit()

    def _schedule(self) -> None:
        wait_s = self._last + self._interval_s - time.monotonic()
        self._timer.start(max(0, round(wait_s * 1000)))

    def _deliver(self) -> None:
        with self._lock:
            values, self._waiting = self._waiting, {}
            self._asked = False
        self._last = time.monotonic()
        if values:
            self.batch.emit(values)
