"""What a user, and all users together, may have at once: looked at when work comes in, and by the scheduler.

What lies in rows of many (storage, the day's spend) is read before the command, on the caller's thread, so that
the writer never waits for it: two requests at the same moment may both see room for one.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.domain.errors import NotFound
from core.domain.pool_rules import PoolRules
from core.domain.user import Action, Principal, Quota, QuotaUse, check_quota, fold_username, require
from master_app.ports.ledger import LedgerReads
from master_app.ports.quotas import UsageReads
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import UserReads, UserRecord
from master_app.scheduling.settings import CoreQuotas
from master_app.users.rules import RulesBook

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read before a command. None: there is no bound that it would be held against."""

    storage_bytes: int | None = None
    spend_day_ucpt: int | None = None
    pool_storage_bytes: int | None = None
    pool_spend_day_ucpt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A user's quota, whether it is the pool's default, and what is used of it."""

    quota: Quota
    is_own: bool
    use: QuotaUse


class Quotas:
    """Thread-safe, but for what says otherwise."""

    def __init__(
        self,
        *,
        writer: Writer,
        users: UserReads,
        usage: UsageReads,
        ledger: LedgerReads,
        rules: RulesBook,
        cores: CoreQuotas,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._users = users
        self._usage = usage
        self._ledger = ledger
        self._rules = rules
        self._cores = cores
        self._clock = clock
        rules.listen(self._on_rules)

    def load(self) -> None:
        """Tell the scheduler whose quota of cores is their own; at the start of the master."""
        for user in self._users.with_quota():
            self.on_quota(user.user_id, user.quota)

    def on_quota(self, user_id: str, quota: Quota | None) -> None:
        """A user's own quota is this from now on; None: the default again. Writer's thread, after the commit."""
        if quota is None:
            self._cores.owners.pop(user_id, None)
        else:
            self._cores.owners[user_id] = quota.running_cpu_millis or 0

    def _on_rules(self, rules: PoolRules) -> None:
        self._cores.default_millis = rules.user_quota.running_cpu_millis or 0
        self._cores.pool_millis = rules.pool_quota.running_cpu_millis or 0

    def of(self, user: UserRecord | None) -> Quota:
        """Return the quota that holds for a user."""
        return user.quota if user is not None and user.quota is not None else self._rules.now.user_quota

    def look(self, user_id: str) -> Seen:
        """Read what a command of this user's will be held against. May take long."""
        quota, pool = self.of(self._users.user(user_id)), self._rules.now.pool_quota
        day = self._day_start_ms()
        stored, spent = self._usage.stored_bytes, self._ledger.spent_ucpt
        return Seen(
            storage_bytes=stored(user_id) if quota.storage_bytes is not None else None,
            spend_day_ucpt=spent(user_id, day) if quota.spend_day_ucpt is not None else None,
            pool_storage_bytes=stored(None) if pool.storage_bytes is not None else None,
            pool_spend_day_ucpt=spent(None, day) if pool.spend_day_ucpt is not None else None,
        )

    def admit(self, uow: UnitOfWork, user_id: str, seen: Seen, more: QuotaUse) -> None:
        """Raise QuotaExceeded unless this user may have `more`. Writer's thread."""
        tasks, subtasks = uow.tasks.count_live(user_id)
        use = QuotaUse(
            queued_tasks=tasks,
            queued_subtasks=subtasks,
            storage_bytes=seen.storage_bytes or 0,
            spend_day_ucpt=seen.spend_day_ucpt or 0,
        )
        check_quota(self.of(uow.users.get(user_id)), use, more)
        pool = self._rules.now.pool_quota
        counted = uow.pool.tasks.values() if pool.queued_subtasks is not None else ()
        pool_use = QuotaUse(
            queued_tasks=len(uow.pool.tasks),
            queued_subtasks=sum(task.subtask_count for task in counted),
            storage_bytes=seen.pool_storage_bytes or 0,
            spend_day_ucpt=seen.pool_spend_day_ucpt or 0,
        )
        check_quota(pool, pool_use, more, whose="The quota of the whole pool")

    def standing(self, who: Principal, username: str = "") -> Future[Standing]:
        """Return the caller's own quota and its use, or for operators that of another user."""
        if username and fold_username(username) != who.username:
            require(who, Action.USER_READ_ANY)
            user = self._users.find(fold_username(username))
        else:
            require(who, Action.ACCOUNT_READ)
            user = self._users.user(who.user_id)
        if user is None:
            raise NotFound("There is no such user.", code="USER_NOT_FOUND")
        stored = self._usage.stored_bytes(user.user_id)
        spent = self._ledger.spent_ucpt(user.user_id, self._day_start_ms())

        def command(uow: UnitOfWork) -> Standing:
            tasks, subtasks = uow.tasks.count_live(user.user_id)
            return Standing(
                quota=self.of(user),
                is_own=user.quota is not None,
                use=QuotaUse(
                    queued_tasks=tasks,
                    queued_subtasks=subtasks,
                    storage_bytes=stored,
                    running_cpu_millis=uow.pool.owner_cpu_millis.get(user.user_id, 0),
                    spend_day_ucpt=spent,
                ),
            )

        return self._writer.execute(command)

    def _day_start_ms(self) -> int:
        return self._clock.wall_ms() // _DAY_MS * _DAY_MS
