"""Identifiers: ULIDs, which sort by time and need no coordination, and the printed name of a subtask."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_RANDOM_BITS = 80
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


def encode_ulid(at_ms: int, randomness: int) -> str:
    """Return the 26 characters of the ULID of a time and 80 random bits (ulid/spec, Crockford base 32)."""
    if not 0 <= at_ms < 1 << 48:
        raise ValueError(f"a ULID cannot hold the time {at_ms}")
    if not 0 <= randomness < 1 << _RANDOM_BITS:
        raise ValueError("a ULID holds 80 random bits")
    value = at_ms << _RANDOM_BITS | randomness
    return "".join([_PAIRS[value >> shift & 0x3FF] for shift in range(120, -1, -10)])


def is_ulid(text: str) -> bool:
    """Tell whether `text` is one of our identifiers; use it on every id that comes from outside."""
    return _ULID.fullmatch(text) is not None


class UlidFactory:
    """Makes strictly increasing ULIDs, whatever the clock does. Thread-safe."""

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        """`random_bits(n)` returns n random bits, as `secrets.randbits` does."""
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._last_ms = -1
        self._last_randomness = 0

    def __call__(self, at_ms: int) -> str:
        with self._lock:
            if at_ms > self._last_ms:
                self._last_ms = at_ms
                # One bit is left free so that counting up within the millisecond does not overflow.
                self._last_randomness = self._random_bits(_RANDOM_BITS - 1)
            else:
                self._last_randomness += 1
            return encode_ulid(self._last_ms, self._last_randomness)


@dataclass(frozen=True, slots=True, order=True)
class SubtaskKey:
    """One piece of one task. Printed `<task_id>/<index>`."""

    task_id: str
    index: int

    def __str__(self) -> str:
        return f"{self.task_id}/{self.index}"
