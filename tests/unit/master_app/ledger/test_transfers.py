"""Credits between people: once a key, never more than there are, never by whom it may not."""

from __future__ import annotations

import pytest

from core.domain.errors import Conflict, Forbidden, Invalid, NotFound, OutOfFunds
from core.domain.events import AuditRecorded
from core.domain.rewards import RewardRule
from core.domain.user import Principal, Role, Scope
from master_app.ledger.transfers import Money, grant_practice, grant_sign_up
from master_app.ports.users import UserRecord
from tests.fakes.ledger import MemoryLedgerReads, MoneyUnitOfWork
from tests.fakes.users import DirectWriter
from tests.unit.master_app.ledger.stage import CPT, give

ALICE = Principal(user_id="alice", username="alice", roles=frozenset({Role.SUBMITTER}))
ROOT = Principal(user_id="root", username="root", roles=frozenset({Role.OPERATOR}))


@pytest.fixture
def uow() -> MoneyUnitOfWork:
    unit = MoneyUnitOfWork()
    for name in ("alice", "bob"):
        unit.users.add(UserRecord(user_id=name, username=name))
    give(unit, "alice", 10 * CPT)
    return unit


@pytest.fixture
def money(uow: MoneyUnitOfWork) -> Money:
    return Money(DirectWriter(uow), MemoryLedgerReads(uow.ledger))


def test_sending_twice_with_one_key_sends_once(uow: MoneyUnitOfWork, money: Money) -> None:
    first = money.send(ALICE, "Bob", 3 * CPT, "k1").result()
    uow.now_ms += 1000
    assert money.send(ALICE, "bob", 3 * CPT, "k1").result() == first
    assert (uow.balance("alice"), uow.balance("bob")) == (7 * CPT, 3 * CPT)
    assert [fact.action for fact in uow.facts if isinstance(fact, AuditRecorded)] == ["money.send"]
    money.send(ALICE, "bob", 3 * CPT, "k2").result()
    assert uow.balance("bob") == 6 * CPT
    assert money.balance(ALICE).balance_ucpt == 4 * CPT


def test_a_key_is_not_used_for_something_else(money: Money) -> None:
    money.send(ALICE, "bob", 1, "k").result()
    with pytest.raises(Conflict) as error:
        money.send(ALICE, "bob", 2, "k").result()
    assert error.value.code == "IDEMPOTENCY_KEY_REUSED"


def test_more_than_there_is_cannot_be_sent(uow: MoneyUnitOfWork, money: Money) -> None:
    with pytest.raises(OutOfFunds):
        money.send(ALICE, "bob", 10 * CPT + 1, "k").result()
    assert uow.balance("alice") == 10 * CPT
    assert uow.facts == []


@pytest.mark.parametrize(
    ("amount", "key"), [(0, "k"), (-1, "k"), (10**16, "k"), (1, ""), (1, "a b"), (1, "x" * 201)]
)
def test_senseless_amounts_and_keys_are_refused(money: Money, amount: int, key: str) -> None:
    with pytest.raises(Invalid):
        money.send(ALICE, "bob", amount, key)


def test_sending_to_nobody_or_oneself_is_refused(money: Money) -> None:
    with pytest.raises(NotFound):
        money.send(ALICE, "carol", 1, "k").result()
    with pytest.raises(Invalid):
        money.send(ALICE, "alice", 1, "k").result()


def test_only_operators_grant_and_set_rates(uow: MoneyUnitOfWork, money: Money) -> None:
    with pytest.raises(Forbidden):
        money.grant(ALICE, "alice", CPT, "k")
    with pytest.raises(Forbidden):
        money.set_rule(ALICE, RewardRule())
    money.grant(ROOT, "bob", CPT, "k").result()
    assert uow.balance("bob") == CPT
    assert money.set_rule(ROOT, RewardRule(fee_millionths=50_000)).result().version == 2
    assert uow.ledger.rule().fee_millionths == 50_000


def test_a_token_for_tasks_sends_no_money(money: Money) -> None:
    narrow = Principal(
        user_id="alice", username="alice", roles=frozenset({Role.SUBMITTER}), scopes=frozenset({Scope.TASKS_WRITE})
    )
    with pytest.raises(Forbidden):
        money.send(narrow, "bob", 1, "k")


def test_presents_are_given_once(uow: MoneyUnitOfWork) -> None:
    for _ in range(2):
        with uow.transaction():
            grant_sign_up(uow, "bob", 150 * CPT)
            grant_practice(uow, "alice", "bob", CPT)
            grant_sign_up(uow, "alice", 0)
    assert uow.balance("bob") == 151 * CPT
