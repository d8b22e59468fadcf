"""What faces show of tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, TextClause, and_, func, or_, select, text, tuple_, union_all

from core.domain.errors import NotFound
from core.domain.subtask import SubtaskState
from core.domain.task import LIVE_TASK_STATES, MergeState, TaskState
from core.domain.views import (
    ArtifactView,
    AttemptView,
    SubtaskView,
    TaskEventView,
    TaskView,
    UsageRow,
)
from master_app.ports.reads import MAX_PAGE, Page
from master_app.storage.readers import Readers, number_cursor, page_size, ulid_cursor
from master_app.storage.tables.history import task_events
from master_app.storage.tables.ledger import accounts
from master_app.storage.tables.nodes import nodes
from master_app.storage.tables.tasks import (
    ENDED_BADLY,
    TASK_ENDED_BADLY,
    TASK_IS_LIVE,
    artifacts,
    attempts,
    subtasks,
    task_specs,
    tasks,
)
from master_app.storage.tables.users import users
from master_app.storage.views import row_to_attempt_view, row_to_task_view, row_to_usage

_ROWS_AT_ONCE: Final = 500
_MERGED: Final = "merged"

_TASK: Final = (
    select(tasks, users.c.username, accounts.c.balance_ucpt)
    .outerjoin(users, users.c.user_id == tasks.c.owner_id)
    .outerjoin(accounts, accounts.c.account_id == "hold:" + tasks.c.task_id)
)
_ATTEMPT: Final = select(attempts, nodes.c.name).outerjoin(nodes, nodes.c.node_id == attempts.c.node_id)


def in_states(states: Collection[TaskState]) -> list[ColumnElement[bool] | TextClause]:
    """Return the conditions of some states, so that the partial index of such tasks is found."""
    names = [state.value for state in sorted(states)]
    is_one = tasks.c.state == names[0] if len(names) == 1 else tasks.c.state.in_(names)
    found: list[ColumnElement[bool] | TextClause] = [is_one]
    for class_of, condition in ((LIVE_TASK_STATES, TASK_IS_LIVE), (ENDED_BADLY, TASK_ENDED_BADLY)):
        if class_of.issuperset(states):
            found.append(text(f"tasks.{condition}"))  # users have a state as well
    return found


def _newest(
    owner_id: str, states: Collection[TaskState], conditions: Sequence[ColumnElement[bool]], limit: int
) -> Any:
    """Return a query of the newest ids of each state: asked for together, a rare one would cost a look at all."""
    ways = []
    for state in sorted(states):
        way = select(tasks.c.task_id).where(tasks.c.owner_id == owner_id, *in_states((state,)), *conditions)
        ways.append(select(way.order_by(tasks.c.task_id.desc()).limit(limit).subquery().c.task_id))
    return union_all(*ways)


def _named(owner_id: str, conditions: Sequence[ColumnElement[bool]], limit: int) -> Any:
    """Return a query of the newest ids that meet conditions on names: answered from the index, without rows."""
    found = select(tasks.c.task_id).where(tasks.c.owner_id == owner_id, *conditions)
    return select(found.order_by(tasks.c.task_id.desc()).limit(limit).subquery().c.task_id)


class SqlTaskReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def tasks(
        self,
        *,
        owner_id: str | None,
        states: Sequence[TaskState] = (),
        name_contains: str = "",
        since_ms: int = 0,
        until_ms: int = 0,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[TaskView]:
        size = page_size(limit)
        conditions: list[ColumnElement[bool]] = []
        if name_contains:
            conditions.append(func.lower(tasks.c.name).contains(name_contains.lower(), autoescape=True))
        if since_ms:
            conditions.append(tasks.c.created_ms >= since_ms)
        if until_ms:
            conditions.append(tasks.c.created_ms < until_ms)
        before = ulid_cursor(cursor)
        if before is not None:
            conditions.append(tasks.c.task_id < before)
        query = _of_owner(_TASK, owner_id).order_by(tasks.c.task_id.desc()).limit(size + 1)
        if owner_id is not None and states:
            query = query.where(tasks.c.task_id.in_(_newest(owner_id, states, conditions, size + 1)))
        elif owner_id is not None and name_contains:
            query = query.where(tasks.c.task_id.in_(_named(owner_id, conditions, size + 1)))
        else:
            query = query.where(*conditions, *(in_states(states) if states else ()))
        found = [row_to_task_view(row) for row in self._readers.rows(query)]
        return Page(found[:size], found[size - 1].task_id if len(found) > size else None)

    def task(self, task_id: str, *, owner_id: str | None) -> TaskView | None:
        row = self._readers.row(_of_owner(_TASK, owner_id).where(tasks.c.task_id == task_id))
        return None if row is None else row_to_task_view(row)

    def resolved_manifest(self, task_id: str) -> str:
        row = self._readers.row(select(task_specs.c.resolved_toml).where(task_specs.c.task_id == task_id))
        if row is None:
            raise NotFound(f"There is no task {task_id}.")
        return str(row[0])

    def subtasks(self, task_id: str, *, cursor: str | None = None, limit: int = 100) -> Page[SubtaskView]:
        first, size = number_cursor(cursor), page_size(limit)
        with self._readers.snapshot() as connection:
            task = connection.execute(
                select(tasks.c.subtask_count, tasks.c.merge).where(tasks.c.task_id == task_id)
            ).first()
            if task is None:
                return Page((), None)
            count, has_merge = task[0], task[1] != MergeState.NONE.value
            total = count + 1 if has_merge else count
            wanted = range(first, min(first + size, total))
            if not wanted:
                return Page((), None)
            rows = connection.execute(
                select(subtasks.c.ix, subtasks.c.state, subtasks.c.ready_at_ms).where(
                    subtasks.c.task_id == task_id, subtasks.c.ix.between(wanted[0], wanted[-1])
                )
            )
            known = {row[0]: row for row in rows}
            runs: dict[int, list[AttemptView]] = {}
            query = _ATTEMPT.where(attempts.c.task_id == task_id, attempts.c.ix.between(wanted[0], wanted[-1]))
            for row in connection.execute(query.order_by(attempts.c.ix, attempts.c.attempt_id)):
                runs.setdefault(row[2], []).append(row_to_attempt_view(row))
        items = [_subtask_view(index, count, known.get(index), runs.get(index, ())) for index in wanted]
        following = wanted[-1] + 1
        return Page(items, str(following) if following < total else None)

    def attempt(self, attempt_id: str) -> AttemptView | None:
        row = self._readers.row(_ATTEMPT.where(attempts.c.attempt_id == attempt_id))
        return None if row is None else row_to_attempt_view(row)

    def log_bytes(self, task_id: str) -> int:
        row = self._readers.row(select(func.sum(attempts.c.log_bytes)).where(attempts.c.task_id == task_id))
        return int(row[0] or 0) if row is not None else 0

    def latest_attempt(self, task_id: str, index: int) -> AttemptView | None:
        query = _ATTEMPT.where(attempts.c.task_id == task_id, attempts.c.ix == index)
        row = self._readers.row(query.order_by(attempts.c.attempt_id.desc()).limit(1))
        return None if row is None else row_to_attempt_view(row)

    def artifacts(self, task_id: str) -> Iterator[ArtifactView]:
        row = self._readers.row(select(tasks.c.subtask_count, tasks.c.merge).where(tasks.c.task_id == task_id))
        if row is None:
            return
        prefix = _prefixes(row[0], row[1])
        only = row[0] if prefix is _merged else None
        place = (-1, -1)
        while True:
            rows = self._readers.rows(_artifacts_after(task_id, place, only))
            for index, position, *columns in rows:
                yield _artifact_view(prefix(index), index, columns)
                place = (index, position)
            if len(rows) < _ROWS_AT_ONCE:
                return

    def part_files(self, task_id: str) -> Iterator[ArtifactView]:
        """Return the files of all winners but the merge's, by index, with their own paths."""
        row = self._readers.row(select(tasks.c.subtask_count).where(tasks.c.task_id == task_id))
        place = (-1, -1)
        while row is not None:
            rows = self._readers.rows(_artifacts_after(task_id, place, None))
            for index, position, *columns in rows:
                if index >= row[0]:
                    return
                yield _artifact_view("", index, columns)
                place = (index, position)
            if len(rows) < _ROWS_AT_ONCE:
                return

    def artifact(self, task_id: str, name: str) -> ArtifactView | None:
        row = self._readers.row(select(tasks.c.subtask_count, tasks.c.merge).where(tasks.c.task_id == task_id))
        if row is None:
            return None
        prefix = _prefixes(row[0], row[1])
        index, path = 0, name
        if prefix is not _bare:
            head, _, path = name.partition("/")
            if prefix is _merged:
                index = row[0]
            elif head.isascii() and head.isdigit() and len(head) <= 9:
                index = int(head)
            if f"{prefix(index)}{path}" != name:
                return None
        found = self._readers.row(
            _artifacts(task_id).where(subtasks.c.ix == index, artifacts.c.path == path).limit(1)
        )
        return None if found is None else _artifact_view(prefix(index), index, found[2:])

    def events(self, task_id: str, *, after: int = 0, limit: int = 100) -> Sequence[TaskEventView]:
        rows = self._readers.rows(
            select(
                task_events.c.sequence,
                task_events.c.at_ms,
                task_events.c.kind,
                task_events.c.ix,
                task_events.c.node_id,
                task_events.c.content,
            )
            .where(task_events.c.task_id == task_id, task_events.c.sequence > after)
            .order_by(task_events.c.sequence)
            .limit(page_size(limit))
        )
        return [
            TaskEventView(
                sequence=row[0],
                at_ms=row[1],
                kind=row[2],
                task_id=task_id,
                index=row[3],
                node_id=row[4],
                text=row[5],
            )
            for row in rows
        ]

    def usage(self, task_id: str) -> Iterator[UsageRow]:
        place: tuple[int, str] = (-1, "")
        while True:
            rows = self._readers.rows(
                _ATTEMPT.where(
                    attempts.c.task_id == task_id,
                    tuple_(attempts.c.ix, attempts.c.attempt_id) > place,
                )
                .order_by(attempts.c.ix, attempts.c.attempt_id)
                .limit(MAX_PAGE)
            )
            for row in rows:
                yield row_to_usage(row)
                place = (row[2], row[0])
            if len(rows) < MAX_PAGE:
                return


def _of_owner(query: Select[Any], owner_id: str | None) -> Select[Any]:
    return query if owner_id is None else query.where(tasks.c.owner_id == owner_id)


def _artifacts(task_id: str) -> Select[Any]:
    return (
        select(
            subtasks.c.ix,
            artifacts.c.position,
            artifacts.c.attempt_id,
            artifacts.c.path,
            artifacts.c.size,
            artifacts.c.sha256,
            artifacts.c.blob,
            artifacts.c.start,
        )
        .join(artifacts, artifacts.c.attempt_id == subtasks.c.winner)
        .where(subtasks.c.task_id == task_id)
    )


def _artifacts_after(task_id: str, place: tuple[int, int], only: int | None) -> Select[Any]:
    index, position = place
    query = _artifacts(task_id).where(
        subtasks.c.ix >= max(index, 0),
        or_(subtasks.c.ix > index, and_(subtasks.c.ix == index, artifacts.c.position > position)),
    )
    if only is not None:
        query = query.where(subtasks.c.ix == only)
    return query.order_by(subtasks.c.ix, artifacts.c.position).limit(_ROWS_AT_ONCE)


def _merged(_index: int) -> str:
    return f"{_MERGED}/"


def _bare(_index: int) -> str:
    return ""


def _numbered(index: int) -> str:
    return f"{index}/"


def _prefixes(subtask_count: int, merge: str) -> Any:
    """Return what stands before a path in the result of a task of this shape."""
    if merge != MergeState.NONE.value:
        return _merged
    return _bare if subtask_count == 1 else _numbered


def _artifact_view(prefix: str, index: int, columns: Sequence[Any]) -> ArtifactView:
    attempt_id, path, size, sha256, blob, start = columns
    return ArtifactView(
        name=f"{prefix}{path}",
        index=index,
        attempt_id=attempt_id,
        size=size,
        sha256=sha256,
        blob=blob,
        offset=start,
    )


def _subtask_view(index: int, count: int, row: Any | None, runs: Iterable[AttemptView]) -> SubtaskView:
    attempts_ = tuple(runs)
    is_merge = index == count
    if row is None:
        unborn = SubtaskState.BLOCKED if is_merge else SubtaskState.READY
        return SubtaskView(index=index, state=unborn, is_merge=is_merge, attempts=attempts_)
    state = SubtaskState(row[1])
    failures = [attempt.failure for attempt in attempts_ if attempt.failure is not None]
    return SubtaskView(
        index=index,
        state=state,
        is_merge=is_merge,
        attempts=attempts_,
        failure=failures[-1] if failures and state is not SubtaskState.SUCCEEDED else None,
        ready_at_ms=row[2],
    )
