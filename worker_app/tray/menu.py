"""The menu of the tray icon: what it does and why, earnings, the switch, pauses with their ends, Quit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu, QWidget, QWidgetAction

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Bar, button, column, label, row
from core.domain.agent_views import AgentAction, AgentStatus, TrayState
from core.domain.lending import UNTIL_RESUMED
from worker_app.tray import words
from worker_app.tray.faces import TRAY, TrayIcons
from worker_app.tray.parts import HoneyMark, Switch, amount, quiet, small, strong

PAUSES: Final = (900, 3600, 14_400, UNTIL_RESUMED)


class _Header(QWidget):
    """State and sentence; while paused the countdown with its two buttons."""

    def __init__(self, look: Look, act: Callable[[AgentAction, int], None]) -> None:
        super().__init__()
        self._look, self._icons = look, TrayIcons()
        self.mark = QLabel()
        self.state = strong(look)
        self.now = label(look, wrap=True)
        self.now.setMinimumWidth(250)
        self.clock = label(look, strong=True, pixels=26)
        self.of = quiet(look)
        self.bar = Bar(look, "paused", height=6)
        self.resume = button(
            look,
            lambda: tr("Resume now"),
            icon="play",
            kind="primary",
            on_click=lambda: act(AgentAction.RESUME, 0),
        )
        self.more = button(look, lambda: tr("Add 1 hour"), on_click=lambda: act(AgentAction.PAUSE_LONGER, 3600))
        self.paused = QWidget()
        self.paused.setLayout(
            column(row(self.clock, self.of, None), self.bar, row(self.resume, self.more, None), spacing=6)
        )
        right = column(self.state, self.now, self.paused, spacing=3)
        layout = row(column(self.mark, None), right, spacing=12, margins=(12, 8, 14, 8))
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_status(self, status: AgentStatus, now_ms: int) -> None:
        face = TRAY[status.state]
        self.mark.setPixmap(self._icons.icon(status.state, dark=self._look.theme.tokens.dark).pixmap(32, 32))
        self.state.setText(face.text)
        text = words.line(status.now)
        kept = words.line(status.then) if status.state is TrayState.PAUSED else ""
        self.now.setText(f"{text} {kept}".strip())
        switch = status.switch
        timed = switch.is_on and switch.paused_until_ms > now_ms
        self.paused.setVisible(switch.is_on and switch.is_paused(now_ms))
        self.clock.setVisible(timed)
        self.of.setVisible(timed)
        self.bar.setVisible(timed)
        self.more.setVisible(timed)
        if timed:
            left_s = -(-(switch.paused_until_ms - now_ms) // 1000)
            whole = max(1, switch.paused_until_ms - switch.paused_since_ms)
            hours, rest = divmod(left_s, 3600)
            minutes, seconds = divmod(rest, 60)
            self.clock.setText(f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}")
            self.of.setText(tr("left of {time}", time=figures.duration(whole)))
            self.bar.show_shares(1 - (switch.paused_until_ms - now_ms) / whole)


def _settle(widget: QWidget) -> None:
    """Work out at once what was just shown or hidden. A closed menu is measured before its events are handled, and
    one that opens too tall shrinks under the pointer: then a click hits another item.
    """
    for part in (*reversed(widget.findChildren(QWidget)), widget):
        layout = part.layout()
        if layout is not None:
            layout.invalidate()
            layout.activate()
            part.updateGeometry()


class TrayMenu(QMenu):
    """`asked` carries an action with its seconds; `wanted` a page: now, earnings, rules."""

    asked = Signal(AgentAction, int)
    wanted = Signal(str)

    def __init__(self, look: Look, *, now_ms: Callable[[], int] | None = None) -> None:
        super().__init__()
        self._look = look
        self._status = AgentStatus()
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self.header = _Header(look, self._ask)
        self._header_action = self._add_widget(self.header)
        self._header_size = self.header.sizeHint()
        self.addSeparator()
        self.today, self.pending = strong(look), small(look)
        earned = QWidget()
        earned.setLayout(
            row(
                HoneyMark(look, 13),
                label(look, lambda: tr("Today")),
                self.today,
                None,
                self.pending,
                spacing=8,
                margins=(14, 4, 14, 4),
            )
        )
        self._add_widget(earned)
        self.lend = Switch(look, lambda: tr("Lend this computer"))
        self.lend.wanted.connect(self._switch)
        lending = QWidget()
        lending.setLayout(
            row(label(look, lambda: tr("Lend this computer")), None, self.lend, margins=(36, 0, 12, 0))
        )
        self._add_widget(lending)
        self.addSeparator()
        self.pauses: dict[int, QAction] = {}
        self._add_pauses()
        self.open = self.addAction("")
        font = self.open.font()
        font.setBold(True)
        self.open.setFont(font)
        self.open.triggered.connect(lambda: self.wanted.emit("now"))
        self.earnings = self.addAction("")
        self.earnings.triggered.connect(lambda: self.wanted.emit("earnings"))
        self.rules = self.addAction("")
        self.rules.triggered.connect(lambda: self.wanted.emit("rules"))
        self.addSeparator()
        self._add_quit()
        self._minute = QTimer(self)
        self._minute.setInterval(1000)
        self._minute.timeout.connect(self.say)
        self.aboutToShow.connect(self._opened)
        self.aboutToHide.connect(self._minute.stop)
        look.says(self, self.say)
        look.paints(self, self._paint)

    def _add_pauses(self) -> None:
        for seconds in PAUSES:
            action = self.addAction("")
            action.triggered.connect(lambda _on=False, seconds=seconds: self._ask(AgentAction.PAUSE, seconds))
            self.pauses[seconds] = action
        self.addSeparator()
        self.gpu = self.addAction("")
        self.gpu.setCheckable(True)
        self.gpu.triggered.connect(
            lambda on: self._ask(AgentAction.PAUSE_GPU if on else AgentAction.RESUME_GPU, 0)
        )
        self.finish = self.addAction("")
        self.finish.triggered.connect(lambda: self._ask(AgentAction.FINISH_THEN_PAUSE, 0))
        self.addSeparator()

    def _add_quit(self) -> None:
        """Two ways while something runs, one plain item otherwise."""
        self.quit_menu = QMenu(self)
        self.quit_finish = self.quit_menu.addAction("")
        self.quit_finish.triggered.connect(lambda: self._ask(AgentAction.QUIT_FINISH, 0))
        self.quit_back = self.quit_menu.addAction("")
        self.quit_back.triggered.connect(lambda: self._ask(AgentAction.QUIT_GIVE_BACK, 0))
        self.quit_with = self.addMenu(self.quit_menu)
        self.quit_plain = self.addAction("")
        self.quit_plain.triggered.connect(lambda: self._ask(AgentAction.QUIT_GIVE_BACK, 0))

    def _add_widget(self, widget: QWidget) -> QWidgetAction:
        action = QWidgetAction(self)
        action.setDefaultWidget(widget)
        self.addAction(action)
        return action

    def _fit(self) -> None:
        """A menu asks its items for their size once; a header that grew has to be asked again."""
        self.header.ensurePolished()
        _settle(self.header)
        wanted = self.header.sizeHint()
        if wanted != self._header_size:
            self._header_size = wanted
            self._header_action.setVisible(False)
            self._header_action.setVisible(True)
            if self.isVisible():
                self.resize(self.sizeHint())

    def show_status(self, status: AgentStatus) -> None:
        self._status = status
        if self.isVisible():
            self.say()

    def _opened(self) -> None:
        self.say()
        self._minute.start()

    def _ask(self, action: AgentAction, seconds: int) -> None:
        self.asked.emit(action, seconds)
        if action in (AgentAction.RESUME, AgentAction.PAUSE_LONGER):
            self.hide()

    def _switch(self, on: bool) -> None:
        self._ask(AgentAction.LEND_ON if on else AgentAction.LEND_OFF, 0)

    # ------------------------------------------------------------ saying it

    def say(self) -> None:
        """Say everything as it is at this moment; ends of pauses are counted from now."""
        status, now_ms = self._status, self._now_ms()
        self.header.show_status(status, now_ms)
        self._fit()
        self.today.setText("+" + amount(status.today_posted_ucpt))
        pending = status.pending_ucpt
        self.pending.setText(
            tr("{amount} pending", amount=figures.cpt(pending)) if pending else tr("nothing pending")
        )
        self.lend.show_state(status.switch.is_on)
        self._say_pauses(status, now_ms)
        freed = figures.size(status.frozen_bytes) if status.frozen_bytes else ""
        self.gpu.setText(tr("Pause the GPU only"))
        self.gpu.setChecked(status.switch.gpu_paused)
        self.gpu.setEnabled(status.has_gpu and status.gpu_allowed)
        self.gpu.setToolTip(freed)
        if not status.has_gpu:
            self.gpu.setText(tr("Pause the GPU only\tno GPU here"))
        elif not status.gpu_allowed:
            self.gpu.setText(tr("Pause the GPU only\toff by your rules"))
        rest = tr("about {time}", time=figures.duration(status.rest_s * 1000)) if status.rest_s >= 0 else ""
        rest = rest or (figures.unknown() if status.running else "")
        self.finish.setText(f"{tr('Finish current, then pause')}\t{rest}")
        self.finish.setEnabled(status.running > 0 and status.switch.is_on)
        self.open.setText(tr("Open HiveMind"))
        self.earnings.setText(tr("Earnings"))
        self.rules.setText(tr("Rules"))
        self.quit_menu.setTitle(tr("Quit"))
        self.quit_finish.setText(f"{tr('Finish current, then quit')}\t{rest}")
        self.quit_back.setText(f"{tr('Give work back now')}\t{tr('keeps checkpoint')}")
        self.quit_plain.setText(tr("Quit"))
        self.quit_with.setVisible(status.running > 0)
        self.quit_plain.setVisible(status.running == 0)

    def _say_pauses(self, status: AgentStatus, now_ms: int) -> None:
        paused = status.switch.is_paused(now_ms)
        texts = {
            900: (tr("Pause 15 minutes"), tr("Pause 15 minutes instead")),
            3600: (tr("Pause 1 hour"), tr("Pause 1 hour instead")),
            14_400: (tr("Pause 4 hours"), tr("Pause 4 hours instead")),
        }
        for seconds, action in self.pauses.items():
            if seconds == UNTIL_RESUMED:
                action.setText(tr("Pause until I resume"))
                action.setEnabled(status.switch.paused_until_ms != UNTIL_RESUMED)
                continue
            until = tr("until {time}", time=figures.clock(now_ms + seconds * 1000))
            action.setText(f"{texts[seconds][paused]}\t{until}")

    def _paint(self) -> None:
        icons = self._look.icons
        self.pauses[900].setIcon(icons.icon("pause"))
        self.finish.setIcon(icons.icon("skip"))
        self.quit_plain.setIcon(icons.icon("logout"))
        self.quit_menu.setIcon(icons.icon("logout"))
        self.quit_finish.setIcon(icons.icon("skip"))
        self.quit_back.setIcon(icons.icon("undo"))
