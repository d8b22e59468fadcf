"""The open task: what it does now, why it waits, its logs, use, files, cost and manifest."""

from __future__ import annotations

import time
from collections import Counter

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
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
from core.domain.console import AttemptRow
from core.domain.operations import TaskAction
from core.domain.views import TaskView
from master_app.console.controllers.tasks import LIVE, TaskDetail
from master_app.console.models.page_rows import attempt_columns
from master_app.console.models.sentences import said
from master_app.console.models.task_rows import ended_count, eta
from master_app.console.models.why_rows import WhyClass, folded, why_columns
from master_app.console.views.log_view import LogView
from master_app.console.views.page import kept_split
from master_app.console.views.task_tabs import FilesPane, UsePane
from master_app.console.views.task_widgets import Gantt, SubtaskGrid

#: While charts are looked at, they are asked for again so often.
USE_MS = 1_000


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
        self.use, self.files = UsePane(look), FilesPane(look)
        self._manifest, self._cost = _reader(), _reader()
        self.log = LogView(look)
        self._shown_files: object = self
        self._task_id = ""
        self._add_tabs()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.tabs, 1)
        self._grid.opened.connect(self._open_index)
        self._gantt.opened.connect(self.open_log)
        detail.changed.connect(self._show)
        detail.log_opened.connect(self._name_log)
        detail.log_added.connect(self.log.add)
        self._join_tabs()
        look.says(self, self._show)

    def _join_tabs(self) -> None:
        detail = self._detail
        detail.log_placed.connect(lambda content: self.log.show_place(self._log_name(), content))
        detail.log_found.connect(self.log.show_hits)
        detail.use_read.connect(self.use.show_use)
        detail.saving.connect(self.files.show_progress)
        detail.save_failed.connect(self.files.show_problem)
        self.log.whole_wanted.connect(detail.find_in_log)
        self.log.found.place_wanted.connect(detail.read_at)
        self.log.follow.clicked.connect(lambda on: detail.follow_again() if on else None)
        self.files.save_wanted.connect(detail.save_files)
        self._each_second = QTimer(self)
        self._each_second.setInterval(USE_MS)
        self._each_second.timeout.connect(self._read_use)
        self._each_second.start()
        self.tabs.currentChanged.connect(lambda _place: self._read_use(now=True))

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
        self.attempt_table.opened.connect(self.open_log)
        self.attempt_table.clicked.connect(
            lambda index: self.open_log(self.attempts.index(index.row(), 0).data(_KEY))
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
        self._tab_widgets = (now, logs, self.use, self.files, self._cost, self._manifest)
        for widget in self._tab_widgets:
            self.tabs.addTab(widget, "")
        look.says(self.tabs, self._say_tabs)

    def _read_use(self, *, now: bool = False) -> None:
        """Each second, and only while the charts of a task are looked at."""
        task = self._detail.task
        if task is None or self.tabs.currentWidget() is not self.use or not self.use.isVisible():
            return
        if now or task.state.value in LIVE:
            self._detail.read_use()

    @property
    def has_task(self) -> bool:
        return self._detail.task is not None

    def _say_tabs(self) -> None:
        for place, text in enumerate(
            (tr("Now"), tr("Logs"), tr("Charts"), tr("Artifacts"), tr("Cost"), tr("Manifest"))
        ):
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
        if task.task_id != self._task_id:
            self._task_id = task.task_id
            self.use.clear()
            self._read_use(now=True)
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
        if detail.artifacts is not self._shown_files:
            self._shown_files = detail.artifacts
            self.files.show_files(detail.artifacts)
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
        self.log.clear(self._log_name())

    def _log_name(self) -> str:
        found = next((each for each in self._detail.attempts if each.attempt_id == self._detail.attempt_id), None)
        if found is None:
            return ""
        return tr(
            "Subtask {index}, attempt {number} on {node}",
            index=found.index,
            number=found.number,
            node=found.node_name,
        )

    def _open_index(self, index: int) -> None:
        found = next((each for each in self._detail.attempts if each.index == index), None)
        if found is not None:
            self.open_log(found.attempt_id)

    def open_log(self, attempt_id: str) -> None:
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
