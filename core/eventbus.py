"""Facts from where they happen to whoever cares, within one process.

A fact is a value of its own class (past tense, frozen). It is published after its commit; a listener that
fails is logged and hurts neither the publisher nor the other listeners. Work that takes time belongs in a
queue of the listener's own: `publish` calls on the publisher's thread.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, TypeVar

F = TypeVar("F")

logger = logging.getLogger(__name__)

MAX_LISTENERS: Final = 1024
#: Facts that listeners publish while facts are being delivered; more is a loop of listeners, which is a bug.
MAX_PENDING: Final = 10_000


class Subscription:
    """A listener's place on the bus. `close` may be called twice and from any thread."""

    def __init__(self, remove: Callable[[Subscription], None]) -> None:
        self._remove = remove
        self.is_open = True

    def close(self) -> None:
        """After this returns, no new delivery to the listener begins."""
        self.is_open = False
        self._remove(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventBus:
    """Publish and subscribe by type. A listener to a class hears its subclasses too (`object`: everything).

    One thread's facts reach every listener in the order of publishing, also when a listener publishes.
    """

    def __init__(self, *, max_listeners: int = MAX_LISTENERS, max_pending: int = MAX_PENDING) -> None:
        self._max_listeners = max_listeners
        self._max_pending = max_pending
        self._lock = threading.Lock()
        # Replaced as a whole on change, so that a delivery in progress goes over an unchanging list.
        self._listeners: tuple[tuple[Subscription, type[Any], Callable[[Any], None]], ...] = ()
        self._by_type: dict[type[Any], tuple[tuple[Subscription, Callable[[Any], None]], ...]] = {}
        self._delivering = threading.local()

    def subscribe(self, kind: type[F], listener: Callable[[F], None]) -> Subscription:
        """Call `listener` with each fact of `kind` from now on, until the subscription is closed."""
        subscription = Subscription(self._remove)
        with self._lock:
            if len(self._listeners) >= self._max_listeners:
                raise RuntimeError(f"{self._max_listeners} listeners already: who does not unsubscribe?")
            self._listeners = (*self._listeners, (subscription, kind, listener))
            self._by_type = {}
        return subscription

    def publish(self, fact: object) -> None:
        """Give `fact` to its listeners, on this thread, before returning.

        Called from within a listener, the fact waits until the one being delivered has reached everybody.
        """
        pending: deque[object] | None = getattr(self._delivering, "pending", None)
        if pending is not None:
            if len(pending) >= self._max_pending:
                raise RuntimeError(f"{self._max_pending} facts wait: listeners publish in a circle")
            pending.append(fact)
            return
        pending = self._delivering.pending = deque([fact])
        try:
            while pending:
                self._deliver(pending.popleft())
        finally:
            self._delivering.pending = None

    def _deliver(self, fact: object) -> None:
        for subscription, listener in self._listeners_of(type(fact)):
            if not subscription.is_open:
                continue  # closed by an earlier listener of this same fact
            try:
                listener(fact)
            except Exception:
                logger.exception(
                    "a listener failed",
                    extra={"fact": type(fact).__name__, "listener": getattr(listener, "__qualname__", "?")},
                )

    def _listeners_of(self, kind: type[Any]) -> tuple[tuple[Subscription, Callable[[Any], None]], ...]:
        found = self._by_type.get(kind)
        if found is None:
            with self._lock:
                found = tuple((entry[0], entry[2]) for entry in self._listeners if issubclass(kind, entry[1]))
                self._by_type[kind] = found
        return found

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            self._listeners = tuple(entry for entry in self._listeners if entry[0] is not subscription)
            self._by_type = {}
