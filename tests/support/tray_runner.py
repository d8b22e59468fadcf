"""The tray app as it is, which also says where its menu's items are: for a mouse and keyboard that are not ours.

`python -m tests.support.tray_runner FOLDER RUNTIME PLACES [--minimized]` keeps PLACES up to date, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from core.desktop.garbage import GarbageOnThisThread
from worker_app.tray.app import Options, WorkerApp


def main() -> int:
    folder, runtime, places = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    application = QApplication(sys.argv[:1])
    GarbageOnThisThread(application)
    agent = (sys.executable, "-m", "worker_app", "run", "--data-dir", str(folder), "--runtime", runtime)
    options = Options(folder, agent, ("true",), minimized="--minimized" in sys.argv)
    app = WorkerApp(application, options)
    menu = app.tray.menu
    active = {"text": ""}
    menu.hovered.connect(lambda action: active.update(text=action.text()))

    def tell() -> None:
        items = {}
        if menu.isVisible():
            for action in menu.actions():
                box = menu.actionGeometry(action)
                corner = menu.mapToGlobal(box.center())
                if action.isVisible() and action.text():
                    items[action.text().split("\t")[0]] = (corner.x(), corner.y())
            switch = menu.lend.mapToGlobal(menu.lend.rect().center())
            items["switch"] = (switch.x(), switch.y())
            if not menu.header.paused.isHidden():
                button = menu.header.resume.mapToGlobal(menu.header.resume.rect().center())
                items["Resume now"] = (button.x(), button.y())
        box = app.tray.icon.geometry()
        told = {
            "icon": (box.center().x(), box.center().y(), box.width()),
            "has_tray": app._has_tray(),
            "menu": items,
            "active": active["text"].split("\t")[0],
            "window": app.window.isVisible(),
            "page": app.window.page,
            "tip": app.tray.icon.toolTip(),
        }
        fresh = places.with_suffix(".new")
        fresh.write_text(json.dumps(told))
        fresh.replace(places)

    timer = QTimer(application)
    timer.timeout.connect(tell)
    timer.start(150)
    app.start()
    return int(application.exec())


if __name__ == "__main__":
    sys.exit(main())
