"""A small pool's whole ledger, with evidence, for tests of statements, verification and explanations."""

from __future__ import annotations

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.rewards import RewardRule
from master_app.ledger.settlement import open_hold, release, settle
from master_app.ports.ledger import AttemptEvidence
from tests.fakes.ledger import MoneyUnitOfWork
from tests.unit.master_app.ledger.stage import CPT, ONE_CORE, TICK, give, payment, pool, request, task


def books() -> MoneyUnitOfWork:
    """Two rules, a hold, five payments with fees (one of a failure, one short), a release."""
    uow = pool()
    task(uow)
    give(uow, "alice", 2 * CPT)
    with uow.transaction():
        uow.ledger.add_rule(RewardRule(version=2, fee_millionths=100_000))
        open_hold(uow, request(resources=ONE_CORE, parallel=1))
    payments = [
        payment("A"),
        payment("B", provider_id="carol"),
        payment(
            "C", state=AttemptState.FAILED, failure=Failure(failure_class=FailureClass.OOM, code="OOM_KILLED")
        ),
        payment("D", state=AttemptState.RETURNED, ticks=(TICK,) * 4, ticks_committed=1, limit_ms=90_000),
    ]
    with uow.transaction():
        settle(uow, payments)
    with uow.transaction():
        release(uow, ["T"])
        open_hold(uow, request(resources=ONE_CORE, parallel=1))
    with uow.transaction():
        last = payment("E", ticks=(TICK,) * 200)
        settle(uow, [last])
    for paid in [*payments, last]:
        uow.ledger.proof[paid.attempt_id] = AttemptEvidence(
            attempt_id=paid.attempt_id, ticks=paid.ticks, paid_ucpt=None
        )
    return uow
