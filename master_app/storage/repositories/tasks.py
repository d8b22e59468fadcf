"""Tasks: their rows, specs, order among each other and deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, select, text

from core.domain.errors import NotFound
from master_app.ports.tasks import SubmittedTask, TaskRecord
from master_app.storage.mapping import row_to_task, task_to_row
from master_app.storage.statements import Sql, constant, insert_of, update_of
from master_app.storage.tables.tasks import (
    TASK_IS_LIVE,
    bundle_blobs,
    bundles,
    task_after,
    task_blobs,
    task_specs,
    tasks,
)

_PAGE: Final = 512
_LIVE: Final = text(TASK_IS_LIVE)

_ADD: Final = insert_of(tasks)
#: All columns but the key, in their order; what never changes is so cheap that one statement serves all.
_SAVE: Final = update_of(tasks, [column.name for column in tasks.c if not column.primary_key])
_GET: Final = select(tasks).where(tasks.c.task_id == bindparam("task_id"))
_LIVE_PAGE: Final = (
    select(tasks)
    .where(_LIVE, tasks.c.task_id > bindparam("after"))
    .order_by(tasks.c.task_id)
    .limit(constant(_PAGE))
)
_BEYOND_QUEUE_PAGE: Final = _LIVE_PAGE.where(text("state <> 'QUEUED'"))
_ADD_SPEC: Final = insert_of(task_specs)
_SPEC: Final = select(task_specs.c.spec_json).where(task_specs.c.task_id == bindparam("task_id"))
_SPECS: Final = select(task_specs.c.task_id, task_specs.c.spec_json)
_SET_SPEC: Final = update_of(task_specs, ["spec_json", "resolved_toml"])
_ADD_AFTER: Final = insert_of(task_after)
_AFTER: Final = (
    select(task_after.c.after_id)
    .where(task_after.c.task_id == bindparam("task_id"))
    .order_by(task_after.c.after_id)
)
_DEPENDANTS: Final = (
    select(task_after.c.task_id)
    .join(tasks, tasks.c.task_id == task_after.c.task_id)
    .where(task_after.c.after_id == bindparam("task_id"), text(TASK_IS_LIVE.replace("state", "tasks.state", 1)))
    .order_by(task_after.c.task_id)
)
_BY_KEY: Final = select(tasks.c.task_id).where(
    tasks.c.owner_id == bindparam("owner_id"),
    tasks.c.idempotency_key == bindparam("idempotency_key"),
    # Says that the index of keys alone holds the answer.
    text("idempotency_key <> ''"),
)
_EXPIRED: Final = (
    select(tasks.c.task_id)
    .where(text("expires_ms > 0 AND expired = 0"), tasks.c.expires_ms <= bindparam("now_ms"))
    .order_by(tasks.c.expires_ms)
    .limit(bindparam("limit"))
)
_OVERDUE: Final = (
    select(tasks.c.task_id)
    .where(text("deadline_ms > 0"), _LIVE, tasks.c.deadline_ms <= bindparam("now_ms"))
    .order_by(tasks.c.deadline_ms)
    .limit(bindparam("limit"))
)
_COUNT_LIVE: Final = select(func.count(), func.coalesce(func.sum(tasks.c.subtask_count), constant(0))).where(
    tasks.c.owner_id == bindparam("owner_id"), _LIVE
)


class SqlTasks:
    """See the port. Rows that were saved are written once, at `flush`."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._known: dict[str, TaskRecord] = {}
        self._changed: dict[str, TaskRecord] = {}

    def begin(self) -> None:
        self._known.clear()
        self._changed.clear()

    def flush(self) -> None:
        if self._changed:
            rows = [task_to_row(task) for task in self._changed.values()]
            self._sql.run_many(_SAVE, [(*row[1:], row[0]) for row in rows])
            self._changed.clear()

    @property
    def changed_count(self) -> int:
        return len(self._changed)

    def add(self, submitted: SubmittedTask) -> None:
        task, bundle, sql = submitted.task, submitted.bundle, self._sql
        sql.run(_ADD, task_to_row(task))
        sql.run(_ADD_SPEC, (task.task_id, submitted.spec_json, submitted.resolved_toml))
        sql.run_many(_ADD_AFTER, [(task.task_id, after_id) for after_id in dict.fromkeys(submitted.after)])
        sql.add_new_many(bundles, [(bundle.bundle_id, bundle.size, bundle.file_count, bundle.created_ms)])
        sql.add_new_many(bundle_blobs, [(bundle.bundle_id, blob) for blob in dict.fromkeys(bundle.blobs)])
        self._known[task.task_id] = task

    def get(self, task_id: str) -> TaskRecord | None:
        task = self._known.get(task_id)
        if task is None:
            row = self._sql.row(_GET, (task_id,))
            if row is not None:
                task = self._known[task_id] = row_to_task(row)
        return task

    def save(self, task: TaskRecord) -> None:
        self._known[task.task_id] = task
        self._changed[task.task_id] = task

    def spec_json(self, task_id: str) -> str:
        row = self._sql.row(_SPEC, (task_id,))
        if row is None:
            raise NotFound(f"There is no task {task_id}.")
        return str(row[0])

    def specs_json(self, task_ids: Sequence[str]) -> Mapping[str, str]:
        return dict(self._sql.of_keys(_SPECS, task_specs.c.task_id, task_ids))

    def set_spec(self, task_id: str, spec_json: str, resolved_toml: str) -> None:
        if self._sql.run(_SET_SPEC, (spec_json, resolved_toml, task_id)) != 1:
            raise NotFound(f"There is no task {task_id}.")

    def find_by_key(self, owner_id: str, idempotency_key: str) -> str | None:
        if not idempotency_key:
            return None
        row = self._sql.row(_BY_KEY, (owner_id, idempotency_key))
        return None if row is None else str(row[0])

    def live(self, *, beyond_queue: bool = False) -> Iterator[TaskRecord]:
        after, page = "", _BEYOND_QUEUE_PAGE if beyond_queue else _LIVE_PAGE
        while True:
            self.flush()
            rows = self._sql.rows(page, (after,))
            for row in rows:
                yield self._known.get(row[0]) or row_to_task(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def dependants(self, task_id: str) -> Sequence[str]:
        self.flush()
        return [row[0] for row in self._sql.rows(_DEPENDANTS, (task_id,))]

    def after(self, task_id: str) -> Sequence[str]:
        return [row[0] for row in self._sql.rows(_AFTER, (task_id,))]

    def expired(self, now_ms: int, limit: int) -> Sequence[str]:
        self.flush()
        return [row[0] for row in self._sql.rows(_EXPIRED, (now_ms, limit))]

    def overdue(self, now_ms: int, limit: int) -> Sequence[str]:
        self.flush()
        return [row[0] for row in self._sql.rows(_OVERDUE, (now_ms, limit))]

    def count_live(self, owner_id: str) -> tuple[int, int]:
        self.flush()
        row = self._sql.row(_COUNT_LIVE, (owner_id,))
        return (int(row[0]), int(row[1])) if row is not None else (0, 0)

    def keep_blobs(self, task_id: str, blobs: Sequence[str]) -> None:
        self.add_blobs([(task_id, blob) for blob in blobs])

    def add_blobs(self, blobs: Sequence[tuple[str, str]]) -> None:
        """Note (task_id, blob) pairs that attempts of these tasks may read from now on."""
        self._sql.add_new_many(task_blobs, blobs)
