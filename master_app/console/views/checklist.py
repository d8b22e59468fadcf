"""The first steps of a new pool. Each is done when the pool itself shows it; the list goes when all are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal

from core.desktop import states
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Card, ShapeMark, button, holder, label, row, section
from core.domain.console import Overview, PoolInfo

Done = Callable[[Overview, PoolInfo | None], bool]
STEPS: tuple[tuple[str, str, Done], ...] = (
    ("name", "settings", lambda found, pool: pool is not None and pool.host not in ("127.0.0.1", "localhost", "")),
    ("node", "join", lambda found, pool: bool(found.nodes)),
    ("task", "submit", lambda found, pool: bool(found.tasks) or found.ended_hour > 0 or found.spend_hour_ucpt > 0),
    ("people", "users", lambda found, pool: found.users > 1),
    ("backup", "ledger", lambda found, pool: found.backed_up),
)


class Checklist(Card):
    """`go` names the page where a step is done."""

    go = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._hidden = look.settings is not None and look.settings.value("checklist/hidden") == "true"
        self._look = look
        texts = {
            "name": lambda: tr("Give the master a name that other computers reach it by"),
            "node": lambda: tr("Bring the first node in"),
            "task": lambda: tr("Run a first task"),
            "people": lambda: tr("Invite people"),
            "backup": lambda: tr("Write a first backup"),
        }
        hide = button(look, lambda: tr("Hide"), kind="link", on_click=self._hide)
        self.body.addLayout(row(section(look, lambda: tr("A new pool, step by step")), None, hide))
        self._marks: dict[str, ShapeMark] = {}
        for name, page, _ in STEPS:
            mark = ShapeMark(look, states.TASK["QUEUED"])
            self._marks[name] = mark
            act = button(look, lambda: tr("Do it"), kind="link", on_click=partial(self.go.emit, page))
            self.body.addWidget(holder(row(mark, label(look, texts[name]), None, act)))
        self.hide()

    def show_state(self, found: Overview, pool: PoolInfo | None) -> None:
        done = {name: is_done(found, pool) for name, _, is_done in STEPS}
        for name, mark in self._marks.items():
            mark.show_state(states.TASK["SUCCEEDED" if done[name] else "QUEUED"])
        self.setVisible(not self._hidden and not (done["node"] and done["task"]))

    def _hide(self) -> None:
        self._hidden = True
        if self._look.settings is not None:
            self._look.settings.setValue("checklist/hidden", "true")
        self.hide()
