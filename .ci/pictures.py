"""Pictures of the console's pages: `python .ci/pictures.py OUT [--all]`.

Every page in English and Chinese, light and dark; with `--all` also empty and overfull, and at 200 %.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAPS = ("map", "map-tiles", "map-node")
QUEUES = ("queue", "queue-logs", "queue-charts", "queue-files")
PAGES = ("first", "overview", *MAPS, *QUEUES, "ledger", "users", "join", "events", "settings")


def draw(out: Path, size: str, scale: str) -> None:
    """In a process of its own: the scale is read when Qt starts."""
    sys.path.insert(0, str(ROOT))
    from PySide6.QtCore import QSettings
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from core.desktop.look import Look
    from core.desktop.theme import Scheme
    from core.desktop.translations import Language
    from master_app.console.controllers.session import Session
    from master_app.console.pool_window import PoolWindow
    from master_app.console.views.first import FirstScreen
    from master_app.console.views.shell import Shell
    from tests.fakes.console_sample import SampleMaster

    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        look = Look(application, QSettings(f"{folder}/look.ini", QSettings.Format.IniFormat))
        shell = Shell(look)
        shell.resize(1440, 900)
        shell.show()
        first = FirstScreen(look)
        shell.add_page("first", first)
        session = Session(SampleMaster(size))
        window = PoolWindow(shell, session)
        QTest.qWait(400)
        for scheme in (Scheme.LIGHT, Scheme.DARK):
            for language in (Language.ENGLISH, Language.CHINESE):
                look.use_scheme(scheme)
                look.use_language(language)
                for page in PAGES:
                    shell.show_page(page.partition("-")[0])
                    QTest.qWait(400)
                    pose(window, page, size)
                    QTest.qWait(150)
                    if page in QUEUES and window.tasks.model.rowCount():
                        window.queue.table.setCurrentIndex(window.tasks.model.index(0, 0))
                        QTest.qWait(300)
                        pose_task(window.queue.detail, page)
                        QTest.qWait(200)
                    if page == "ledger" and window.ledger.transfers.rowCount():
                        window.ledger_page.transfers.setCurrentIndex(window.ledger.transfers.index(0, 0))
                        QTest.qWait(200)
                    name = f"console-{page}-{size}-{scheme.value}-{language.value}-{scale}.png"
                    shell.grab().save(str(out / name))
        session.close()


def wandering(tile: Any, step: int) -> Any:
    """Return a tile a little later."""
    by = math.sin(step / 5 + hash(tile.name) % 7) * 12
    cpu = min(max(tile.cpu_percent + by / 4, 0), 100)
    return replace(tile, load=min(max(tile.load + by / 400, 0), 1), cpu_percent=cpu)


def pose(window: Any, page: str, size: str) -> None:
    """Bring the map into the shape that a picture shows."""
    if not page.startswith("map") or size == "empty":
        return
    view = window.map.view
    window.map.search.setText("load<20" if page == "map-tiles" else "")
    window.map._choose_shape("tiles" if page == "map-tiles" else "graph")
    view.choose(())
    if page == "map-node":
        for step in range(60):
            for tile in list(window.session.tiles.values())[:80]:
                window.session.master.sink(("node", tile.node_id), wandering(tile, step))
            window.session._mailbox._deliver()
        view.choose(list(view.scene.tiles)[6:7])
        view.zoom_to(8.4)
    elif page == "map":
        sink = window.session.master.sink
        for tile in list(window.session.tiles.values())[:40:3]:
            if tile.state == "READY":
                sink(("node", tile.node_id), replace(tile, running=(tile.running + 1) % 5))


def pose_task(pane: Any, page: str) -> None:
    """Open the tab of the task that a picture shows."""
    if page == "queue-logs":
        pane.open_log("attempt0003")
        pane.log.search.setText("epoch 31")
        pane.log.whole.click()
        return
    tabs = {"queue": 0, "queue-charts": 2, "queue-files": 3}
    pane.tabs.setCurrentIndex(tabs[page])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "SCALE"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.one:
        draw(given.out, *given.one)
        return
    wanted = [("usual", "1")]
    if given.all:
        wanted += [("empty", "1"), ("overfull", "1"), ("usual", "2")]
    for size, scale in wanted:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale}
        command = [sys.executable, __file__, str(given.out), "--one", size, scale]
        subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
