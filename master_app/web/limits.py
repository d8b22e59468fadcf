"""Rate limits, with their headers: by account where a token was sent, else by address. Kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from core.domain.errors import HiveMindError
from master_app.web.identity import authenticate

#: For what guesses secrets or costs a slow hash.
STRICT: Final = "30 per minute"
#: For everything: far above what a page or a script that waits needs.
DEFAULT: Final = "1800 per minute"

F = TypeVar("F", bound=Callable[..., Any])


def _key() -> str:
    if "Authorization" in request.headers:
        try:
            return f"user:{authenticate().user_id}"
        except HiveMindError:
            # The view answers it; whoever guesses tokens is bound by the address.
            return f"address:{get_remote_address()}"
    return f"address:{get_remote_address()}"


limiter: Final = Limiter(
    key_func=_key,
    default_limits=[DEFAULT],
    headers_enabled=True,
    storage_uri="memory://",
    strategy="moving-window",
)


def limited(rule: str) -> Callable[[F], F]:
    """Bound how often one address calls a view."""
    marked: Any = limiter.limit(rule, key_func=get_remote_address)
    wrapped: Callable[[F], F] = marked
    return wrapped


class MakeRoom:
    """So many places, for requests that hold a thread while they wait. Nobody queues for one."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Give a place for the block, or False."""
        is_free = self._places.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._places.release()
