"""The graph around the master: hulls, ways and wires, and the light that runs along them when work moves."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.tokens import blend
from core.desktop.translations import tr
from master_app.console.views.map_layout import CELL, HUB, Group, hexagon
from master_app.console.views.map_marks import CARDS_FROM
from master_app.console.views.map_scene import MOVE_S, MapScene, Move

MAX_DOTS = 60


def rate_words(bytes_s: float) -> str:
    """Return a rate as people compare them."""
    return f"{figures.number(bytes_s / 1e6, 1 if bytes_s < 1e8 else 0)} MB/s"


class GraphBack:
    """What stands behind the nodes of a graph."""

    def __init__(self, look: Look, scene: MapScene) -> None:
        self._look, self._scene = look, scene
        self.master, self.note = "", ""

    def paint(self, painter: QPainter, scale: float, now_s: float, *, flows: bool) -> None:
        """Paint in scene coordinates."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lately = self._scene.lately(now_s) if flows else {}
        moves = self._scene.moving(now_s) if flows else []
        for place, group in enumerate(self._scene.groups):
            moved = sum(sum(lately[each]) for each in group.members if each in lately)
            self._group(painter, group, moved, self._scene.group_rate(place) if flows else 0.0, scale)
        self._lights(painter, moves, now_s)
        self._hub(painter)

    def _group(self, painter: QPainter, group: Group, moved: int, rate: float, scale: float) -> None:
        theme = self._look.theme
        tokens = theme.tokens
        if group.hull is not None:
            for colour, width in ((tokens.border, 46.0 + 2 / scale), (tokens.surface, 46.0)):
                ends = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
                painter.setPen(QPen(QColor(colour), width, *ends))
                painter.setBrush(QColor(colour))
                if group.hull.size() < 3:
                    painter.drawPolyline(group.hull)
                    painter.drawPoint(group.hull.at(0))
                else:
                    painter.drawPolygon(group.hull)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if group.wires is not None and CELL * scale < CARDS_FROM:
            painter.setPen(QPen(QColor(blend(tokens.border, tokens.surface, 0.6)), 0.8))
            painter.drawPath(group.wires)
        if group.trunk is None:
            return
        # The way is as wide as much moves on it: 1 MB/s is seen, 100 MB/s is the widest.
        width = 1.4 + max(min(6.0, moved / 4), min(8.0, 2.0 * log10(1 + rate / 1e5)))
        busy = bool(moved or rate)
        painter.setPen(QPen(theme.color("accent" if busy else "border"), width))
        painter.drawPath(group.trunk)
        painter.setBrush(theme.color("bg"))
        painter.setPen(QPen(theme.color("accent" if busy else "border"), 1.4))
        painter.drawEllipse(group.anchor, 3.2, 3.2)
        if busy:
            middle = group.trunk.pointAtPercent(0.5)
            painter.setFont(ui_font(9))
            painter.setPen(theme.color("text_2"))
            words = rate_words(rate) if rate else tr("{n} in 5 s", n=figures.number(moved))
            painter.drawText(QRectF(middle.x() + 6, middle.y() - 14, 90, 14), Qt.AlignmentFlag.AlignLeft, words)

    def _lights(self, painter: QPainter, moves: Sequence[Move], now_s: float) -> None:
        """A wire is lit, and a dot runs, for each subtask or result that really moved."""
        accent = self._look.theme.color("accent")
        dot = self._look.theme.color("text")
        for move in moves[-MAX_DOTS:]:
            if move.node_id not in self._scene.boxes:
                continue
            group = self._scene.group_of(move.node_id)
            share = (now_s - move.at_s) / MOVE_S
            along = 1 - share if move.back else share
            end = self._scene.boxes[move.node_id].center()
            painter.setPen(QPen(accent, 1.4))
            painter.drawLine(QLineF(group.anchor, end))
            place = end
            if group.trunk is not None and along < 0.75:
                place = group.trunk.pointAtPercent(along / 0.75)
            elif along < 1:
                place = group.anchor + (end - group.anchor) * ((along - 0.75) / 0.25)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(dot)
            painter.drawEllipse(place, 2.4, 2.4)

    def _hub(self, painter: QPainter) -> None:
        theme = self._look.theme
        painter.setPen(QPen(theme.color("accent"), 1.6))
        painter.setBrush(theme.color("surface"))
        painter.drawPolygon(hexagon(QPointF(0, 0), HUB - 4))
        mark = self._look.icons.mark(18).pixmap(18, 18)
        painter.drawPixmap(QRectF(-9, -26, 18, 18), mark, QRectF(mark.rect()))
        for top, size, words, colour in ((-6, 11, self.master, "text"), (9, 8, self.note, "text_2")):
            painter.setFont(ui_font(size, strong=top < 0))
            painter.setPen(theme.color(colour))
            shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, 62)
            painter.drawText(QRectF(-34, top, 68, 15), Qt.AlignmentFlag.AlignCenter, shown)
