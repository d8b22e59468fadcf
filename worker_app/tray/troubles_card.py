"""What is wrong, on every page: what happened, what is at risk, what happens by itself, what the person can do."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint
from core.desktop.translations import mark, tr
from core.desktop.widgets import Card, StatePill, button, label, row, set_tone
from core.domain.agent_views import Consent, Troubles
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import HiveMindError
from worker_app.tray.courier import Courier
from worker_app.tray.parts import quiet, small, strong
from worker_app.tray.sentences import said

GRAVITY = {
    Gravity.ALERT: Face(Shape.CROSS, Tint.BAD, mark("Needs you")),
    Gravity.WARNING: Face(Shape.DIAMOND, Tint.NEEDS, mark("Heals by itself")),
    Gravity.NOTICE: Face(Shape.CIRCLE, Tint.WAITING, mark("Good to know")),
}


class TroublesCard(Card):
    """Shows one at a time, the gravest first; hidden while nothing is wrong. `joined` comes after joining anew."""

    joined = Signal(Consent)

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__(margins=12, spacing=6)
        self._look, self._courier = look, courier
        self._rows: tuple[Condition, ...] = ()
        self._place = 0
        self.pill = StatePill(look, GRAVITY[Gravity.NOTICE])
        self.what = strong(look)
        self.what.setWordWrap(True)
        self.since = small(look)
        self.more = button(look, kind="link", on_click=self._step)
        head = row(self.pill, self.what, self.since, self.more, spacing=8)
        head.setStretch(1, 1)
        self.body.addLayout(head)
        self.parts = {
            "risk": (quiet(look, lambda: tr("At risk")), label(look, wrap=True)),
            "next": (quiet(look, lambda: tr("By itself")), label(look, wrap=True)),
            "fix": (quiet(look, lambda: tr("You can")), label(look, wrap=True)),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for place, (name, words) in enumerate(self.parts.values()):
            grid.addWidget(name, place, 0)
            grid.addWidget(words, place, 1)
        self.body.addLayout(grid)
        self.again = self._join_row()
        self.body.addWidget(self.again)
        self.hide()
        look.says(self, self._say)

    def _join_row(self) -> QWidget:
        look = self._look
        self.link = QLineEdit()
        self.link.returnPressed.connect(self._join)
        look.says(self.link, lambda: self.link.setPlaceholderText("hivemind://…/join?ca=…&token=…"))
        look.says(self.link, lambda: self.link.setAccessibleName(tr("Join link")))
        self.join_button = button(look, lambda: tr("Join anew"), kind="primary", on_click=self._join)
        self.error = label(look, wrap=True)
        set_tone(self.error, "bad")
        self.error.hide()
        line = row(self.link, self.join_button)
        line.setStretch(0, 1)
        holder = QWidget()
        holder.setLayout(line)
        line.setContentsMargins(0, 4, 0, 0)
        self.body.addWidget(self.error)
        return holder

    def show_troubles(self, troubles: Troubles | None) -> None:
        rows = troubles.rows if troubles is not None else ()
        if rows != self._rows:
            self._rows = rows
            self._say()
        self.setVisible(bool(rows))

    def _say(self) -> None:
        if not self._rows:
            return
        self._place %= len(self._rows)
        found = self._rows[self._place]
        self.pill.show_state(GRAVITY[found.gravity])
        self.what.setText(said(found.what))
        self.since.setText(tr("since {time}", time=figures.clock(found.since_ms)) if found.since_ms else "")
        self.more.setText(f"{self._place + 1} / {len(self._rows)} ›")
        self.more.setVisible(len(self._rows) > 1)
        for name, text in (("risk", found.at_risk), ("next", found.next), ("fix", found.fix)):
            of, words = self.parts[name]
            words.setText(said(text))
            of.setVisible(bool(text))
            words.setVisible(bool(text))
        self.again.setVisible(found.code is ConditionCode.MASTER_REFUSES)
        self.setAccessibleName(self.what.text())

    def _step(self) -> None:
        self._place += 1
        self._say()

    # ------------------------------------------------------------ joining anew

    def take_link(self, link: str) -> None:
        """A link was opened: spend it."""
        self.link.setText(link.strip())
        self._join()

    def _join(self) -> None:
        text = self.link.text().strip()
        if not text:
            return
        self.join_button.setEnabled(False)
        self.error.hide()
        self._courier.ask(lambda client: client.join(text), self._done, self._failed, owner=self)

    def _done(self, consent: Consent) -> None:
        self.join_button.setEnabled(True)
        self.link.clear()
        self.joined.emit(consent)

    def _failed(self, error: BaseException) -> None:
        self.join_button.setEnabled(True)
        words = str(error)
        if isinstance(error, HiveMindError):
            words = f"{said(error.message)} {said(error.fix)}".strip() + f"  [{error.code}]"
        self.error.setText(words)
        self.error.show()
