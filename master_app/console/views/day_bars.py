"""Income and spend by day: bars up and down, today full and the days before paler. A click chooses a day."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.tokens import blend
from core.desktop.translations import tr
from core.domain.console_pages import DayRow

LEFT, FOOT = 58, 16
#: Pixels that a date below the bars needs.
DATE = 46


class DayBars(QWidget):
    """`chosen` comes when a day is chosen or let go; `day` is the chosen one."""

    chosen = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._days: tuple[DayRow, ...] = ()
        self._chosen_ms = 0
        self.setFixedHeight(112)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.paints(self, self.update)
        look.says(self, lambda: self.setAccessibleName(tr("Income and spend by day")))

    def show_days(self, days: Sequence[DayRow]) -> None:
        self._days = tuple(days)
        self.update()

    @property
    def day(self) -> DayRow | None:
        return next((each for each in self._days if each.at_ms == self._chosen_ms), None)

    def choose(self, day: DayRow | None) -> None:
        """Choose a day; the same one again lets it go."""
        self._chosen_ms = day.at_ms if day is not None and day.at_ms != self._chosen_ms else 0
        self.update()
        self.chosen.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._look.theme
        painter.setFont(ui_font(10))
        if not self._days:
            painter.setPen(theme.color("text_2"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("Nothing was earned or spent yet."))
            return
        income = max(day.income_ucpt for day in self._days)
        spend = max(day.spend_ucpt for day in self._days)
        high = self.height() - FOOT - 8
        scale = high / ((income + spend) or 1)
        zero = 4 + income * scale
        painter.setPen(theme.color("text_2"))
        for words, top in ((_short(income), 0.0), (_short(-spend), high - 8.0)):
            painter.drawText(QRectF(0, top, LEFT - 6, 14), Qt.AlignmentFlag.AlignRight, words)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(LEFT, round(zero), self.width(), round(zero))
        for place, day in enumerate(self._days):
            self._bars(painter, place, day, zero, scale)

    def _bars(self, painter: QPainter, place: int, day: DayRow, zero: float, scale: float) -> None:
        theme, box, last = self._look.theme, self._column(place), len(self._days) - 1
        share = 1.0 if place == last or day.at_ms == self._chosen_ms else 0.55
        for tint, top, tall in (
            ("honey", zero - day.income_ucpt * scale, day.income_ucpt * scale),
            ("accent", zero, day.spend_ucpt * scale),
        ):
            colour = QColor(blend(getattr(theme.tokens, tint), theme.tokens.surface, share))
            painter.fillRect(QRectF(box.left(), top, box.width(), tall), colour)
        if day.at_ms == self._chosen_ms:
            painter.setPen(QPen(theme.color("text"), 1.2))
            painter.drawRect(QRectF(box.left() - 2, 2, box.width() + 4, self.height() - FOOT - 2))
        every = max(1, -(-len(self._days) * DATE // max(self.width() - LEFT, 1)))
        if (last - place) % every == 0:
            painter.setPen(theme.color("text_2"))
            foot = QRectF(box.center().x() - 22, self.height() - FOOT + 2, 44, 14)
            # The last one must not be cut at the edge.
            foot.moveRight(min(foot.right(), self.width()))
            painter.drawText(foot, Qt.AlignmentFlag.AlignHCenter, figures.local(day.at_ms).strftime("%m-%d"))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position().x())
        if found is not None:
            self.choose(found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position().x())
        if found is None:
            QToolTip.hideText()
            return
        words = tr(
            "{date}: income {income}, spend {spend} CPT",
            date=figures.local(found.at_ms).strftime("%Y-%m-%d"),
            income=figures.cpt(found.income_ucpt),
            spend=figures.cpt(found.spend_ucpt),
        )
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self._chosen_ms:
            self.choose(None)
        elif step is not None and self._days:
            places = [place for place, day in enumerate(self._days) if day.at_ms == self._chosen_ms]
            place = places[0] + step if places else len(self._days) - 1
            if 0 <= place < len(self._days):
                self.choose(self._days[place])
        else:
            super().keyPressEvent(event)

    def _column(self, place: int) -> QRectF:
        wide = (self.width() - LEFT) / max(len(self._days), 1)
        return QRectF(LEFT + place * wide + wide * 0.15, 0, wide * 0.7, self.height())

    def _at(self, x: float) -> DayRow | None:
        wide = (self.width() - LEFT) / max(len(self._days), 1)
        place = int((x - LEFT) // wide) if x >= LEFT else -1
        return self._days[place] if 0 <= place < len(self._days) else None


def _short(amount_ucpt: int) -> str:
    """Return an amount as a scale says it; the exact one is in the tip."""
    return figures.number(amount_ucpt / 1_000_000, 1)
