"""What pages draw: grids, charts and sums, each from an index, none growing with what the page does not show."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, and_, case, func, literal_column, or_, select
from sqlalchemy import text as sql

from core.domain.attempt import LIVE_ATTEMPT_STATES, AttemptState
from core.domain.ledger import ChainedTransfer, Code, user_account
from core.domain.subtask import SubtaskState
from core.domain.task import TaskState
from core.domain.views import AttemptView
from master_app.ports.page_reads import CellRow, DayOfMoney, FailedPart, RunningNow, RunRow
from master_app.storage.ledger_reads import sequence_at
from master_app.storage.mapping_ledger import row_to_chained
from master_app.storage.readers import Readers
from master_app.storage.tables.ledger import IS_PAYMENT, IS_SPENDING, accounts, transfers
from master_app.storage.tables.nodes import nodes
from master_app.storage.tables.tasks import TASK_IS_ACTIVE, TASK_IS_LIVE, attempts, subtasks, tasks
from master_app.storage.task_reads import in_states
from master_app.storage.values import TICKS
from master_app.storage.views import row_to_attempt_view

HOLD_CODES: Final = (Code.HOLD_OPEN, Code.HOLD_EXTEND, Code.HOLD_RELEASED)
_DAY_MS: Final = 86_400_000
_KEPT: Final = 64
#: A grid of a million rows takes a second to add up: it is shown again for so many times what it took.
_KEPT_TIMES: Final = 10
#: Transfers of the whole pool that are looked through for later ones; of more, the user's own are summed anew.
LATER_AT_MOST: Final = 5_000
_ATTEMPT: Final = select(attempts, nodes.c.name).outerjoin(nodes, nodes.c.node_id == attempts.c.node_id)


#: (user, from when on, offset of their clock)
_DaysKey = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Days:
    """What a user spent and earned by day, up to a transfer. Transfers never change: later ones are added."""

    sequence: int
    sums: dict[int, tuple[int, int]]


class SqlPageReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._lock = threading.Lock()
        self._days: OrderedDict[_DaysKey, _Days] = OrderedDict()
        self._cells: OrderedDict[tuple[str, int], tuple[float, Sequence[CellRow]]] = OrderedDict()

    def cells(self, task_id: str, subtask_count: int, at_most: int) -> Sequence[CellRow]:
        key, now = (task_id, at_most), time.monotonic()
        with self._lock:
            kept = self._cells.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        found = self._read_cells(task_id, subtask_count, at_most)
        spent = time.monotonic() - now
        if spent > 0.05:
            with self._lock:
                self._cells[key] = (now + spent * _KEPT_TIMES, found)
                while len(self._cells) > _KEPT:
                    self._cells.popitem(last=False)
        return found

    def _read_cells(self, task_id: str, subtask_count: int, at_most: int) -> Sequence[CellRow]:
        size = -(-subtask_count // at_most)
        cell = subtasks.c.ix if size == 1 else subtasks.c.ix // _number(size)
        query = (
            select(cell, subtasks.c.state, func.count())
            .where(subtasks.c.task_id == task_id, subtasks.c.ix < subtask_count)
            .group_by(cell, subtasks.c.state)
        )
        rows = self._readers.rows(query)
        return [CellRow(int(row[0]), SubtaskState(row[1]), int(row[2])) for row in rows]

    def live_attempts(self, task_id: str, limit: int = 500) -> Sequence[AttemptView]:
        states = [state.value for state in LIVE_ATTEMPT_STATES]
        query = _ATTEMPT.where(attempts.c.task_id == task_id, attempts.c.state.in_(states))
        return [row_to_attempt_view(row) for row in self._readers.rows(query.limit(limit))]

    def runs(self, task_id: str, before_index: int, limit: int = 400) -> Sequence[RunRow]:
        query = (
            select(
                attempts.c.ix,
                attempts.c.state,
                attempts.c.started_ms,
                attempts.c.ended_ms,
                attempts.c.memory_bytes,
                attempts.c.peak_memory_bytes,
                attempts.c.ticks,
                attempts.c.paid_ucpt,
            )
            .where(attempts.c.task_id == task_id, attempts.c.ix < before_index, attempts.c.started_ms > 0)
            .order_by(attempts.c.ix.desc())
            .limit(limit)
        )
        return [
            RunRow(row[0], AttemptState(row[1]), row[2], row[3], row[4], row[5], TICKS.load(row[6]), row[7] or 0)
            for row in self._readers.rows(query)
        ]

    def failed_parts(self, task_id: str, limit: int = 200) -> Sequence[FailedPart]:
        failed = (
            select(subtasks.c.ix)
            .where(subtasks.c.task_id == task_id, subtasks.c.state == SubtaskState.FAILED.value)
            .order_by(subtasks.c.ix)
            .limit(limit)
        )
        indices = [row[0] for row in self._readers.rows(failed)]
        if not indices:
            return ()
        query = _ATTEMPT.where(
            attempts.c.task_id == task_id,
            attempts.c.ix.in_(indices),
            attempts.c.state == AttemptState.FAILED.value,
        ).order_by(attempts.c.ix, attempts.c.attempt_id)
        found: dict[int, list[AttemptView]] = {index: [] for index in indices}
        for row in self._readers.rows(query):
            found[row[2]].append(row_to_attempt_view(row))
        return [FailedPart(index, tuple(tries)) for index, tries in found.items()]

    def running(self, owner_id: str | None) -> RunningNow:
        active, live = running_queries(owner_id)
        with self._readers.snapshot() as connection:
            subtasks_active, tasks_active = connection.execute(active).one()
            states = {row[0]: int(row[1]) for row in connection.execute(live)}
        return RunningNow(
            subtasks=int(subtasks_active),
            tasks=int(tasks_active),
            live=sum(states.values()),
            held=states.get(TaskState.HELD.value, 0),
        )

    def count_tasks(self, owner_id: str | None, states: Sequence[TaskState], at_most: int) -> int:
        inner = select(tasks.c.task_id)
        if owner_id is not None:
            inner = inner.where(tasks.c.owner_id == owner_id)
        if states:
            inner = inner.where(*in_states(states))
        row = self._readers.row(select(func.count()).select_from(inner.limit(at_most).subquery()))
        return int(row[0]) if row is not None else 0

    def hold_ucpt(self, owner_id: str) -> int:
        query = (
            select(func.coalesce(func.sum(accounts.c.balance_ucpt), 0))
            .select_from(tasks)
            .join(accounts, accounts.c.account_id == "hold:" + tasks.c.task_id)
            .where(tasks.c.owner_id == owner_id, sql(TASK_IS_LIVE))
        )
        row = self._readers.row(query)
        return int(row[0]) if row is not None else 0

    def money_by_day(self, user_id: str, since_ms: int, offset_ms: int) -> Sequence[DayOfMoney]:
        # From the start of a day, so that the next look asks for the same.
        key = (user_id, (since_ms + offset_ms) // _DAY_MS * _DAY_MS - offset_ms, offset_ms)
        with self._lock:
            kept = self._days.get(key)
        with self._readers.snapshot() as connection:
            days = _days_since(connection, key) if kept is None else _days_after(connection, key, kept)
        with self._lock:
            self._days[key] = days
            self._days.move_to_end(key)
            while len(self._days) > _KEPT:
                self._days.popitem(last=False)
        return [DayOfMoney(day, spent, earned) for day, (spent, earned) in sorted(days.sums.items())]

    def spending(self, user_id: str, before: int, at_most_ms: int, limit: int) -> Sequence[ChainedTransfer]:
        query = (
            select(transfers)
            .where(
                transfers.c.actor_id == user_id,
                transfers.c.at_ms <= at_most_ms,
                transfers.c.sequence < before,
                sql(IS_SPENDING),
            )
            .order_by(transfers.c.at_ms.desc(), transfers.c.sequence.desc())
            .limit(limit)
        )
        return [row_to_chained(tuple(row)) for row in self._readers.rows(query)]

    def total_since(self, user_id: str, sequence: int, at_ms: int) -> int:
        own = user_account(user_id)
        plus = case((transfers.c.credit == own, transfers.c.amount_ucpt), else_=-transfers.c.amount_ucpt)
        moved = select(func.coalesce(func.sum(plus), 0)).where(
            or_(transfers.c.debit == own, transfers.c.credit == own),
            transfers.c.sequence > sequence,
            transfers.c.code.not_in([code.value for code in HOLD_CODES]),
        )
        spent = select(func.coalesce(func.sum(transfers.c.amount_ucpt), 0)).where(
            transfers.c.actor_id == user_id,
            transfers.c.at_ms >= at_ms,
            transfers.c.sequence > sequence,
            sql(IS_SPENDING),
        )
        with self._readers.snapshot() as connection:
            return int(connection.execute(moved).scalar_one()) - int(connection.execute(spent).scalar_one())

    def task_names(self, task_ids: Sequence[str]) -> Mapping[str, str]:
        if not task_ids:
            return {}
        query = select(tasks.c.task_id, tasks.c.name).where(tasks.c.task_id.in_(list(task_ids)[:500]))
        return {row[0]: row[1] for row in self._readers.rows(query)}


def running_queries(owner_id: str | None) -> tuple[Select[Any], Select[Any]]:
    """Return the queries of (subtasks that run, their tasks) and of (state, live tasks in it): indexes alone."""
    own = [tasks.c.owner_id == owner_id] if owner_id is not None else []
    active = select(func.coalesce(func.sum(tasks.c.active), 0), func.count()).where(sql(TASK_IS_ACTIVE), *own)
    live = select(tasks.c.state, func.count()).where(sql(TASK_IS_LIVE), *own).group_by(tasks.c.state)
    return active, live


def _days_since(connection: Connection, key: _DaysKey) -> _Days:
    """Sum from the indexes of what was spent and earned."""
    user_id, since_ms, offset_ms = key
    last = _last_sequence(connection)
    day = _day(offset_ms)
    sums = select(day, func.sum(transfers.c.amount_ucpt)).where(transfers.c.sequence <= last).group_by(day)
    spent = sums.where(transfers.c.actor_id == user_id, transfers.c.at_ms >= since_ms, sql(IS_SPENDING))
    first = sequence_at(connection, since_ms)
    earned = sums.where(
        transfers.c.credit == user_account(user_id), transfers.c.sequence >= first, sql(IS_PAYMENT)
    )
    both = [{int(row[0]): int(row[1]) for row in connection.execute(query)} for query in (spent, earned)]
    return _Days(last, {each: (both[0].get(each, 0), both[1].get(each, 0)) for each in both[0].keys() | both[1]})


def _days_after(connection: Connection, key: _DaysKey, kept: _Days) -> _Days:
    """Add what came after, read in the ledger's own order."""
    last = _last_sequence(connection)
    if not 0 <= last - kept.sequence <= LATER_AT_MOST:
        return _days_since(connection, key)
    sums = dict(kept.sums)
    for day, spent, earned in connection.execute(later_query(key, kept.sequence, last)):
        before = sums.get(int(day), (0, 0))
        sums[int(day)] = (before[0] + int(spent), before[1] + int(earned))
    return _Days(last, sums)


def later_query(key: _DaysKey, after: int, last: int) -> Select[Any]:
    """Return the query of (day, spent, earned) of a user in a few transfers."""
    user_id, since_ms, offset_ms = key
    # Not the bare columns: their indexes would lead through all that the user ever did.
    is_spent = and_(transfers.c.actor_id.concat("") == user_id, sql(IS_SPENDING))
    is_earned = and_(transfers.c.credit.concat("") == user_account(user_id), sql(IS_PAYMENT))
    day, amount = _day(offset_ms), transfers.c.amount_ucpt
    return (
        select(day, func.sum(case((is_spent, amount), else_=0)), func.sum(case((is_earned, amount), else_=0)))
        .where(transfers.c.sequence > after, transfers.c.sequence <= last, transfers.c.at_ms >= since_ms)
        .where(or_(is_spent, is_earned))
        .group_by(day)
    )


def _day(offset_ms: int) -> Any:
    return (transfers.c.at_ms + _number(offset_ms)) // _number(_DAY_MS)


def _last_sequence(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(transfers.c.sequence), 0))).scalar_one())


def _number(value: int) -> Any:
    """Return a number that stands in the query itself: PostgreSQL groups by no expression with parameters."""
    return literal_column(str(int(value)), BigInteger)
