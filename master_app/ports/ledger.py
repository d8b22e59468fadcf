"""What `master_app.ledger` needs kept of money, and what its readers need to see of it.

Ids and balances are looked up set-wise before anything is appended; the rules are in `core.domain.ledger`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.events import Fact
from core.domain.ledger import Account, ChainedTransfer, Code, Transfer
from core.domain.node import NodeFacts
from core.domain.rewards import RewardRule, Tick
from master_app.ports.reads import Page
from master_app.ports.tasks import TaskRecord
from master_app.ports.users import UserRepository


class LedgerRepository(Protocol):
    """Of one unit of work. Every answer includes what this transaction appended before."""

    def accounts(self, account_ids: Sequence[str]) -> dict[str, Account]:
        """Return each of them; one that no transfer has touched is there too, with nothing in it.

        Heads are as of the last commit. The values are cheap: the hot path asks in each command.
        """

    def balances(self, account_ids: Sequence[str]) -> dict[str, int]:
        """Return what is in each of them, without remembering it: a start asks for those of a whole queue."""

    def posted(self, transfer_ids: Sequence[str]) -> dict[str, Transfer]:
        """Return those of these transfers that exist."""

    def append(self, transfers: Sequence[Transfer]) -> None:
        """Queue transfers and move their money by `core.domain.ledger.apply_transfers`, all or none of them.

        The caller has looked the ids up with `posted` in this transaction; an id that is there all the same
        raises Conflict (code TRANSFER_EXISTS), at the latest at the commit. Just before the commit `chain`
        numbers and links what was queued; sequence numbers have no gaps and start at 1.
        """

    def rule(self) -> RewardRule:
        """Return the newest rule; DEFAULT_RULE where none was added."""

    def add_rule(self, rule: RewardRule) -> None:
        """Add a version. Raises Conflict unless it is exactly the newest version + 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEvidence:
    """What an attempt's row says of its payment."""

    attempt_id: str
    ticks: tuple[Tick, ...]
    paid_ucpt: int | None


class LedgerReads(Protocol):
    """Committed rows, on connections of their own. Streams keep memory flat."""

    def account(self, account_id: str) -> Account:
        """Return the account; one that no transfer has touched has nothing in it."""

    def accounts(self) -> Iterable[Account]:
        """All accounts that a transfer has touched, as they are cached."""

    def rows(self, *, account_id: str | None = None) -> Iterable[ChainedTransfer]:
        """All transfers, or those of one account, by sequence, as of one moment."""

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
        """Newest first. `until_ms` 0: until now."""

    def transfer(self, transfer_id: str) -> ChainedTransfer | None: ...

    def spent_ucpt(self, user_id: str | None, since_ms: int) -> int:
        """Return what this user's tasks paid to providers and in fees since then (quota, charts): the sum of
        ATTEMPT_PAID, ATTEMPT_PAID_SHORT and POOL_FEE whose `actor_id` is the user. None: of everybody.
        """

    def rules(self) -> Mapping[int, RewardRule]:
        """All versions; DEFAULT_RULE is there as version 1 where none was added."""

    def evidence(self, attempt_ids: Sequence[str]) -> Mapping[str, AttemptEvidence]:
        """Return the rows of these attempts; those that retention has removed are missing."""


class PoolMember(Protocol):
    """A node, as far as a hold needs it."""

    @property
    def facts(self) -> NodeFacts: ...


class PoolSize(Protocol):
    @property
    def nodes(self) -> Mapping[str, PoolMember]: ...


class Budgets(Protocol):
    """The tasks' rows, as far as money needs them: owner, cap, and what was paid."""

    def get(self, task_id: str) -> TaskRecord | None: ...


class MoneyUnit(Protocol):
    """The part of a unit of work that money needs; `UnitOfWork` is one."""

    @property
    def now_ms(self) -> int: ...

    @property
    def ledger(self) -> LedgerRepository: ...

    @property
    def users(self) -> UserRepository: ...

    @property
    def tasks(self) -> Budgets: ...

    @property
    def pool(self) -> PoolSize: ...

    def publish(self, fact: Fact) -> None: ...
