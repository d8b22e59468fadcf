"""Windows in cycles are freed on the Qt thread, whatever thread makes objects."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.desktop.garbage import GarbageOnThisThread, collect_what_is_due


class Window(QObject):
    """Stands in a cycle with its handler, as all windows do."""

    def __init__(self) -> None:
        super().__init__()
        self.handler = lambda: self


@pytest.fixture
def swept(qapp: QApplication) -> Iterator[GarbageOnThisThread]:
    was_on = gc.isenabled()
    gc.enable()
    made = GarbageOnThisThread(qapp)
    yield made
    made.deleteLater()
    (gc.enable if was_on else gc.disable)()


def test_a_window_in_a_cycle_is_freed_on_the_qt_thread(swept: GarbageOnThisThread, qtbot: QtBot) -> None:
    freed_on: list[QThread] = []
    window = Window()
    weakref.finalize(window, lambda: freed_on.append(QThread.currentThread()))
    del window
    made: list[list[int]] = []
    thread = threading.Thread(target=lambda: made.extend([number] for number in range(100_000)))
    thread.start()
    thread.join()
    assert freed_on == []
    qtbot.waitUntil(lambda: freed_on != [], timeout=10_000)
    assert freed_on == [swept.thread()] and len(made) == 100_000


def test_the_oldest_generation_that_is_due_is_looked_at() -> None:
    gc.collect()
    kept = gc.get_threshold()
    try:
        gc.set_threshold(10, 5, 5)
        held, rounds = [], []
        for _ in range(60):
            held += [[number] for number in range(20)]
            rounds.append(collect_what_is_due())
        assert rounds[:5] == [0, 0, 0, 0, 0] and {0, 1, 2} == set(rounds)
        gc.set_threshold(0)
        assert collect_what_is_due() == -1
    finally:
        gc.set_threshold(*kept)
