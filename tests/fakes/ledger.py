"""The ledger in memory, and a unit of work that has what money needs. Same promises as the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace

from core.domain.errors import Conflict
from core.domain.events import Fact
from core.domain.ledger import (
    GENESIS,
    PAYMENT_CODES,
    Account,
    ChainedTransfer,
    Code,
    Transfer,
    apply_transfers,
    chain,
    user_account,
)
from core.domain.node import NodeFacts
from core.domain.rewards import DEFAULT_RULE, RewardRule
from master_app.ports.ledger import AttemptEvidence
from master_app.ports.reads import Page
from master_app.ports.tasks import TaskRecord
from tests.fakes.users import MemorySecrets, MemoryUsers


class MemoryLedger:
    """Repository and reads in one: `commit` and `rollback` end a transaction."""

    def __init__(self) -> None:
        self.committed: list[ChainedTransfer] = []
        self.proof: dict[str, AttemptEvidence] = {}
        self._rules: dict[int, RewardRule] = {}
        self._accounts: dict[str, Account] = {}
        self._queued: list[Transfer] = []
        self._moved: dict[str, Account] = {}
        self._new_rules: dict[int, RewardRule] = {}

    # ---- repository

    def accounts(self, account_ids: Sequence[str] | None = None) -> dict[str, Account]:
        if account_ids is None:
            return dict(self._accounts)
        return {key: self._now(key) for key in account_ids}

    def balances(self, account_ids: Sequence[str]) -> dict[str, int]:
        return {key: self._now(key).balance_ucpt for key in account_ids}

    def _now(self, account_id: str) -> Account:
        return self._moved.get(account_id) or self._accounts.get(account_id) or Account(account_id=account_id)

    def posted(self, transfer_ids: Sequence[str]) -> dict[str, Transfer]:
        wanted = set(transfer_ids)
        rows = [*(row.transfer for row in self.committed), *self._queued]
        return {transfer.transfer_id: transfer for transfer in rows if transfer.transfer_id in wanted}

    def append(self, transfers: Sequence[Transfer]) -> None:
        ids = [transfer.transfer_id for transfer in transfers]
        if len(set(ids)) != len(ids) or self.posted(ids):
            raise Conflict("This transfer is there already.", code="TRANSFER_EXISTS")
        moved = {key: self._now(key) for transfer in transfers for key in (transfer.debit, transfer.credit)}
        apply_transfers(transfers, moved)
        self._moved.update(moved)
        self._queued.extend(transfers)

    def rule(self) -> RewardRule:
        rules = self._rules | self._new_rules
        return rules[max(rules)] if rules else DEFAULT_RULE

    def add_rule(self, rule: RewardRule) -> None:
        if rule.version != self.rule().version + 1:
            raise Conflict("The rates were changed meanwhile.", code="RULE_VERSION")
        self._new_rules[rule.version] = rule

    def commit(self) -> None:
        heads = {key: account.head for key, account in self._accounts.items()}
        rows = chain(self._queued, heads, len(self.committed) + 1)
        self.committed.extend(rows)
        for key, account in self._moved.items():
            self._accounts[key] = replace(account, head=heads.get(key, GENESIS))
        self._rules |= self._new_rules
        self.rollback()

    def rollback(self) -> None:
        self._queued, self._moved, self._new_rules = [], {}, {}


class MemoryLedgerReads:
    """What readers see of a MemoryLedger: committed rows only."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def account(self, account_id: str) -> Account:
        return self._ledger.accounts().get(account_id, Account(account_id=account_id))

    def accounts(self) -> Iterable[Account]:
        return list(self._ledger.accounts().values())

    def rows(self, *, account_id: str | None = None) -> Iterable[ChainedTransfer]:
        return [
            row
            for row in self._ledger.committed
            if account_id is None or account_id in (row.transfer.debit, row.transfer.credit)
        ]

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
        below = int(cursor) if cursor else None
        found = [
            row
            for row in reversed(list(self.rows(account_id=account_id)))
            if (not codes or row.transfer.code in codes)
            and (not task_id or row.transfer.task_id == task_id)
            and since_ms <= row.transfer.at_ms < (until_ms or row.transfer.at_ms + 1)
            and (below is None or row.sequence < below)
        ]
        more = len(found) > limit
        return Page(found[:limit], str(found[limit - 1].sequence) if more else None)

    def transfer(self, transfer_id: str) -> ChainedTransfer | None:
        return next((r for r in self._ledger.committed if r.transfer.transfer_id == transfer_id), None)

    def spent_ucpt(self, user_id: str | None, since_ms: int) -> int:
        codes = PAYMENT_CODES | {Code.POOL_FEE}
        return sum(
            row.transfer.amount_ucpt
            for row in self._ledger.committed
            if row.transfer.code in codes
            and user_id in (None, row.transfer.actor_id)
            and row.transfer.at_ms >= since_ms
        )

    def rules(self) -> Mapping[int, RewardRule]:
        newest = self._ledger.rule()
        return {1: DEFAULT_RULE} | self._ledger._rules | {newest.version: newest}

    def evidence(self, attempt_ids: Sequence[str]) -> Mapping[str, AttemptEvidence]:
        return {key: self._ledger.proof[key] for key in attempt_ids if key in self._ledger.proof}


class MemoryTasks:
    def __init__(self) -> None:
        self.rows: dict[str, TaskRecord] = {}
        #: Live tasks and subtasks by owner.
        self.live: dict[str, tuple[int, int]] = {}

    def get(self, task_id: str) -> TaskRecord | None:
        return self.rows.get(task_id)

    def count_live(self, owner_id: str) -> tuple[int, int]:
        return self.live.get(owner_id, (0, 0))


class MemoryNotices:
    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, owner_id: str) -> None:
        self.forgotten.append(owner_id)


class MemoryNodes:
    """No join links: what becomes of them is tested over REST."""

    def join_tokens(self, owner_id: str | None = None) -> Sequence[object]:
        return []


@dataclass
class MemoryNode:
    facts: NodeFacts


@dataclass
class MemoryPool:
    nodes: dict[str, MemoryNode] = field(default_factory=dict)


class MoneyUnitOfWork:
    """A unit of work with what money and people need; `transaction` commits or rolls back."""

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:
        self.now_ms = now_ms
        self.ledger = MemoryLedger()
        self.users = MemoryUsers()
        self.secrets = MemorySecrets()
        self.notices = MemoryNotices()
        self.asks = MemoryNotices()
        self.templates = MemoryNotices()
        self.nodes = MemoryNodes()
        self.tasks = MemoryTasks()
        self.pool = MemoryPool()
        self.facts: list[Fact] = []
        self._actions: list[object] = []
        self._unpublished: list[Fact] = []

    def publish(self, fact: Fact) -> None:
        self._unpublished.append(fact)

    def after_commit(self, action: object) -> None:
        self._actions.append(action)

    @contextmanager
    def transaction(self) -> Iterator[MoneyUnitOfWork]:
        """Commit at the end of the block; after an error nothing of it is there."""
        kept = deepcopy(self.users)
        try:
            yield self
        except BaseException:
            self.ledger.rollback()
            self.users = kept
            self._unpublished, self._actions = [], []
            raise
        self.ledger.commit()
        actions, self._actions = self._actions, []
        self.facts.extend(self._unpublished)
        self._unpublished = []
        for action in actions:
            assert callable(action)
            action()

    def balance(self, user_id: str) -> int:
        return self.ledger.accounts([user_account(user_id)])[user_account(user_id)].balance_ucpt
