"""A long list in portions: one look at the clock may take only so much, and everything must have its turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Turns:
    """Says whose turn it is now, `size` at a time. The list may change between two calls."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0

    def take(self, waiting: Sequence[T]) -> Sequence[T]:
        """Return the next ones of the list, from its beginning again after its end."""
        if len(waiting) <= self._size:
            return waiting
        start = self._taken % len(waiting)
        self._taken = start + self._size
        return [*waiting[start : start + self._size], *waiting[: max(0, start + self._size - len(waiting))]]
