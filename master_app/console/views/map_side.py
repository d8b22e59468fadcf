"""Beside the map: how load is spread, states and groups to click on, and the chosen node with its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from core.desktop import figures, states
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import Face
from core.desktop.tables import Column
from core.desktop.tokens import load_rgb
from core.desktop.translations import tr
from core.desktop.widgets import Bar, ShapeMark, button, label
from core.domain.console import NodeTile
from master_app.console.views.map_marks import LOADS
from master_app.console.views.map_scene import BUCKETS, MapScene

CHART_S = 600.0
SAMPLES = 1_200


class LoadLegend(QWidget):
    """The colour bar of load, with its numbers."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(200, 30)
        look.paints(self, self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = QLinearGradient(0, 0, self.width(), 0)
        for step in range(11):
            red, green, blue = load_rgb(step / 10)
            fill.setColorAt(step / 10, f"#{red:02X}{green:02X}{blue:02X}")
        painter.fillRect(QRectF(0, 2, self.width(), 9), fill)
        painter.setPen(self._look.theme.color("text_2"))
        painter.setFont(ui_font(10))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            left = min(max(self.width() * share - 20, 0), self.width() - 40)
            side = {0.0: Qt.AlignmentFlag.AlignLeft, 1.0: Qt.AlignmentFlag.AlignRight}.get(
                share, Qt.AlignmentFlag.AlignHCenter
            )
            painter.drawText(QRectF(left, 13, 40, 16), side, figures.percent(share))


class Distribution(QWidget):
    """How many nodes stand at each load. Dragging over it asks for the nodes between two loads."""

    wanted = Signal(float, float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._counts = [0] * BUCKETS
        self._from: float | None = None
        self._to = 0.0
        self.setFixedHeight(84)
        look.paints(self, self.update)
        look.says(self, lambda: self.setAccessibleName(tr("Load of the nodes that work")))

    def show_counts(self, counts: Sequence[int]) -> None:
        self._counts = list(counts)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._look.theme
        high, wide = self.height() - 16, self.width() / BUCKETS
        most = max(self._counts) or 1
        for place, count in enumerate(self._counts):
            tall = max(high * count / most, 2.0 if count else 0.0)
            painter.fillRect(QRectF(place * wide + 0.5, high - tall, wide - 1, tall), LOADS[place])
        painter.setPen(theme.color("border"))
        painter.drawLine(0, high, self.width(), high)
        painter.setPen(theme.color("text_2"))
        painter.setFont(ui_font(10))
        foot = QRectF(0, high + 2, self.width(), 14)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, figures.percent(0))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, figures.percent(1))
        if self._from is not None:
            low, top = sorted((self._from, self._to))
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawRect(QRectF(low * self.width(), 1, (top - low) * self.width(), high - 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._from = self._to = self._share(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self._to = self._share(event)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            low, top = sorted((self._from, self._share(event)))
            self._from = None
            self.wanted.emit(low, top if top - low > 0.02 else min(1.0, low + 0.1))
            self.update()

    def _share(self, event: QMouseEvent) -> float:
        return min(max(event.position().x() / max(self.width(), 1), 0.0), 1.0)


class StateRows(QWidget):
    """One line a state: shape, word, how many, and how large a share. A click asks for its nodes."""

    wanted = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[ShapeMark, QPushButton, QWidget, Bar]] = {}

    def show_counts(self, counts: dict[str, int]) -> None:
        total = sum(counts.values()) or 1
        ordered = sorted((state for state in counts if counts[state]), key=lambda each: -counts[each])
        for state in self._rows:
            for widget in self._rows[state]:
                widget.setVisible(state in ordered)
        for place, state in enumerate(ordered):
            if state not in self._rows:
                self._rows[state] = self._made(state)
            for across, widget in enumerate(self._rows[state]):
                self._grid.addWidget(widget, place, across)
                widget.show()
            self._rows[state][2].setText(figures.number(counts[state]))  # type: ignore[attr-defined]
            self._rows[state][3].show_shares(counts[state] / total)

    def _made(self, state: str) -> tuple[ShapeMark, QPushButton, QWidget, Bar]:
        look = self._look
        face: Face = states.NODE[state]
        go = button(look, lambda: face.text, kind="bare", on_click=lambda: self.wanted.emit(state))
        go.setStyleSheet("text-align: left; padding: 2px 4px;")
        bar = Bar(look, face.tint.value, 5)
        bar.setFixedWidth(64)
        return ShapeMark(look, face, 12), go, label(look, pixels=12), bar


@dataclass(frozen=True, slots=True)
class GroupRow:
    name: str
    count: int
    load: float
    free: int


def group_columns() -> list[Column[GroupRow]]:
    return [
        Column(name="name", heading=lambda: tr("Group"), text=lambda row: row.name, width=76, strong=True),
        Column(
            name="nodes",
            heading=lambda: tr("Nodes"),
            text=lambda row: figures.number(row.count),
            width=60,
            right=True,
        ),
        Column(
            name="load",
            heading=lambda: tr("Load"),
            text=lambda row: figures.percent(row.load),
            width=80,
            share=lambda row: row.load,
            face=lambda _row: states.TASK["RUNNING"],
        ),
        Column(
            name="free",
            heading=lambda: tr("Free"),
            text=lambda row: figures.number(row.free),
            width=52,
            right=True,
        ),
    ]


def group_rows(scene: MapScene) -> list[GroupRow]:
    """Return the groups, the most loaded first."""
    rows = []
    for place, group in enumerate(scene.groups):
        count, load = scene.group_load(place)
        rows.append(GroupRow(group.name, count, load, scene.group_free(place)))
    return sorted(rows, key=lambda each: -each.load)[:500]


def lost_together(tiles: Sequence[NodeTile], key: Callable[[NodeTile], str], within_ms: int = 60_000) -> list[str]:
    """Return the nodes of one group that were lost within a minute of each other: one trouble, not many."""
    lost: dict[str, list[NodeTile]] = {}
    for tile in tiles:
        if tile.state in ("DISCONNECTED", "DOWN") and tile.last_seen_ms:
            lost.setdefault(key(tile), []).append(tile)
    best: list[str] = []
    for found in lost.values():
        found.sort(key=lambda each: each.last_seen_ms)
        start = 0
        for end, tile in enumerate(found):
            while tile.last_seen_ms - found[start].last_seen_ms > within_ms:
                start += 1
            if end - start + 1 > len(best):
                best = [each.node_id for each in found[start : end + 1]]
    return best if len(best) >= 4 else []
