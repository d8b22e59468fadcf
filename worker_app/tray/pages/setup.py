"""First start: join, agree, check, choose. Each step is kept by the agent, so a restart comes back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Card, button, column, label, row, set_tone
from core.domain.agent_views import AgentAction, AgentShown, Consent, RulesShown, SetupStep
from core.domain.errors import HiveMindError
from core.domain.lending import Preset
from worker_app.tray.courier import Courier
from worker_app.tray.pages.consent import ConsentView
from worker_app.tray.pages.doctor import DoctorView
from worker_app.tray.pages.practice import PracticePage
from worker_app.tray.pages.presets import PresetCards
from worker_app.tray.parts import quiet, small, strong

Text = Callable[[], str]
STEPS: Final = (SetupStep.JOIN, SetupStep.CONSENT, SetupStep.DOCTOR, SetupStep.RULES, SetupStep.PRACTICE)
_NAMES: Final[dict[SetupStep, Text]] = {
    SetupStep.JOIN: lambda: tr("Join link"),
    SetupStep.CONSENT: lambda: tr("Consent"),
    SetupStep.DOCTOR: lambda: tr("Doctor"),
    SetupStep.RULES: lambda: tr("Rules"),
    SetupStep.PRACTICE: lambda: tr("Practice"),
}


class StepList(QFrame):
    """The steps at the left; done ones have a tick and can be visited again."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("side", "true")
        self.setFixedWidth(200)
        self._look = look
        self._step = SetupStep.JOIN
        self.marks: dict[SetupStep, tuple[QLabel, QLabel]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 16, 20)
        layout.setSpacing(14)
        layout.addWidget(small(look, lambda: tr("First start")))
        for step in STEPS:
            number, name = QLabel(), strong(look)
            number.setFixedSize(22, 22)
            number.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self.marks[step] = (number, name)
            layout.addLayout(row(number, name, None, spacing=12))
        layout.addStretch(1)
        note = small(
            look, lambda: tr("You can close this window at any time. The step is kept, also across a restart.")
        )
        note.setWordWrap(True)
        layout.addWidget(note)
        look.says(self, self._say)
        look.paints(self, self._say)

    def show_step(self, step: SetupStep) -> None:
        self._step = step
        self._say()

    def _say(self) -> None:
        tokens = self._look.theme.tokens
        current = STEPS.index(self._step) if self._step in STEPS else len(STEPS)
        for place, (step, (number, name)) in enumerate(self.marks.items()):
            name.setText(_NAMES[step]())
            done, here = place < current, place == current
            number.setText("✓" if done else str(place + 1))
            front, ground, edge = tokens.text_2, "transparent", tokens.border
            if done:
                front, edge = tokens.good, tokens.good
            elif here:
                front, ground, edge = tokens.on_accent, tokens.accent, tokens.accent
            number.setStyleSheet(
                f"color: {front}; background: {ground}; border: 1.5px solid {edge}; border-radius: 11px;"
                " font-size: 11px; font-weight: 600;"
            )
            name.setProperty("quiet", "false" if here else "true")
            name.style().unpolish(name)
            name.style().polish(name)


class SetupPage(QWidget):
    """Follows the agent's step; asks it for the next. `finished` carries an attempt to explain, or nothing."""

    finished = Signal(str)

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self.step = SetupStep.JOIN
        self._rules: RulesShown | None = None
        self._preset = Preset.BALANCED
        self._seen = False
        self.steps = StepList(look)
        self.stack = QStackedWidget()
        self.consent = ConsentView(look)
        self.doctor = DoctorView(look, courier)
        self.presets = PresetCards(look)
        self.presets.chosen.connect(self._choose_preset)
        self.practice = PracticePage(look)
        self.practice.explain.connect(self._finish)
        self._explained = ""
        self.pages = {
            SetupStep.JOIN: self._join_page(),
            SetupStep.CONSENT: self.consent,
            SetupStep.DOCTOR: self.doctor,
            SetupStep.RULES: self._rules_page(),
            SetupStep.PRACTICE: self.practice,
        }
        for page in self.pages.values():
            self.stack.addWidget(page)
        self.error = label(look, wrap=True)
        set_tone(self.error, "bad")
        self.copy_button = button(look, icon="copy", kind="link", on_click=self._copy)
        self.back = button(look, on_click=self._go_back)
        self.skip = button(look, lambda: tr("Skip it, take no tasks yet"), on_click=self._skip)
        self.next = button(look, kind="primary", on_click=self._go_on)
        foot = row(self.copy_button, None, self.back, self.skip, self.next)
        right = column(self.stack, self.error, foot, spacing=12, margins=(24, 20, 24, 20))
        right.setStretch(0, 1)
        layout = row(self.steps, spacing=0)
        layout.addLayout(right)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.doctor.settled.connect(lambda _passed: self._say())
        look.says(self, self._say)

    def _join_page(self) -> QWidget:
        look = self._look
        page = QWidget()
        self.link = QLineEdit()
        self.link.setMinimumHeight(34)
        self.link.setEchoMode(QLineEdit.EchoMode.Normal)
        self.link.textChanged.connect(lambda _text: self._say())
        self.link.returnPressed.connect(self._go_on)
        look.says(self.link, lambda: self.link.setPlaceholderText("hivemind://…/join?ca=…&token=…"))
        look.says(self.link, lambda: self.link.setAccessibleName(tr("Join link")))
        paste = button(look, lambda: tr("Paste"), icon="paste", on_click=self._paste)
        card = Card(margins=18, spacing=10)
        card.body.addWidget(strong(look, lambda: tr("Join link")))
        line_ = row(self.link, paste)
        line_.setStretch(0, 1)
        card.body.addLayout(line_)
        hint = quiet(
            look,
            lambda: tr(
                "The pool's operator gives you this link. It works once and is spent at once, so that it cannot"
                " run out while Docker is being installed. Nothing is lent before you agreed on the next page."
            ),
        )
        hint.setWordWrap(True)
        card.body.addWidget(hint)
        heading = label(look, lambda: tr("Lend this computer when you do not need it"), strong=True, pixels=20)
        lead = quiet(
            look,
            lambda: tr("Five short steps: the link, what you agree to, a check, how much you lend, and a try."),
        )
        page.setLayout(column(heading, lead, 6, card, None, spacing=6))
        return page

    def _rules_page(self) -> QWidget:
        look = self._look
        page = QWidget()
        heading = label(look, lambda: tr("How much do you lend?"), strong=True, pixels=20)
        lead = quiet(
            look,
            lambda: tr("Everything can be changed later under Rules; games and full screen come first."),
        )
        lead.setWordWrap(True)
        note = quiet(
            look,
            lambda: tr(
                "Tasks run only as these words say. The switch in the tray stops them at any moment, and a pause"
                " ends by itself."
            ),
        )
        note.setWordWrap(True)
        page.setLayout(column(heading, lead, 6, self.presets, 6, note, None, spacing=6))
        return page

    # ------------------------------------------------------------ following the agent

    def show_agent(self, shown: AgentShown) -> None:
        if shown.status is not None and shown.status.setup is not self.step:
            self.show_step(shown.status.setup)
            if self.step is SetupStep.PRACTICE and not shown.status.practice.stage:
                # The agent was started anew meanwhile: it goes on where it was.
                self._courier.act(AgentAction.PRACTISE, self._failed)
        if self.step is SetupStep.PRACTICE:
            self.practice.show_agent(shown)
            self._say()

    def show_step(self, step: SetupStep) -> None:
        before, self.step = self.step, step
        if step is SetupStep.DONE:
            self.doctor.set_seen(False)
            self.finished.emit(self._explained)
            self._explained = ""
            return
        self._say_error("")
        self.steps.show_step(step)
        self.stack.setCurrentWidget(self.pages[step])
        if step is SetupStep.CONSENT:
            self._courier.ask(lambda client: client.consent(), self._have_consent, lambda _error: None, owner=self)
        if step is SetupStep.RULES or before is SetupStep.RULES:
            self._courier.ask(lambda client: client.rules(), self._have_rules, lambda _error: None, owner=self)
        self.doctor.set_seen(self._seen and step is SetupStep.DOCTOR)
        self._say()

    def _have_consent(self, consent: Consent) -> None:
        self.consent.show_consent(consent)
        self._say()

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        self.doctor.set_seen(seen and self.step is SetupStep.DOCTOR)

    def _have_rules(self, found: RulesShown) -> None:
        self._rules = found
        self._preset = found.rules.preset
        self._say()

    def take_link(self, text: str) -> None:
        """A link was opened: put it in and spend it."""
        if self.step is SetupStep.JOIN:
            self.link.setText(text.strip())
            self._go_on()

    # ------------------------------------------------------------ doing

    def _go_on(self) -> None:
        if self.step is SetupStep.JOIN:
            text = self.link.text().strip()
            if text:
                self._busy(True)
                self._courier.ask(lambda client: client.join(text), self._joined, self._failed, owner=self)
        elif self.step is SetupStep.CONSENT:
            self._courier.act(AgentAction.CONSENT, self._failed)
        elif self.step is SetupStep.DOCTOR:
            self._courier.act(AgentAction.DOCTOR_DONE, self._failed)
        elif self.step is SetupStep.PRACTICE:
            self._courier.act(AgentAction.PRACTICE_DONE, self._failed)
        elif self._rules is not None:
            rules = next(one for one in self._rules.presets if one.preset is self._preset)
            self._courier.ask(
                lambda client: client.set_rules(rules),
                lambda _found: self._courier.act(AgentAction.RULES_DONE, self._failed),
                self._failed,
                owner=self,
            )

    def _finish(self, attempt_id: str) -> None:
        """On to the page of earnings, with this amount explained."""
        self._explained = attempt_id
        self._courier.act(AgentAction.PRACTICE_DONE, self._failed)

    def _joined(self, consent: Consent) -> None:
        self._busy(False)
        self.link.clear()
        self.consent.show_consent(consent)

    def _failed(self, error: BaseException) -> None:
        self._busy(False)
        if isinstance(error, HiveMindError):
            self._say_error(f"{error.message} {error.fix}".strip() + f"  [{error.code}]")
        else:
            self._say_error(str(error))

    def _say_error(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def _busy(self, busy: bool) -> None:
        self.next.setEnabled(not busy)
        self.link.setEnabled(not busy)
        if busy:
            self._say_error("")
            self.next.setText(tr("Joining…"))
        else:
            self._say()

    def _go_back(self) -> None:
        """Back from the consent gives the place in the pool back."""
        if self.step is SetupStep.CONSENT:
            self._courier.act(AgentAction.LEAVE, self._failed)
        elif self.step is SetupStep.RULES:
            self._courier.act(AgentAction.CONSENT, self._failed)

    def _skip(self) -> None:
        self._courier.act(AgentAction.DOCTOR_DONE, self._failed)

    def _choose_preset(self, preset: Preset) -> None:
        self._preset = preset
        self._say()

    def _paste(self) -> None:
        self.link.setText(QGuiApplication.clipboard().text().strip())

    def _copy(self) -> None:
        if self.step is SetupStep.DOCTOR:
            self.doctor.copy()
        else:
            lines = [self.consent.heading.text(), self.consent.address.text()]
            lines += [value.text() for value in self.consent.values.values()]
            QGuiApplication.clipboard().setText("\n".join(lines))

    def _say(self) -> None:
        step = self.step
        pool = self.consent.pool.text()
        texts = {
            SetupStep.JOIN: tr("Join"),
            SetupStep.CONSENT: tr("Join {pool}", pool=pool),
            SetupStep.DOCTOR: tr("Next"),
            SetupStep.RULES: tr("Start lending"),
            SetupStep.PRACTICE: tr("Done") if self.practice.is_over else tr("Do not wait for it"),
        }
        self.next.setText(texts.get(step, tr("Done")))
        # Waiting is what the step is for: going on early is possible, not proposed.
        waits = step is SetupStep.PRACTICE and not self.practice.is_over
        self.next.setProperty("kind", "" if waits else "primary")
        self.next.style().unpolish(self.next)
        self.next.style().polish(self.next)
        self.next.setEnabled(bool(self.link.text().strip()) if step is SetupStep.JOIN else True)
        if step is SetupStep.DOCTOR:
            self.next.setEnabled(self.doctor.passed)
        self.skip.setVisible(step is SetupStep.DOCTOR and not self.doctor.passed)
        self.back.setVisible(step in (SetupStep.CONSENT, SetupStep.RULES))
        self.back.setText(tr("Back"))
        self.copy_button.setVisible(step in (SetupStep.CONSENT, SetupStep.DOCTOR))
        self.copy_button.setText(tr("Copy diagnostics") if step is SetupStep.DOCTOR else tr("Copy this page"))
        self.presets.show_chosen(self._preset, 0)
