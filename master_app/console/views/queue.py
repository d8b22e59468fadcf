"""The queue above, the open task below: what it does now, why it waits, its logs, files, cost and manifest."""

from __future__ import annotations

import time
from collections import Counter

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QInputDialog,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.desktop import figures, states
from core.desktop.cells import KEY as _KEY
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.desktop.translations import tr
from core.desktop.widgets import (
    EmptyState,
    Segmented,
    StatePill,
    button,
    caption,
    column,
    holder,
    label,
    row,
    section,
    set_tone,
)
from core.domain.console import ArtifactRow, AttemptRow
from core.domain.operations import TaskAction
from core.domain.views import TaskView
from master_app.console.controllers.tasks import LIVE, TaskDetail
from master_app.console.models.page_rows import artifact_columns, attempt_columns
from master_app.console.models.sentences import said
from master_app.console.models.task_rows import ended_count, eta
from master_app.console.models.why_rows import WhyClass, folded, why_columns
from master_app.console.views.log_view import LogView
from master_app.console.views.page import Page, kept_split, plain_note, search_field
from master_app.console.views.queue_table import QueueTable
from master_app.console.views.task_widgets import Gantt, SubtaskGrid


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


class TaskPane(QWidget):
    """Everything about one task. It shows what `TaskDetail` holds."""

    wanted = Signal(object)

    def __init__(self, look: Look, detail: TaskDetail) -> None:
        super().__init__()
        self._look, self._detail = look, detail
        self.setProperty("ground", "true")
        self._name = section(look, lambda: "")
        self._pill = StatePill(look)
        self._line = caption(look)
        self.pause = button(look, lambda: tr("Pause"), icon="pause", on_click=self._pause_or_resume)
        self.retry = button(
            look,
            lambda: tr("Retry failed"),
            icon="refresh",
            on_click=lambda: self.wanted.emit(TaskAction.RETRY_FAILED),
        )
        self.cancel = button(
            look,
            lambda: tr("Cancel task…"),
            icon="close",
            kind="danger",
            on_click=lambda: self.wanted.emit(TaskAction.CANCEL),
        )
        head = row(
            self._name, self._pill, self._line, None, self.pause, self.retry, self.cancel, margins=(16, 8, 16, 4)
        )
        self.tabs = QTabWidget()
        self._grid, self._gantt = SubtaskGrid(look), Gantt(look)
        self._counts = label(look, pixels=12, wrap=True)
        self._why_words = label(look, strong=True, wrap=True)
        self._cheapest = label(look, quiet=True, wrap=True)
        self.attempts: RowModel[AttemptRow] = RowModel(attempt_columns(), key=lambda each: each.attempt_id)
        self.why: RowModel[WhyClass] = RowModel(why_columns(), key=lambda each: each.key)
        self.files: RowModel[ArtifactRow] = RowModel(artifact_columns(), key=lambda each: (each.index, each.name))
        self._manifest, self._cost = _reader(), _reader()
        self.log = LogView(look)
        self._add_tabs()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.tabs, 1)
        self._grid.opened.connect(self._open_index)
        self._gantt.opened.connect(self._open_log)
        detail.changed.connect(self._show)
        detail.log_opened.connect(self._name_log)
        detail.log_added.connect(self.log.add)
        look.says(self, self._show)

    def _add_tabs(self) -> None:
        look = self._look
        now = QSplitter()
        now.addWidget(
            _scrolled(
                column(
                    section(look, lambda: tr("Subtasks")), self._grid, self._counts, None, margins=(16, 8, 12, 8)
                )
            )
        )
        now.addWidget(
            _scrolled(
                column(section(look, lambda: tr("Attempts per node")), self._gantt, None, margins=(12, 8, 12, 8))
            )
        )
        self.why_table = Table(look, self.why, "why")
        now.addWidget(
            holder(
                column(
                    section(look, lambda: tr("Why waiting")),
                    self._why_words,
                    self._cheapest,
                    self.why_table,
                    margins=(12, 8, 16, 8),
                )
            )
        )
        kept_split(look, now, "task-now", [260, 400, 480])
        self.attempt_table = Table(look, self.attempts, "attempts")
        self.attempt_table.opened.connect(self._open_log)
        self.attempt_table.clicked.connect(
            lambda index: self._open_log(self.attempts.index(index.row(), 0).data(_KEY))
        )
        streams = Segmented(
            look, [("out", lambda: tr("stdout")), ("err", lambda: tr("stderr"))], "out", lambda: tr("Stream")
        )
        streams.chosen.connect(lambda stream: self._detail.open_log(self._detail.attempt_id, stream))
        logs = QSplitter()
        logs.addWidget(self.attempt_table)
        self.log.tools.insertWidget(1, streams)
        logs.addWidget(self.log)
        kept_split(look, logs, "task-logs", [460, 700])
        self._tab_widgets = (now, logs, self._files_page(), self._cost, self._manifest)
        for widget in self._tab_widgets:
            self.tabs.addTab(widget, "")
        look.says(self.tabs, self._say_tabs)

    def _files_page(self) -> QWidget:
        self._files = Table(self._look, self.files, "files")
        self._no_files = EmptyState(
            self._look, lambda: tr("No file yet. Files appear when a subtask has succeeded.")
        )
        return holder(column(self._files, self._no_files, spacing=0))

    @property
    def has_task(self) -> bool:
        return self._detail.task is not None

    def _say_tabs(self) -> None:
        for place, text in enumerate((tr("Now"), tr("Logs"), tr("Artifacts"), tr("Cost"), tr("Manifest"))):
            self.tabs.setTabText(place, text)

    def _show(self) -> None:
        task = self._detail.task
        self._pill.setVisible(task is not None)
        self.tabs.setVisible(task is not None)
        for each in (self.pause, self.retry, self.cancel):
            each.setVisible(task is not None)
        if task is None:
            self._name.setText(tr("Choose a task to see it here."))
            self._line.setText("")
            return
        now_ms = time.time_ns() // 1_000_000
        self._name.setText(task.name)
        self._pill.show_state(states.TASK[task.state.value])
        self._line.setText(
            tr(
                "since {time} · {done} of {all} done · {paid} CPT · {eta}",
                time=figures.moment(task.state_since_ms, now_ms),
                done=figures.number(ended_count(task)),
                all=figures.number(task.subtask_count),
                paid=figures.cpt(task.paid_ucpt),
                eta=eta(task, now_ms),
            )
        )
        live = task.state.value in LIVE
        paused = task.state.value in ("PAUSED", "PAUSING", "HELD")
        self.pause.setText(tr("Resume") if paused else tr("Pause"))
        self.pause.setEnabled(live)
        self.cancel.setEnabled(live)
        self.retry.setEnabled(not live or task.state.value == "HELD")
        self._show_parts(task, now_ms)

    def _show_parts(self, task: TaskView, now_ms: int) -> None:
        detail = self._detail
        if detail.states is not None:
            self._grid.show_states(detail.states.states, detail.states.names)
            counts = Counter(detail.states.names[code] for code in detail.states.states)
            self._counts.setText(
                "   ".join(f"{states.SUBTASK[name].text} {figures.number(n)}" for name, n in counts.most_common())
            )
        self._gantt.show_attempts(detail.attempts[:600], now_ms)
        self.attempts.set_rows(detail.attempts)
        why = detail.why
        self._why_words.setText(said(why.summary) if why is not None else tr("Nothing waits."))
        set_tone(self._why_words, "bad" if why is not None and why.impossible else "")
        self._cheapest.setText(
            tr("Cheapest change: {change}", change=said(why.cheapest_change))
            if why is not None and why.cheapest_change
            else ""
        )
        self.why.set_rows(folded(why.rows) if why is not None else [])
        _set_text(self._manifest, detail.manifest)
        files = detail.artifacts.rows if detail.artifacts is not None else ()
        self.files.set_rows(files)
        self._files.setVisible(bool(files))
        self._no_files.setVisible(not files)
        lines = [
            f"{tr('Paid so far')}: {figures.cpt(task.paid_ucpt)} CPT",
            f"{tr('Held for it now')}: {figures.cpt(task.hold_ucpt)} CPT",
        ]
        cap = figures.cpt(task.max_ucpt) + " CPT" if task.max_ucpt is not None else tr("none")
        lines += [f"{tr('Cap')}: {cap}", ""]
        lines += [
            f"{each.index:>6}  {each.node_name:<20} {figures.cpt(each.paid_ucpt or 0):>12} CPT  "
            f"{said(each.pay_reason)}"
            for each in detail.attempts
            if each.ended_ms
        ]
        _set_text(self._cost, "\n".join(lines[:5_000]))

    def _name_log(self) -> None:
        """Another log begins: say whose it is."""
        found = next((each for each in self._detail.attempts if each.attempt_id == self._detail.attempt_id), None)
        self.log.clear(
            tr(
                "Subtask {index}, attempt {number} on {node}",
                index=found.index,
                number=found.number,
                node=found.node_name,
            )
            if found is not None
            else ""
        )

    def _open_index(self, index: int) -> None:
        found = next((each for each in self._detail.attempts if each.index == index), None)
        if found is not None:
            self._open_log(found.attempt_id)

    def _open_log(self, attempt_id: str) -> None:
        if attempt_id:
            self._detail.open_log(attempt_id)
            self.tabs.setCurrentIndex(1)

    def _pause_or_resume(self) -> None:
        task = self._detail.task
        if task is not None:
            paused = task.state.value in ("PAUSED", "PAUSING", "HELD")
            self.wanted.emit(TaskAction.RESUME if paused else TaskAction.PAUSE)


def _reader() -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setFont(code_font())
    made.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    return made


def _set_text(reader: QPlainTextEdit, text: str) -> None:
    if reader.toPlainText() != text:
        at = reader.verticalScrollBar().value()
        reader.setPlainText(text)
        reader.verticalScrollBar().setValue(at)


def _scrolled(layout: QVBoxLayout) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    inner = holder(layout)
    inner.setProperty("clear", "true")
    area.setWidget(inner)
    return area
