"""The line on every page: what the computer does, because of what, what comes next; and the one button for it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu

from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Card, StatePill, button, column, row
from core.domain.agent_views import AgentAction, AgentStatus, Line, TrayState
from worker_app.tray import words
from worker_app.tray.faces import TRAY
from worker_app.tray.parts import HoneyMark, amount, quiet, strong

_SECONDS = {"15m": 900, "1h": 3600, "4h": 14_400, "until": -1}


class TopLine(Card):
    """Shows the sentence of the agent's status. `asked` carries an action and its seconds."""

    asked = Signal(AgentAction, int)
    menu_wanted = Signal(QPoint)
    quit_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(margins=12)
        self._status = AgentStatus()
        self._look = look
        self.pill = StatePill(look, TRAY[TrayState.OFFLINE])
        self.now = strong(look)
        self.now.setWordWrap(True)
        self.then = quiet(look)
        self.then.setWordWrap(True)
        self.today = quiet(look)
        self._honey = HoneyMark(look)
        self.act_button = button(look, on_click=self._act)
        self.more = button(look, icon="chevron-down", kind="icon", tip=lambda: tr("More pauses"))
        self.more.clicked.connect(self._open_menu)
        sentences = column(self.now, self.then, spacing=1)
        line = row(self.pill, sentences, 12, self._honey, self.today, self.act_button, self.more, spacing=8)
        line.setStretch(1, 1)
        self.body.addLayout(line)
        self._action = AgentAction.PAUSE
        look.says(self, self._say)

    def show_status(self, status: AgentStatus) -> None:
        self._status = status
        self._say()

    def say_gone(self, line: Line) -> None:
        """The agent is away: say so, keep everything else as it was."""
        self.pill.show_state(TRAY[TrayState.OFFLINE])
        self.now.setText(words.line(line))
        self.then.setText(tr("What you see is from before it went."))
        self.act_button.setEnabled(False)
        self.more.setEnabled(False)

    def _say(self) -> None:
        status = self._status
        self.pill.show_state(TRAY[status.state])
        self.now.setText(words.line(status.now))
        then = words.line(status.then)
        self.then.setText(then)
        self.then.setVisible(bool(then))
        shows_today = status.state not in (TrayState.WORKING, TrayState.OFFLINE, TrayState.ERROR)
        self.today.setText(tr("Today {amount}", amount="+" + amount(status.today_posted_ucpt)))
        self.today.setVisible(shows_today and status.today_posted_ucpt > 0)
        self._honey.setVisible(self.today.isVisibleTo(self))
        self._choose_action()

    def _choose_action(self) -> None:
        status = self._status
        primary = False
        has_more = False
        if status.quitting == "finish":
            self._action, text = AgentAction.STAY, tr("Stay")
        elif status.state is TrayState.OFFLINE and status.now.code != "connecting":
            self._action, text, primary = AgentAction.RETRY_NOW, tr("Retry now"), True
        elif status.state is TrayState.PAUSED and status.switch.is_on:
            self._action, text, primary = AgentAction.RESUME, tr("Resume now"), True
        elif not status.switch.is_on:
            self._action, text, primary = AgentAction.LEND_ON, tr("Switch on"), True
        else:
            self._action, text, has_more = AgentAction.PAUSE, tr("Pause 1 hour"), True
        self.act_button.setText(text)
        self.act_button.setEnabled(not status.now.code.endswith("_trying"))
        icon = {AgentAction.RETRY_NOW: "refresh", AgentAction.PAUSE: "pause"}.get(self._action, "play")
        self.act_button.setIcon(self._look.icons.icon(icon, "on_accent" if primary else "text"))
        kind = "primary" if primary else ""
        if self.act_button.property("kind") != kind:
            self.act_button.setProperty("kind", kind)
            self.act_button.style().unpolish(self.act_button)
            self.act_button.style().polish(self.act_button)
        self.more.setVisible(has_more)
        self.more.setEnabled(True)

    def _act(self) -> None:
        self.asked.emit(self._action, _SECONDS["1h"] if self._action is AgentAction.PAUSE else 0)

    def _open_menu(self) -> None:
        menu = self.pause_menu()
        menu.exec(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def pause_menu(self) -> QMenu:
        """Return the pauses, and Quit, which must be here too where there is no tray."""
        menu = QMenu(self)
        for key, text in (
            ("15m", tr("Pause 15 minutes")),
            ("1h", tr("Pause 1 hour")),
            ("4h", tr("Pause 4 hours")),
            ("until", tr("Pause until I resume")),
        ):
            seconds = _SECONDS[key]
            menu.addAction(text, lambda seconds=seconds: self.asked.emit(AgentAction.PAUSE, seconds))
        menu.addSeparator()
        finish = menu.addAction(tr("Finish current, then pause"))
        finish.triggered.connect(lambda: self.asked.emit(AgentAction.FINISH_THEN_PAUSE, 0))
        if self._status.has_gpu:
            gpu = menu.addAction(tr("Pause the GPU only"))
            gpu.setCheckable(True)
            gpu.setChecked(self._status.switch.gpu_paused)
            gpu.toggled.connect(
                lambda on: self.asked.emit(AgentAction.PAUSE_GPU if on else AgentAction.RESUME_GPU, 0)
            )
        menu.addSeparator()
        menu.addAction(tr("Quit…"), self.quit_asked.emit)
        return menu
