"""Compares what is cached with what it was computed from: the hot state with the rows, balances with transfers."""

from __future__ import annotations

from sqlalchemy import func, literal, select, union_all

from core.domain.resources import Resources
from master_app.ports.unit_of_work import UnitOfWork
from master_app.storage.readers import Readers
from master_app.storage.tables.ledger import accounts, transfers


def pool_differences(uow: UnitOfWork) -> list[str]:
    """Return how the hot state differs from the database, in words; a debug check, run as a command."""
    pool, found = uow.pool, []
    rows = {attempt.attempt_id: attempt for attempt in uow.attempts.live()}
    for attempt_id in rows.keys() ^ pool.attempts.keys():
        where = "only in the database" if attempt_id in rows else "only in the hot state"
        found.append(f"live attempt {attempt_id} is {where}")
    for attempt_id in rows.keys() & pool.attempts.keys():
        row, hot = rows[attempt_id], pool.attempts[attempt_id]
        if (row.state, row.node_id, row.epoch) != (hot.state, hot.node_id, hot.epoch):
            found.append(f"attempt {attempt_id} is {hot.state.value} on {hot.node_id}, its row {row.state.value}")
    for node in pool.nodes.values():
        # Attempts of one lane run one after another and reserve once.
        here = {hot.lane: hot for hot in pool.attempts_of_node.get(node.node_id, {}).values()}
        reserved = sum((attempt.resources for attempt in here.values()), Resources())
        if node.running != len(here) or _sums(reserved) != _sums(node.reserved):
            found.append(f"node {node.node_id} reserves {node.reserved}, its attempts {reserved}")
    live = set()
    for task in uow.tasks.live():
        live.add(task.task_id)
        hot_task = pool.tasks.get(task.task_id)
        if hot_task is None:
            found.append(f"live task {task.task_id} is not in the hot state")
        elif (hot_task.next_index, hot_task.generation) != (task.next_index, task.generation):
            found.append(f"task {task.task_id} stands at {hot_task.next_index}, its row at {task.next_index}")
    found += [f"task {task_id} is in the hot state and has ended" for task_id in pool.tasks.keys() - live]
    return found


def unsound_accounts(readers: Readers) -> list[str]:
    """Return the accounts whose cached balance or count differs from their transfers."""
    amount = transfers.c.amount_ucpt
    moves = union_all(
        select(transfers.c.debit.label("account_id"), (-amount).label("amount"), literal(1).label("entry")),
        select(transfers.c.credit, amount, literal(1)),
    ).subquery()
    sums = (
        select(
            moves.c.account_id,
            func.sum(moves.c.amount).label("balance"),
            func.sum(moves.c.entry).label("entries"),
        )
        .group_by(moves.c.account_id)
        .subquery()
    )
    cached = select(accounts.c.account_id).outerjoin(sums, sums.c.account_id == accounts.c.account_id)
    wrong = cached.where(
        (func.coalesce(sums.c.balance, 0) != accounts.c.balance_ucpt)
        | (func.coalesce(sums.c.entries, 0) != accounts.c.entries)
    )
    absent = (
        select(sums.c.account_id)
        .outerjoin(accounts, accounts.c.account_id == sums.c.account_id)
        .where(accounts.c.account_id.is_(None))
    )
    return sorted(row[0] for query in (wrong, absent) for row in readers.rows(query))


def _sums(resources: Resources) -> tuple[int, int, int, int]:
    # GPU memory is no sum: a node that had a larger one keeps it until it is rebuilt.
    return resources.cpu_millis, resources.memory_bytes, resources.disk_bytes, resources.gpus
