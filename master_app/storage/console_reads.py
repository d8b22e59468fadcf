"""Tasks as the console's queue and task pages read them: by offset, in any order, with totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy import text as sql

from core.domain.console import ArtifactRow, AttemptRow, SubtaskMap, TaskQuery, TaskRows
from core.domain.subtask import SubtaskState
from core.domain.task import LIVE_TASK_STATES, TaskState
from core.domain.views import AttemptView
from master_app.ports.reads import MAX_PAGE
from master_app.storage.console_money import MoneyPages
from master_app.storage.console_people import PeoplePages
from master_app.storage.readers import Readers
from master_app.storage.tables.ledger import accounts
from master_app.storage.tables.nodes import nodes
from master_app.storage.tables.tasks import TASK_IS_LIVE, attempts, subtasks, tasks
from master_app.storage.tables.users import users
from master_app.storage.task_reads import SqlTaskReads
from master_app.storage.views import row_to_attempt_view, row_to_task_view

_TASK: Final = (
    select(tasks, users.c.username, accounts.c.balance_ucpt)
    .outerjoin(users, users.c.user_id == tasks.c.owner_id)
    .outerjoin(accounts, accounts.c.account_id == "hold:" + tasks.c.task_id)
)
_ENDED: Final = tasks.c.succeeded + tasks.c.failed + tasks.c.cancelled + tasks.c.eaten
#: What the console may sort by -> the column.
_ORDERS: Final[Mapping[str, Any]] = {
    "name": func.lower(tasks.c.name),
    # No join: the words of the partial indexes name columns of tasks alone.
    "owner": select(users.c.username).where(users.c.user_id == tasks.c.owner_id).scalar_subquery(),
    "state": tasks.c.state,
    "priority": tasks.c.priority,
    "age": tasks.c.created_ms,
    "ended": tasks.c.ended_ms,
    "progress": _ENDED * 1.0 / tasks.c.subtask_count,
    "subtasks": tasks.c.subtask_count,
    "running": tasks.c.active,
    "paid": tasks.c.paid_ucpt,
    "cap": func.coalesce(tasks.c.max_ucpt, 1 << 62),
}
_NAMES: Final = tuple(state.value for state in SubtaskState)


class SqlConsoleReads(MoneyPages, PeoplePages):
    """See the port."""

    def __init__(self, readers: Readers, task_reads: SqlTaskReads) -> None:
        super().__init__(readers)
        self._task_reads = task_reads

    def tasks(self, query: TaskQuery) -> TaskRows:
        """Find the ids of the page first: only its rows are then joined with owners and holds."""
        with self._readers.snapshot() as connection:
            if query.task_ids:
                ids = list(query.task_ids[:MAX_PAGE])
                total = len(ids)
            else:
                ids, total = self._page(connection, query)
            rows = connection.execute(_TASK.where(tasks.c.task_id.in_(ids))).all() if ids else []
        found = {row[0]: row_to_task_view(row) for row in rows}
        return TaskRows(rows=tuple([found[task_id] for task_id in ids if task_id in found]), total=total)

    def _page(self, connection: Any, query: TaskQuery) -> tuple[list[str], int]:
        conditions = _conditions(query)
        narrow: Select[Any] = select(tasks.c.task_id)
        counted: Select[Any] = select(func.count()).select_from(tasks)
        order = _ORDERS.get(query.sort)
        if order is None:
            ordered = (tasks.c.priority.desc(), tasks.c.task_id)
        else:
            ordered = (order.desc() if query.descending else order.asc(), tasks.c.task_id)
        page = narrow.where(*conditions).order_by(*ordered).limit(min(query.limit, MAX_PAGE)).offset(query.offset)
        ids = [row[0] for row in connection.execute(page)]
        return ids, int(connection.execute(counted.where(*conditions)).scalar() or 0)

    def live_tasks(self) -> tuple[Mapping[str, int], int]:
        live = sql(TASK_IS_LIVE)
        with self._readers.snapshot() as connection:
            counts = connection.execute(
                select(tasks.c.state, func.count()).where(live).group_by(tasks.c.state)
            ).all()
            oldest = connection.execute(
                select(tasks.c.created_ms)
                .where(live, tasks.c.state == TaskState.QUEUED.value)
                .order_by(tasks.c.task_id)
                .limit(1)
            ).scalar()
        return {row[0]: row[1] for row in counts}, int(oldest or 0)

    def task_names(self, task_ids: Sequence[str]) -> Mapping[str, str]:
        if not task_ids:
            return {}
        query = select(tasks.c.task_id, tasks.c.name).where(tasks.c.task_id.in_(list(task_ids[:MAX_PAGE])))
        return {row[0]: row[1] for row in self._readers.rows(query)}

    def subtask_map(self, task_id: str) -> SubtaskMap:
        with self._readers.snapshot() as connection:
            count = connection.execute(select(tasks.c.subtask_count).where(tasks.c.task_id == task_id)).scalar()
            total = int(count or 0)
            states = bytearray([_NAMES.index(SubtaskState.READY.value)]) * total
            places = {name: place for place, name in enumerate(_NAMES)}
            query = select(subtasks.c.ix, subtasks.c.state).where(
                subtasks.c.task_id == task_id, subtasks.c.ix < total
            )
            for index, state in connection.execute(query):
                states[index] = places[state]
        return SubtaskMap(states=bytes(states), names=_NAMES, total=total)

    def attempts(self, task_id: str, limit: int) -> Sequence[AttemptRow]:
        query = (
            select(attempts, nodes.c.name)
            .outerjoin(nodes, nodes.c.node_id == attempts.c.node_id)
            .where(attempts.c.task_id == task_id)
            .order_by(attempts.c.attempt_id.desc())
            .limit(limit)
        )
        return [_attempt_row(row_to_attempt_view(row)) for row in self._readers.rows(query)]

    def artifacts(self, task_id: str, limit: int) -> Sequence[ArtifactRow]:
        found = islice(self._task_reads.artifacts(task_id), limit)
        return [
            ArtifactRow(name=file.name, index=file.index, size=file.size, sha256=file.sha256) for file in found
        ]


def _conditions(query: TaskQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    states = frozenset(query.states)
    if states == frozenset(state.value for state in LIVE_TASK_STATES):
        # In the words of the partial indexes, so that they are used.
        conditions.append(sql(TASK_IS_LIVE))  # type: ignore[arg-type]
    elif states:
        conditions.append(tasks.c.state.in_(sorted(states)))
    if query.text:
        words = query.text.lower()
        conditions.append(
            or_(
                func.lower(tasks.c.name).contains(words, autoescape=True),
                tasks.c.owner_id.in_(
                    select(users.c.user_id).where(users.c.username.contains(words, autoescape=True))
                ),
            )
        )
    return conditions


def _attempt_row(view: AttemptView) -> AttemptRow:
    failure = view.failure
    return AttemptRow(
        attempt_id=view.attempt_id,
        task_id=view.task_id,
        index=view.index,
        node_id=view.node_id,
        node_name=view.node_name,
        number=view.number,
        state=view.state.value,
        reason=view.reason,
        failure=failure.failure_class.value if failure is not None else "",
        failure_message=failure.message if failure is not None else "",
        offered_ms=view.offered_ms,
        started_ms=view.started_ms,
        ended_ms=view.ended_ms,
        exit_code=view.exit_code,
        paid_ucpt=view.paid_ucpt,
        pay_reason=view.pay_reason,
        peak_memory_bytes=view.peak_memory_bytes,
        log_bytes=view.log_bytes,
    )
