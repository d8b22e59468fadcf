"""Names of computers looked up on threads that can be given up: the system's own lookup has no time limit.

Who runs the name server of a name decides how long its answer takes. A lookup that nobody waits for any more keeps
its place until the system lets it go, so what such a server can hold is these places, and never their callers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

#: (host, port) -> its addresses as text. Raises OSError.
Lookup = Callable[[str, int], Sequence[str]]
AT_ONCE: Final = 8
WAIT_S: Final = 5.0


class LookupsBusy(OSError):
    """All places are taken by lookups that were not answered yet; nothing was asked."""


class Lookups:
    """Callable as a `Lookup`. Thread-safe; a call takes at most `wait_s`.

    Raises OSError: TimeoutError when no answer came in time, LookupsBusy at once when all places are taken.
    """

    def __init__(self, *, at_once: int = AT_ONCE, wait_s: float = WAIT_S, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or system_lookup
        self._wait_s = wait_s
        self._places = threading.BoundedSemaphore(at_once)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        if not self._places.acquire(blocking=False):
            raise LookupsBusy
        asked = _Asked(self._lookup, host, port, self._places.release)
        try:
            # A thread each: they end with the program, also while the system holds them.
            threading.Thread(target=asked.run, name="lookup", daemon=True).start()
        except RuntimeError as error:
            self._places.release()
            raise LookupsBusy from error
        return asked.answer(self._wait_s)


class _Asked:
    def __init__(self, lookup: Lookup, host: str, port: int, ended: Callable[[], None]) -> None:
        self._lookup, self._host, self._port, self._ended = lookup, host, port, ended
        self._there = threading.Event()
        self._found: Sequence[str] = ()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._found = self._lookup(self._host, self._port)
        except Exception as error:
            self._error = error
        finally:
            self._ended()
            self._there.set()

    def answer(self, wait_s: float) -> Sequence[str]:
        if not self._there.wait(wait_s):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._found


def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the system; it takes as long as it takes."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]
