"""The three situations as rows: what tasks may use in each, and what becomes of running work when it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QWidget

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.translations import mark, tr
from core.desktop.widgets import Card, column, row
from core.domain.agent_views import MachineView
from core.domain.lending import LendingRules, OnEnter, Profile, Situation
from core.domain.resources import GIB
from worker_app.tray.parts import Elided, small, strong

Text = Callable[[], str]
ACTIONS: Final = {
    OnEnter.KEEP: mark("keep running"),
    OnEnter.THROTTLE: mark("slow down"),
    OnEnter.FREEZE: mark("freeze"),
    OnEnter.FINISH: mark("finish, take nothing new"),
    OnEnter.STOP: mark("stop at once"),
}
_NAMES: Final[dict[Situation, Text]] = {
    Situation.IN_USE: lambda: tr("In use"),
    Situation.AWAY: lambda: tr("Away"),
    Situation.GAMING: lambda: tr("Gaming"),
}
_ICONS: Final = {Situation.IN_USE: "keyboard", Situation.AWAY: "home", Situation.GAMING: "gamepad"}
_TELL_MS: Final = 250


class NumberBox(QSpinBox):
    """A number with its unit. `edited` comes once the person has paused, not at each key."""

    edited = Signal(int)

    def __init__(self, look: Look, name: Text, unit: str, least: int, most: int) -> None:
        super().__init__()
        self.setRange(least, most)
        self.setSuffix(unit)
        self.setMinimumWidth(84 if unit else 64)
        self.setMaximumWidth(92)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TELL_MS)
        self._timer.timeout.connect(lambda: self.edited.emit(self.value()))
        self.valueChanged.connect(self._timer.start)
        look.says(self, lambda: self.setAccessibleName(name()))

    def show_value(self, value: float) -> None:
        """Show a value without telling; a person who is typing is not disturbed."""
        if round(value) != self.value() and not self._timer.isActive():
            blocked = self.blockSignals(True)
            self.setValue(round(value))
            self.blockSignals(blocked)

    def mark_changed(self, is_changed: bool) -> None:
        self.setProperty("changed", is_changed)
        self.setStyleSheet("QSpinBox { font-weight: 600; }" if is_changed else "")


def number_box(look: Look, name: Text, unit: str, least: int, most: int) -> NumberBox:
    return NumberBox(look, name, unit, least, most)


class _Row:
    """The controls of one situation."""

    def __init__(self, look: Look, situation: Situation, tell: Callable[[], None]) -> None:
        name = _NAMES[situation]
        self.cores = NumberBox(look, lambda: f"{name()}: {tr('CPU')}", "", 0, 1024)
        self.memory = NumberBox(look, lambda: f"{name()}: {tr('Memory')}", " GB", 0, 65536)
        self.slots = NumberBox(look, lambda: f"{name()}: {tr('At once')}", "", 0, 256)
        self.gpu = QComboBox()
        self.action = QComboBox()
        self.note = small(look)
        for box in (self.gpu, self.action):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.gpu.setMinimumWidth(98)
        self.gpu.setMaximumWidth(110)
        self.action.setMinimumWidth(128)
        self.action.setMaximumWidth(190)
        self.note.setWordWrap(True)
        look.says(self.gpu, lambda: _options(self.gpu, [tr("not used"), tr("all of it")]))
        look.says(self.action, lambda: _options(self.action, [tr(text) for text in ACTIONS.values()]))
        look.says(self.gpu, lambda: self.gpu.setAccessibleName(f"{name()}: {tr('GPU')}"))
        look.says(self.action, lambda: self.action.setAccessibleName(f"{name()}: {tr('Running work')}"))
        for number in (self.cores, self.memory, self.slots):
            number.edited.connect(lambda _value: tell())
        self.gpu.activated.connect(lambda _place: tell())
        self.action.activated.connect(lambda _place: tell())

    def profile(self) -> Profile:
        return Profile(
            cpu_cores=float(self.cores.value()),
            memory_gb=float(self.memory.value()),
            gpu=self.gpu.currentIndex() == 1,
            slots=self.slots.value(),
            on_enter=list(ACTIONS)[max(0, self.action.currentIndex())],
        )

    def show_profile(self, profile: Profile, kept: Profile, has_gpu: bool) -> None:
        self.cores.show_value(profile.cpu_cores)
        self.memory.show_value(profile.memory_gb)
        self.slots.show_value(profile.slots)
        self.cores.mark_changed(profile.cpu_cores != kept.cpu_cores)
        self.memory.mark_changed(profile.memory_gb != kept.memory_gb)
        self.slots.mark_changed(profile.slots != kept.slots)
        self.gpu.setCurrentIndex(1 if profile.gpu else 0)
        self.gpu.setEnabled(has_gpu)
        self.gpu.setToolTip("" if has_gpu else tr("This computer has no GPU that containers can use."))
        self.action.setCurrentIndex(list(ACTIONS).index(profile.on_enter))
        self.note.setText(_note(profile, has_gpu))


class ProfileRows(Card):
    """`changed` carries the rules with the profiles as they are edited."""

    changed = Signal(LendingRules)

    def __init__(self, look: Look) -> None:
        super().__init__(margins=0, spacing=0)
        self._look = look
        self._rules = LendingRules()
        self._situation = Situation.AWAY
        self.rows = {situation: _Row(look, situation, self._tell) for situation in Situation}
        self.notes: dict[Situation, QLabel] = {}
        grid = QGridLayout()
        grid.setContentsMargins(14, 6, 14, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        headings: tuple[Text, ...] = (
            lambda: tr("Situation"),
            lambda: tr("CPU cores"),
            lambda: tr("Memory"),
            lambda: tr("GPU"),
            lambda: tr("At once"),
            lambda: tr("Running work, when it begins"),
        )
        for place, heading in enumerate(headings):
            grid.addWidget(small(look, heading), 0, place)
        self.idle = NumberBox(look, lambda: tr("Idle for, in minutes"), "", 1, 1440)
        self.idle.edited.connect(lambda value: self.changed.emit(replace(self._rules, idle_minutes=value)))
        for place, (situation, one) in enumerate(self.rows.items(), start=1):
            grid.addWidget(self._name(situation), place, 0)
            action = QWidget()
            layout = row(one.action, one.note)
            layout.setStretch(1, 1)
            action.setLayout(layout)
            for column_, part in enumerate((one.cores, one.memory, one.gpu, one.slots, action), start=1):
                grid.addWidget(part, place, column_)
        grid.setColumnStretch(5, 1)
        self.body.addLayout(grid)
        look.says(self, self._say)

    def _name(self, situation: Situation) -> QWidget:
        mark_ = QLabel()
        look = self._look
        look.paints(mark_, lambda: mark_.setPixmap(look.icons.pixmap(_ICONS[situation], "text", 18)))
        self.notes[situation] = Elided(look, is_small=True)
        lower: QWidget = self.notes[situation]
        if situation is Situation.AWAY:
            lower = QWidget()
            self.idle.setMinimumWidth(58)
            self.idle.setMaximumWidth(64)
            lower.setLayout(
                row(small(look, lambda: tr("idle for")), self.idle, small(look, lambda: tr("min")), None)
            )
        part = QWidget()
        part.setMinimumWidth(160)
        layout = row(mark_, column(strong(look, _NAMES[situation]), lower, spacing=1), spacing=10)
        layout.setStretch(1, 1)
        part.setLayout(layout)
        return part

    def show_rules(self, rules: LendingRules, kept: LendingRules, machine: MachineView) -> None:
        self._rules = rules
        has_gpu = bool(machine.gpus)
        for situation, one in self.rows.items():
            if machine.cores:
                one.cores.setMaximum(machine.cores)
                one.memory.setMaximum(max(1, machine.memory_bytes // GIB))
            one.show_profile(rules.profile(situation), kept.profile(situation), has_gpu)
        self.idle.show_value(rules.idle_minutes)
        self.idle.mark_changed(rules.idle_minutes != kept.idle_minutes)
        self._say()

    def show_situation(self, situation: Situation) -> None:
        self._situation = situation
        self._say()

    def _say(self) -> None:
        programs = len(self._rules.programs)
        texts = {
            Situation.IN_USE: tr("there was input lately"),
            Situation.GAMING: tr("full screen, or {n} chosen programs", n=figures.number(programs)),
            Situation.AWAY: "",
        }
        for situation, note in self.notes.items():
            text_ = texts[situation]
            note.setText(tr("now: {text}", text=text_) if text_ and situation is self._situation else text_)

    def _tell(self) -> None:
        found = {situation: one.profile() for situation, one in self.rows.items()}
        self.changed.emit(
            replace(
                self._rules,
                in_use=found[Situation.IN_USE],
                away=found[Situation.AWAY],
                gaming=found[Situation.GAMING],
            )
        )


def _options(box: QComboBox, texts: list[str]) -> None:
    place = max(0, box.currentIndex())
    box.clear()
    box.addItems(texts)
    box.setCurrentIndex(place)


def _note(profile: Profile, has_gpu: bool) -> str:
    if profile.on_enter is OnEnter.FREEZE and has_gpu:
        return tr("on the GPU: stops at its checkpoint")
    if profile.on_enter is OnEnter.STOP:
        return tr("gives all memory back within 1 s")
    if profile.on_enter is OnEnter.THROTTLE:
        return tr("to the cores on the left")
    return ""
