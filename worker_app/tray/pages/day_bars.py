"""Earnings per day as bars: posted solid, pending hatched, days without earnings by the reason's own shape."""

from __future__ import annotations

from datetime import date
from typing import Final

from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import Face, Shape, paint_shape
from core.desktop.tokens import Tint
from core.desktop.translations import mark, tr
from core.domain.earning_views import EarningDay

_LEFT: Final = 44
_BOTTOM: Final = 20
#: Why a day earned nothing.
DAYS: Final = {
    "paused": Face(Shape.BARS, Tint.PAUSED, mark("paused by you")),
    "in_use": Face(Shape.CIRCLE, Tint.WAITING, mark("you used the computer")),
    "no_tasks": Face(Shape.CIRCLE, Tint.WAITING, mark("no tasks that fit")),
    "schedule": Face(Shape.CLOCK, Tint.WAITING, mark("resting by schedule")),
    "offline": Face(Shape.DASHED, Tint.LOST, mark("offline")),
    "not_running": Face(Shape.SLASHED, Tint.CANCELLED, mark("the worker did not run")),
}
_OTHER: Final = Face(Shape.CIRCLE, Tint.WAITING, mark("rules kept it from running"))


def why_day(day: EarningDay) -> Face:
    return DAYS.get(day.why, _OTHER)


class DayBars(QWidget):
    """`chosen` carries the day that was clicked; the same again: none."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._days: tuple[EarningDay, ...] = ()
        self._running_ucpt = 0
        self._day = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        look.paints(self, self.update)
        look.says(self, self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, 104)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 84)

    def show_days(self, days: tuple[EarningDay, ...], running_ucpt: int) -> None:
        """Show days; what runs now is pending on the last of them."""
        self._days, self._running_ucpt = days, running_ucpt
        self.update()

    def _pending(self, place: int) -> int:
        last = place == len(self._days) - 1
        return self._days[place].pending_ucpt + (self._running_ucpt if last else 0)

    def _top(self) -> float:
        highest = max([d.posted_ucpt + self._pending(i) for i, d in enumerate(self._days)], default=0) / 1e6
        if not highest:
            return 3.0
        step = 1e-6
        for candidate in (10.0**power * lead for power in range(-4, 7) for lead in (1, 2, 5)):
            if highest <= candidate * 3:
                step = candidate
                break
        return max(step * 3, 1e-6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(ui_font(11))
        tokens = self._look.theme.tokens
        top = self._top()
        plot = QRectF(_LEFT, 6, self.width() - _LEFT - 4, self.height() - 6 - _BOTTOM)
        for part in range(4):
            y = plot.bottom() - plot.height() * part / 3
            painter.setPen(QColor(tokens.border))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(tokens.text_2))
            text = figures.number(top * part / 3, 4) if part else "0"
            painter.drawText(QRectF(0, y - 8, _LEFT - 8, 16), Qt.AlignmentFlag.AlignRight, text)
        if not self._days:
            return
        self._paint_days(painter, plot, top)

    def _paint_days(self, painter: QPainter, plot: QRectF, top: float) -> None:
        tokens = self._look.theme.tokens
        width = plot.width() / len(self._days)
        bar = max(2.0, min(width * 0.72, 46))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        honey = QColor(tokens.honey)
        for place, day in enumerate(self._days):
            middle = plot.left() + width * (place + 0.5)
            posted = plot.height() * day.posted_ucpt / 1e6 / top
            pending = plot.height() * self._pending(place) / 1e6 / top
            box = QRectF(middle - bar / 2, plot.bottom() - posted, bar, posted)
            painter.setPen(Qt.PenStyle.NoPen)
            faded = bool(self._day) and self._day != day.day
            honey.setAlphaF(0.4 if faded else 1.0)
            painter.fillRect(box, honey)
            if pending > 0:
                hatched = QRectF(middle - bar / 2, plot.bottom() - posted - pending, bar, pending)
                painter.fillRect(hatched, QBrush(honey, Qt.BrushStyle.BDiagPattern))
                painter.setPen(QPen(honey, 1))
                painter.drawRect(hatched)
            if not day.posted_ucpt and not self._pending(place) and width >= 9:
                face = why_day(day)
                shape = QRectF(middle - 4.5, plot.bottom() - 14, 9, 9)
                paint_shape(painter, face.shape, shape, QColor(tokens.tint(face.tint)))
        self._paint_names(painter, plot, width)

    def _paint_names(self, painter: QPainter, plot: QRectF, width: float) -> None:
        painter.setPen(QColor(self._look.theme.tokens.text_2))
        every = max(1, -(-len(self._days) // max(1, int(plot.width() // 92))))
        count = len(self._days)
        for place in range(count - 1, -1, -every):
            middle = plot.left() + width * (place + 0.5)
            text = tr("today") if place == count - 1 else day_name(self._days[place].day)
            span = painter.fontMetrics().horizontalAdvance(text)
            left = min(max(plot.left(), middle - span / 2), plot.right() - span)
            painter.drawText(QPointF(left, self.height() - 5), text)

    def _at(self, x: float) -> EarningDay | None:
        width = (self.width() - _LEFT - 4) / max(1, len(self._days))
        place = int((x - _LEFT) // width) if width > 0 else -1
        return self._days[place] if 0 <= place < len(self._days) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._at(event.position().x())
        if day is not None:
            self._day = "" if day.day == self._day else day.day
            self.chosen.emit(self._day)
            self.update()

    def event(self, event) -> bool:  # type: ignore[no-untyped-def]
        if isinstance(event, QHelpEvent):
            day = self._at(event.pos().x())
            if day is not None:
                QToolTip.showText(event.globalPos(), self.tip(day), self)
            return True
        return bool(super().event(event))

    def tip(self, day: EarningDay) -> str:
        name = day_name(day.day)
        if not day.posted_ucpt and not day.pending_ucpt:
            return f"{name}: {why_day(day).text}"
        words = tr("{amount} CPT posted", amount=figures.cpt(day.posted_ucpt))
        if day.pending_ucpt:
            words += ", " + tr("{amount} CPT pending", amount=figures.cpt(day.pending_ucpt))
        return f"{name}: {words}"


def day_name(day: str) -> str:
    """Return a local day as people say it in the language in use."""
    at = date.fromisoformat(day)
    locale = QLocale()
    form = "M 月 d 日" if locale.language() is QLocale.Language.Chinese else "ddd d MMM"
    from PySide6.QtCore import QDate

    return str(locale.toString(QDate(at.year, at.month, at.day), form))
