"""How the agent's states look: shape, colour and word in windows, an icon in the tray."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint
from core.desktop.translations import mark
from core.domain.agent_views import TrayState
from core.paths import resources

TRAY: Final = {
    TrayState.WORKING: Face(Shape.TRIANGLE, Tint.RUNNING, mark("Working")),
    TrayState.READY: Face(Shape.CIRCLE, Tint.WAITING, mark("Standing by")),
    TrayState.PAUSED: Face(Shape.BARS, Tint.PAUSED, mark("Paused")),
    TrayState.SCHEDULE: Face(Shape.CLOCK, Tint.WAITING, mark("By schedule")),
    TrayState.OFFLINE: Face(Shape.DASHED, Tint.LOST, mark("Offline")),
    TrayState.ERROR: Face(Shape.CROSS, Tint.BAD, mark("Needs attention")),
}
MONEY: Final = {
    "running": Face(Shape.TRIANGLE, Tint.RUNNING, mark("running")),
    "pending": Face(Shape.CIRCLE, Tint.WAITING, mark("pending")),
    "posted": Face(Shape.TICK, Tint.GOOD, mark("posted")),
    "unpaid": Face(Shape.SLASHED, Tint.CANCELLED, mark("no pay")),
}
CHECK: Final = {
    "passed": Face(Shape.TICK, Tint.GOOD, mark("passed")),
    "needs_person": Face(Shape.DIAMOND, Tint.NEEDS, mark("needs you")),
    "unknown": Face(Shape.DASHED, Tint.LOST, mark("cannot tell")),
    "waits": Face(Shape.DASHED, Tint.WAITING, mark("waits its turn")),
    "runs": Face(Shape.TRIANGLE, Tint.RUNNING, mark("being checked")),
}
FROZEN: Final = Face(Shape.BARS, Tint.PAUSED, mark("Frozen"))
THROTTLED: Final = Face(Shape.TRIANGLE, Tint.RUNNING, mark("Slowed down"))
SIZES: Final = (16, 20, 24, 32, 40, 48, 64)


class TrayIcons:
    """The twelve icons, drawn once at each size, so that no host scales them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[TrayState, bool], QIcon] = {}

    def icon(self, state: TrayState, *, dark: bool) -> QIcon:
        """Return the icon of a state for a dark or a light taskbar."""
        found = self._kept.get((state, dark))
        if found is None:
            name = f"{state.value}-{'dark' if dark else 'light'}.svg"
            found = self._kept[state, dark] = _drawn((resources() / "icons" / "tray" / name).read_bytes())
        return found


def _drawn(source: bytes) -> QIcon:
    renderer = QSvgRenderer(QByteArray(source))
    icon = QIcon()
    for size in SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        icon.addPixmap(pixmap)
    return icon
