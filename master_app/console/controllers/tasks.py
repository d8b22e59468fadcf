"""The queue: which tasks are shown, what is done to them, and everything about the one that is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.desktop.tables import RowModel
from core.desktop.translations import plural, tr
from core.domain.console import AttemptRow, TaskQuery
from core.domain.operations import TaskAction
from core.domain.task import LIVE_TASK_STATES, TERMINAL_TASK_STATES
from core.domain.views import TaskView
from master_app.console.controllers.paging import PagedList
from master_app.console.controllers.session import Session, words_of
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
    #: A part of it from elsewhere; hits of a search by the master; what its subtasks used; files being saved.
    log_placed = Signal(bytes)
    log_found = Signal(object)
    use_read = Signal(object)
    saving = Signal(object, object)
    save_failed = Signal(str)

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
        #: Another part of the log is on screen: its end is not asked for.
        self._elsewhere = False
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
        self._reading = self._elsewhere = False
        self.log_opened.emit()
        self._read_log()

    def read_at(self, offset: int) -> None:
        """Show the part of the log that begins at a byte, instead of its end."""
        attempt_id, stream = self.attempt_id, self._stream
        self._elsewhere = True

        def done(piece: Any) -> None:
            if (attempt_id, stream) == (self.attempt_id, self._stream):
                self.log_placed.emit(piece.content)

        self._session.ask(self._session.master.log(attempt_id, stream, offset, 0), done, owner=self)

    def find_in_log(self, text: str, offset: int) -> None:
        attempt_id, stream = self.attempt_id, self._stream

        def done(found: Any) -> None:
            if (attempt_id, stream) == (self.attempt_id, self._stream):
                self.log_found.emit(found)

        if attempt_id:
            future = self._session.master.find_in_log(attempt_id, stream, text, offset)
            self._session.ask(future, done, owner=self)

    def follow_again(self) -> None:
        """Back to the end of the log."""
        if self._elsewhere:
            self.open_log(self.attempt_id, self._stream)

    def read_use(self) -> None:
        """Ask what the task's subtasks use. Whoever shows it asks again each second while it lives."""
        if self.task is None or not self._session.live:
            return
        task_id = self.task.task_id

        def done(found: Any) -> None:
            if self.task is not None and self.task.task_id == task_id:
                self.use_read.emit(found)

        self._session.ask(self._session.master.task_use(task_id), done, lambda _error: None, owner=self)

    def save_files(self, wanted: Sequence[tuple[Any, Path]]) -> None:
        """Save files one after another; what is there when one fails stays."""
        if self.task is None or not wanted:
            return
        task_id, session = self.task.task_id, self._session
        total = max(1, sum(file.size for file, _ in wanted))
        rest = list(wanted)
        before, over = 0, False

        def told(sent: int, _size: int) -> None:
            so_far = before + sent
            session.background.run(lambda: None, lambda _none: show(so_far), owner=self)

        def show(so_far: int) -> None:
            # What was told on the way may come here after the end.
            if not over:
                self.saving.emit(min(so_far, total - 1), total)

        def following(_size: int = 0) -> None:
            nonlocal before, over
            before += _size
            if not rest:
                over = True
                self.saving.emit(total, total)
                session.said.emit(plural(len(wanted), "{n} file saved.", "{n} files saved."), "good")
                return
            file, target = rest.pop(0)
            session.ask(session.master.save_file(task_id, file.name, target, told), following, failed, owner=self)

        def failed(error: BaseException) -> None:
            nonlocal over
            over = True
            self.save_failed.emit(words_of(error))

        self.saving.emit(0, total)
        following()

    def _touched(self, task_ids: set[str]) -> None:
        self._dirty = self._dirty or (self.task is not None and self.task.task_id in task_ids)

    def _tick(self) -> None:
        if self.task is None or self._session.closed or not self._session.live:
            return
        if self._dirty or (self.task.state.value in LIVE and self.task.state.value != "PAUSED"):
            self._dirty = False
            self._load()
        if self.attempt_id and not self._elsewhere:
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
