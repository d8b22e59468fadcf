"""The window's navigation: pages by icon and name, and below them the switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import column, line, row
from core.domain.agent_views import AgentStatus
from worker_app.tray.pages.presets import NAMES
from worker_app.tray.parts import Switch, small, strong

#: Name of a page -> its icon and its name for people, in the order of the navigation.
PAGES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "now": ("activity", lambda: tr("Now")),
    "earnings": ("coins", lambda: tr("Earnings")),
    "rules": ("sliders", lambda: tr("Rules")),
    "connection": ("plug", lambda: tr("Connection")),
    "log": ("log", lambda: tr("Log")),
    "about": ("info", lambda: tr("About")),
}
#: From here on the pages stand at the foot.
_AT_FOOT: Final = "about"
_WIDE: Final = 184
_SLIM: Final = 60
_ROW: Final = 36
_FOOT: Final = (16, 12, 8, 14)


class _Pages(QListWidget):
    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class Navigation(QFrame):
    """`chosen` carries a page, `lend` what the switch shall be."""

    chosen = Signal(str)
    lend = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("side", "true")
        self.setFixedWidth(_WIDE)
        self._look = look
        self._narrow = False
        self._status = AgentStatus()
        self.nav = _Pages()
        self.nav.resized.connect(self._make_room)
        self.nav.setIconSize(QSize(18, 18))
        self.nav.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.nav.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items: dict[str, QListWidgetItem] = {}
        self._room = QListWidgetItem()
        # Neither the mouse nor the arrow keys stop at it.
        self._room.setFlags(Qt.ItemFlag.NoItemFlags)
        for name in PAGES:
            if name == _AT_FOOT:
                self.nav.addItem(self._room)
            item = self._items[name] = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setSizeHint(QSize(160, _ROW))
            self.nav.addItem(item)
        self.nav.currentRowChanged.connect(self._picked)
        self.note = small(look)
        self.switch = Switch(look, lambda: tr("Lend this computer"))
        self.switch.wanted.connect(self.lend)
        self._words = QWidget()
        self._words.setLayout(column(strong(look, lambda: tr("Lending")), self.note, spacing=1))
        foot = QFrame()
        self._foot = row(self._words, None, self.switch, margins=_FOOT)
        foot.setLayout(self._foot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.nav, 1)
        layout.addWidget(line())
        layout.addWidget(foot)
        look.says(self.nav, self._say)
        look.paints(self.nav, self._paint)

    def show_status(self, status: AgentStatus) -> None:
        self._status = status
        self.switch.show_state(status.switch.is_on)
        self._say()

    def choose(self, name: str) -> None:
        """Mark a page without saying so."""
        blocked = self.nav.blockSignals(True)
        self.nav.setCurrentItem(self._items[name])
        self.nav.blockSignals(blocked)

    def show_narrow(self, narrow: bool) -> None:
        """In a narrow window icons stand alone, with their names as tooltips."""
        if narrow != self._narrow:
            self._narrow = narrow
            self.setFixedWidth(_SLIM if narrow else _WIDE)
            self._words.setVisible(not narrow)
            self._foot.setContentsMargins(*((8, 12, 8, 14) if narrow else _FOOT))
            self._say()

    def _make_room(self) -> None:
        room = self.nav.viewport().height() - _ROW * len(PAGES) - 4
        self._room.setSizeHint(QSize(10, max(0, room)))

    def _picked(self, place: int) -> None:
        name = self.nav.item(place).data(Qt.ItemDataRole.UserRole) if place >= 0 else None
        if name:
            self.chosen.emit(str(name))

    def _say(self) -> None:
        for name, (_, text) in PAGES.items():
            item = self._items[name]
            item.setText("" if self._narrow else text())
            item.setToolTip(text() if self._narrow else "")
        status = self._status
        preset = next((text() for key, text in NAMES.items() if key.value == status.preset), tr("always"))
        if status.changed:
            preset = tr("{preset}, changed", preset=preset)
        self.note.setText(tr("On, {preset}", preset=preset) if status.switch.is_on else tr("Off"))

    def _paint(self) -> None:
        for name, (icon, _) in PAGES.items():
            self._items[name].setIcon(self._look.icons.icon(icon, "text", 18))
        tokens = self._look.theme.tokens
        self.nav.setStyleSheet(
            "QListWidget { background: transparent; border: none; padding: 2px 8px; }"
            f"QListWidget::item {{ color: {tokens.text_2}; border-radius: 6px; padding-left: 8px; }}"
            f"QListWidget::item:selected {{ color: {tokens.text}; background: {tokens.surface_2};"
            f" border-left: 3px solid {tokens.accent}; font-weight: 600; }}"
            f"QListWidget::item:hover {{ background: {tokens.surface_2}; }}"
        )
