"""Counts in a sliding window, bounded."""

from __future__ import annotations

import pytest

from core.domain.errors import RateLimited
from master_app.users.throttle import Throttle


def test_the_limit_holds_for_its_window() -> None:
    throttle = Throttle(limit=2, window_ms=1000, what="tries")
    throttle.take("a", 0)
    throttle.take("a", 500)
    with pytest.raises(RateLimited) as error:
        throttle.take("a", 600)
    assert error.value.retry_after_s == 1
    throttle.take("b", 600)
    throttle.take("a", 1001)
    with pytest.raises(RateLimited):
        throttle.take("a", 1002)
    throttle.clear("a")
    throttle.take("a", 1003)


def test_memory_is_bounded() -> None:
    throttle = Throttle(limit=1, window_ms=1000, what="tries", max_keys=3)
    for name in "abcd":
        throttle.take(name, 0)
    throttle.take("a", 1)
    with pytest.raises(RateLimited):
        throttle.take("d", 1)
