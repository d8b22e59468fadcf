"""Live plots by pyqtgraph: windows of time, pause, curves to switch off, a dashed limit, a cursor's values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.charts import Ring
from core.desktop.fonts import CAPTION_PX, ui_font
from core.desktop.look import Look

Text = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Curve:
    """`tint` is the name of a token; `filled` paints the area below."""

    name: Text
    tint: str
    filled: bool = False
    dashed: bool = False


class _ClockAxis(pg.AxisItem):
    """Local times of day."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [figures.clock(round(value * 1000), seconds=spacing < 60) for value in values if value > 0]


class LivePlot(QWidget):
    """Curves over the last `window_s` seconds from a ring. Call `refresh` when the ring has changed.

    `pointed` carries the time under the pointer, so that plots beside it can show the same moment. With `says`
    False the values under the cursor are shown by whoever listens, not here.
    """

    pointed = Signal(float)

    def __init__(
        self,
        look: Look,
        curves: Sequence[Curve],
        ring: Ring,
        *,
        window_s: float,
        unit: str = "",
        top: float | None = None,
        says: bool = True,
    ) -> None:
        super().__init__()
        self._look, self._curves, self.ring, self._unit, self._top = look, curves, ring, unit, top
        self.window_s = window_s
        self._says = says
        self.paused = False
        self._hidden: set[int] = set()
        self._plot = pg.PlotWidget(axisItems={"bottom": _ClockAxis("bottom")})
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMinimumHeight(60)
        self._items = [self._plot.plot(connect="finite") for _ in curves]
        self._limit = pg.InfiniteLine(angle=0)
        self._limit.setVisible(False)
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.setVisible(False)
        self._plot.addItem(self._limit)
        self._plot.addItem(self._cursor)
        self._reading = QLabel(self._plot)
        self._reading.setTextFormat(Qt.TextFormat.PlainText)
        self._reading.setFont(ui_font(CAPTION_PX))
        self._reading.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._reading.hide()
        self._plot.scene().sigMouseMoved.connect(self._moved)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        look.paints(self, self._paint)

    def set_top(self, value: float) -> None:
        """The whole of what is shown, such as the computer's memory: the axis ends there."""
        self._top = value
        axis = self._plot.getAxis("left")
        axis.setTicks([[(part, figures.number(part)) for part in (0.0, value / 2, value)]])

    def set_limit(self, value: float | None) -> None:
        self._limit.setVisible(value is not None)
        if value is not None:
            self._limit.setPos(value)

    def show_curve(self, place: int, shown: bool) -> None:
        (self._hidden.discard if shown else self._hidden.add)(place)
        self._items[place].setVisible(shown)

    def refresh(self, now_s: float) -> None:
        """Draw what the ring holds now, unless paused."""
        if self.paused or not self.isVisible():
            return
        times, values = self.ring.window(now_s - self.window_s)
        for place, item in enumerate(self._items):
            item.setData(times, values[place], connect="finite")
        self._plot.setXRange(now_s - self.window_s, now_s, padding=0)
        highest = float(values[~_nan(values)].max()) if values.size and not _nan(values).all() else 1.0
        # Room for the numbers at both ends of the axis.
        whole, padding = (max(highest * 1.1, 1.0), 0.02) if self._top is None else (self._top, 0.09)
        self._plot.setYRange(0, whole, padding=padding)

    def point_at(self, at_s: float) -> None:
        """Show the values of a moment, as the pointer does."""
        found = self.ring.nearest(at_s)
        self._cursor.setVisible(found is not None)
        self._reading.setVisible(found is not None and self._says)
        if found is None:
            return
        at, values = found
        self._cursor.setPos(at)
        lines = [figures.clock(round(at * 1000), seconds=True)]
        for place, (curve, value) in enumerate(zip(self._curves, values, strict=True)):
            if place not in self._hidden:
                words = figures.unknown() if math.isnan(value) else f"{figures.number(value, 1)} {self._unit}"
                lines.append(f"{curve.name()}  {words}".rstrip())
        self._reading.setText("\n".join(lines))
        self._reading.adjustSize()
        x = self._plot.plotItem.vb.mapViewToDevice(QPointF(at, 0))
        left = x.x() + 8 if x is not None else 0
        if left + self._reading.width() > self._plot.width():
            left -= self._reading.width() + 16
        self._reading.move(round(left), 6)

    def leaveEvent(self, event: Any) -> None:
        self._cursor.setVisible(False)
        self._reading.hide()
        super().leaveEvent(event)

    def _moved(self, place: QPointF) -> None:
        if self._plot.sceneBoundingRect().contains(place):
            at = float(self._plot.plotItem.vb.mapSceneToView(place).x())
            self.point_at(at)
            self.pointed.emit(at)

    def _paint(self) -> None:
        theme = self._look.theme
        self._plot.setBackground(theme.color("surface"))
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(theme.color("border"))
            axis.setTextPen(theme.color("text_2"))
            axis.setTickFont(ui_font(CAPTION_PX))
        self._plot.showGrid(x=False, y=True, alpha=0.15)
        dash = Qt.PenStyle.DashLine
        for item, curve in zip(self._items, self._curves, strict=True):
            colour = theme.color(curve.tint)
            item.setPen(pg.mkPen(colour, width=1.5, style=dash if curve.dashed else Qt.PenStyle.SolidLine))
            pale = QColor(colour)
            pale.setAlphaF(0.15)
            item.setFillLevel(0 if curve.filled else None)
            item.setBrush(pg.mkBrush(pale) if curve.filled else None)
        self._limit.setPen(QPen(theme.color("text_2"), 0, dash))
        self._cursor.setPen(QPen(theme.color("text_2"), 0))
        tokens = theme.tokens
        self._reading.setStyleSheet(
            f"background: {tokens.surface}; border: 1px solid {tokens.border}; border-radius: 4px; padding: 4px"
        )


def _nan(values: Any) -> Any:
    return values != values  # noqa: PLR0124 (NaN is the one number that differs from itself)
