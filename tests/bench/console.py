"""The console's bars, offscreen: `python -m tests.bench.console`. Written for people; no timed test."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.desktop.look import Look
from master_app.console.controllers.session import Session
from master_app.console.pool_window import PoolWindow
from master_app.console.views.shell import Shell
from tests.fakes.console_sample import SampleMaster

FRAMES = 90
BURST_S = 5.0
BURST_RATE = 5_000


def main() -> None:
    application = QApplication([])
    master = SampleMaster("overfull")
    shell = Shell(Look(application))
    shell.resize(1440, 900)
    shell.show()
    session = Session(master)
    window = PoolWindow(shell, session)
    QTest.qWait(1_500)
    print(f"map, {len(session.tiles):,} nodes: {_frames(shell, window)}")
    print(f"queue, {master.task_count:,} rows: first page on screen {_queue(shell, window):.0f} ms")
    print(f"burst of {BURST_RATE:,} updates/s for {BURST_S:.0f} s: longest block {_burst(master, session):.0f} ms")
    session.close()


def _frames(shell: Shell, window: PoolWindow) -> str:
    shell.show_page("map")
    QTest.qWait(500)
    view = window.map.view
    view.fit()
    spent = []
    for frame in range(FRAMES):
        began = time.perf_counter()
        view.pan(3 if frame % 2 else -2, 1)
        if frame % 10 == 0:
            view.zoom(1.1 if frame % 20 else 0.92)
        view.repaint()
        spent.append(time.perf_counter() - began)
    return f"median {1 / median(spent):.0f} frames/s, slowest frame {max(spent) * 1000:.0f} ms"


def _queue(shell: Shell, window: PoolWindow) -> float:
    began = time.perf_counter()
    shell.show_page("queue")
    while window.tasks.model.row_at(0) is None:
        QApplication.processEvents()
    shell.repaint()
    return (time.perf_counter() - began) * 1000


def _burst(master: SampleMaster, session: Session) -> float:
    """Beat each 2 ms; the longest time between two beats is how long the thread was held."""
    assert master.sink is not None
    longest, last = 0.0, time.perf_counter()

    def beat() -> None:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(2)
    tiles = list(session.tiles.values())
    until, sent = time.perf_counter() + BURST_S, 0
    began = time.perf_counter()
    while time.perf_counter() < until:
        due = int((time.perf_counter() - began) * BURST_RATE)
        for number in range(sent, min(due, sent + 200)):
            tile = tiles[number * 17 % len(tiles)]
            master.sink(("node", tile.node_id), replace(tile, load=(number % 100) / 100))
        sent = min(due, sent + 200)
        QApplication.processEvents()
    return longest * 1000


if __name__ == "__main__":
    main()
