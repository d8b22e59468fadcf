"""What the person agrees to: which pool, what tasks can and cannot do, what it sees, and what risk remains."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint
from core.desktop.translations import tr
from core.desktop.widgets import Card, ShapeMark, button, column, label, line, row, set_tone
from core.domain.agent_views import Consent
from worker_app.tray.parts import quiet, selectable, small, strong

Text = Callable[[], str]
_CAN = Face(Shape.TICK, Tint.GOOD, "")
_CANNOT = Face(Shape.CROSS, Tint.BAD, "")
_REMAINS = Face(Shape.DIAMOND, Tint.NEEDS, "")


class ConsentView(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._consent = Consent()
        self.heading = label(look, strong=True, pixels=20, wrap=True)
        lead = quiet(look, lambda: tr("Read this once. You can leave at any time, and keep what you earned."))
        grid = QGridLayout()
        grid.setSpacing(8)
        grid.addWidget(self._pool_card(), 0, 0, 2, 1)
        grid.addWidget(self._list_card(lambda: tr("Tasks can"), _CAN, self._can()), 0, 1)
        grid.addWidget(self._list_card(lambda: tr("Tasks cannot"), _CANNOT, self._cannot()), 1, 1)
        grid.addWidget(self._sees_card(), 2, 0)
        grid.addWidget(self._remains_card(), 2, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        body = QWidget()
        body.setProperty("clear", "true")
        holder = QVBoxLayout(body)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addLayout(grid)
        holder.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(lead)
        layout.addWidget(scroll, 1)
        look.says(self, self._say)

    def _pool_card(self) -> Card:
        look = self._look
        card = Card(margins=14, spacing=6)
        mark = QLabel()
        mark.setPixmap(look.icons.mark(40).pixmap(40, 40))
        self.pool = strong(look, pixels=15)
        self.address = selectable(look)
        self.address.setFont(code_font(11))
        self.address.setWordWrap(False)
        head = row(mark, column(self.pool, self.address, spacing=2), spacing=12)
        head.setStretch(1, 1)
        card.body.addLayout(head)
        self.values: dict[str, QLabel] = {}
        names: dict[str, Text] = {
            "operator": lambda: tr("Operator"),
            "fingerprint": lambda: tr("Fingerprint"),
            "who": lambda: tr("Who may submit"),
            "node": lambda: tr("This computer"),
            "paid": lambda: tr("You are paid"),
            "state": lambda: tr("Join link"),
        }
        for name, text in names.items():
            value = selectable(look)
            value.setMinimumHeight(18)
            shown = quiet(look, text)
            shown.setMinimumWidth(112)
            self.values[name] = value
            card.body.addWidget(line())
            parts = row(shown, value, spacing=10)
            parts.setStretch(1, 1)
            card.body.addLayout(parts)
        self.values["fingerprint"].setFont(code_font(11))
        card.body.addStretch(1)
        return card

    def _can(self) -> list[tuple[Text, Text]]:
        return [
            (
                lambda: tr("use CPU, memory and GPU:"),
                lambda: tr("up to the limits that you set next, and only when your rules say so"),
            ),
            (
                lambda: tr("use disk inside their own container:"),
                lambda: tr("up to your disk budget, removed when a task ends"),
            ),
            (
                lambda: tr("send back result files:"),
                lambda: tr("through the pool, after this program has checked their size"),
            ),
        ]

    def _cannot(self) -> list[tuple[Text, Text]]:
        return [
            (lambda: tr("read your files:"), lambda: tr("no folder of this computer is visible to them")),
            (
                lambda: tr("reach a network:"),
                lambda: tr("not the internet, not your home network, not other devices"),
            ),
            (lambda: tr("see your screen, keys, camera or sound"), lambda: ""),
            (lambda: tr("stay:"), lambda: tr("nothing runs after you quit, pause or leave the pool")),
        ]

    def _list_card(self, name: Text, face: Face, entries: list[tuple[Text, Text]]) -> Card:
        look = self._look
        card = Card(margins=14, spacing=6)
        card.body.addWidget(strong(look, name, pixels=15))
        for head, rest in entries:
            words = QLabel()
            words.setWordWrap(True)
            look.says(words, partial(_set_entry, words, head, rest))
            mark = ShapeMark(look, face, 12)
            part = row(column(3, mark, None, spacing=0), words, spacing=10)
            part.setStretch(1, 1)
            card.body.addLayout(part)
        card.body.addStretch(1)
        return card

    def _sees_card(self) -> Card:
        look = self._look
        card = Card(margins=16, spacing=4)
        words = QLabel()
        words.setWordWrap(True)
        look.says(
            words,
            lambda: words.setText(
                "<b>"
                + tr("The pool sees:")
                + "</b> "
                + tr(
                    "computer name, processor, memory, GPU, disk size, load, and when this computer is free. Not"
                    " your files, programs or what you type."
                )
            ),
        )
        show = button(look, lambda: tr("Show the exact data"), kind="link", on_click=self._show_data)
        card.body.addWidget(words)
        card.body.addLayout(row(show, None))
        return card

    def _remains_card(self) -> Card:
        look = self._look
        card = Card(margins=16)
        words = QLabel()
        words.setWordWrap(True)
        look.says(
            words,
            lambda: words.setText(
                "<b>"
                + tr("What remains:")
                + "</b> "
                + tr(
                    "No container holds perfectly: a flaw in Docker or in a driver could let a task out. Join only"
                    " pools that you trust. Fans get louder and power use rises while tasks run."
                )
            ),
        )
        part = row(column(3, ShapeMark(look, _REMAINS, 15), None, spacing=0), words, spacing=10)
        part.setStretch(1, 1)
        card.body.addLayout(part)
        card.body.addStretch(1)
        return card

    def show_consent(self, consent: Consent) -> None:
        self._consent = consent
        self._say()

    def _say(self) -> None:
        consent = self._consent
        pool = consent.pool_name or tr("this pool")
        self.heading.setText(tr("Lend this computer to {pool}?", pool=pool))
        self.pool.setText(pool)
        self.address.setText(consent.address)
        groups = consent.fingerprint[:32].upper()
        fours = [groups[place : place + 4] for place in range(0, len(groups), 4)]
        spaced = " ".join(fours[:4]) + "\n" + " ".join(fours[4:])
        self.values["fingerprint"].setText(f"{spaced}\n{tr('SHA-256, equal to that of your link')}")
        self.values["operator"].setText(consent.operator or tr("the pool does not say"))
        who = {
            "invite": tr("members whom the operator invited"),
            "closed": tr("members whom the operator made accounts for"),
            "open": tr("anyone who registers with this pool"),
        }
        self.values["who"].setText(who.get(consent.sign_up, tr("the operator decides; ask if you want to know")))
        set_tone(self.values["who"], "needs" if consent.sign_up == "open" else "")
        self.values["node"].setText(consent.node_name or figures.unknown())
        self.values["paid"].setText(tr("in CPT, by what tasks reserve and by what they really use"))
        waits = tr("used; an operator approves this computer, then it goes on by itself")
        self.values["state"].setText(waits if consent.pending else tr("used for this computer"))

    def _show_data(self) -> None:
        dialog = QDialog(self.window())
        dialog.setWindowTitle(tr("What the pool sees"))
        dialog.resize(520, 420)
        text = QPlainTextEdit(self._consent.sent)
        text.setReadOnly(True)
        text.setFont(code_font())
        close = button(self._look, lambda: tr("Close"), on_click=dialog.accept)
        note = small(self._look, lambda: tr("As it stands in the messages; nothing else is sent about you."))
        dialog.setLayout(column(note, text, row(None, close), margins=(16, 16, 16, 16)))
        dialog.open()


def _set_entry(words: QLabel, head: Text, rest: Text) -> None:
    words.setText(f"<b>{head()}</b> {rest()}")
