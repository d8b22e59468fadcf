"""The system's end is heard on a real bus, held up while work goes back, and lost logind is found again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.logind import Logind
from tests.support.pool import wait_for
from worker_app.host.shutdown import MARGIN_S, ConsoleWatch, DeafWatch, LogindWatch


@pytest.fixture
def logind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logind]:
    with Logind(tmp_path, delay_max_s=3.0) as started:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", started.environ["DBUS_SYSTEM_BUS_ADDRESS"])
        yield started


async def until(is_so: Any) -> None:
    await asyncio.to_thread(wait_for, "it", is_so, 30)


async def test_a_shutdown_waits_until_we_let_go_and_can_be_called_off(logind: Logind) -> None:
    watch = LogindWatch()
    told = asyncio.ensure_future(watch.changed())
    await until(lambda: watch.holds and logind.waits == 1)
    logind.say(shuts_down=True)
    assert await asyncio.wait_for(told, 30) == 3.0 - MARGIN_S
    assert logind.waits == 1, "it waits"
    watch.let_go()
    await until(lambda: logind.waits == 0)
    logind.say(shuts_down=False)
    assert await asyncio.wait_for(watch.changed(), 30) == 0.0
    # And the next one waits for us again.
    await until(lambda: logind.waits == 1)
    logind.say(shuts_down=True)
    assert await asyncio.wait_for(watch.changed(), 30) > 0
    watch.close()
    await until(lambda: logind.waits == 0)


async def test_logind_that_was_started_again_is_asked_again(logind: Logind) -> None:
    watch = LogindWatch(retry_s=0.2)
    told = asyncio.ensure_future(watch.changed())
    await until(lambda: logind.count("inhibit") == 1)
    logind.start()
    await until(lambda: logind.count("inhibit") == 2 and watch.holds)
    logind.say(shuts_down=True)
    assert await asyncio.wait_for(told, 30) > 0
    watch.close()


async def test_without_a_bus_it_is_deaf_and_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'nothing'}")
    for watch in (LogindWatch(retry_s=0.05), DeafWatch()):
        told = asyncio.ensure_future(watch.changed())
        done, _ = await asyncio.wait([told], timeout=0.5)
        assert not done
        watch.let_go()
        watch.close()
        told.cancel()


@pytest.mark.parametrize("event", [2, 5, 6])
async def test_a_console_event_returns_when_work_is_given_back(event: int) -> None:
    set_up: list[tuple[Any, bool]] = []
    watch = ConsoleWatch(lambda handler, on: set_up.append((handler, on)))
    told = asyncio.ensure_future(watch.changed())
    await asyncio.sleep(0)
    [(handler, on)] = set_up
    assert on and handler(0) == 0 and handler(1) == 0, "Ctrl-C and Ctrl-Break are not ours"
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(handler(event)))
    thread.start()
    assert await asyncio.wait_for(told, 10) > 0
    assert answers == [], "Windows ends the program as soon as it returns"
    watch.let_go()
    await asyncio.to_thread(thread.join, 10)
    assert answers == [1]
    watch.close()
    assert set_up[-1] == (handler, False)
