"""A call that hangs is given up, and its thread is replaced."""

from __future__ import annotations

import threading

import pytest

from core.domain.errors import EngineUnavailable
from worker_app.execution.calls import CallPool


async def test_a_hanging_call_is_given_up_and_others_go_on() -> None:
    closed: list[str] = []
    pool = CallPool(lambda: "client", closed.append, 1)
    release = threading.Event()
    with pytest.raises(EngineUnavailable):
        await pool.call(lambda _: release.wait(10), 0.05)
    assert pool.lost == 1
    assert await pool.call(lambda client: client.upper(), 5) == "CLIENT"
    release.set()
    pool.close()
    assert "client" in closed


async def test_errors_come_back_as_they_are() -> None:
    pool = CallPool(lambda: "client", lambda _: None, 1)

    def fail(_: str) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await pool.call(fail, 5)
    pool.close()
