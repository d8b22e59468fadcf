"""The doctor: each fact checked apart, the first that needs a person opened, and looked at again by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from core.desktop.look import Look
from core.desktop.states import Face
from core.desktop.translations import mark, plural, tr
from core.desktop.widgets import Card, CopyField, ShapeMark, button, column, label, line, row, set_tone
from core.domain.agent_views import Check
from worker_app.tray.courier import Courier
from worker_app.tray.faces import CHECK
from worker_app.tray.parts import quiet, small, strong
from worker_app.tray.sentences import said

AGAIN_S: Final = 5
NAMES: Final = {
    "virtualisation": mark("Virtualisation of the processor"),
    "installed": mark("Docker is installed"),
    "permission": mark("This user may use Docker"),
    "wsl": mark("WSL 2"),
    "engine": mark("Docker is running"),
    "container": mark("Really runs a container"),
    "network": mark("Master"),
    "clock": mark("Clock"),
    "disk": mark("Disk"),
    "gpu": mark("GPU"),
}
#: Code of a fact -> sentence; `{words}` is what was found, as it was found.
FACTS: Final = {
    "waits_virtualisation": mark("is asked of the firmware"),
    "waits_installed": mark("looks for the program and its socket"),
    "waits_permission": mark("is checked once Docker is installed"),
    "waits_wsl": mark("is checked once Docker is installed"),
    "waits_engine": mark("is checked by itself after the one before"),
    "waits_container": mark("makes, limits, meters and removes 1 container, about 10 s"),
    "waits_network": mark("a connection is tried"),
    "waits_clock": mark("certificates need a right clock"),
    "waits_disk": mark("free space is measured"),
    "waits_gpu": mark("the driver is asked"),
    "installed_ok": mark("{words}"),
    "installed_bad": mark("no Docker was found on this computer"),
    "permission_ok": mark("{words} may be read and written"),
    "permission_later": mark("shown by the next check"),
    "permission_bad": mark("{words} is closed to this user"),
    "virtualisation_ok": mark("on in the firmware"),
    "virtualisation_unknown": mark("a hypervisor answers for the processor"),
    "wsl_ok": mark("{words}"),
    "wsl_bad": mark("not there, or too old for Docker"),
    "engine_ok": mark("{words}"),
    "engine_bad": mark("{words}"),
    "container_ok": mark("{words}"),
    "container_bad": mark("{words}"),
    "network_ok": mark("{words}"),
    "network_bad": mark("does not answer: {words}"),
    "network_not_joined": mark("has not joined a pool yet"),
    "clock_ok": mark("{words}"),
    "clock_bad": mark("{words} cannot be right"),
    "disk_ok": mark("{words}"),
    "disk_bad": mark("{words}: too little"),
    "gpu_ok": mark("{words}"),
    "gpu_bad": mark("{words}"),
    "gpu_none": mark("none, which is fine: tasks that need one go elsewhere"),
    "gpu_waits": mark("{words}; a running container has to show it"),
}
FIXES: Final = {
    "fix_installed": mark("Tasks run in containers, so that they can reach nothing of yours. Install Docker:"),
    "fix_permission": mark("Let this user use Docker, then sign out and in again:"),
    "fix_wsl": mark("Docker needs a newer WSL 2. It takes about a minute and touches none of your files:"),
    "fix_engine": mark("{words}"),
    "fix_start": mark("Start Docker Desktop or its service."),
    "fix_container": mark("A container did not run as it should. {words}"),
    "fix_network": mark("See the page Connection. {words}"),
    "fix_clock": mark("Set the clock of this computer. {words}"),
    "fix_disk": mark("Make room on this disk. {words}"),
    "fix_gpu": mark("{words}"),
}


def fact(check: Check) -> str:
    """Return what was found, in words."""
    code = check.line.code.replace("runs_", "waits_")
    return tr(FACTS.get(code, "{words}"), **{"words": "", **_spoken(check.line.values)})


def _spoken(values: Mapping[str, str]) -> dict[str, str]:
    return {name: said(text) for name, text in values.items()}


class _Row(QFrame):
    """One fact; opened when it needs a person."""

    def __init__(self, look: Look, check: Check) -> None:
        super().__init__()
        self._look = look
        self._check = check
        self.mark = ShapeMark(look, CHECK[check.result])
        self.result = strong(look)
        self.result.setMinimumWidth(120)
        self.name = strong(look)
        self.name.setMinimumWidth(190)
        self.found = quiet(look)
        self.found.setWordWrap(True)
        head = row(self.mark, self.result, self.name, self.found, spacing=10, margins=(14, 8, 14, 8))
        head.setStretch(3, 1)
        self.why = label(look, wrap=True)
        self.command = CopyField(look, name=lambda: tr("Command to copy"))
        self.note = small(look)
        self.fix = QWidget()
        self.fix.setLayout(column(self.why, self.command, self.note, spacing=8, margins=(158, 0, 14, 12)))
        self.setLayout(column(head, self.fix, spacing=0))
        self.fix.hide()
        look.says(self, self._say)

    def show_check(self, check: Check, *, is_open: bool) -> None:
        self._check = check
        self.fix.setVisible(is_open)
        self._say()

    def _say(self) -> None:
        check = self._check
        face: Face = CHECK.get(check.result, CHECK["unknown"])
        self.mark.show_state(face)
        self.result.setText(face.text)
        tones = {"passed": "good", "needs_person": "needs"}
        set_tone(self.result, tones.get(check.result, ""))
        self.name.setText(tr(NAMES.get(check.name, check.name)))
        self.found.setText(fact(check))
        code = check.fix.code
        self.why.setText(tr(FIXES[code], **{"words": "", **_spoken(check.fix.values)}) if code in FIXES else "")
        self.command.show_text(check.command)
        self.command.setVisible(bool(check.command))


class DoctorView(QWidget):
    """Facts of the engine, facts of the computer. `passed` tells whether all that is needed passed."""

    settled = Signal(bool)

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self.checks: dict[str, Check] = {}
        self._rows: dict[str, _Row] = {}
        self._running = False
        self._left_s = AGAIN_S
        self.summary = quiet(look)
        self.again = button(look, lambda: tr("Check again"), icon="refresh", on_click=self.examine)
        self.counts = small(look)
        self._groups: dict[str, QVBoxLayout] = {}
        engine = self._group(
            "engine",
            lambda: tr("Container engine"),
            lambda: tr("one after another; each needs the one before"),
            self.counts,
        )
        computer = self._group(
            "computer", lambda: tr("This computer"), lambda: tr("apart from the engine"), small(look)
        )
        body = QWidget()
        body.setProperty("clear", "true")
        body.setLayout(column(engine, computer, None, spacing=10))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        heading = label(look, lambda: tr("Doctor"), strong=True, pixels=20)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(column(heading, self.summary, spacing=2), None, self.again))
        layout.addWidget(scroll, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._second)
        courier.checked.connect(self.take)
        look.says(self, self._say)

    def _group(self, key: str, name: Callable[[], str], note: Callable[[], str], end: QWidget) -> Card:
        card = Card(margins=0, spacing=0)
        head = QFrame()
        head.setProperty("well", "true")
        head.setLayout(row(strong(self._look, name), small(self._look, note), None, end, margins=(14, 8, 14, 8)))
        card.body.addWidget(head)
        self._groups[key] = QVBoxLayout()
        self._groups[key].setSpacing(0)
        card.body.addLayout(self._groups[key])
        return card

    # ------------------------------------------------------------ running

    def set_seen(self, seen: bool) -> None:
        if seen:
            self.examine()
            self._timer.start()
        else:
            self._timer.stop()

    def examine(self) -> None:
        if not self._running:
            self._running = True
            self.again.setEnabled(False)
            self._courier.examine(self._done, lambda _error: self._done(None))

    def _done(self, _none: None) -> None:
        self._running = False
        self.again.setEnabled(True)
        self._left_s = AGAIN_S
        self._say()
        self.settled.emit(self.passed)

    def _second(self) -> None:
        """What needs a person is looked at again by itself: it may be mended by now."""
        if self._running or not self.checks or self.passed:
            return
        self._left_s -= 1
        if self._left_s <= 0:
            self.examine()
        self._say()

    def take(self, check: Check) -> None:
        """Take a fact. What stood there stays until its check is done again: nothing flickers."""
        before = self.checks.get(check.name)
        if check.result in ("waits", "runs") and before is not None and before.result == "passed":
            return
        self.checks[check.name] = check
        if check.name not in self._rows:
            made = _Row(self._look, check)
            group = self._groups[check.group]
            if group.count():
                group.addWidget(line())
            group.addWidget(made)
            self._rows[check.name] = made
        self._say()

    @property
    def passed(self) -> bool:
        """Tell whether all that is needed passed."""
        needed = [one for one in self.checks.values() if one.needed and one.name != "network"]
        return bool(needed) and all(one.result == "passed" for one in needed)

    def _say(self) -> None:
        broken = [one.name for one in self.checks.values() if one.result == "needs_person"]
        first = broken[0] if broken else ""
        for name, shown in self._rows.items():
            shown.show_check(self.checks[name], is_open=name == first)
            note = tr("Found by itself once mended; checked again in {n} s", n=max(0, self._left_s))
            shown.note.setText(tr("being checked…") if self._running else note)
        count = len(broken)
        if not self.checks:
            self.summary.setText(tr("Each fact is really tried, never assumed."))
        elif count:
            text = plural(
                count,
                "{n} thing needs you. What is not proven is never offered to the pool.",
                "{n} things need you. What is not proven is never offered to the pool.",
            )
            self.summary.setText(text)
        elif self.passed:
            self.summary.setText(tr("Everything that is needed works, tried just now."))
        else:
            self.summary.setText(tr("being checked…"))
        engine = [one for one in self.checks.values() if one.group == "engine"]
        good = sum(one.result == "passed" for one in engine)
        self.counts.setText(tr("{n} of {count} passed", n=good, count=len(engine)))

    def diagnostics(self) -> str:
        return "\n".join(f"{one.name}: {one.result} {one.words or fact(one)}" for one in self.checks.values())

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.diagnostics())
