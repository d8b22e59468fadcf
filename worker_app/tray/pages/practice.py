"""The practice subtask as it happens: four stations with their state, the amount, and what explains it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QWidget

from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint
from core.desktop.translations import tr
from core.desktop.widgets import Bar, Card, ShapeMark, button, column, label, line, row
from core.domain.agent_views import AgentShown, ContainerView, PracticeView
from worker_app.tray.parts import HoneyMark, amount, quiet, strong
from worker_app.tray.sentences import said

Text = Callable[[], str]
_TO_COME: Final = Face(Shape.CIRCLE, Tint.WAITING, "")
_NOW: Final = Face(Shape.TRIANGLE, Tint.RUNNING, "")
_DONE: Final = Face(Shape.TICK, Tint.GOOD, "")
_NEEDS: Final = Face(Shape.DIAMOND, Tint.NEEDS, "")
#: Stage -> the station that is under way; past the last: all are done.
_PLACES: Final = {"": -1, "asking": 0, "waiting": 0, "running": 2, "settling": 3, "paid": 4, "before": 4}


class _Station(QWidget):
    """One stretch of the way, with the words of what happens there."""

    def __init__(self, look: Look, name: Text) -> None:
        super().__init__()
        self.mark = ShapeMark(look, _TO_COME, 14)
        self.words = QLabel()
        self.words.setProperty("quiet", "true")
        self.words.setWordWrap(True)
        layout = row(column(3, self.mark, None, spacing=0), column(strong(look, name), self.words, spacing=2))
        layout.setSpacing(12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_state(self, face: Face, words: str) -> None:
        self.mark.show_state(face)
        self.words.setText(words)


class PracticePage(QWidget):
    """`explain` carries the attempt whose amount the person wants to understand."""

    explain = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._view = PracticeView()
        self._container: ContainerView | None = None
        heading = label(look, lambda: tr("One practice subtask, the whole way"), strong=True, pixels=20)
        lead = quiet(
            look,
            lambda: tr(
                "It counts primes for a quarter of a minute in a real container, and the pool pays you a little"
                " for it. So you see everything once that happens by itself from now on."
            ),
        )
        lead.setWordWrap(True)
        self.stations = [
            _Station(look, lambda: tr("The pool offers it")),
            _Station(look, lambda: tr("The container is made")),
            _Station(look, lambda: tr("It runs, and is metered")),
            _Station(look, lambda: tr("The pool checks and pays")),
        ]
        self.bar = Bar(look, "running", height=6)
        card = Card(margins=18, spacing=10)
        for place, station in enumerate(self.stations):
            if place:
                card.body.addWidget(line())
            card.body.addWidget(station)
            if place == 2:
                card.body.addWidget(self.bar)
        self.amount = strong(look, pixels=20)
        self.result = quiet(look)
        self.result.setWordWrap(True)
        self.why = button(look, lambda: tr("Explain this amount"), on_click=self._explain)
        self._honey = HoneyMark(look, 15)
        ends = row(self._honey, self.amount, self.result, self.why, spacing=10)
        ends.setStretch(2, 1)
        self.setLayout(column(heading, lead, 6, card, 4, ends, None, spacing=6))
        look.says(self, self._say)

    def show_agent(self, shown: AgentShown) -> None:
        if shown.status is None:
            return
        view = shown.status.practice
        rows = shown.containers.rows if shown.containers is not None else ()
        self._view = view
        self._container = next((one for one in rows if one.attempt_id == view.attempt_id), None)
        self._say()

    @property
    def is_over(self) -> bool:
        return self._view.stage in ("paid", "before", "failed")

    def _explain(self) -> None:
        self.explain.emit(self._view.attempt_id)

    def _say(self) -> None:
        view, container = self._view, self._container
        here = self._place()
        words = self._words()
        for place, station in enumerate(self.stations):
            face = _DONE if place < here else _NOW if place == here else _TO_COME
            if view.stage == "failed" and place == here:
                face = _NEEDS
            station.show_state(face, words[place] if place <= here else "")
        percent = container.percent if container is not None else -1.0
        self.bar.setVisible(here == 2 and view.stage == "running")
        self.bar.show_shares(max(0.0, percent) / 100)
        has_amount = view.stage in ("settling", "paid")
        self._honey.setVisible(has_amount)
        self.amount.setVisible(has_amount)
        self.amount.setText(amount(view.ucpt))
        self.why.setVisible(view.stage == "paid")
        self.result.setText(self._result())

    def _place(self) -> int:
        view, container = self._view, self._container
        if view.stage == "failed":
            return 2 if view.attempt_id else 0
        if view.stage == "running" and container is not None and container.state in ("ACCEPTED", "PREPARING"):
            return 1
        return _PLACES.get(view.stage, -1)

    def _words(self) -> list[str]:
        view, container = self._view, self._container
        if view.stage == "before":
            return [tr("This account had its practice subtask before."), "", "", ""]
        made = tr("Without a network, and without access to your files.")
        ran = tr("Counted is what it reserved and what it really used.")
        if container is not None and container.percent >= 0:
            ran = tr("{percent} % done", percent=f"{container.percent:.0f}")
        return [
            tr("Half a core and a quarter of a GB, on this computer alone."),
            made,
            ran,
            tr("Paid from the pool's mint, by the same rule as all work."),
        ]

    def _result(self) -> str:
        view = self._view
        texts = {
            "settling": tr("measured here; the pool's receipt is on its way"),
            "paid": tr("your first earning, posted"),
            "before": tr("A pool pays for it once. Everything is ready."),
            "failed": tr("It did not end well: {words}", words=said(view.words)),
        }
        return texts.get(view.stage, "")
