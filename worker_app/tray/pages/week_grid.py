"""The week as a grid to paint: rest, when away, full; by mouse or keyboard, in local time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.tokens import blend
from core.desktop.translations import mark, tr
from core.domain.lending import FULL, HOURS, REST, WHEN_AWAY
from worker_app.tray import words

DAYS: Final = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))
BRUSHES: Final = (REST, WHEN_AWAY, FULL)
_LEFT: Final = 40
_TOP: Final = 18
_KEYS: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class WeekGrid(QWidget):
    """`changed` carries the whole week after a stroke, a key or a paste."""

    changed = Signal(str)
    painting = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.week = WHEN_AWAY * HOURS
        self.brush = WHEN_AWAY
        self._cursor = (0, 0)
        self._from: tuple[int, int] | None = None
        self._to: tuple[int, int] = (0, 0)
        self._now: tuple[int, int] | None = None
        self._copied = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        look.paints(self, self.update)
        look.says(self, self._say)

    def sizeHint(self) -> QSize:
        return QSize(420, 190)

    def minimumSizeHint(self) -> QSize:
        return QSize(340, _TOP + 7 * 18)

    def show_week(self, week: str, now_ms: int) -> None:
        self.week = week
        if now_ms:
            at = datetime.fromtimestamp(now_ms / 1000).astimezone()
            self._now = (at.weekday(), at.hour)
        self._say()

    def cell_box(self, day: int, hour: int) -> QRectF:
        """Return where a cell is painted."""
        width = (self.width() - _LEFT - 2) / 24
        height = (self.height() - _TOP - 2) / 7
        return QRectF(_LEFT + hour * width, _TOP + day * height, width - 2, height - 3)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._look.theme.tokens
        for hour in range(0, 25, 3):
            box = self.cell_box(0, min(hour, 23))
            x = box.left() + (0 if hour else 6) if hour < 24 else box.right() - 6
            painter.setFont(ui_font(11))
            painter.setPen(QColor(tokens.text_2))
            painter.drawText(QRectF(x - 14, 0, 28, 14), Qt.AlignmentFlag.AlignHCenter, f"{hour:02d}")
        for day in range(7):
            today = self._now is not None and self._now[0] == day
            painter.setFont(ui_font(12, strong=today))
            painter.setPen(QColor(tokens.text if today else tokens.text_2))
            box = self.cell_box(day, 0)
            painter.drawText(
                QRectF(0, box.top(), _LEFT - 8, box.height()), Qt.AlignmentFlag.AlignVCenter, tr(DAYS[day])
            )
            for hour in range(24):
                self._paint_cell(painter, self.cell_box(day, hour), self.week[day * 24 + hour])
        self._paint_frames(painter)

    def _paint_cell(self, painter: QPainter, box: QRectF, cell: str) -> None:
        """Cells differ by mark as well as by colour."""
        tokens = self._look.theme.tokens
        grounds = {
            REST: tokens.surface_2,
            WHEN_AWAY: blend(tokens.accent, tokens.surface, 0.34),
            FULL: tokens.accent,
        }
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(grounds[cell]))
        painter.drawRoundedRect(box, 2, 2)
        middle = box.center()
        if cell == REST:
            painter.setPen(QPen(QColor(tokens.text_2), 1.2))
            painter.drawLine(QPointF(middle.x() - 3, middle.y()), QPointF(middle.x() + 3, middle.y()))
        elif cell == FULL:
            painter.setBrush(QColor(tokens.on_accent))
            side = min(3.2, box.width() / 4, box.height() / 4)
            places = ((-0.7, -1.0), (1.0, 0.0), (-0.7, 1.0))
            painter.drawPolygon(
                QPolygonF([QPointF(middle.x() + x * side, middle.y() + y * side) for x, y in places])
            )

    def _paint_frames(self, painter: QPainter) -> None:
        tokens = self._look.theme.tokens
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._now is not None:
            painter.setPen(QPen(QColor(tokens.text), 2))
            painter.drawRoundedRect(self.cell_box(*self._now).adjusted(-1, -1, 1, 1), 3, 3)
        if self._from is not None:
            stroke = self._rectangle()
            first, last = (
                self.cell_box(stroke.top(), stroke.left()),
                self.cell_box(stroke.bottom(), stroke.right()),
            )
            painter.setPen(QPen(QColor(tokens.text), 1.4, Qt.PenStyle.DashLine))
            painter.drawRect(first.united(last).adjusted(-1, -1, 1, 1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(self.cell_box(*self._cursor).adjusted(-2, -2, 2, 2), 3, 3)

    # ------------------------------------------------------------ mouse and keys

    def _cell_at(self, place: QPointF) -> tuple[int, int]:
        hour = int((place.x() - _LEFT) / max(1.0, (self.width() - _LEFT - 2) / 24))
        day = int((place.y() - _TOP) / max(1.0, (self.height() - _TOP - 2) / 7))
        return min(max(day, 0), 6), min(max(hour, 0), 23)

    def _rectangle(self) -> QRect:
        start = self._from or self._to
        top, bottom = sorted((start[0], self._to[0]))
        left, right = sorted((start[1], self._to[1]))
        return QRect(left, top, right - left + 1, bottom - top + 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        cell = self._cell_at(event.position())
        self._from = self._cursor if extends else cell
        self._to = self._cursor = cell
        self._tell_stroke()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position())
        if self._from is not None:
            self._to = self._cursor = cell
            self._tell_stroke()
        self.setToolTip(self.cell_words(*cell))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self.fill(self._rectangle(), self.brush)
            self._from = None
            self.painting.emit("")
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        day, hour = self._cursor
        if key in _KEYS:
            down, right = _KEYS[key]
            self._cursor = (min(max(day + down, 0), 6), min(max(hour + right, 0), 23))
            self._say()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_3:
            self.fill(QRect(hour, day, 1, 1), BRUSHES[key - Qt.Key.Key_1])
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self.fill(QRect(hour, day, 1, 1), self.brush)
        elif ctrl and key == Qt.Key.Key_C:
            self._copied = self.week[day * 24 : day * 24 + 24]
            QGuiApplication.clipboard().setText(self._copied)
        elif ctrl and key == Qt.Key.Key_V and self._copied:
            self._put(self.week[: day * 24] + self._copied + self.week[day * 24 + 24 :])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def fill(self, cells: QRect, brush: str) -> None:
        """Paint a rectangle of cells: x and width are hours, y and height are days."""
        week = list(self.week)
        for day in range(cells.top(), cells.bottom() + 1):
            for hour in range(cells.left(), cells.right() + 1):
                week[day * 24 + hour] = brush
        self._put("".join(week))

    def _put(self, week: str) -> None:
        if week != self.week:
            self.week = week
            self._say()
            self.changed.emit(week)

    def _tell_stroke(self) -> None:
        cells = self._rectangle()
        first, last = tr(DAYS[cells.top()]), tr(DAYS[cells.bottom()])
        days = first if cells.height() == 1 else f"{first}–{last}"
        self.painting.emit(
            tr(
                "{days} {start}:00–{end}:00",
                days=days,
                start=f"{cells.left():02d}",
                end=f"{cells.right() + 1:02d}",
            )
        )
        self.update()

    def cell_words(self, day: int, hour: int) -> str:
        """Say one cell: its day, hour and kind."""
        kind = words.cell(self.week[day * 24 + hour])
        return tr("{day} {hour}:00: {kind}", day=tr(DAYS[day]), hour=f"{hour:02d}", kind=kind)

    def _say(self) -> None:
        self.setAccessibleName(self.cell_words(*self._cursor))
        self.update()
