"""People for tests: the services on fakes, with secrets that can be told apart."""

from __future__ import annotations

from itertools import count
from typing import Any

from core.domain.pool_rules import PoolRules
from core.domain.user import Principal, Quota, Role
from master_app.users.accounts import UserAccounts
from master_app.users.authenticate import Authenticator
from master_app.users.invitations import Invitations
from master_app.users.minting import Minting
from master_app.users.rules import RulesBook
from master_app.users.sign_in import SignIn
from tests.fakes.clock import ManualClock
from tests.fakes.ledger import MoneyUnitOfWork
from tests.fakes.users import DirectWriter, MemoryUserReads, QuickHasher

PASSWORD = "correct horse"
ROOT = Principal(user_id="root", username="root", roles=frozenset(Role))


class Stage:
    """Everything that signing in needs."""

    def __init__(self, **rules: Any) -> None:
        self.clock = ManualClock()
        self.uow = MoneyUnitOfWork(self.clock.wall_ms())
        self.reads = MemoryUserReads(lambda: self.uow.users)
        self.hasher = QuickHasher()
        self.authenticator = Authenticator(self.reads, self.clock)
        numbers = count(1)
        minting = Minting(
            new_id=lambda at_ms: f"{at_ms}-{next(numbers):06d}",
            new_secret=lambda: f"secret-{next(numbers):030d}",
        )
        writer = DirectWriter(self.uow)
        self.sign_in = SignIn(
            writer=writer,
            reads=self.reads,
            hasher=self.hasher,
            authenticator=self.authenticator,
            minting=minting,
            clock=self.clock,
        )
        self.rules = RulesBook(writer=writer, first=PoolRules(**rules))
        self.quotas: list[tuple[str, Quota | None]] = []
        self.invitations = Invitations(writer=writer, minting=minting)
        self.accounts = UserAccounts(
            writer=writer,
            reads=self.reads,
            hasher=self.hasher,
            authenticator=self.authenticator,
            sign_in=self.sign_in,
            minting=minting,
            clock=self.clock,
            rules=self.rules,
            on_quota=lambda user_id, quota: self.quotas.append((user_id, quota)),
        )

    def pass_time(self, ms: int) -> None:
        self.clock.advance(ms=ms)
        self.uow.now_ms = self.clock.wall_ms()

    def login(self, name: str = "mei", password: str = PASSWORD, origin: str = "here") -> str:
        return self.sign_in.login(name, password, origin=origin).result().secret

    def who(self, token: str) -> Principal:
        return self.authenticator.authenticate(token, "here")

    def with_mei(self) -> Stage:
        self.accounts.sign_up("mei", PASSWORD, origin="here").result()
        return self

    @property
    def actions(self) -> list[str]:
        return [getattr(fact, "action", "") for fact in self.uow.facts]
