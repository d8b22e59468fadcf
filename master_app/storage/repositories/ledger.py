"""Money: accounts are read once a transaction; transfers are numbered, linked and written at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select

from core.domain.errors import Conflict
from core.domain.ledger import Account, Transfer, apply_transfers, chain
from core.domain.rewards import DEFAULT_RULE, RewardRule
from master_app.storage.mapping_ledger import (
    account_to_row,
    chained_to_row,
    row_to_account,
    row_to_transfer,
)
from master_app.storage.statements import Sql, constant, insert_of
from master_app.storage.tables.ledger import accounts, reward_rules, transfers

_ACCOUNTS: Final = select(accounts)
_BALANCES: Final = select(accounts.c.account_id, accounts.c.balance_ucpt)
_TRANSFERS: Final = select(transfers)
_ADD: Final = insert_of(transfers)
_LAST: Final = select(func.max(transfers.c.sequence))
_RULE: Final = select(reward_rules.c.content).order_by(reward_rules.c.version.desc()).limit(constant(1))
_ADD_RULE: Final = insert_of(reward_rules)


class SqlLedger:
    """See the port."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        row = sql.row(_LAST)
        self._sequence = int(row[0] or 0) if row else 0
        self._written = 0
        self._accounts: dict[str, Account] = {}
        self._rule: RewardRule | None = None
        self._queued: dict[str, Transfer] = {}
        #: Ids of which this transaction knows that no committed transfer has them.
        self._free_ids: set[str] = set()

    def begin(self) -> None:
        self._accounts.clear()
        self._rule = None
        self._queued.clear()
        self._free_ids.clear()
        self._written = 0

    def flush(self) -> None:
        if not self._queued:
            return
        queued = list(self._queued.values())
        touched = {account_id for t in queued for account_id in (t.debit, t.credit)}
        heads = {account_id: self._accounts[account_id].head for account_id in touched}
        rows = chain(queued, heads, self._sequence + self._written + 1)
        self._sql.run_many(_ADD, [chained_to_row(row) for row in rows])
        self._sql.upsert_many(
            accounts,
            [account_to_row(self._accounts[account_id], heads[account_id]) for account_id in sorted(touched)],
        )
        self._written += len(rows)

    def committed(self) -> None:
        self._sequence += self._written

    @property
    def changed_count(self) -> int:
        return len(self._queued)

    def accounts(self, account_ids: Sequence[str]) -> dict[str, Account]:
        self._load(account_ids)
        return {account_id: self._accounts[account_id] for account_id in account_ids}

    def balances(self, account_ids: Sequence[str]) -> dict[str, int]:
        found = dict.fromkeys(account_ids, 0)
        unknown = [key for key in found if key not in self._accounts]
        found.update(self._sql.of_keys(_BALANCES, accounts.c.account_id, unknown))
        found.update((key, self._accounts[key].balance_ucpt) for key in found if key in self._accounts)
        return found

    def posted(self, transfer_ids: Sequence[str]) -> dict[str, Transfer]:
        found = {
            transfer_id: self._queued[transfer_id] for transfer_id in transfer_ids if transfer_id in self._queued
        }
        unknown = [key for key in transfer_ids if key not in found and key not in self._free_ids]
        for row in self._sql.of_keys(_TRANSFERS, transfers.c.transfer_id, unknown):
            transfer = row_to_transfer(row)
            found[transfer.transfer_id] = transfer
        self._free_ids.update(key for key in unknown if key not in found)
        return found

    def append(self, transfers: Sequence[Transfer]) -> None:
        fresh = {transfer.transfer_id: transfer for transfer in transfers}
        if len(fresh) != len(transfers) or self.posted(list(fresh)):
            raise Conflict("This transfer is there already.", code="TRANSFER_EXISTS")
        touched = {account_id for t in transfers for account_id in (t.debit, t.credit)}
        self._load(list(touched))
        # A copy of what is touched: after an error it is of no use.
        moved = {account_id: self._accounts[account_id] for account_id in touched}
        apply_transfers(transfers, moved)
        self._accounts.update(moved)
        self._queued.update(fresh)

    def rule(self) -> RewardRule:
        if self._rule is None:
            row = self._sql.row(_RULE)
            self._rule = DEFAULT_RULE if row is None else RewardRule.from_text(row[0])
        return self._rule

    def add_rule(self, rule: RewardRule) -> None:
        if rule.version != self.rule().version + 1:
            raise Conflict("The rates were changed meanwhile.", code="RULE_VERSION", fix="Look at them again.")
        self._sql.run(_ADD_RULE, (rule.version, rule.to_text()))
        self._rule = None

    def _load(self, account_ids: Sequence[str]) -> None:
        missing = [key for key in dict.fromkeys(account_ids) if key not in self._accounts]
        if missing:
            for row in self._sql.of_keys(_ACCOUNTS, accounts.c.account_id, missing):
                self._accounts[row[0]] = row_to_account(row)
            for account_id in missing:
                self._accounts.setdefault(account_id, Account(account_id=account_id))
