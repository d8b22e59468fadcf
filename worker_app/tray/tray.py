"""The icon in the tray: state by shape and colour, the sentence as tooltip, the menu, and rare notifications."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon

from core.desktop.look import Look
from core.desktop.translations import tr
from core.domain.agent_views import AgentAction, AgentShown, AgentStatus, Line, TrayState
from worker_app.tray import words
from worker_app.tray.faces import TRAY, TrayIcons
from worker_app.tray.menu import TrayMenu
from worker_app.tray.parts import amount

#: Hosts cut long tooltips.
_TIP: Final = 220


class Tray(QObject):
    """`wanted` names the page to open; `asked` carries an action and its seconds."""

    asked = Signal(AgentAction, int)
    wanted = Signal(str)

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._icons = TrayIcons()
        self._status = AgentStatus()
        self._told: object = None
        self._earned_before: int | None = None
        self.menu = TrayMenu(look)
        self.menu.asked.connect(self.asked)
        self.menu.wanted.connect(self.wanted)
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self._message_page: str = "now"
        self.icon.messageClicked.connect(lambda: self.wanted.emit(self._message_page))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._restyle)
        look.says(self, self._say)
        self._restyle()

    def show(self) -> None:
        self.icon.show()

    def hide(self) -> None:
        self.icon.hide()

    def show_agent(self, shown: AgentShown) -> None:
        status = shown.status
        if status is None:
            return
        before, self._status = self._status, status
        self.menu.show_status(status)
        self._say()
        self._notify(before, shown)

    def show_gone(self) -> None:
        self._status = AgentStatus(state=TrayState.OFFLINE, now=Line(code="agent_starts"))
        self._say()

    def say_hidden(self) -> None:
        """Once in the life of this installation: work goes on, and where Quit is."""
        settings = self._look.settings
        if settings is None or settings.value("tray/said_hidden") is None:
            self._message(
                tr("HiveMind goes on in the tray"),
                tr("Tasks keep running. Quit is in the menu of this icon."),
                "now",
            )
            if settings is not None:
                settings.setValue("tray/said_hidden", "yes")

    def tip(self) -> str:
        """Return the tooltip: the state, its reason, today's earnings."""
        status = self._status
        lines = [f"{TRAY[status.state].text}: {words.line(status.now)}"]
        if status.state not in (TrayState.OFFLINE, TrayState.ERROR):
            lines.append(tr("Today {amount}", amount="+" + amount(status.today_posted_ucpt)))
        if status.switch.gpu_paused:
            lines.append(tr("The GPU is paused."))
        return "\n".join(lines)[:_TIP]

    # ------------------------------------------------------------ inside

    def _say(self) -> None:
        tip = self.tip()
        if self.icon.toolTip() != tip:
            self.icon.setToolTip(tip)
        self._restyle()

    def _restyle(self) -> None:
        """Set the icon only when it changes: some hosts flicker at each setting."""
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        wanted = (self._status.state, dark)
        if wanted != self._told:
            self._told = wanted
            self.icon.setIcon(self._icons.icon(self._status.state, dark=dark))

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        left = (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick)
        if reason in left:
            self.wanted.emit("now")

    def _notify(self, before: AgentStatus, shown: AgentShown) -> None:
        """Few: the first earning, and what needs the person."""
        status = shown.status
        assert status is not None
        if status.state is TrayState.ERROR and before.state is not TrayState.ERROR:
            self._message(tr("HiveMind needs you"), words.line(status.now), "now")
        earned = status.today_posted_ucpt
        settings = self._look.settings
        first = settings is not None and settings.value("tray/first_earning") is None
        if first and earned > 0 and settings is not None:
            settings.setValue("tray/first_earning", "yes")
            text = tr("First earning: +{amount}. See how it was worked out.", amount=amount(earned))
            self._message("HiveMind", text, "earnings")

    def _message(self, heading: str, text: str, page: str) -> None:
        self._message_page = page
        if self.icon.isVisible():
            self.icon.showMessage(heading, text, self._look.icons.mark(48), 8000)
