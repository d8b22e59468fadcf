"""Attempts, and the files that they made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import bindparam, select, text

from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.ids import SubtaskKey
from master_app.ports.tasks import AttemptRecord
from master_app.storage.mapping import attempt_to_row, row_to_attempt
from master_app.storage.repositories.tasks import SqlTasks
from master_app.storage.statements import Sql, constant, insert_of, update_of
from master_app.storage.tables.tasks import ATTEMPT_IS_LIVE, artifacts, attempts, subtasks, tasks
from master_app.storage.values import columns_to_entry, entry_to_columns

_ADD: Final = insert_of(attempts)
_ALL: Final = select(attempts)
_MOVE: Final = update_of(attempts, ["state", "started_ms"])
#: What dispatch wrote stays as it was written; the rest of a terminal row is written whole.
_END_COLUMNS: Final = [column.name for column in attempts.c][9:]
_END: Final = update_of(attempts, _END_COLUMNS)
_LIVE: Final = select(attempts).where(text(ATTEMPT_IS_LIVE)).order_by(attempts.c.attempt_id)
_ADD_ARTIFACT: Final = insert_of(artifacts)
_ARTIFACTS: Final = (
    select(*list(artifacts.c)[2:])
    .where(artifacts.c.attempt_id == bindparam("attempt_id"))
    .order_by(artifacts.c.position)
)
_WINNERS: Final = (
    select(subtasks.c.ix, subtasks.c.winner)
    .where(
        subtasks.c.task_id == bindparam("task_id"),
        subtasks.c.ix > bindparam("after"),
        text("winner <> ''"),
    )
    .order_by(subtasks.c.ix)
    .limit(bindparam("limit"))
)
_RUN_TIMES: Final = (
    select(attempts.c.ended_ms - attempts.c.started_ms)
    .join(tasks, tasks.c.task_id == attempts.c.task_id)
    .where(
        tasks.c.bundle_id == bindparam("bundle_id"),
        tasks.c.name == bindparam("name"),
        attempts.c.state == constant(AttemptState.SUCCEEDED.value),
        attempts.c.started_ms > constant(0),
    )
    .order_by(attempts.c.attempt_id.desc())
    .limit(bindparam("limit"))
)
_WINNERS_PAGE: Final = 1_000


class SqlAttempts:
    """See the port. Sets are written at once; reads see them."""

    def __init__(self, sql: Sql, tasks_: SqlTasks) -> None:
        self._sql = sql
        self._tasks = tasks_

    def add_many(self, records: Sequence[AttemptRecord]) -> None:
        self._sql.run_many(_ADD, [attempt_to_row(record) for record in records])

    def get_many(self, attempt_ids: Sequence[str]) -> dict[str, AttemptRecord]:
        rows = self._sql.of_keys(_ALL, attempts.c.attempt_id, attempt_ids)
        return {row[0]: row_to_attempt(row) for row in rows}

    def put_states(self, states: Sequence[tuple[str, AttemptState, int]]) -> None:
        self._sql.run_many(
            _MOVE, [(state.value, started_ms, attempt_id) for attempt_id, state, started_ms in states]
        )

    def end_many(self, records: Sequence[AttemptRecord]) -> None:
        rows = [attempt_to_row(record) for record in records]
        self._sql.run_many(_END, [(*row[9:], row[0]) for row in rows])

    def add_artifacts(self, attempt_id: str, key: SubtaskKey, files: Sequence[FileEntry]) -> None:
        self._sql.run_many(
            _ADD_ARTIFACT,
            [(attempt_id, position, *entry_to_columns(entry)) for position, entry in enumerate(files)],
        )
        blobs = {(key.task_id, entry.blob): None for entry in files if entry.blob}
        if blobs:
            self._tasks.add_blobs(list(blobs))

    def live(self) -> Sequence[AttemptRecord]:
        return [row_to_attempt(row) for row in self._sql.rows(_LIVE)]

    def winners(self, task_id: str) -> Iterator[tuple[int, str]]:
        after = -1
        while True:
            rows = self._sql.rows(_WINNERS, (task_id, after, _WINNERS_PAGE))
            yield from ((row[0], row[1]) for row in rows)
            if len(rows) < _WINNERS_PAGE:
                return
            after = rows[-1][0]

    def artifacts_of(self, attempt_id: str) -> Sequence[FileEntry]:
        return [columns_to_entry(row) for row in self._sql.rows(_ARTIFACTS, (attempt_id,))]

    def run_times_ms(self, task_name: str, bundle_id: str, limit: int) -> Sequence[int]:
        self._tasks.flush()
        return [row[0] for row in self._sql.rows(_RUN_TIMES, (bundle_id, task_name, limit))]
