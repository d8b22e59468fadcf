"""Values over time: a ring of bounded memory in which gaps stay gaps, and the small curve beside a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.desktop.look import Look

SPARK_POINTS: Final = 60


class Ring:
    """The last `capacity` samples of several curves that share their times. Adding never allocates."""

    def __init__(self, curves: int, capacity: int, *, gap_s: float = 0.0) -> None:
        self._times = np.zeros(capacity)
        self._values = np.full((curves, capacity), math.nan)
        self._capacity = capacity
        self._gap_s = gap_s
        self._next = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, at_s: float, values: Sequence[float | None]) -> None:
        """Add a sample. After a pause longer than the gap a break comes first, so that no line joins them."""
        if self._count and self._gap_s and at_s - self._times[self._next - 1] > self._gap_s:
            self._put(self._times[self._next - 1] + self._gap_s / 2, [None] * len(self._values))
        self._put(at_s, values)

    def window(self, since_s: float) -> tuple[Any, Any]:
        """Return (times, values by curve) from `since_s` on, oldest first."""
        order = np.arange(self._next - self._count, self._next) % self._capacity
        times = self._times[order]
        first = int(np.searchsorted(times, since_s))
        return times[first:], self._values[:, order[first:]]

    def nearest(self, at_s: float) -> tuple[float, list[float]] | None:
        """Return the sample next to a moment, for a cursor."""
        times, values = self.window(-math.inf)
        if not len(times):
            return None
        place = int(np.argmin(np.abs(times - at_s)))
        return float(times[place]), [float(value) for value in values[:, place]]

    def clear(self) -> None:
        self._next = self._count = 0

    def _put(self, at_s: float, values: Sequence[float | None]) -> None:
        self._times[self._next] = at_s
        for curve, value in enumerate(values):
            self._values[curve, self._next] = math.nan if value is None else value
        self._next = (self._next + 1) % self._capacity
        self._count = min(self._count + 1, self._capacity)


class Sparkline(QWidget):
    """The last minute or so of one figure, as a path of at most 60 points."""

    def __init__(self, look: Look, tint: str = "accent") -> None:
        super().__init__()
        self._look, self._tint = look, tint
        self._points: list[float] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        look.paints(self, self.update)

    def sizeHint(self) -> QSize:
        return QSize(48, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, 20)

    def add(self, value: float) -> None:
        self._points = [*self._points[-(SPARK_POINTS - 1) :], value]
        self.update()

    def show_points(self, points: Sequence[float]) -> None:
        self._points = list(points)[-SPARK_POINTS:]
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._points) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = min(self._points), max(self._points)
        span = (high - low) or 1.0
        width, height = self.width() - 2, self.height() - 4
        path = QPainterPath()
        for place, value in enumerate(self._points):
            point = QPointF(1 + width * place / (len(self._points) - 1), 2 + height * (1 - (value - low) / span))
            if place:
                path.lineTo(point)
            else:
                path.moveTo(point)
        colour = self._look.theme.color(self._tint)
        area = QPainterPath(path)
        area.lineTo(1 + width, height + 3)
        area.lineTo(1, height + 3)
        area.closeSubpath()
        pale = QColor(colour)
        pale.setAlphaF(0.12)
        painter.fillPath(area, pale)
        painter.setPen(QPen(colour, 1.4))
        painter.drawPath(path)
