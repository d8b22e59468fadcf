"""Two pictures of one task: a cell for each subtask, and a bar for each attempt on its node."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from core.desktop import figures, states
from core.desktop.look import Look
from core.desktop.states import paint_shape
from core.desktop.tokens import blend
from core.desktop.translations import tr
from core.domain.console import AttemptRow

CELL, GAP = 11, 2
MAX_CELLS = 2_000
LANE = 24
HEAD = 18
NAMES = 96
_ENDED_WELL = frozenset({"SUCCEEDED", "EATEN", "READY", "BLOCKED"})


class SubtaskGrid(QWidget):
    """Above 2,000 subtasks a cell stands for a share of them, with its worst state."""

    opened = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._cells: list[tuple[str, int, int]] = []
        look.paints(self, self.update)
        self.setMouseTracking(True)
        self.setMinimumHeight(40)

    def show_states(self, codes: bytes, names: Sequence[str]) -> None:
        share = max(1, math.ceil(len(codes) / MAX_CELLS))
        order = ("FAILED", "BACKOFF", "CANCELLED", "ACTIVE", "READY", "BLOCKED", "EATEN", "SUCCEEDED")
        rank = {names.index(name): place for place, name in enumerate(order) if name in names}
        self._cells = []
        for start in range(0, len(codes), share):
            part = codes[start : start + share]
            worst = min(part, key=lambda code: rank.get(code, 99))
            self._cells.append((names[worst], start, start + len(part) - 1))
        self.setMinimumHeight(self._rows() * (CELL + GAP) + 4)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self._rows() * (CELL + GAP) + 4)

    def _columns(self) -> int:
        return max(1, (self.width() - 2) // (CELL + GAP))

    def _rows(self) -> int:
        return math.ceil(len(self._cells) / self._columns()) if self._cells else 1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, columns = self._look.theme, self._columns()
        for place, (state, _, _) in enumerate(self._cells):
            box = QRectF((place % columns) * (CELL + GAP), (place // columns) * (CELL + GAP), CELL, CELL)
            face = states.SUBTASK.get(state, states.SUBTASK["READY"])
            colour = theme.tint(face.tint)
            if face.shape in (states.Shape.CIRCLE, states.Shape.CLOCK):
                painter.setPen(QPen(colour, 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(box, 2, 2)
            if face.shape is not states.Shape.TICK:
                paint_shape(painter, face.shape, box.adjusted(2.5, 2.5, -2.5, -2.5), theme.color("surface"))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is None:
            QToolTip.hideText()
            return
        state, first, last = found
        which = str(first) if first == last else f"{first}–{last}"
        QToolTip.showText(event.globalPosition().toPoint(), f"{which}: {states.SUBTASK[state].text}", self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None:
            self.opened.emit(found[1])

    def _at(self, point: QPointF) -> tuple[str, int, int] | None:
        place = int(point.y() // (CELL + GAP)) * self._columns() + int(point.x() // (CELL + GAP))
        return self._cells[place] if 0 <= place < len(self._cells) else None


class Gantt(QWidget):
    """One lane a node, one bar an attempt; what is pale is preparing, what is dashed is not certain."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lanes: list[tuple[str, list[AttemptRow]]] = []
        self._boxes: list[tuple[QRectF, AttemptRow]] = []
        self._now_ms = 1
        look.paints(self, self.update)
        self.setMinimumHeight(80)

    def show_attempts(self, attempts: Sequence[AttemptRow], now_ms: int) -> None:
        lanes: dict[str, list[AttemptRow]] = {}
        for attempt in attempts:
            lanes.setdefault(attempt.node_name or attempt.node_id[-6:], []).append(attempt)
        self._lanes = sorted(lanes.items())
        self._now_ms = now_ms
        self.setMinimumHeight(HEAD + len(self._lanes) * LANE + 8)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._look.theme
        self._boxes = []
        if not self._lanes:
            painter.setPen(theme.color("text_2"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("No attempt yet."))
            return
        first = min(attempt.offered_ms for _, row in self._lanes for attempt in row)
        last = max(max(attempt.ended_ms or self._now_ms for attempt in row) for _, row in self._lanes)
        span = max(last - first, 1_000)
        width = self.width() - NAMES - 8
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        for step in range(4):
            x = NAMES + width * step / 3
            painter.setPen(theme.color("border"))
            painter.drawLine(QPointF(x, HEAD), QPointF(x, self.height()))
            painter.setPen(theme.color("text_2"))
            side = (
                Qt.AlignmentFlag.AlignLeft,
                Qt.AlignmentFlag.AlignHCenter,
                Qt.AlignmentFlag.AlignHCenter,
                Qt.AlignmentFlag.AlignRight,
            )[step]
            left = x if step == 0 else x - 30 if step < 3 else x - 60
            painter.drawText(
                QRectF(left, 0, 60, HEAD),
                side,
                figures.clock(round(first + span * step / 3), seconds=span < 180_000),
            )
        for lane, (name, row) in enumerate(self._lanes):
            top = HEAD + lane * LANE
            painter.setPen(theme.color("text"))
            shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, NAMES - 8)
            painter.drawText(QRectF(0, top, NAMES - 8, LANE), Qt.AlignmentFlag.AlignVCenter, shown)
            self._paint_lane(painter, row, top, first, width / span)

    def _paint_lane(
        self, painter: QPainter, row: Sequence[AttemptRow], top: float, first: int, scale: float
    ) -> None:
        theme = self._look.theme
        ends: list[int] = []
        for attempt in sorted(row, key=lambda each: each.offered_ms):
            end = attempt.ended_ms or self._now_ms
            slot = next((place for place, until in enumerate(ends) if until <= attempt.offered_ms), len(ends))
            ends[slot : slot + 1] = [end]
            height = 5.0
            y = top + 4 + (slot % 3) * (height + 1.5)
            left = NAMES + (attempt.offered_ms - first) * scale
            right = NAMES + (end - first) * scale
            started = NAMES + ((attempt.started_ms or end) - first) * scale
            face = states.ATTEMPT[attempt.state]
            colour = theme.tokens.tint(face.tint)
            box = QRectF(left, y, max(right - left, 2.0), height)
            if face.shape is states.Shape.DASHED:
                painter.setPen(QPen(QColor(colour), 1, Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(box)
            else:
                painter.fillRect(box, QColor(blend(colour, theme.tokens.surface, 0.4)))
                painter.fillRect(QRectF(started, y, max(right - started, 1.0), height), QColor(colour))
            self._boxes.append((box, attempt))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        for box, attempt in self._boxes:
            if box.adjusted(-2, -2, 2, 2).contains(event.position()):
                self.opened.emit(attempt.attempt_id)
                return
