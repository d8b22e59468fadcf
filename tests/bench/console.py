"""The console's bars, offscreen: `python -m tests.bench.console`. Written for people; no timed test.

Beside the clock's time stands the time that the thread itself used: on a busy machine the first says how long the
window was held by everything, the second how long by its own work.
"""

from __future__ import annotations

import gc
import os
import time
from dataclasses import replace
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.desktop.look import Look
from master_app.console.controllers.session import Session
from master_app.console.pool_window import PoolWindow
from master_app.console.views.shell import PAGES, Shell
from tests.fakes.console_sample import SampleMaster

FRAMES = 120
BURST_S = 5.0
BURST_RATE = 5_000
#: Eight hours of a pool that says 40 updates a second.
HOURS = 8
UPDATES = HOURS * 3_600 * 40
BATCH = 2_000


def main() -> None:
    application = QApplication([])
    master = SampleMaster("overfull")
    shell = Shell(Look(application))
    shell.resize(1440, 900)
    shell.show()
    session = Session(master)
    window = PoolWindow(shell, session)
    QTest.qWait(1_500)
    print(f"map, {len(session.tiles):,} nodes: {_frames(shell, window)}", flush=True)
    print(f"queue, {master.task_count:,} rows: first page on screen {_queue(shell, window):.0f} ms", flush=True)
    for page in ("map", "queue", "overview", "join"):
        shell.show_page(page)
        QTest.qWait(1_500)
        print(
            f"burst of {BURST_RATE:,} updates/s for {BURST_S:.0f} s on {page}: {_burst(master, session)}",
            flush=True,
        )
    print(f"{UPDATES:,} updates ({HOURS} h at 40/s) over all pages: {_hours(shell, master, session)}", flush=True)
    session.close()


def _frames(shell: Shell, window: PoolWindow) -> str:
    shell.show_page("map")
    QTest.qWait(1_000)
    view = window.map.view
    view.fit()
    clock, used = [], []
    for frame in range(FRAMES):
        began, began_cpu = time.perf_counter(), time.thread_time()
        view.pan(3 if frame % 2 else -2, 1)
        if frame % 10 == 0:
            view.zoom(1.1 if frame % 20 else 0.92)
        view.repaint()
        clock.append(time.perf_counter() - began)
        used.append(time.thread_time() - began_cpu)
    return (
        f"median {1 / median(clock):.0f} frames/s, slowest frame {max(clock) * 1000:.0f} ms "
        f"({max(used) * 1000:.0f} ms of its own)"
    )


def _queue(shell: Shell, window: PoolWindow) -> float:
    began = time.perf_counter()
    shell.show_page("queue")
    while window.tasks.model.row_at(0) is None:
        QApplication.processEvents()
    shell.repaint()
    return (time.perf_counter() - began) * 1000


def _burst(master: SampleMaster, session: Session) -> str:
    """Say how long the window's thread was held at most between two looks at its events."""
    assert master.sink is not None
    tiles = list(session.tiles.values())
    held, own = [], []
    sent, began = 0, time.perf_counter()
    while (past := time.perf_counter() - began) < BURST_S:
        due = min(int(past * BURST_RATE), sent + 100)
        for number in range(sent, due):
            tile = tiles[number * 17 % len(tiles)]
            changed = replace(tile, load=(number % 100) / 100, running=number % 5)
            master.sink(("node", tile.node_id), changed)
        sent = due
        clock, used = time.perf_counter(), time.thread_time()
        QApplication.processEvents()
        held.append((time.perf_counter() - clock) * 1000)
        own.append((time.thread_time() - used) * 1000)
    return f"{sent:,} sent, longest block {max(held):.0f} ms ({max(own):.0f} ms of its own)"


def _hours(shell: Shell, master: SampleMaster, session: Session) -> str:
    """Send what eight hours bring, as fast as it is taken, turning pages; memory is looked at after the first."""
    assert master.sink is not None
    tiles = list(session.tiles.values())
    process = psutil.Process()
    first = 0
    for batch in range(UPDATES // BATCH):
        for number in range(batch * BATCH, (batch + 1) * BATCH):
            tile = tiles[number * 17 % len(tiles)]
            changed = replace(tile, load=(number * 7 % 100) / 100, running=number % 5, last_seen_ms=number)
            master.sink(("node", tile.node_id), changed)
        master.sink(("task", f"task{batch % 200:06}"), batch)
        master.sink(("overview",), master.overview())
        if batch % 20 == 0:
            shell.show_page(PAGES[batch // 20 % len(PAGES)])
        # What a page shows goes by itself a batch each tenth of a second; here it is asked for at once.
        session._mailbox._deliver()
        QApplication.processEvents()
        # A running loop would also delete what was let go.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        if batch == UPDATES // BATCH // HOURS:
            gc.collect()
            first = process.memory_info().rss
    gc.collect()
    last = process.memory_info().rss
    grown = f"{last / 2**20:.0f} MiB after {HOURS} ({last / first - 1:+.1%})"
    return f"{first / 2**20:.0f} MiB after the first hour, {grown}"


if __name__ == "__main__":
    main()
