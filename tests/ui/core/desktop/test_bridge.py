"""Into the Qt thread: bursts become batches, ops end on it, and five thousand signals do not kill it."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from concurrent.futures import Future

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from core.desktop.background import Background
from core.desktop.bridge import LoopThread, Mailbox

pytestmark = pytest.mark.qt


class _Source(QObject):
    said = Signal(bool)


def test_five_thousand_signals_are_survived(qtbot: QtBot) -> None:
    # PySide6 6.12.0 on Python 3.11 drops a reference to True at each emit and aborts after about a thousand.
    source = _Source()
    heard: list[bool] = []
    source.said.connect(heard.append)
    for _ in range(5_000):
        source.said.emit(True)
    assert heard == [True] * 5_000


def test_a_burst_from_other_threads_becomes_a_few_batches_with_the_newest_values(qtbot: QtBot) -> None:
    mailbox = Mailbox(per_second=20)
    batches: list[dict[object, int]] = []
    mailbox.batch.connect(batches.append)
    here = threading.get_ident()
    threads: list[int] = []
    mailbox.batch.connect(lambda _batch: threads.append(threading.get_ident()))

    def burst(first: int) -> None:
        for number in range(5_000):
            mailbox.put((first, number % 50), number)

    workers = [threading.Thread(target=burst, args=(first,)) for first in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    newest: dict[object, int] = {}

    def all_there() -> bool:
        for batch in batches:
            newest.update(batch)
        return len(newest) == 100 and set(newest.values()) == set(range(4_950, 5_000))

    qtbot.waitUntil(all_there, timeout=5_000)
    assert mailbox.taken == 10_000
    assert set(threads) == {here}
    assert len(batches) < 40


def test_batches_come_no_more_often_than_asked(qtbot: QtBot) -> None:
    mailbox = Mailbox(per_second=20)
    times: list[float] = []
    mailbox.batch.connect(lambda _batch: times.append(time.monotonic()))
    until = time.monotonic() + 0.4
    number = 0
    while time.monotonic() < until:
        mailbox.put("figure", number)
        number += 1
        qtbot.wait(1)
    assert len(times) <= 0.4 * 20 + 2
    assert all(second - first > 0.03 for first, second in itertools.pairwise(times))


def test_an_op_ends_on_the_qt_thread_and_tells_success_from_failure(qtbot: QtBot) -> None:
    background = Background()
    outcome: list[object] = []
    here = threading.get_ident()
    background.run(lambda: threading.get_ident() != here, outcome.append)
    qtbot.waitUntil(lambda: outcome == [True])
    background.run(lambda: 1 // 0, outcome.append, lambda error: outcome.append(type(error)))
    qtbot.waitUntil(lambda: outcome == [True, ZeroDivisionError])
    assert background.busy == 0
    background.close()


def test_nobody_hears_of_an_op_that_was_cancelled_or_whose_window_is_gone(qtbot: QtBot) -> None:
    import shiboken6

    background = Background()
    outcome: list[object] = []
    begun: Future[int] = Future()
    background.follow(begun, outcome.append).cancel()
    owner = QObject()
    late: Future[int] = Future()
    background.follow(late, outcome.append, owner=owner)
    shiboken6.delete(owner)
    late.set_result(2)
    qtbot.waitUntil(lambda: background.busy == 0)
    assert outcome == []
    background.close()


def test_the_loop_runs_coroutines_and_cancels_what_is_left_at_its_end() -> None:
    loop, ended = LoopThread(), threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def answer() -> int:
        return 42

    loop.call(wait())
    assert loop.call(answer()).result(5) == 42
    loop.stop()
    assert ended.is_set()
