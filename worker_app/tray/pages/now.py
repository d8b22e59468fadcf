"""Now: what runs here with its live charts and log, or why nothing does."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.feedback import Question
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import Card, button, row
from core.domain.agent_views import AgentAction, AgentShown, ContainerView, LogLine
from worker_app.tray.courier import Courier
from worker_app.tray.pages.container import ContainerCard, SmallContainer
from worker_app.tray.pages.load import LoadCard
from worker_app.tray.pages.log_view import LogView
from worker_app.tray.pages.why_idle import WhyIdle
from worker_app.tray.parts import small, strong

#: Up to so many containers have a whole card; more become rows.
WHOLE_CARDS: Final = 2
_LOG_LINES: Final = 200


class NowPage(QWidget):
    """`explain` and `show_rules` ask for another page."""

    explain = Signal(str)
    show_rules = Signal(int)
    show_log = Signal(str)
    show_doctor = Signal()

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self._views: tuple[ContainerView, ...] = ()
        self._open = ""
        self.cards: dict[str, ContainerCard | SmallContainer] = {}
        self.load = LoadCard(look, courier)
        self.why = WhyIdle(look, courier)
        self.why.show_rules.connect(self.show_rules)
        self.why.show_doctor.connect(self.show_doctor)
        self.why.explain.connect(self.explain)
        self._busy = QWidget()
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        layout = QVBoxLayout(self._busy)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(self._list)
        layout.addWidget(self.load)
        layout.addWidget(self._log_card(), 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._busy.setProperty("clear", "true")
        scroll.setWidget(self._busy)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(scroll)
        self._stack.addWidget(self.why)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._read_log)

    def _log_card(self) -> Card:
        card = Card(margins=12, spacing=6)
        self.log_note = small(self._look)
        follow = button(self._look, lambda: tr("Open log"), kind="link", on_click=self._open_log)
        card.body.addLayout(row(strong(self._look, lambda: tr("Log"), pixels=14), self.log_note, None, follow))
        self.log = LogView(self._look, bare=True)
        self.log.setMinimumHeight(92)
        card.body.addWidget(self.log, 1)
        return card

    # ------------------------------------------------------------ what is shown

    def show_agent(self, shown: AgentShown) -> None:
        rows = shown.containers.rows if shown.containers is not None else ()
        self._views = rows
        if shown.machine is not None:
            self.load.show_machine(shown.machine)
        self.why.show_agent(shown)
        self._stack.setCurrentIndex(0 if rows else 1)
        if rows:
            self._show_containers(rows)

    def _show_containers(self, rows: tuple[ContainerView, ...]) -> None:
        wanted = [view.attempt_id for view in rows]
        if self._open not in wanted:
            self._open = wanted[0]
        whole = set(wanted) if len(rows) <= WHOLE_CARDS else {self._open}
        for attempt_id in list(self.cards):
            card = self.cards[attempt_id]
            if attempt_id not in wanted or isinstance(card, ContainerCard) != (attempt_id in whole):
                self._list.removeWidget(card)
                card.deleteLater()
                del self.cards[attempt_id]
        now_ms = max(figures_now(), 0)
        for place, view in enumerate(rows):
            card = self.cards.get(view.attempt_id) or self._make(view, whole=view.attempt_id in whole)
            if self._list.indexOf(card) != place:
                self._list.insertWidget(place, card)
            card.show_view(view, now_ms)

    def _make(self, view: ContainerView, *, whole: bool) -> ContainerCard | SmallContainer:
        card: ContainerCard | SmallContainer
        if whole:
            card = ContainerCard(self._look)
            card.stop.connect(self._ask_stop)
            card.block.connect(self._ask_block)
            card.explain.connect(self.explain)
        else:
            card = SmallContainer(self._look)
            card.opened.connect(self._choose)
        self.cards[view.attempt_id] = card
        return card

    def _choose(self, attempt_id: str) -> None:
        self._open = attempt_id
        self._show_containers(self._views)
        self._read_log()

    def set_seen(self, seen: bool) -> None:
        """The page is looked at, or no longer: only then are samples and lines asked for."""
        if seen:
            self._timer.start()
            self.load.open()
            self._read_log()
        else:
            self._timer.stop()

    def _read_log(self) -> None:
        if self._open and self._views:
            attempt_id = self._open
            self._courier.ask(
                lambda client: client.log(attempt_id, _LOG_LINES),
                lambda found: self.show_log_lines(found[0], found[1]),
                lambda _error: None,
                owner=self,
            )

    def show_log_lines(self, lines: tuple[LogLine, ...], total: int) -> None:
        self.log.show_lines(lines)
        self.log_note.setText(
            tr("last {n} of {total} lines", n=len(lines), total=figures.number(total))
            if total
            else tr("no lines yet")
        )

    def _open_log(self) -> None:
        self.show_log.emit(self._open)

    # ------------------------------------------------------------ stopping

    def _ask_stop(self, view: ContainerView) -> None:
        self._ask(view, AgentAction.STOP_TASK, tr("Stop this task"), "")

    def _ask_block(self, view: ContainerView) -> None:
        more = tr("Nothing more is taken from {owner}. It can be undone under Rules.", owner=view.owner_name)
        self._ask(view, AgentAction.BLOCK_OWNER, tr("Stop and block {owner}", owner=view.owner_name), more)

    def _ask(self, view: ContainerView, action: AgentAction, act: str, more: str) -> None:
        paid = tr(
            "It goes back to the pool; you are paid up to its last checkpoint, the rest of {amount} CPT is lost.",
            amount=figures.cpt(view.pending_ucpt),
        )
        question = Question(
            self._look,
            self.window(),
            heading=tr("Stop {name}?", name=view.task_name),
            words="\n".join(part for part in (paid, more) if part),
            act=act,
        )
        question.accepted.connect(lambda: self._courier.act(action, attempt_id=view.attempt_id))
        question.open()


def figures_now() -> int:
    """Return the wall clock of this computer, which is the agent's too."""
    import time

    return time.time_ns() // 1_000_000


def frozen_words(count: int, size: int) -> str:
    return plural(count, "{n} task frozen, holds {size}", "{n} tasks frozen, hold {size}", size=figures.size(size))
