"""Subtasks that have a row: those that were near dispatch at least once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import bindparam, literal_column, select, text

from core.domain.errors import Conflict
from core.domain.ids import SubtaskKey
from core.domain.subtask import SubtaskState
from master_app.ports.tasks import SubtaskRecord
from master_app.storage.mapping import row_to_subtask, subtask_to_row
from master_app.storage.repositories.tasks import SqlTasks
from master_app.storage.statements import Sql, constant
from master_app.storage.tables.base import any_of
from master_app.storage.tables.tasks import OPEN_SUBTASK_STATES, SUBTASK_IS_OPEN, subtasks, tasks

_S: Final = SubtaskState
_ALL_OF_TASK: Final = select(subtasks).where(subtasks.c.task_id == bindparam("task_id"))
# Without the hint SQLite goes through all rows of the task, a million at most, for the few that are open.
_OPEN_OF_TASK: Final = (
    _ALL_OF_TASK.with_hint(subtasks, "INDEXED BY ix_subtasks_open", "sqlite")
    .where(text(SUBTASK_IS_OPEN))
    .order_by(subtasks.c.ix)
)
_OF_TASK: Final = _ALL_OF_TASK.order_by(subtasks.c.ix)
_WIN: Final = (
    subtasks.update()
    .values(winner=bindparam("new_winner"), state=literal_column(f"'{SubtaskState.SUCCEEDED.value}'"))
    .where(
        subtasks.c.task_id == bindparam("key_task_id"),
        subtasks.c.ix == bindparam("key_ix"),
        subtasks.c.generation == bindparam("current"),
        text("winner = ''"),
    )
)
_WON: Final = select(subtasks.c.ix).where(
    subtasks.c.task_id == bindparam("task_id"),
    subtasks.c.generation
    == select(tasks.c.generation).where(tasks.c.task_id == subtasks.c.task_id).scalar_subquery(),
    text("winner <> ''"),
)
_RESET: Final = (
    subtasks.update()
    .values(
        state=constant(_S.READY.value),
        generation=bindparam("new_generation"),
        ready_at_ms=constant(0),
        winner=constant(""),
        user_failures=constant(0),
        infra_failures=constant(0),
        returned=constant(0),
        free_retries=constant(0),
        oom_step=constant(0),
        failed_nodes=constant(""),
    )
    .where(subtasks.c.task_id == bindparam("key_task_id"))
)
_RESET_ENDED: Final = _RESET.where(text(any_of("state", {_S.FAILED, _S.CANCELLED})))
#: A retry of everything begins from nothing: checkpoints belong to the generation that made them.
_RESET_ALL: Final = _RESET.values(checkpoint=constant(""))
_MOVE_ON: Final = (
    subtasks.update()
    .values(generation=bindparam("new_generation"))
    .where(subtasks.c.task_id == bindparam("key_task_id"), subtasks.c.generation != bindparam("current"))
)
_CANCEL_OPEN: Final = (
    subtasks.update()
    .values(state=constant(_S.CANCELLED.value), ready_at_ms=constant(0))
    .where(subtasks.c.task_id == bindparam("key_task_id"), text(SUBTASK_IS_OPEN))
)


class SqlSubtasks:
    """See the port. Sets are written at once; reads see them."""

    def __init__(self, sql: Sql, tasks_: SqlTasks) -> None:
        self._sql = sql
        self._tasks = tasks_

    def get_many(self, keys: Sequence[SubtaskKey]) -> dict[SubtaskKey, SubtaskRecord]:
        by_task: dict[str, list[int]] = {}
        for key in keys:
            by_task.setdefault(key.task_id, []).append(key.index)
        found: dict[SubtaskKey, SubtaskRecord] = {}
        for task_id, indices in by_task.items():
            for row in self._sql.of_keys(_ALL_OF_TASK, subtasks.c.ix, indices, (task_id,)):
                record = row_to_subtask(row)
                found[record.key] = record
        return found

    def put_many(self, records: Sequence[SubtaskRecord]) -> None:
        self._sql.upsert_many(subtasks, [subtask_to_row(record) for record in records])
        blobs = {
            (record.task_id, entry.blob): None for record in records for entry in record.checkpoint if entry.blob
        }
        if blobs:
            self._tasks.add_blobs(list(blobs))

    def win(self, winners: Sequence[tuple[SubtaskKey, int, str]]) -> None:
        rows = [(attempt_id, key.task_id, key.index, generation) for key, generation, attempt_id in winners]
        if self._sql.run_many(_WIN, rows) != len(rows):
            raise Conflict("A subtask has a winner already, or its generation is over.", code="ALREADY_WON")

    def of_state(self, task_id: str, states: Iterable[SubtaskState]) -> Sequence[SubtaskRecord]:
        wanted = frozenset(states)
        query = _OPEN_OF_TASK if wanted <= OPEN_SUBTASK_STATES else _OF_TASK
        rows = self._sql.rows(query, (task_id,))
        return [row_to_subtask(row) for row in rows if SubtaskState(row[2]) in wanted]

    def missing(self, task_id: str, subtask_count: int) -> Sequence[int]:
        self._tasks.flush()
        won = {row[0] for row in self._sql.rows(_WON, (task_id,))}
        return [index for index in range(subtask_count) if index not in won]

    def reset(self, task_id: str, generation: int, *, all_of_them: bool) -> int:
        if all_of_them:
            return self._sql.run(_RESET_ALL, (generation, task_id))
        count = self._sql.run(_RESET_ENDED, (generation, task_id))
        # What succeeded is kept, and stays a winner of the generation that the task has now.
        self._sql.run(_MOVE_ON, (generation, task_id, generation))
        return count

    def cancel_open(self, task_id: str) -> int:
        return self._sql.run(_CANCEL_OPEN, (task_id,))

    def stream(self, task_id: str) -> Iterator[SubtaskRecord]:
        """Return every row of a task by index, for checks."""
        for row in self._sql.rows(_OF_TASK, (task_id,)):
            yield row_to_subtask(row)
