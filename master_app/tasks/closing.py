"""The end of attempts: each is settled, paid or not and why, and written in the transaction that ended it."""

from __future__ import annotations

from dataclasses import replace

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.events import AttemptEnded, AttemptsSucceeded, Success
from core.domain.session import Receipt
from master_app.ledger import settlement
from master_app.ports.tasks import AttemptRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt
from master_app.tasks.batch import Batch
from master_app.tasks.late_results import LATE

#: What a node's metering may be longer than the master's own clock says: the two tick apart.
CLOCK_SLACK_MS = 60_000


def settle_ended(uow: UnitOfWork, batch: Batch) -> list[Receipt]:
    """Decide the pay of every attempt that ended and write it with its row, in this transaction (R11).

    Returns what its node is told of it.
    """
    payments = [
        settlement.Payment(
            attempt_id=record.attempt_id,
            task_id=record.task_id,
            index=record.index,
            submitter_id=batch.touched[record.task_id].owner_id if record.task_id in batch.touched else "",
            provider_id=_provider(uow, record.node_id),
            resources=live.resources,
            state=record.state,
            failure=record.failure,
            reason=record.reason,
            ticks=record.ticks,
            ticks_committed=batch.committed.get(record.attempt_id, 0),
            fenced=_is_fenced(batch, live),
            late=record.reason == LATE,
            # No attempt can have run longer than since it was offered, by the master's own clock.
            limit_ms=uow.now_ms - live.offered_ms + CLOCK_SLACK_MS,
        )
        for live, record in batch.ended
    ]
    decisions = settlement.settle(uow, payments)
    done: list[AttemptRecord] = []
    good: list[Success] = []
    for (_, record), decision in zip(batch.ended, decisions, strict=True):
        task = batch.touched.get(record.task_id)
        if task is not None:
            task.paid_ucpt += decision.cost_ucpt
        done.append(replace(record, paid_ucpt=decision.amount_ucpt, pay_reason=decision.reason))
        if record.state is AttemptState.SUCCEEDED:
            good.append(Success(record.task_id, record.index, record.attempt_id, record.node_id))
        else:
            uow.publish(_ended_fact(record, uow.now_ms))
    if good:
        uow.publish(AttemptsSucceeded(ended=tuple(good), at_ms=uow.now_ms))
    uow.attempts.end_many(done)
    return [
        Receipt(attempt_id=decision.attempt_id, ucpt=decision.amount_ucpt, reason=decision.reason.value)
        for decision in decisions
    ]


def _is_fenced(batch: Batch, live: LiveAttempt) -> bool:
    task = batch.touched.get(live.task_id)
    return task is None or (live.generation < task.generation and not live.stop_reason)


def _provider(uow: UnitOfWork, node_id: str) -> str:
    node = uow.pool.nodes.get(node_id)
    if node is not None:
        return node.owner_id
    record = uow.nodes.get(node_id)
    return record.owner_id if record is not None else ""


def _ended_fact(record: AttemptRecord, at_ms: int) -> AttemptEnded:
    failure: Failure | None = record.failure
    reason = record.reason
    if failure is not None:
        place = "" if failure.failure_class is FailureClass.INFRA else f"{failure.failure_class.value}: "
        reason = f"{place}{failure.code} {failure.message}".strip()
    return AttemptEnded(
        task_id=record.task_id,
        index=record.index,
        attempt_id=record.attempt_id,
        node_id=record.node_id,
        state=record.state,
        reason=reason,
        at_ms=at_ms,
    )
