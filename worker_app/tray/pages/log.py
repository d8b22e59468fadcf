"""Log: the agent's own and that of each running task, with a filter; copied without secrets."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Card, button, line, row
from core.domain.agent_views import AgentShown, LogLine
from worker_app.tray.courier import Courier
from worker_app.tray.pages.log_view import LogView
from worker_app.tray.parts import small


class LogPage(QWidget):
    def __init__(self, look: Look, courier: Courier, folder: Path) -> None:
        super().__init__()
        self._look, self._courier, self._folder = look, courier, folder
        self._lines: tuple[LogLine, ...] = ()
        self._total = 0
        self._tasks: tuple[tuple[str, str], ...] = ()
        self.source = QComboBox()
        self.source.setMinimumWidth(240)
        self.source.activated.connect(lambda _place: self._changed())
        look.says(self, self._say_sources)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        look.says(self.search, lambda: self.search.setPlaceholderText(tr("Only lines with…")))
        look.says(self.search, lambda: self.search.setAccessibleName(tr("Only lines with…")))
        self.note = small(look)
        self.view = LogView(look, bare=True)
        copy = button(look, lambda: tr("Copy"), icon="copy", on_click=self._copy)
        folder_button = button(look, lambda: tr("Open the folder"), icon="folder", on_click=self._open)
        card = Card(margins=0, spacing=0)
        card.body.addLayout(
            row(self.source, self.search, self.note, None, copy, folder_button, margins=(12, 10, 12, 10))
        )
        card.body.addWidget(line())
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 8, 6, 8)
        holder.addWidget(self.view)
        card.body.addLayout(holder, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.read)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)

    def show_agent(self, shown: AgentShown) -> None:
        rows = shown.containers.rows if shown.containers is not None else ()
        tasks = tuple((one.attempt_id, f"{one.task_name} / {one.index + 1}") for one in rows)
        if tasks != self._tasks:
            self._tasks = tasks
            self._say_sources()

    def choose(self, attempt_id: str) -> None:
        """Show the log of this attempt."""
        place = self.source.findData(attempt_id)
        if place >= 0:
            self.source.setCurrentIndex(place)
            self._changed()

    def set_seen(self, seen: bool) -> None:
        if seen:
            self.read()
            self._timer.start()
        else:
            self._timer.stop()

    def read(self) -> None:
        attempt_id = str(self.source.currentData() or "")
        self._courier.ask(lambda client: client.log(attempt_id), self.show_lines, lambda _error: None, owner=self)

    def show_lines(self, found: tuple[tuple[LogLine, ...], int]) -> None:
        self._lines, self._total = found
        self._show()

    def _show(self) -> None:
        wanted = self.search.text().casefold()
        lines = [one for one in self._lines if wanted in one.text.casefold()] if wanted else self._lines
        self.view.show_lines(lines)
        self.note.setText(
            tr("{n} of {total} lines", n=figures.number(len(lines)), total=figures.number(self._total))
        )

    def _filter(self, _text: str) -> None:
        self.view.show_lines(())
        self._show()

    def _changed(self) -> None:
        self.view.show_lines(())
        self.read()

    def _say_sources(self) -> None:
        kept = self.source.currentData()
        self.source.clear()
        self.source.addItem(tr("The worker service"), "")
        for attempt_id, name in self._tasks:
            self.source.addItem(name, attempt_id)
        self.source.setCurrentIndex(max(0, self.source.findData(kept)))
        self.source.setAccessibleName(tr("Whose log"))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.toPlainText())

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder / "logs")))
