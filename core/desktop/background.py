"""Work off the Qt thread: an op has handlers for success and failure on the Qt thread, and can be left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

logger = logging.getLogger(__name__)
T = TypeVar("T")
Failed = Callable[[BaseException], None]


class Op(Generic[T]):
    """One piece of work that was begun. After `cancel` no handler is called, whatever the work does."""

    def __init__(self, future: Future[T], owner: QObject | None) -> None:
        self.future = future
        self._owner = owner
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        self.future.cancel()

    @property
    def wanted(self) -> bool:
        """False when nobody waits for the outcome any more."""
        return not self.cancelled and (self._owner is None or shiboken6.isValid(self._owner))


class Background(QObject):
    """Runs blocking calls on threads and follows futures of other loops. Belongs to the Qt thread."""

    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 4) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(threads, "background")
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.busy = 0

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Failed | None = None,
        *,
        owner: QObject | None = None,
    ) -> Op[T]:
        """Call `work` on a thread, then `done` or `failed` here. Dropped when `owner` is gone by then."""
        return self.follow(self._threads.submit(work), done, failed, owner=owner)

    def follow(
        self,
        future: Future[T],
        done: Callable[[T], None],
        failed: Failed | None = None,
        *,
        owner: QObject | None = None,
    ) -> Op[T]:
        """Bring the outcome of a future into the Qt thread."""
        op = Op(future, owner)
        self.busy += 1
        future.add_done_callback(lambda _future: self._announce((op, done, failed)))
        return op

    def close(self) -> None:
        """Let go of the threads; what runs on them is left to end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _announce(self, entry: tuple[Op[Any], Any, Failed | None]) -> None:
        if shiboken6.isValid(self):
            self._ended.emit(entry)

    def _deliver(self, entry: tuple[Op[Any], Callable[[Any], None], Failed | None]) -> None:
        op, done, failed = entry
        self.busy -= 1
        if not op.wanted or op.future.cancelled():
            return
        error = op.future.exception()
        if error is None:
            done(op.future.result())
        elif failed is not None:
            failed(error)
        else:
            logger.error("a background op failed and nobody asked to hear of it", exc_info=error)
