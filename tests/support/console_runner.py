"""The console as it is, which also says where its things are: for a mouse and keyboard that are not ours.

`python -m tests.support.console_runner DATA_DIR SETTINGS_DIR PLACES` keeps PLACES up to date, as JSON: what can be
clicked by its name, rows of tables and nodes of the map by theirs, what is written, and which windows are open.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QWidget

from core.desktop.garbage import GarbageOnThisThread
from core.desktop.tables import Table
from master_app.console.app import ConsoleApp
from master_app.console.views.node_map import MapView

EVERY_MS = 150


def _centre(widget: QWidget) -> list[int]:
    place = widget.mapToGlobal(widget.rect().center())
    return [place.x(), place.y()]


def _rows(table: Table) -> dict[str, list[int]]:
    found = {}
    for place in range(*table.visible_places()):
        index = table.rows.index(place, 0)
        row = table.rows.row_at(place)
        if row is not None:
            at = table.viewport().mapToGlobal(table.visualRect(index).center())
            words = " ".join(str(column.text(row)) for column in table.rows.columns[:3])
            found[words] = [at.x(), at.y()]
    return found


def _nodes(view: MapView) -> dict[str, list[int]]:
    places = {}
    for node_id, tile in list(view.scene.tiles.items())[:50]:
        point = view.place_of(node_id)
        if point is not None:
            at = view.mapToGlobal(QPoint(round(point.x()), round(point.y())))
            places[f"{tile.name} {tile.state}"] = [at.x(), at.y()]
    return places


def told(application: QApplication) -> dict[str, Any]:
    """Return all that is on screen, of the window on top first."""
    windows = [each for each in application.topLevelWidgets() if each.isVisible() and each.isWindow()]
    windows.sort(key=lambda each: not each.isModal())
    things: dict[str, list[int]] = {}
    fields: dict[str, list[int]] = {}
    rows: dict[str, list[int]] = {}
    nodes: dict[str, list[int]] = {}
    texts: list[str] = []
    off: list[str] = []
    for window in windows:
        for widget in window.findChildren(QWidget):
            if not widget.isVisible() or widget.visibleRegion().isEmpty():
                continue
            if isinstance(widget, QAbstractButton):
                name = (widget.text().strip() or widget.accessibleName()).replace("&", "")
                if widget.isEnabled():
                    things.setdefault(name, _centre(widget))
                else:
                    off.append(name)
            elif isinstance(widget, QLineEdit | QComboBox | QPlainTextEdit):
                fields.setdefault(widget.accessibleName(), _centre(widget))
                if isinstance(widget, QLineEdit):
                    texts.append(widget.text())
            elif isinstance(widget, QLabel):
                texts.append(widget.text())
            elif isinstance(widget, Table):
                rows.update(_rows(widget))
            elif isinstance(widget, MapView):
                nodes.update(_nodes(widget))
    return {
        "windows": [int(each.winId()) for each in windows],
        "title": windows[-1].windowTitle() if windows else "",
        "things": things,
        "off": off,
        "fields": fields,
        "rows": rows,
        "nodes": nodes,
        "texts": texts,
    }


def main() -> int:
    data, settings, places = (Path(each) for each in sys.argv[1:4])
    application = QApplication(sys.argv[:1])
    GarbageOnThisThread(application)
    console = ConsoleApp(application, data, settings)
    signal.signal(signal.SIGTERM, lambda *_: console.leave())

    def tell() -> None:
        fresh = places.with_suffix(".new")
        fresh.write_text(json.dumps(told(application)))
        fresh.replace(places)

    timer = QTimer(application)
    timer.timeout.connect(tell)
    timer.start(EVERY_MS)
    console.start()
    code = application.exec()
    console.close()
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
