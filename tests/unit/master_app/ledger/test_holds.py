"""Holds: enough to start, extended in steps, given back once."""

from __future__ import annotations

from core.domain.ledger import Code, hold_account
from core.domain.rewards import TICK_MS, highest_cost
from core.domain.spec import SplitSpec, TaskSpec
from core.domain.task import HeldCode
from master_app.ledger.holds import HoldNeed, extend_holds, left_of_cap, open_hold, opening, release
from tests.fakes.ledger import MoneyUnitOfWork
from tests.unit.master_app.ledger.stage import CPT, FOUR_CORES, give, pool, request, task

#: 0.6 CPT a minute at 1.5, and the half micro-CPT that each tick may round up by.
TEN_MINUTES = 20 * CPT // 20 * 9


def held(uow: MoneyUnitOfWork, task_id: str = "T") -> int:
    return uow.ledger.accounts([hold_account(task_id)])[hold_account(task_id)].balance_ucpt


def test_opening_hold_covers_the_planned_use_for_ten_minutes() -> None:
    uow = pool(slots=4)
    give(uow, "alice", 150 * CPT)
    with uow.transaction():
        state = open_hold(uow, request(parallel=2))
    assert state.held is None
    assert 2 * TEN_MINUTES <= state.hold_ucpt == held(uow) <= 2 * TEN_MINUTES + 100


def test_opening_hold_plans_no_more_than_the_pool_has_slots() -> None:
    uow = pool(slots=3)
    give(uow, "alice", 150 * CPT)
    with uow.transaction():
        state = open_hold(uow, request(parallel=1_000_000))
    assert 3 * TEN_MINUTES <= state.hold_ucpt <= 3 * TEN_MINUTES + 100


def test_a_poor_user_starts_with_what_there_is() -> None:
    uow = pool()
    give(uow, "alice", 1 * CPT)
    with uow.transaction():
        state = open_hold(uow, request())
    assert (state.held, held(uow), uow.balance("alice")) == (None, 1 * CPT, 0)


def test_less_than_a_tick_holds_the_task_and_takes_nothing() -> None:
    uow = pool()
    tick = highest_cost(FOUR_CORES, uow.ledger.rule(), TICK_MS)
    give(uow, "alice", tick - 1)
    with uow.transaction():
        state = open_hold(uow, request())
    assert (state.held, uow.balance("alice")) == (HeldCode.OUT_OF_FUNDS, tick - 1)
    give(uow, "alice", 1)
    with uow.transaction():
        assert open_hold(uow, request()).held is None


def test_a_cap_below_one_tick_is_a_budget_that_is_exceeded() -> None:
    uow = pool()
    give(uow, "alice", 150 * CPT)
    with uow.transaction():
        assert open_hold(uow, request(left_ucpt=100)).held is HeldCode.BUDGET_EXCEEDED
    assert held(uow) == 0


def test_a_retry_tops_the_open_hold_up_and_never_opens_a_second() -> None:
    uow = pool()
    give(uow, "alice", 150 * CPT)
    for parallel in (1, 2, 1):
        with uow.transaction():
            open_hold(uow, request(parallel=parallel))
    codes = [row.transfer.code for row in uow.ledger.committed]
    assert codes == [Code.GRANT_OPERATOR, Code.HOLD_OPEN, Code.HOLD_EXTEND]


def test_extension_reaches_as_far_as_balance_and_cap() -> None:
    uow = pool()
    give(uow, "alice", 10)
    give(uow, "carol", 100)
    needs = [
        HoldNeed(task_id="T", owner_id="alice", needed_ucpt=6),
        HoldNeed(task_id="S", owner_id="alice", needed_ucpt=6),
        HoldNeed(task_id="C", owner_id="carol", needed_ucpt=50, left_ucpt=30),
    ]
    with uow.transaction():
        states = extend_holds(uow, needs)
    assert [(state.hold_ucpt, state.held) for state in states] == [
        (6, None),
        (4, HeldCode.OUT_OF_FUNDS),
        (30, HeldCode.BUDGET_EXCEEDED),
    ]
    assert uow.balance("alice") == 0


def test_release_gives_the_rest_back_once_and_names_the_hold() -> None:
    uow = pool()
    give(uow, "alice", 150 * CPT)
    with uow.transaction():
        open_hold(uow, request())
    with uow.transaction():
        released = release(uow, ["T", "never-had-one"])
        assert released > 0
        assert release(uow, ["T"]) == 0
    last = uow.ledger.committed[-1].transfer
    assert (last.code, last.pending_id) == (Code.HOLD_RELEASED, uow.ledger.committed[1].transfer.transfer_id)
    assert uow.balance("alice") == 150 * CPT
    with uow.transaction():
        assert open_hold(uow, request()).held is None


def test_opening_follows_the_spec_and_the_cap() -> None:
    uow = pool()
    row = task(uow, subtask_count=100, max_ucpt=50, paid_ucpt=20)
    spec = TaskSpec(resources=FOUR_CORES, split=SplitSpec(max_parallel=7))
    wanted = opening(row, spec)
    assert (wanted.parallel, wanted.left_ucpt, wanted.timeout_ms) == (7, 30, spec.run.timeout_s * 1000)
    assert opening(row, TaskSpec()).parallel == 100
    row.paid_ucpt = 60
    assert left_of_cap(row) == 0
