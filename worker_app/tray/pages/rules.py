"""Rules: presets in plain words, profiles, the week, what else comes first; tried, then applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QInputDialog, QLabel, QScrollArea, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.states import Face
from core.desktop.translations import plural, tr
from core.desktop.widgets import Card, Segmented, StatePill, button, column, holder, line, row
from core.domain.agent_views import AgentAction, AgentShown, MachineView, RulesShown, WhyView
from core.domain.errors import HiveMindError
from core.domain.lending import DUTIES, FULL, REST, WHEN_AWAY, LendingRules, Preset, changed
from worker_app.tray import words
from worker_app.tray.courier import Courier
from worker_app.tray.faces import TRAY
from worker_app.tray.pages import allowed
from worker_app.tray.pages.presets import PresetCards
from worker_app.tray.pages.profiles import ProfileRows, number_box
from worker_app.tray.pages.week_grid import WeekGrid
from worker_app.tray.parts import Elided, Switch, quiet, small, strong

MAX_UNDO: Final = 100
#: What names people, programs or images is the owner's own, not a preset's.
_OWN: Final = ("programs", "owners_blocked", "owners_allowed", "images_allowed", "disk_gb")
_TRY_MS: Final = 150


class RulesPage(QWidget):
    """Edits a copy of the rules; nothing holds before Apply."""

    said = Signal(str)

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self._kept: RulesShown | None = None
        self.rules = LendingRules()
        self._undo: list[LendingRules] = []
        self._machine = MachineView()
        self._face: Face = TRAY[next(iter(TRAY))]
        self._why = WhyView()
        self._try = QTimer(self)
        self._try.setSingleShot(True)
        self._try.setInterval(_TRY_MS)
        self._try.timeout.connect(self._ask_whether)
        body = QWidget()
        body.setProperty("clear", "true")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._verdict_card())
        self.presets = PresetCards(look)
        self.presets.chosen.connect(self._use_preset)
        layout.addWidget(self.presets)
        self.profiles = ProfileRows(look)
        self.profiles.changed.connect(self._edited)
        layout.addWidget(self.profiles)
        lower = row(self._week_card(), self._others_card(), spacing=10)
        lower.setStretch(0, 5)
        lower.setStretch(1, 4)
        layout.addLayout(lower, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        QShortcut(QKeySequence.StandardKey.Undo, self, self.take_back)
        look.says(self, self._say)

    def _verdict_card(self) -> Card:
        card = Card(margins=12, spacing=2)
        self.pill = StatePill(self._look, self._face)
        self.verdict = strong(self._look)
        self.verdict.setWordWrap(True)
        self.verdict_note = quiet(self._look)
        self.back = button(self._look, lambda: tr("Undo"), on_click=self.take_back)
        self.apply_button = button(self._look, kind="primary", on_click=self.apply)
        line_ = row(self.pill, column(self.verdict, self.verdict_note, spacing=1), self.back, self.apply_button)
        line_.setStretch(1, 1)
        card.body.addLayout(line_)
        return card

    def _week_card(self) -> Card:
        card = Card(margins=12, spacing=6)
        self.grid = WeekGrid(self._look)
        self.grid.changed.connect(lambda week: self._edited(replace(self.rules, week=week)))
        self.brushes = Segmented(
            self._look,
            [
                (REST, lambda: "– " + words.cell(REST)),
                (WHEN_AWAY, lambda: words.cell(WHEN_AWAY)),
                (FULL, lambda: "▸ " + words.cell(FULL)),
            ],
            WHEN_AWAY,
            lambda: tr("Brush"),
        )
        self.brushes.chosen.connect(self._use_brush)
        self.stroke, self.zone = small(self._look), small(self._look)
        self.grid.painting.connect(self._say_stroke)
        card.body.addLayout(row(strong(self._look, lambda: tr("Schedule"), pixels=14), None, self.brushes))
        card.body.addWidget(self.grid, 1)
        card.body.addLayout(row(self.stroke, None, self.zone))
        return card

    def _others_card(self) -> Card:
        card = Card(margins=12, spacing=0)
        look = self._look
        card.body.addWidget(strong(look, lambda: tr("And not at these times"), pixels=14))
        self.battery = Switch(look, lambda: tr("On battery"))
        self.metered = Switch(look, lambda: tr("Metered network"))
        self.full_screen = Switch(look, lambda: tr("Full-screen programs"))
        self.ceiling = number_box(look, lambda: tr("Temperature ceiling"), " °C", 0, 110)
        self.duty = QComboBox()
        look.says(self.duty, self._say_duties)
        self.duty.activated.connect(lambda at: self._edited(replace(self.rules, duty_percent=DUTIES[at])))
        self.programs = button(look, kind="link", on_click=self._edit_programs)
        self.disk = number_box(look, lambda: tr("Disk budget"), " GB", 1, 4096)
        self.owners = button(look, kind="link", on_click=self._edit_owners)
        self.images = button(look, kind="link", on_click=self._edit_images)
        self.blocked = button(look, kind="link", on_click=self._edit_blocked)
        self.ceiling_name, self.disk_name = Elided(look), Elided(look)
        rows = (
            ("battery", lambda: tr("On battery"), self.battery),
            ("wifi", lambda: tr("Metered network"), self.metered),
            ("gamepad", lambda: tr("Full-screen programs"), self.full_screen),
            ("thermometer", self.ceiling_name, holder(row(self.ceiling, self.duty))),
            ("computer", lambda: tr("When these programs run"), self.programs),
            ("disk", self.disk_name, self.disk),
            ("users", lambda: tr("Whose tasks"), self.owners),
            ("box", lambda: tr("Which images"), self.images),
            ("shield", lambda: tr("Blocked owners"), self.blocked),
        )
        for icon, name, control in rows:
            mark = QLabel()
            look.paints(mark, partial(_set_icon, look, mark, icon))
            shown = name if isinstance(name, Elided) else Elided(look)
            if not isinstance(name, Elided):
                look.says(shown, partial(_set_name, shown, name))
            card.body.addWidget(line())
            part = row(mark, shown, control, margins=(0, 1, 0, 1))
            part.setStretch(1, 1)
            card.body.addLayout(part)
        card.body.addStretch(1)
        for switch, field in (
            (self.battery, "not_on_battery"),
            (self.metered, "not_on_metered"),
            (self.full_screen, "full_screen"),
        ):
            switch.wanted.connect(lambda on, field=field: self._edited(replace(self.rules, **{field: on})))
        self.ceiling.edited.connect(lambda value: self._edited(replace(self.rules, ceiling_c=value)))
        self.disk.edited.connect(lambda value: self._edited(replace(self.rules, disk_gb=float(value))))
        return card

    # ------------------------------------------------------------ what is shown

    @property
    def changes(self) -> int:
        """How many settings differ from what holds."""
        return 0 if self._kept is None else len(changed(self.rules, self._kept.rules))

    def show_agent(self, shown: AgentShown) -> None:
        if shown.machine is not None:
            self._machine = shown.machine
        if shown.status is not None:
            self._face = TRAY[shown.status.state]
            self.profiles.show_situation(shown.status.situation)
        if shown.why is not None and not self.changes:
            self._why = shown.why
        self._say_verdict()
        self._say_others()

    def set_seen(self, seen: bool) -> None:
        if seen and not self.changes:
            self.read()

    def read(self) -> None:
        self._courier.ask(lambda client: client.rules(), self.show_rules, lambda _error: None, owner=self)

    def show_rules(self, found: RulesShown) -> None:
        """Show the rules that hold."""
        self._kept, self.rules, self._undo = found, found.rules, []
        self._say()

    def wish_idle_minutes(self, minutes: int) -> None:
        """Make a change without applying it, as another page proposed."""
        if minutes:
            self._edited(replace(self.rules, idle_minutes=minutes))

    def _edited(self, rules: LendingRules) -> None:
        if rules != self.rules:
            self._undo = [*self._undo[-MAX_UNDO + 1 :], self.rules]
            self.rules = rules
            self._try.start()
            self._say()

    def take_back(self) -> None:
        if self._undo:
            self.rules = self._undo.pop()
            self._try.start()
            self._say()

    def discard(self) -> None:
        if self._kept is not None:
            self.show_rules(self._kept)

    def apply(self) -> None:
        rules = self.rules
        self._courier.ask(lambda client: client.set_rules(rules), self.show_rules, self._failed, owner=self)

    def _failed(self, error: BaseException) -> None:
        self.said.emit(error.message if isinstance(error, HiveMindError) else str(error))

    def _ask_whether(self) -> None:
        rules = self.rules
        self._courier.ask(lambda client: client.try_rules(rules), self._tried, lambda _error: None, owner=self)

    def _tried(self, why: WhyView) -> None:
        self._why = why
        self._say_verdict()

    def _use_preset(self, preset: Preset) -> None:
        found = next((one for one in self._kept.presets if one.preset is preset), None) if self._kept else None
        if found is not None:
            self._edited(replace(found, **{name: getattr(self.rules, name) for name in _OWN}))

    def _use_brush(self, brush: str) -> None:
        self.grid.brush = brush

    # ------------------------------------------------------------ saying it

    def _say(self) -> None:
        kept = self._kept
        presets = kept.presets if kept is not None else ()
        base = next((one for one in presets if one.preset is self.rules.preset), self.rules)
        own = replace(base, **{name: getattr(self.rules, name) for name in _OWN})
        self.presets.show_chosen(self.rules.preset, len(changed(self.rules, own)))
        self.profiles.show_rules(self.rules, kept.rules if kept is not None else self.rules, self._machine)
        self.grid.show_week(self.rules.week, kept.clock_ms if kept is not None else 0)
        self.grid.brush = self.brushes.current or WHEN_AWAY
        self._say_stroke("")
        zone = kept.time_zone if kept is not None else ""
        self.zone.setText(tr("Local time ({zone}); the thick frame is now", zone=zone) if zone else "")
        self._say_others()
        self._say_verdict()

    def _say_stroke(self, stroke: str) -> None:
        self.stroke.setText(
            tr("Painting: {cells}", cells=stroke) if stroke else tr("Drag to paint; arrows and 1 2 3 by keyboard")
        )

    def _say_others(self) -> None:
        rules, machine = self.rules, self._machine
        self.battery.show_state(rules.not_on_battery)
        self.metered.show_state(rules.not_on_metered)
        self.full_screen.show_state(rules.full_screen)
        self.ceiling.show_value(rules.ceiling_c)
        self.disk.show_value(rules.disk_gb)
        readable = machine.temperature_c > 0
        self.ceiling_name.setText(
            tr("Ceiling, now {n} °C", n=round(machine.temperature_c)) if readable else tr("Heat, no sensor")
        )
        if not readable:
            self.ceiling_name.setToolTip(tr("Temperature: cannot be read on this computer"))
        self.ceiling.setVisible(readable)
        # Without a ceiling that could be held, how busy the cores may be is what keeps it cool.
        self.duty.setVisible(not readable)
        nearest = min(range(len(DUTIES)), key=lambda at: abs(DUTIES[at] - rules.duty_percent))
        self.duty.setCurrentIndex(nearest)
        free = figures.size(max(0, machine.disk_free_bytes))
        self.disk_name.setText(tr("Disk, {size} free", size=free))
        count = len(rules.programs)
        self.programs.setText(plural(count, "{n} program…", "{n} programs…") if count else tr("none…"))
        owners, images = len(rules.owners_allowed), len(rules.images_allowed)
        self.owners.setText(plural(owners, "only {n} owner…", "only {n} owners…") if owners else tr("anyone's…"))
        self.images.setText(plural(images, "only {n} image…", "only {n} images…") if images else tr("any…"))
        blocked = len(self._kept.owners_blocked) if self._kept is not None else 0
        self.blocked.setText(plural(blocked, "{n} owner…", "{n} owners…") if blocked else tr("none"))
        self.blocked.setEnabled(blocked > 0)

    def _say_duties(self) -> None:
        self.duty.setAccessibleName(tr("Share of the lent cores"))
        place = self.duty.currentIndex()
        self.duty.clear()
        self.duty.addItems([tr("all lent cores") if one == 100 else tr("{n} % of them", n=one) for one in DUTIES])
        self.duty.setCurrentIndex(place)

    def _say_verdict(self) -> None:
        self.pill.show_state(self._face)
        answer = words.line(self._why.line)
        self.verdict.setText(tr("With these rules, would it run now: {answer}", answer=answer))
        count = self.changes
        note = tr("Changes that are not applied yet count too.") if count else tr("These rules hold now.")
        if self._kept is not None and not self._kept.is_set:
            note = tr("No rules are set yet: it lends always. Apply a preset to change that.")
        if self._why.resolves_ms and not self._why.runs:
            note += " " + tr("If you leave now, it starts at {time}.", time=figures.clock(self._why.resolves_ms))
        self.verdict_note.setText(" ".join([note, *allowed.sentences(self._why)]))
        unset = self._kept is not None and not self._kept.is_set
        self.back.setVisible(count > 0)
        self.apply_button.setVisible(count > 0 or unset)
        self.apply_button.setText(
            plural(count, "Apply {n} change", "Apply {n} changes") if count else tr("Apply these rules")
        )

    # ------------------------------------------------------------ lists

    def _edit_programs(self) -> None:
        text, ok = QInputDialog.getMultiLineText(
            self,
            tr("When these programs run"),
            tr("One program a line, by its name, such as blender or game.exe:"),
            "\n".join(self.rules.programs),
        )
        if ok:
            names = tuple(dict.fromkeys(part.strip() for part in text.splitlines() if part.strip()))
            self._edited(replace(self.rules, programs=names[:100]))

    def _edit_owners(self) -> None:
        kept = self._kept
        known, blocked = (kept.owners_known, kept.owners_blocked) if kept is not None else ({}, {})
        chosen = allowed.ask_owners(self, self._look, self.rules.owners_allowed, known, blocked)
        if chosen is not None:
            self._edited(replace(self.rules, owners_allowed=chosen))

    def _edit_images(self) -> None:
        chosen = allowed.ask_images(self, self._look, self.rules.images_allowed)
        if chosen is not None:
            self._edited(replace(self.rules, images_allowed=chosen))

    def _edit_blocked(self) -> None:
        blocked = dict(self._kept.owners_blocked) if self._kept is not None else {}
        names = sorted(blocked.values())
        name, ok = QInputDialog.getItem(
            self, tr("Blocked owners"), tr("Take tasks again from:"), names, 0, editable=False
        )
        if ok and name:
            owner_id = next(key for key, value in blocked.items() if value == name)
            self._courier.act(AgentAction.UNBLOCK_OWNER, owner_id=owner_id)
            QTimer.singleShot(300, self, self.read)


def _set_name(shown: Elided, name: Callable[[], str]) -> None:
    shown.setText(name())


def _set_icon(look: Look, mark: QLabel, icon: str) -> None:
    mark.setPixmap(look.icons.pixmap(icon, "text_2"))
