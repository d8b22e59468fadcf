"""The queue above, the open task below."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QInputDialog,
    QMenu,
    QSplitter,
)

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.tables import RowModel
from core.desktop.translations import tr
from core.desktop.widgets import (
    EmptyState,
    Segmented,
    button,
    column,
    holder,
)
from core.domain.operations import TaskAction
from core.domain.views import TaskView
from master_app.console.controllers.tasks import TaskDetail
from master_app.console.views.page import Page, kept_split, plain_note, search_field
from master_app.console.views.queue_table import QueueTable
from master_app.console.views.task_pane import TaskPane


class QueuePage(Page):
    """`wanted` carries (action, task ids); `priority_wanted` (task id, number)."""

    wanted = Signal(object, object)
    priority_wanted = Signal(str, int)
    opened = Signal(object)
    submit_wanted = Signal()
    shelf_wanted = Signal(str)
    filtered = Signal(str)

    def __init__(self, look: Look, model: RowModel[TaskView], detail: TaskDetail) -> None:
        super().__init__(look, lambda: tr("Queue"))
        self.shelf = Segmented(
            look,
            [("live", lambda: tr("Live")), ("needs", lambda: tr("Needs you")), ("ended", lambda: tr("Ended"))],
            "live",
            lambda: tr("Which tasks"),
        )
        self.shelf.chosen.connect(self.shelf_wanted)
        self.search = search_field(look, lambda: tr("Name or owner"), self)
        self.search.textChanged.connect(self.filtered)
        self.export = button(look, icon="export", kind="icon", tip=lambda: tr("Export CSV"))
        send = button(
            look, lambda: tr("Submit a task…"), icon="submit", kind="primary", on_click=self.submit_wanted.emit
        )
        self.add_tools(self.shelf, self.search, self.export, send)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.table = QueueTable(look, model)
        self.table.moved.connect(self.priority_wanted)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu)
        self.table.selectionModel().currentRowChanged.connect(self._current)
        cancel = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table)
        cancel.setContext(Qt.ShortcutContext.WidgetShortcut)
        cancel.activated.connect(lambda: self._want(TaskAction.CANCEL))
        edit = QShortcut(QKeySequence(Qt.Key.Key_F2), self.table)
        edit.setContext(Qt.ShortcutContext.WidgetShortcut)
        edit.activated.connect(self._ask_priority)
        self._empty = EmptyState(
            look, lambda: tr("No task here."), lambda: tr("Submit a task…"), self.submit_wanted.emit
        )
        above = holder(column(self.table, self._empty, spacing=0))
        self.detail = TaskPane(look, detail)
        self.detail.wanted.connect(self._want)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(above)
        split.addWidget(self.detail)
        kept_split(look, split, "queue", [360, 420])
        self.body.addWidget(split)
        self.show_count(None)

    def show_count(self, total: int | None) -> None:
        plain_note(self.note, "" if total is None else tr("{n} tasks", n=figures.number(total)))
        self._empty.setVisible(total == 0)
        self.table.setVisible(total != 0)
        self.detail.setVisible(total != 0 or self.detail.has_task)

    def open_task(self, task_id: str) -> None:
        """Choose a task where it stands in the list."""
        place = self.table.rows.place_of(task_id)
        if place is not None:
            self.table.setCurrentIndex(self.table.rows.index(place, 0))

    def _current(self) -> None:
        task = self.table.rows.row_at(self.table.currentIndex().row())
        if task is not None:
            self.opened.emit(task)

    def _want(self, action: TaskAction) -> None:
        keys = self.table.chosen_keys()
        if keys:
            self.wanted.emit(action, keys)

    def _ask_priority(self) -> None:
        task = self.table.rows.row_at(self.table.currentIndex().row())
        if task is None:
            return
        number, said = QInputDialog.getInt(
            self, tr("Priority"), tr("0 to 100, larger goes first"), task.priority, 0, 100
        )
        if said:
            self.priority_wanted.emit(task.task_id, number)

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        for text, action in (
            (tr("Pause"), TaskAction.PAUSE),
            (tr("Resume"), TaskAction.RESUME),
            (tr("Retry failed"), TaskAction.RETRY_FAILED),
            (tr("Cancel task…"), TaskAction.CANCEL),
        ):
            item = QAction(text, menu)
            item.triggered.connect(lambda _checked=False, action=action: self._want(action))
            menu.addAction(item)
        change = QAction(tr("Change priority…"), menu)
        change.triggered.connect(self._ask_priority)
        menu.addAction(change)
        menu.popup(self.table.viewport().mapToGlobal(at))
