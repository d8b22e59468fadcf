"""Tells the person who looks elsewhere: what needs them is a notification, and the tray shows the pool's state."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from core.desktop import states
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.domain.console import Overview
from master_app.console.models.sentences import said

SETTING = "notices/on"


class Notices(QObject):
    """`go` carries the page to open. What was there at the start is not told: it stands on the Overview."""

    go = Signal(str)

    def __init__(self, look: Look, window: QMainWindow, word: Callable[[Overview], str]) -> None:
        super().__init__(window)
        self._look, self._window, self._word = look, window, word
        self._known: dict[str, int] | None = None
        self._page = "overview"
        self.told: list[str] = []
        self._tray: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._tray = QSystemTrayIcon(look.icons.mark(32), window)
            self._tray.activated.connect(lambda _reason: self._open("overview"))
            self._tray.messageClicked.connect(lambda: self._open(self._page))
            self._tray.setVisible(self.on)

    @property
    def on(self) -> bool:
        settings = self._look.settings
        return settings is None or str(settings.value(SETTING, "true")) == "true"

    def switch(self, on: bool) -> None:
        if self._look.settings is not None:
            self._look.settings.setValue(SETTING, "true" if on else "false")
        if self._tray is not None:
            self._tray.setVisible(on)

    def see(self, found: Overview) -> None:
        """Compare with what was known; tell what is new and needs a person."""
        alerts = [each for each in found.conditions if each.gravity == "alert"]
        needs = {f"condition {each.code} {each.subject}": 1 for each in alerts}
        needs["pending"] = found.nodes.get("PENDING", 0)
        needs["held"] = found.tasks.get("HELD", 0)
        if self._tray is not None:
            self._tray.setToolTip(f"HiveMind · {states.POOL[self._word(found)].text}")
        known, self._known = self._known, needs
        if known is None or not self.on:
            return
        words, page = "", "overview"
        if needs["pending"] > known["pending"]:
            page = "join"
            words = plural(needs["pending"], "{n} node waits for approval", "{n} nodes wait for approval")
        elif needs["held"] > known["held"]:
            words, page = plural(needs["held"], "{n} task is held", "{n} tasks are held"), "needs"
        for each in alerts:
            if f"condition {each.code} {each.subject}" not in known:
                words, page = said(each.what), "overview"
        if words:
            self._tell(words, page)

    def _tell(self, words: str, page: str) -> None:
        self.told.append(words)
        del self.told[:-20]
        if self._window.isActiveWindow():
            return
        self._page = page
        QApplication.alert(self._window)
        if self._tray is not None and self._tray.supportsMessages():
            self._tray.showMessage(tr("HiveMind needs you"), words)

    def _open(self, page: str) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self.go.emit(page)
