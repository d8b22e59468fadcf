"""Who is paid what, once, and never out of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.ledger import PAYMENT_CODES, Code, hold_account
from core.domain.receipts import Replay
from core.domain.rewards import RewardRule, Tick
from master_app.ledger.settlement import (
    HoldNeed,
    PaymentDecision,
    PaymentReason,
    extend_holds,
    open_hold,
    release,
    settle,
)
from master_app.ledger.verify import verify_database
from master_app.ports.ledger import AttemptEvidence
from tests.fakes.ledger import MemoryLedgerReads, MoneyUnitOfWork
from tests.unit.master_app.ledger.stage import CPT, ONE_CORE, TICK, give, payment, pool, request, task

EARNED = 100_000


def funded(amount: int = 150 * CPT, **task_changes: Any) -> MoneyUnitOfWork:
    uow = pool()
    task(uow, **task_changes)
    give(uow, "alice", amount)
    with uow.transaction():
        open_hold(uow, request(resources=ONE_CORE, parallel=1, left_ucpt=task_changes.get("max_ucpt")))
    return uow


def decide(uow: MoneyUnitOfWork, **changes: Any) -> PaymentDecision:
    with uow.transaction():
        return settle(uow, [payment(**changes)])[0]


def failed(cause: FailureClass) -> dict[str, Any]:
    return {"state": AttemptState.FAILED, "failure": Failure(failure_class=cause, code="X")}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        *[failed(cause) for cause in FailureClass if cause is not FailureClass.INFRA],
        {"state": AttemptState.CANCELLED},
        {"state": AttemptState.SUPERSEDED},
        {"state": AttemptState.RETURNED, "ticks_committed": 2},
        {"late": True},
    ],
)
def test_work_that_was_asked_for_is_paid(changes: dict[str, Any]) -> None:
    uow = funded()
    decision = decide(uow, **changes)
    assert decision.amount_ucpt == EARNED == uow.balance("bob")
    last = uow.ledger.committed[-1].transfer
    assert (last.transfer_id, last.task_id, last.index, last.rule_version) == ("pay:X", "T", 0, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": AttemptState.LOST}, PaymentReason.LOST),
        ({"state": AttemptState.REJECTED}, PaymentReason.REJECTED),
        ({"state": AttemptState.RETURNED}, PaymentReason.RETURNED_WITHOUT_CHECKPOINT),
        (failed(FailureClass.INFRA), PaymentReason.FAILED_INFRA),
        ({"fenced": True}, PaymentReason.FENCED),
        ({"provider_id": "alice"}, PaymentReason.OWN_NODE),
        ({"ticks": ()}, PaymentReason.NOT_METERED),
    ],
)
def test_other_work_is_paid_nothing_and_says_why(changes: dict[str, Any], reason: PaymentReason) -> None:
    uow = funded()
    before = len(uow.ledger.committed)
    decision = decide(uow, **changes)
    assert (decision.amount_ucpt, decision.reason) == (0, reason)
    assert decision.explanation
    assert len(uow.ledger.committed) == before


def test_returned_work_is_paid_up_to_its_checkpoint() -> None:
    uow = funded()
    decision = decide(uow, state=AttemptState.RETURNED, ticks=(TICK,) * 5, ticks_committed=3)
    assert (decision.amount_ucpt, decision.reason) == (150_000, PaymentReason.PAID_TO_CHECKPOINT)


def test_a_repeated_payment_gets_the_same_answer_and_no_more_money() -> None:
    uow = funded()
    first = decide(uow)
    assert decide(uow) == first
    assert decide(uow, ticks=(TICK,) * 50).amount_ucpt == EARNED
    assert uow.balance("bob") == EARNED


def test_metering_past_the_masters_own_clock_is_not_paid() -> None:
    assert decide(funded(), ticks=(TICK,) * 100, limit_ms=60_000).amount_ucpt == EARNED


def test_a_short_hold_is_filled_from_the_balance() -> None:
    uow = funded()
    decision = decide(uow, ticks=(Tick(duration_ms=30_000, cpu_percent=100, memory_percent=100),) * 100)
    assert (decision.amount_ucpt, decision.reason) == (7_500_000, PaymentReason.PAID)


def test_what_neither_hold_nor_balance_covers_is_not_paid_and_nothing_falls_below_zero() -> None:
    uow = funded(120_000)
    assert decide(uow).amount_ucpt == EARNED
    second = decide(uow, attempt_id="Y")
    assert (second.amount_ucpt, second.reason) == (20_000, PaymentReason.PAID_SHORT)
    third = decide(uow, attempt_id="Z")
    assert (third.amount_ucpt, third.reason) == (0, PaymentReason.UNFUNDED)
    assert uow.balance("alice") == 0


def test_a_cap_is_never_passed() -> None:
    uow = funded(max_ucpt=130_000)
    assert decide(uow).amount_ucpt == EARNED
    uow.tasks.rows["T"].paid_ucpt += EARNED
    assert decide(uow, attempt_id="Y").amount_ucpt == 30_000
    assert uow.balance("alice") == 150 * CPT - 130_000


def test_one_batch_never_passes_the_cap_either() -> None:
    uow = funded(max_ucpt=130_000)
    with uow.transaction():
        decisions = settle(uow, [payment(attempt_id=name) for name in "XYZ"])
    assert [decision.amount_ucpt for decision in decisions] == [EARNED, 30_000, 0]


def test_a_late_result_after_release_is_unfunded() -> None:
    uow = funded()
    with uow.transaction():
        release(uow, ["T"])
    decision = decide(uow, late=True)
    assert (decision.amount_ucpt, decision.reason) == (0, PaymentReason.UNFUNDED_LATE)
    assert uow.balance("alice") == 150 * CPT


def test_the_fee_is_one_linked_transfer_beside_the_plain_reward() -> None:
    uow = funded()
    with uow.transaction():
        uow.ledger.add_rule(RewardRule(version=2, fee_millionths=100_000))
    decision = decide(uow)
    assert (decision.amount_ucpt, decision.fee_ucpt, decision.cost_ucpt) == (EARNED, 10_000, 110_000)
    pay, charge = (row.transfer for row in uow.ledger.committed[-2:])
    assert (pay.code, charge.code, charge.credit) == (Code.ATTEMPT_PAID, Code.POOL_FEE, "fees")
    assert charge.attempt_id == pay.attempt_id
    assert decide(uow) == decision


class LedgerMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: sums are zero, nobody is below zero, nothing is paid twice."""

    people = st.sampled_from(["alice", "bob", "carol"])
    tasks = st.sampled_from(["S", "T"])

    def __init__(self) -> None:
        super().__init__()
        self.uow = pool()
        self.reads = MemoryLedgerReads(self.uow.ledger)
        self.owners = {"S": "alice", "T": "bob"}

    @initialize(fee=st.sampled_from([0, 50_000]))
    def begin(self, fee: int) -> None:
        for task_id, owner in self.owners.items():
            task(self.uow, task_id, owner)
            give(self.uow, owner, 2 * CPT)
        with self.uow.transaction():
            self.uow.ledger.add_rule(RewardRule(version=2, fee_millionths=fee))

    @rule(who=people, amount=st.integers(1, 200_000))
    def grant(self, who: str, amount: int) -> None:
        give(self.uow, who, amount)

    @rule(task_id=tasks, parallel=st.integers(1, 5))
    def start(self, task_id: str, parallel: int) -> None:
        with self.uow.transaction():
            open_hold(
                self.uow,
                request(task_id, self.owners[task_id], resources=ONE_CORE, parallel=parallel, timeout_ms=60_000),
            )

    @rule(needed=st.integers(0, 300_000))
    def extend(self, needed: int) -> None:
        needs = [
            HoldNeed(task_id=task_id, owner_id=owner, needed_ucpt=needed) for task_id, owner in self.owners.items()
        ]
        with self.uow.transaction():
            extend_holds(self.uow, needs)

    @rule(
        batch=st.lists(st.tuples(st.integers(0, 3), tasks, people, st.integers(0, 4), st.booleans()), max_size=5)
    )
    def end(self, batch: list[tuple[int, str, str, int, bool]]) -> None:
        payments = {
            f"{task_id}{number}": payment(
                f"{task_id}{number}",
                task_id=task_id,
                submitter_id=self.owners[task_id],
                provider_id=provider,
                ticks=(TICK,) * ticks,
                late=late,
            )
            for number, task_id, provider, ticks, late in batch
        }
        with self.uow.transaction():
            decisions = settle(self.uow, list(payments.values()))
        for decision in decisions:
            paid = payments[decision.attempt_id]
            if decision.amount_ucpt and decision.attempt_id not in self.uow.ledger.proof:
                self.uow.ledger.proof[decision.attempt_id] = AttemptEvidence(
                    attempt_id=decision.attempt_id, ticks=paid.ticks, paid_ucpt=decision.amount_ucpt
                )

    @rule(task_ids=st.lists(tasks, unique=True))
    def stop(self, task_ids: list[str]) -> None:
        with self.uow.transaction():
            release(self.uow, task_ids)
        for task_id in task_ids:
            assert self.reads.account(hold_account(task_id)).balance_ucpt == 0

    @rule(task_id=tasks)
    def break_down(self, task_id: str) -> None:
        before = list(self.uow.ledger.committed)
        with pytest.raises(ZeroDivisionError), self.uow.transaction():
            release(self.uow, [task_id])
            raise ZeroDivisionError
        assert self.uow.ledger.committed == before

    @invariant()
    def everything_fits(self) -> None:
        assert verify_database(self.reads).misfit is None
        replay = Replay()
        assert not any(replay.feed(row) for row in self.uow.ledger.committed)
        assert all(a.balance_ucpt >= 0 or a.account_id == "mint" for a in replay.accounts.values())
        attempts = [
            row.transfer.attempt_id for row in self.uow.ledger.committed if row.transfer.code in PAYMENT_CODES
        ]
        assert len(attempts) == len(set(attempts))


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
