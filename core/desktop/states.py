"""States as people see them: a colour, a shape and a word, so that none of the three has to be seen alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import cos, pi, sin
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from core.desktop.tokens import Tint
from core.desktop.translations import mark, tr
from core.domain.node import foremost_state


class Shape(Enum):
    CIRCLE = "circle"
    TRIANGLE = "triangle"
    TICK = "tick"
    CROSS = "cross"
    DIAMOND = "diamond"
    CLOCK = "clock"
    BARS = "bars"
    SLASHED = "slashed"
    DASHED = "dashed"


@dataclass(frozen=True, slots=True)
class Face:
    """How one state shows itself. `word` is English; `text` says it in the language in use."""

    shape: Shape
    tint: Tint
    word: str

    @property
    def text(self) -> str:
        return tr(self.word)


_WAITS = (Shape.CIRCLE, Tint.WAITING)
_RUNS = (Shape.TRIANGLE, Tint.RUNNING)
_GOOD = (Shape.TICK, Tint.GOOD)
_BAD = (Shape.CROSS, Tint.BAD)
_NEEDS = (Shape.DIAMOND, Tint.NEEDS)
_PAUSED = (Shape.BARS, Tint.PAUSED)
_OVER = (Shape.SLASHED, Tint.CANCELLED)
_LOST = (Shape.DASHED, Tint.LOST)

TASK: Final = {
    "WAITING": Face(*_WAITS, mark("Waiting")),
    "QUEUED": Face(*_WAITS, mark("Queued")),
    "RUNNING": Face(*_RUNS, mark("Running")),
    "MERGING": Face(*_RUNS, mark("Merging")),
    "PAUSING": Face(*_PAUSED, mark("Pausing")),
    "PAUSED": Face(*_PAUSED, mark("Paused")),
    "HELD": Face(*_NEEDS, mark("Held")),
    "CANCELLING": Face(*_OVER, mark("Cancelling")),
    "CANCELLED": Face(*_OVER, mark("Cancelled")),
    "SUCCEEDED": Face(*_GOOD, mark("Succeeded")),
    "FAILED": Face(*_BAD, mark("Failed")),
}
SUBTASK: Final = {
    "BLOCKED": Face(*_WAITS, mark("Waits for a step before it")),
    "READY": Face(*_WAITS, mark("Ready to be given out")),
    "BACKOFF": Face(Shape.CLOCK, Tint.WAITING, mark("Tried again later")),
    "ACTIVE": Face(*_RUNS, mark("Active")),
    "UNCERTAIN": Face(*_LOST, mark("Node disconnected, not confirmed")),
    "SUCCEEDED": TASK["SUCCEEDED"],
    "FAILED": TASK["FAILED"],
    "CANCELLED": TASK["CANCELLED"],
    "EATEN": Face(*_OVER, mark("Left out")),
}
ATTEMPT: Final = {
    "OFFERED": Face(*_WAITS, mark("Offered")),
    "ACCEPTED": Face(*_WAITS, mark("Accepted")),
    "PREPARING": Face(*_RUNS, mark("Preparing")),
    "RUNNING": TASK["RUNNING"],
    "UPLOADING": Face(*_RUNS, mark("Sending results back")),
    "SUCCEEDED": TASK["SUCCEEDED"],
    "FAILED": TASK["FAILED"],
    "CANCELLED": TASK["CANCELLED"],
    "REJECTED": Face(*_OVER, mark("Not taken by the node")),
    "RETURNED": Face(*_OVER, mark("Given back")),
    "LOST": Face(*_LOST, mark("Lost")),
    "SUPERSEDED": Face(*_OVER, mark("Superseded")),
}
NODE: Final = {
    "READY": Face(*_GOOD, mark("Ready to work")),
    "NEW": Face(*_WAITS, mark("New")),
    "INITIALIZING": Face(*_RUNS, mark("Initializing")),
    "SUSPECT": Face(*_LOST, mark("Report overdue")),
    "DISCONNECTED": Face(*_LOST, mark("Disconnected")),
    "DOWN": Face(*_BAD, mark("Down")),
    "PENDING": Face(*_NEEDS, mark("Waits for approval")),
    "PAUSED": TASK["PAUSED"],
    "DRAINING": Face(*_PAUSED, mark("Draining")),
    "DRAINED": Face(*_PAUSED, mark("Drained")),
    "REVOKED": Face(*_OVER, mark("Revoked")),
    "SNOOZED": Face(*_PAUSED, mark("Paused by its owner")),
    "GPU_PAUSED": Face(*_PAUSED, mark("GPU paused")),
    "IN_USE": Face(*_WAITS, mark("Computer in use")),
    "OUTSIDE_SCHEDULE": Face(Shape.CLOCK, Tint.WAITING, mark("Outside its schedule")),
    "QUITTING": Face(*_PAUSED, mark("Quitting")),
    "QUARANTINE": Face(*_NEEDS, mark("In quarantine")),
}
POOL: Final = {
    "idle": Face(*_WAITS, mark("Idle")),
    "busy": Face(*_RUNS, mark("Busy")),
    "waiting": Face(*_WAITS, mark("Work waits")),
    "degraded": Face(*_NEEDS, mark("Degraded")),
    "stopped": Face(*_BAD, mark("Stopped")),
    "unknown": Face(*_LOST, mark("Not connected")),
}

#: See there; the faces of what it returns are in NODE.
node_state = foremost_state


def paint_shape(painter: QPainter, shape: Shape, box: QRectF, colour: QColor) -> None:
    """Draw a state's shape into a square. Readable from 8 pixels on."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = max(1.4, box.width() * 0.13)
    pen = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inset = width / 2 + box.width() * 0.06
    _DRAW[shape](painter, box.adjusted(inset, inset, -inset, -inset), colour)
    painter.restore()


def shape_pixmap(shape: Shape, colour: QColor, size: int, scale: float = 1.0) -> QPixmap:
    pixmap = QPixmap(round(size * scale), round(size * scale))
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.setDevicePixelRatio(scale)
    painter = QPainter(pixmap)
    paint_shape(painter, shape, QRectF(0, 0, size, size), colour)
    painter.end()
    return pixmap


def _points(box: QRectF, *places: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(box.x() + box.width() * x, box.y() + box.height() * y) for x, y in places])


def _circle(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    painter.drawEllipse(box)


def _triangle(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.setBrush(QBrush(colour))
    painter.drawPolygon(_points(box, (0.14, 0.04), (0.96, 0.5), (0.14, 0.96)))


def _tick(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    painter.drawPolyline(_points(box, (0.02, 0.55), (0.36, 0.88), (0.98, 0.16)))


def _cross(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    inner = box.adjusted(box.width() * 0.08, box.height() * 0.08, -box.width() * 0.08, -box.height() * 0.08)
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def _diamond(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.drawPolygon(_points(box, (0.5, -0.04), (1.04, 0.5), (0.5, 1.04), (-0.04, 0.5)))
    painter.drawPolyline(_points(box, (0.5, 0.3), (0.5, 0.54)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(colour))
    radius = max(0.8, box.width() * 0.07)
    painter.drawEllipse(QPointF(box.center().x(), box.y() + box.height() * 0.74), radius, radius)


def _clock(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    painter.drawEllipse(box)
    painter.drawPolyline(_points(box, (0.5, 0.2), (0.5, 0.52), (0.72, 0.66)))


def _bars(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(colour))
    for left in (0.14, 0.6):
        painter.drawRoundedRect(
            QRectF(box.x() + box.width() * left, box.y(), box.width() * 0.26, box.height()), 1, 1
        )


def _slashed(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    painter.drawEllipse(box)
    middle, radius = box.center(), box.width() / 2
    offset = QPointF(radius * cos(pi / 4), radius * sin(pi / 4))
    painter.drawLine(middle - offset, middle + offset)


def _dashed(painter: QPainter, box: QRectF, _colour: QColor) -> None:
    pen = painter.pen()
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    for start in range(0, 360, 60):
        path = QPainterPath()
        path.arcMoveTo(box, start)
        path.arcTo(box, start, 36)
        painter.drawPath(path)


_DRAW: Final[dict[Shape, Callable[[QPainter, QRectF, QColor], None]]] = {
    Shape.CIRCLE: _circle,
    Shape.TRIANGLE: _triangle,
    Shape.TICK: _tick,
    Shape.CROSS: _cross,
    Shape.DIAMOND: _diamond,
    Shape.CLOCK: _clock,
    Shape.BARS: _bars,
    Shape.SLASHED: _slashed,
    Shape.DASHED: _dashed,
}
