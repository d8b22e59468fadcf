"""The ledger as the console's page reads it: accounts, transfers with filters, sums by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy import text as sql

from core.domain.console_pages import (
    AccountRow,
    AccountRows,
    DayRow,
    ListQuery,
    TransferQuery,
    TransferRow,
    TransferRows,
)
from master_app.ports.reads import MAX_PAGE
from master_app.storage.ledger_reads import sequence_at
from master_app.storage.readers import Readers
from master_app.storage.tables.ledger import IS_SPENDING, accounts, transfers
from master_app.storage.tables.tasks import tasks
from master_app.storage.tables.users import users

_DAY_MS: Final = 86_400_000
_USER: Final = "user:"
_HOLD: Final = "hold:"
_ORDERS: Final[Mapping[str, Any]] = {
    "name": users.c.username,
    "balance": accounts.c.balance_ucpt,
}


class MoneyPages:
    """Part of `ConsoleReads`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def accounts(self, query: ListQuery, today_ms: int) -> AccountRows:
        with self._readers.snapshot() as connection:
            first = sequence_at(connection, today_ms)
            fixed = dict(
                connection.execute(
                    select(accounts.c.account_id, accounts.c.balance_ucpt).where(
                        accounts.c.account_id.in_(["mint", "fees"])
                    )
                ).all()
            )
            holds = connection.execute(
                select(func.count(), func.coalesce(func.sum(accounts.c.balance_ucpt), 0)).where(
                    accounts.c.account_id.startswith(_HOLD), accounts.c.balance_ucpt > 0
                )
            ).one()
            joined = select(accounts.c.account_id, users.c.username, accounts.c.balance_ucpt).join(
                users, accounts.c.account_id == _USER + users.c.user_id
            )
            conditions = [users.c.username.contains(query.text.lower(), autoescape=True)] if query.text else []
            order = _ORDERS.get(query.sort, accounts.c.balance_ucpt)
            descending = query.descending or query.sort not in _ORDERS
            page = connection.execute(
                joined.where(*conditions)
                .order_by(order.desc() if descending else order.asc(), accounts.c.account_id)
                .limit(min(query.limit, MAX_PAGE))
                .offset(query.offset)
            ).all()
            today = _moved(connection, [row[0] for row in page], first)
            total = connection.execute(
                select(func.count()).select_from(joined.where(*conditions).subquery())
            ).scalar()
            whole = connection.execute(select(func.coalesce(func.sum(accounts.c.balance_ucpt), 0))).scalar()
            newest = connection.execute(select(func.coalesce(func.max(transfers.c.sequence), 0))).scalar()
        pool = (
            AccountRow(account_id="mint", kind="mint", name="", balance_ucpt=fixed.get("mint", 0), today_ucpt=0),
            AccountRow(
                account_id="holds", kind="holds", name="", balance_ucpt=holds[1], today_ucpt=0, count=holds[0]
            ),
            AccountRow(account_id="fees", kind="fees", name="", balance_ucpt=fixed.get("fees", 0), today_ucpt=0),
        )
        rows = [
            AccountRow(
                account_id=row[0], kind="user", name=row[1], balance_ucpt=row[2], today_ucpt=today.get(row[0], 0)
            )
            for row in page
        ]
        return AccountRows(
            pool=pool,
            rows=tuple(rows),
            total=int(total or 0),
            sum_ucpt=int(whole or 0),
            transfers=int(newest or 0),
        )

    def transfers(self, query: TransferQuery) -> TransferRows:
        with self._readers.snapshot() as connection:
            conditions = _conditions(connection, query)
            page = connection.execute(
                select(transfers)
                .where(*conditions)
                .order_by(transfers.c.sequence.desc())
                .limit(min(query.limit, MAX_PAGE))
                .offset(query.offset)
            ).all()
            total = connection.execute(select(func.count()).select_from(transfers).where(*conditions)).scalar()
            income = spend = 0
            if query.account_id:
                sums = connection.execute(_sums(query.account_id).where(*conditions)).one()
                income, spend = int(sums[0] or 0), int(sums[1] or 0)
            names = _names(connection, page)
        rows = [_transfer(row, names) for row in page]
        return TransferRows(rows=tuple(rows), total=int(total or 0), in_ucpt=income, out_ucpt=spend)

    def days(self, account_id: str, since_ms: int, offset_ms: int) -> Sequence[DayRow]:
        # Whole days, by integer division: the sum of a time and an offset is never negative.
        day = ((transfers.c.at_ms + offset_ms) // _DAY_MS).label("day")
        with self._readers.snapshot() as connection:
            conditions = _conditions(connection, TransferQuery(account_id=account_id, since_ms=since_ms))
            sums = _sums(account_id) if account_id else _spending()
            rows = connection.execute(sums.add_columns(day).where(*conditions).group_by(day).order_by(day)).all()
        return [
            DayRow(
                at_ms=int(row[2]) * _DAY_MS - offset_ms, income_ucpt=int(row[0] or 0), spend_ucpt=int(row[1] or 0)
            )
            for row in rows
        ]

    def spent_since(self, since_ms: int) -> int:
        with self._readers.snapshot() as connection:
            first = sequence_at(connection, since_ms)
            found = connection.execute(
                select(func.coalesce(func.sum(transfers.c.amount_ucpt), 0)).where(
                    transfers.c.sequence >= first, sql(IS_SPENDING)
                )
            ).scalar()
        return int(found or 0)


def _sums(account_id: str) -> Any:
    """What came into an account and what went out of it."""
    amount = transfers.c.amount_ucpt
    return select(
        func.sum(case((transfers.c.credit == account_id, amount), else_=0)),
        func.sum(case((transfers.c.debit == account_id, amount), else_=0)),
    )


def _spending() -> Any:
    """Of the whole pool: what was paid out to providers, and what submitters paid with fees."""
    amount = transfers.c.amount_ucpt
    return select(
        func.sum(case((transfers.c.code.in_(["ATTEMPT_PAID", "ATTEMPT_PAID_SHORT"]), amount), else_=0)),
        func.sum(
            case((transfers.c.code.in_(["ATTEMPT_PAID", "ATTEMPT_PAID_SHORT", "POOL_FEE"]), amount), else_=0)
        ),
    )


def _conditions(connection: Any, query: TransferQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.account_id == "holds":
        conditions.append(or_(transfers.c.debit.startswith(_HOLD), transfers.c.credit.startswith(_HOLD)))
    elif query.account_id:
        conditions.append(or_(transfers.c.debit == query.account_id, transfers.c.credit == query.account_id))
    if query.codes:
        conditions.append(transfers.c.code.in_(query.codes))
    if query.since_ms:
        conditions.append(transfers.c.sequence >= sequence_at(connection, query.since_ms))
    if query.until_ms:
        conditions.append(transfers.c.sequence < sequence_at(connection, query.until_ms))
    if query.text:
        named = select(tasks.c.task_id).where(
            func.lower(tasks.c.name).contains(query.text.lower(), autoescape=True)
        )
        conditions.append(or_(transfers.c.transfer_id == query.text, transfers.c.task_id.in_(named)))
    return conditions


def _moved(connection: Any, account_ids: Sequence[str], first: int) -> dict[str, int]:
    """Return by how much each account changed since a sequence number."""
    found: dict[str, int] = {}
    for account_id in account_ids:
        row = connection.execute(
            _sums(account_id).where(
                transfers.c.sequence >= first,
                or_(transfers.c.debit == account_id, transfers.c.credit == account_id),
            )
        ).one()
        found[account_id] = int(row[0] or 0) - int(row[1] or 0)
    return found


def _names(connection: Any, page: Sequence[Any]) -> dict[str, str]:
    """Return the names of users (`user:ID`) and tasks (`hold:ID`) that a page speaks of."""
    ids = {account for row in page for account in (row.debit, row.credit)}
    task_ids = {row.task_id for row in page if row.task_id}
    people = [account.removeprefix(_USER) for account in ids if account.startswith(_USER)]
    names: dict[str, str] = {}
    if people:
        query = select(users.c.user_id, users.c.username).where(users.c.user_id.in_(people))
        names |= {f"{_USER}{row[0]}": row[1] for row in connection.execute(query)}
    task_ids |= {account.removeprefix(_HOLD) for account in ids if account.startswith(_HOLD)}
    if task_ids:
        query = select(tasks.c.task_id, tasks.c.name).where(tasks.c.task_id.in_(sorted(task_ids)))
        names |= {f"{_HOLD}{row[0]}": row[1] for row in connection.execute(query)}
    return names


def _transfer(row: Any, names: Mapping[str, str]) -> TransferRow:
    return TransferRow(
        sequence=row.sequence,
        transfer_id=row.transfer_id,
        at_ms=row.at_ms,
        code=row.code,
        debit=row.debit,
        credit=row.credit,
        debit_name=names.get(row.debit, ""),
        credit_name=names.get(row.credit, ""),
        amount_ucpt=row.amount_ucpt,
        task_id=row.task_id,
        task_name=names.get(f"{_HOLD}{row.task_id}", ""),
        index=row.ix,
        failure=row.failure,
        hash=row.hash,
        previous_debit=row.previous_debit,
        previous_credit=row.previous_credit,
    )
