"""Argon2id: right and wrong passwords, and no more at once than allowed."""

from __future__ import annotations

import threading

import argon2

from master_app.users.passwords import Argon2Hasher

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def test_only_the_password_is_right() -> None:
    hasher = Argon2Hasher(hasher=QUICK)
    stored = hasher.hash("correct horse")
    assert stored.startswith("$argon2id$") and stored != hasher.hash("correct horse")
    assert hasher.verify(stored, "correct horse")
    assert not hasher.verify(stored, "correct hors")
    assert not hasher.verify("", "nobody has this password")
    assert not hasher.verify("not a hash", "x")


def test_weaker_hashes_are_outdated() -> None:
    weak = Argon2Hasher(hasher=QUICK).hash("correct horse")
    assert Argon2Hasher().is_outdated(weak)
    assert not Argon2Hasher(hasher=QUICK).is_outdated(weak)
    assert Argon2Hasher(hasher=QUICK).is_outdated("")


class CountingHasher(argon2.PasswordHasher):
    """Tells how many hashes were computed together."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return super().hash(password, salt=salt)
        finally:
            with self.lock:
                self.now -= 1


def test_no_more_than_two_are_hashed_at_once() -> None:
    counting = CountingHasher()
    hasher = Argon2Hasher(at_once=2, hasher=counting)
    threads = [threading.Thread(target=hasher.hash, args=("correct horse",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= counting.most <= 2
