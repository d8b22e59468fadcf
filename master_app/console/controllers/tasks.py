"""The queue: which tasks are shown, what is done to them, and everything about the one that is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.desktop.tables import RowModel
from core.desktop.translations import plural, tr
from core.domain.console import AttemptRow, TaskQuery
from core.domain.operations import TaskAction
from core.domain.task import LIVE_TASK_STATES, TERMINAL_TASK_STATES
from core.domain.views import TaskView
from master_app.console.controllers.paging import PagedList
from master_app.console.controllers.session import Session
from master_app.console.models.task_rows import task_columns

LIVE = tuple(sorted(state.value for state in LIVE_TASK_STATES))
ENDED = tuple(sorted(state.value for state in TERMINAL_TASK_STATES))
SHELVES = {"live": LIVE, "needs": ("HELD",), "ended": ENDED}
DETAIL_MS = 1_000
#: Of a log, as much as a view of it can be filled with again.
LOG_KEPT_BYTES = 1 << 20


class TasksController(QObject):
    """The list of tasks. `shelf` is live, needs or ended."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.shelf = "live"
        self.model: RowModel[TaskView] = RowModel(task_columns(), key=lambda row: row.task_id)
        self.pages = PagedList(session, self.model, self._fetch)
        session.tasks_changed.connect(self._changed)
        session.reset.connect(self.pages.touch)

    def show_shelf(self, shelf: str) -> None:
        self.shelf = shelf
        self.pages.reload()

    def act(self, task_ids: Sequence[str], action: TaskAction, reason: str) -> None:
        """Do something to tasks; each answer is shown where the task stands."""
        for task_id in task_ids:
            future = self._session.master.act_on_task(task_id, action, reason)
            self._session.ask(future, lambda row: self.model.update_rows([row]), owner=self)
        if action is TaskAction.CANCEL:
            self._session.said.emit(
                plural(len(task_ids), "{n} task is being cancelled.", "{n} tasks are being cancelled."), ""
            )

    def set_priority(self, task_id: str, priority: int) -> None:
        future = self._session.master.set_priority(task_id, priority)

        def done(row: TaskView) -> None:
            self.model.update_rows([row])
            self.pages.touch()
            self._session.said.emit(tr("Priority is now {n}.", n=row.priority), "")

        self._session.ask(future, done, owner=self)

    def _fetch(self, text: str, sort: str, descending: bool, offset: int, limit: int) -> Any:
        query = TaskQuery(
            text=text,
            states=SHELVES[self.shelf],
            sort=sort or ("ended" if self.shelf == "ended" else ""),
            descending=descending if sort else True,
            offset=offset,
            limit=limit,
        )
        return self._session.master.tasks(query)

    def _changed(self, task_ids: set[str]) -> None:
        here = [task_id for task_id in task_ids if self.model.place_of(task_id) is not None]
        if here:
            query = TaskQuery(task_ids=tuple(here[:200]))
            self._session.ask(
                self._session.master.tasks(query), self._show_changed, lambda _error: None, owner=self
            )
        if len(here) < len(task_ids):
            self.pages.touch()

    def _show_changed(self, found: Any) -> None:
        # One that has ended stays until the list is asked for again: nothing goes from under a pointer.
        self.model.update_rows(found.rows)


class TaskDetail(QObject):
    """The task that is open: asked for again each second while it is looked at and something of it changes."""

    changed = Signal()
    #: Another log is opened; then each piece of it that comes.
    log_opened = Signal()
    log_added = Signal(bytes)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.task: TaskView | None = None
        self.states: Any = None
        self.attempts: tuple[AttemptRow, ...] = ()
        self.why: Any = None
        self.manifest = ""
        self.artifacts: Any = None
        self.attempt_id = ""
        self.log = b""
        self._log_next = 0
        self._reading = False
        self._stream = "out"
        self._timer = QTimer(self)
        self._timer.setInterval(DETAIL_MS)
        self._timer.timeout.connect(self._tick)
        self._dirty = False
        session.tasks_changed.connect(self._touched)

    def open(self, task: TaskView | None) -> None:
        self.task = task
        self.states = self.why = self.artifacts = None
        self.attempts, self.manifest, self.attempt_id, self.log = (), "", "", b""
        self.changed.emit()
        if task is None:
            self._timer.stop()
            return
        self._load()
        self._ask(self._session.master.manifest(task.task_id), "manifest")
        self._timer.start()

    def open_log(self, attempt_id: str, stream: str = "out") -> None:
        self.attempt_id, self._stream, self.log, self._log_next = attempt_id, stream, b"", 0
        self._reading = False
        self.log_opened.emit()
        self._read_log()

    def _touched(self, task_ids: set[str]) -> None:
        self._dirty = self._dirty or (self.task is not None and self.task.task_id in task_ids)

    def _tick(self) -> None:
        if self.task is None or self._session.closed or not self._session.live:
            return
        if self._dirty or (self.task.state.value in LIVE and self.task.state.value != "PAUSED"):
            self._dirty = False
            self._load()
        if self.attempt_id:
            self._read_log()

    def _load(self) -> None:
        assert self.task is not None
        task_id, master = self.task.task_id, self._session.master

        def show(found: Any) -> None:
            if found.rows and self.task is not None and self.task.task_id == task_id:
                self.task = found.rows[0]

        self._session.ask(master.tasks(TaskQuery(task_ids=(task_id,))), show, lambda _error: None, owner=self)
        self._ask(master.subtasks(task_id), "states")
        self._ask(master.attempts(task_id), "attempts", lambda found: found.rows)
        if self.task.state.value in LIVE:
            self._ask(master.why_waiting(task_id), "why")
        self._ask(master.artifacts(task_id), "artifacts")

    def _ask(self, future: Any, name: str, pick: Any = None) -> None:
        assert self.task is not None
        task_id = self.task.task_id

        def done(found: Any) -> None:
            value = pick(found) if pick is not None else found
            if self.task is not None and self.task.task_id == task_id and value != getattr(self, name):
                setattr(self, name, value)
                self.changed.emit()

        self._session.ask(future, done, lambda _error: None, owner=self)

    def _read_log(self) -> None:
        attempt_id, stream = self.attempt_id, self._stream

        def done(piece: Any) -> None:
            if (attempt_id, stream) != (self.attempt_id, self._stream):
                return
            self._reading = False
            if piece.content:
                self.log = (self.log + piece.content)[-LOG_KEPT_BYTES:]
                self._log_next = piece.next
                self.log_added.emit(piece.content)
                if piece.next < piece.size:
                    self._read_log()

        def failed(_error: BaseException) -> None:
            self._reading = False

        if self._reading:
            return
        self._reading = True
        future = self._session.master.log(attempt_id, stream, self._log_next, 0)
        self._session.ask(future, done, failed, owner=self)
