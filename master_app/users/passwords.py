"""Argon2id. Slow and hungry on purpose, so only a few run at once, whoever asks."""

from __future__ import annotations

import threading
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from core.domain.errors import Busy

#: Of a password that nobody has: verifying against it costs what a real one costs.
_WAIT_S: Final = 10.0


class Argon2Hasher:
    """The PasswordHasher of production: RFC 9106 low-memory settings, 64 MiB a hash."""

    def __init__(self, *, at_once: int = 2, hasher: argon2.PasswordHasher | None = None) -> None:
        """At most `at_once` hashes are computed together; who waits longer than 10 s gets Busy."""
        self._hasher = hasher or argon2.PasswordHasher()
        self._room = threading.BoundedSemaphore(at_once)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        with _Turn(self._room):
            return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        with _Turn(self._room):
            try:
                return self._hasher.verify(password_hash or self._nobody, password) and bool(password_hash)
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, password_hash: str) -> bool:
        try:
            return self._hasher.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True


class _Turn:
    """One of the places to hash at, for the length of a with block."""

    def __init__(self, room: threading.BoundedSemaphore) -> None:
        self._room = room

    def __enter__(self) -> None:
        if not self._room.acquire(timeout=_WAIT_S):
            raise Busy("Too many people sign in at this moment.", retry_after_s=5)

    def __exit__(self, *_: object) -> None:
        self._room.release()
