"""The story of a lost connection: contact, tries, and each running task up to now and on to its own deadline."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import Shape, paint_shape
from core.desktop.tokens import blend
from core.desktop.translations import tr
from core.domain.agent_views import ContainerView, LinkView

_NAMES: Final = 138
_ROW: Final = 30
_TOP: Final = 22
_BEFORE_MS: Final = 120_000
_AFTER_MS: Final = 120_000
MAX_ROWS: Final = 4


class Timeline(QWidget):
    """Painted anew with each snapshot; nothing moves by itself."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._link = LinkView()
        self._views: tuple[ContainerView, ...] = ()
        self._now_ms = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.paints(self, self.update)
        look.says(self, self.update)

    def sizeHint(self) -> QSize:
        return QSize(500, _TOP + (_ROW + 12) + min(len(self._views), MAX_ROWS) * _ROW + 6)

    def show_link(self, link: LinkView, views: tuple[ContainerView, ...], now_ms: int) -> None:
        resized = len(views) != len(self._views)
        self._link, self._views, self._now_ms = link, views[:MAX_ROWS], now_ms
        if resized:
            self.updateGeometry()
        self.update()

    def _span(self) -> tuple[int, int]:
        link = self._link
        start = (link.away_since_ms or self._now_ms) - _BEFORE_MS
        ends = [view.deadline_ms for view in self._views] + [link.next_try_ms, self._now_ms]
        return start, max(max(ends) + _AFTER_MS, start + 8 * 60_000)

    def _x(self, at_ms: int) -> float:
        start, end = self._span()
        room = self.width() - _NAMES - 8
        return _NAMES + room * (at_ms - start) / max(1, end - start)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._now_ms:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_hours(painter)
        self._paint_contact(painter)
        for place, view in enumerate(self._views):
            self._paint_task(painter, view, _TOP + _ROW + 12 + place * _ROW)
        tokens = self._look.theme.tokens
        painter.setPen(QPen(QColor(tokens.accent), 1.6))
        now = self._x(self._now_ms)
        painter.drawLine(QPointF(now, _TOP - 2), QPointF(now, self.height() - 4))

    def _paint_hours(self, painter: QPainter) -> None:
        tokens = self._look.theme.tokens
        start, end = self._span()
        step = next(
            (s for s in (60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000) if (end - start) / s <= 9),
            7_200_000,
        )
        painter.setFont(ui_font(11))
        moment = start - start % step + step
        while moment < end:
            x = self._x(moment)
            painter.setPen(QColor(tokens.border))
            painter.drawLine(QPointF(x, _TOP), QPointF(x, self.height() - 4))
            painter.setPen(QColor(tokens.text_2))
            painter.drawText(QRectF(x - 30, 0, 60, 16), Qt.AlignmentFlag.AlignCenter, figures.clock(moment))
            moment += step

    def _name(self, painter: QPainter, top: float, text: str) -> None:
        painter.setFont(ui_font(12))
        painter.setPen(QColor(self._look.theme.tokens.text))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _NAMES - 14)
        painter.drawText(QRectF(0, top, _NAMES - 12, 22), Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_contact(self, painter: QPainter) -> None:
        tokens, link = self._look.theme.tokens, self._link
        top = float(_TOP + 2)
        self._name(painter, top, tr("Master"))
        start, _ = self._span()
        away = link.away_since_ms or self._now_ms
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.good))
        contact = QRectF(self._x(start), top, self._x(away) - self._x(start), 20)
        painter.drawRoundedRect(contact, 3, 3)
        painter.setPen(QColor(tokens.surface))
        painter.drawText(contact.adjusted(8, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, tr("connected"))
        if not link.away_since_ms:
            return
        back = link.back_since_ms or self._now_ms
        gone = QRectF(self._x(away) + 2, top, max(2.0, self._x(back) - self._x(away) - 2), 20)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.text_2), 1, Qt.PenStyle.DashLine))
        painter.drawRect(gone)
        words = tr("offline {time}", time=figures.duration(back - away))
        painter.drawText(gone.adjusted(8, 0, -2, 0), Qt.AlignmentFlag.AlignVCenter, words)
        if link.back_since_ms:
            again = QRectF(self._x(back) + 2, top, max(2.0, self._x(self._now_ms) - self._x(back) - 2), 20)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.good))
            painter.drawRoundedRect(again, 3, 3)
        for at_ms in link.tries:
            paint_shape(painter, Shape.CROSS, QRectF(self._x(at_ms) - 4, top + 24, 8, 8), QColor(tokens.bad))
        if link.next_try_ms:
            box = QRectF(self._x(link.next_try_ms) - 4, top + 24, 9, 9)
            paint_shape(painter, Shape.CIRCLE, box, QColor(tokens.accent))

    def _paint_task(self, painter: QPainter, view: ContainerView, top: float) -> None:
        tokens = self._look.theme.tokens
        self._name(painter, top, f"{view.task_name} / {view.index + 1}")
        start, _ = self._span()
        now = self._x(self._now_ms)
        done = self._now_ms + view.rest_s * 1000 if view.rest_s >= 0 else 0
        end = min(view.deadline_ms, done) if done else view.deadline_ms
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.running))
        left = self._x(max(start, view.started_ms or start))
        painter.drawRoundedRect(QRectF(left, top + 2, max(2.0, now - left), 18), 3, 3)
        painter.setBrush(QColor(blend(tokens.running, tokens.surface, 0.34)))
        painter.drawRect(QRectF(now, top + 2, max(0.0, self._x(end) - now), 18))
        painter.setPen(QPen(QColor(tokens.text), 2.4))
        limit = self._x(view.deadline_ms)
        painter.drawLine(QPointF(limit, top - 2), QPointF(limit, top + 24))
        if done and done < view.deadline_ms:
            paint_shape(painter, Shape.TICK, QRectF(self._x(done) + 6, top + 5, 11, 11), QColor(tokens.good))
            painter.setFont(ui_font(11))
            painter.setPen(QColor(tokens.text_2))
            words = tr("done about {time}", time=figures.clock(done))
            painter.drawText(QPointF(self._x(done) + 22, top + 15), words)
