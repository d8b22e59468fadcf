"""The ledger as statements, receipts and verification read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, TextClause, false, func, select, text, union_all

from core.domain.ledger import PAYMENT_CODES, RARE_CODES, Account, ChainedTransfer, Code, kind_of, may_touch
from core.domain.rewards import DEFAULT_RULE, RewardRule
from master_app.ports.ledger import AttemptEvidence
from master_app.ports.reads import Page
from master_app.storage.mapping_ledger import row_to_account, row_to_chained
from master_app.storage.readers import Readers, number_cursor, page_size
from master_app.storage.tables.ledger import IS_PAYMENT, IS_RARE, IS_SPENDING, accounts, reward_rules, transfers
from master_app.storage.tables.tasks import attempts
from master_app.storage.values import TICKS

_ROWS_AT_ONCE: Final = 1_000
_KEYS_AT_ONCE: Final = 500
_REST: Final = frozenset(Code) - PAYMENT_CODES - RARE_CODES
_GROUPS: Final[tuple[tuple[frozenset[Code], ColumnElement[bool] | TextClause], ...]] = (
    (RARE_CODES, text(IS_RARE)),
    (PAYMENT_CODES, text(IS_PAYMENT)),
    (_REST, transfers.c.code.in_([code.value for code in sorted(_REST)])),
)


def sequences_of(
    account_id: str,
    codes: Sequence[Code],
    conditions: Sequence[ColumnElement[bool]],
    order: ColumnElement[int],
    limit: int,
) -> Any:
    """Return a query of the first `limit` sequence numbers of an account for each way to find them by an index.

    An account of many rows is asked once for each side and class of codes, for with an OR the database would sort
    all of them. No codes: all. A code that cannot stand on a side of such an account is not looked for there.
    """
    kind = kind_of(account_id)
    ways = []
    for group, condition in _GROUPS:
        for place, side in enumerate((transfers.c.debit, transfers.c.credit)):
            possible = [code for code in sorted(group) if may_touch(code, kind)[place]]
            wanted = [code for code in possible if not codes or code in codes]
            if not wanted:
                continue
            way = select(transfers.c.sequence).where(side == account_id, condition, *conditions)
            if wanted != possible:
                way = way.where(transfers.c.code.in_([code.value for code in wanted]))
            ways.append(select(way.order_by(order).limit(limit).subquery().c.sequence))
    return union_all(*ways) if ways else select(transfers.c.sequence).where(false())


def sequence_at(connection: Any, at_ms: int) -> int:
    """Return the first sequence number of this time or later, by halving: times grow with the numbers."""
    low, high = 1, int(connection.execute(select(func.coalesce(func.max(transfers.c.sequence), 0))).scalar()) + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.execute(select(transfers.c.at_ms).where(transfers.c.sequence == middle)).scalar()
        if at is not None and at < at_ms:
            low = middle + 1
        else:
            high = middle
    return low


class SqlLedgerReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def account(self, account_id: str) -> Account:
        row = self._readers.row(select(accounts).where(accounts.c.account_id == account_id))
        return Account(account_id=account_id) if row is None else row_to_account(tuple(row))

    def accounts(self) -> Iterator[Account]:
        after = ""
        while True:
            rows = self._readers.rows(
                select(accounts)
                .where(accounts.c.account_id > after)
                .order_by(accounts.c.account_id)
                .limit(_ROWS_AT_ONCE)
            )
            for row in rows:
                yield row_to_account(tuple(row))
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1][0]

    def rows(self, *, account_id: str | None = None) -> Iterator[ChainedTransfer]:
        # Transfers are never changed and only added at the end: what is up to the newest of now is one moment,
        # also when it is read in portions that hold no connection while the reader is busy elsewhere.
        last = self._readers.row(select(func.coalesce(func.max(transfers.c.sequence), 0)))
        last_sequence = int(last[0]) if last is not None else 0
        after = 0
        while after < last_sequence:
            portion = (transfers.c.sequence > after, transfers.c.sequence <= last_sequence)
            query = select(transfers).where(*portion)
            if account_id is not None:
                found = sequences_of(account_id, (), portion, transfers.c.sequence, _ROWS_AT_ONCE)
                query = select(transfers).where(transfers.c.sequence.in_(found))
            rows = self._readers.rows(query.order_by(transfers.c.sequence).limit(_ROWS_AT_ONCE))
            for row in rows:
                yield row_to_chained(tuple(row))
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1][0]

    def page(
        self,
        *,
        account_id: str | None,
        codes: Sequence[Code] = (),
        task_id: str = "",
        since_ms: int = 0,
        until_ms: int = 0,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ChainedTransfer]:
        size = page_size(limit)
        conditions: list[ColumnElement[bool]] = []
        if task_id:
            conditions.append(transfers.c.task_id == task_id)
        if since_ms:
            conditions.append(transfers.c.at_ms >= since_ms)
        if until_ms:
            conditions.append(transfers.c.at_ms < until_ms)
        if cursor is not None:
            conditions.append(transfers.c.sequence < number_cursor(cursor))
        newest_first = transfers.c.sequence.desc()
        query = select(transfers).order_by(newest_first).limit(size + 1)
        if account_id is not None:
            found = sequences_of(account_id, codes, conditions, newest_first, size + 1)
            query = query.where(transfers.c.sequence.in_(found))
        else:
            query = query.where(*conditions)
            if codes:
                query = query.where(transfers.c.code.in_([code.value for code in codes]))
        rows = [row_to_chained(tuple(row)) for row in self._readers.rows(query)]
        return Page(rows[:size], str(rows[size - 1].sequence) if len(rows) > size else None)

    def transfer(self, transfer_id: str) -> ChainedTransfer | None:
        row = self._readers.row(select(transfers).where(transfers.c.transfer_id == transfer_id))
        return None if row is None else row_to_chained(tuple(row))

    def spent_ucpt(self, user_id: str | None, since_ms: int) -> int:
        query = select(func.coalesce(func.sum(transfers.c.amount_ucpt), 0)).where(
            text(IS_SPENDING), transfers.c.at_ms >= since_ms
        )
        row = self._readers.row(query if user_id is None else query.where(transfers.c.actor_id == user_id))
        return int(row[0]) if row is not None else 0

    def rules(self) -> Mapping[int, RewardRule]:
        rows = self._readers.rows(select(reward_rules).order_by(reward_rules.c.version))
        return {DEFAULT_RULE.version: DEFAULT_RULE} | {row[0]: RewardRule.from_text(row[1]) for row in rows}

    def evidence(self, attempt_ids: Sequence[str]) -> Mapping[str, AttemptEvidence]:
        found: dict[str, AttemptEvidence] = {}
        for start in range(0, len(attempt_ids), _KEYS_AT_ONCE):
            wanted = attempt_ids[start : start + _KEYS_AT_ONCE]
            for row in self._readers.rows(
                select(attempts.c.attempt_id, attempts.c.ticks, attempts.c.paid_ucpt).where(
                    attempts.c.attempt_id.in_(wanted)
                )
            ):
                found[row[0]] = AttemptEvidence(attempt_id=row[0], ticks=TICKS.load(row[1]), paid_ucpt=row[2])
        return found
