"""A database as a pool has it after a year: tasks that wait, many that have ended, and what was paid for them."""

from __future__ import annotations

import dataclasses
import secrets
from functools import partial
from itertools import count

from core.client.client import HiveMind
from core.domain.ids import UlidFactory
from core.domain.ledger import MINT, Code, Transfer, hold_account, payment_id, user_account
from core.domain.task import TaskState
from master_app.ports.tasks import BundleRecord, SubmittedTask, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from tests.bench._rig import PASSWORD, Rig
from tests.bench._zips import noop_zip

_AT_ONCE = 500
_DAY_MS = 86_400_000
#: They end one after the other, as far back as that reaches.
_APART_MS, _DAYS_MS = 300_000, 347 * _DAY_MS
_PAID_UCPT = 10_000
#: Cores that no node of the pool has.
_CORES = 64
#: One of so many waits; every tenth of the others has failed.
_WAITING, _FAILED = 20, 10


def filled(rig: Rig, tasks: int) -> tuple[str, str]:
    """Write tasks of ann and their payments, through the master's own writer.

    Returns the ids of one that waits and of one that has ended.
    """
    with HiveMind(rig.url) as ann:
        ann.login("ann", PASSWORD)
        bundle = noop_zip(rig.root / "waiting.zip", 16, cores=_CORES)
        sample_id = ann.submit(bundle).task_id
    writer, new_id, number = rig.daemon.master.storage.writer, UlidFactory(secrets.randbits), count()
    ended_id = ""

    def command(uow: UnitOfWork, size: int) -> str:
        sample = uow.tasks.get(sample_id)
        assert sample is not None
        text = uow.tasks.spec_json(sample_id)
        known = BundleRecord(bundle_id=sample.bundle_id, size=0, file_count=0, blobs=(), created_ms=uow.now_ms)
        transfers, last = [], ""
        for _ in range(size):
            copy = _copy(sample, new_id(uow.now_ms), next(number), uow.now_ms)
            uow.tasks.add(SubmittedTask(task=copy, spec_json=text, resolved_toml="", bundle=known))
            if copy.state is TaskState.QUEUED:
                continue
            last = copy.task_id
            transfers += _paid(copy, new_id(uow.now_ms), rig.bob_id)
        uow.ledger.append(transfers)
        return last

    def enough(uow: UnitOfWork) -> None:
        grant = Transfer(
            transfer_id=new_id(uow.now_ms),
            debit=MINT,
            credit=user_account(rig.ann.user_id),
            amount_ucpt=tasks * _PAID_UCPT,
            code=Code.GRANT_OPERATOR,
            at_ms=uow.now_ms,
        )
        uow.ledger.append([grant])

    writer.execute(enough).result(60)
    for first in range(0, tasks, _AT_ONCE):
        size = min(_AT_ONCE, tasks - first)
        ended_id = writer.execute(partial(command, size=size)).result(60) or ended_id
    return sample_id, ended_id


def _paid(task: TaskRecord, attempt_id: str, provider_id: str) -> list[Transfer]:
    """Return what a task that has ended did in the ledger: a hold, and one payment to bob that used it up."""
    hold = Transfer(
        transfer_id=f"hold:{task.task_id}:0",
        debit=user_account(task.owner_id),
        credit=hold_account(task.task_id),
        amount_ucpt=_PAID_UCPT,
        code=Code.HOLD_OPEN,
        at_ms=task.started_ms,
        task_id=task.task_id,
        actor_id=task.owner_id,
    )
    payment = dataclasses.replace(
        hold,
        transfer_id=payment_id(attempt_id),
        debit=hold.credit,
        credit=user_account(provider_id),
        code=Code.ATTEMPT_PAID,
        at_ms=task.ended_ms,
        index=0,
        attempt_id=attempt_id,
        rule_version=1,
    )
    return [hold, payment]


def _copy(sample: TaskRecord, task_id: str, number: int, now_ms: int) -> TaskRecord:
    at_ms = now_ms - max(0, _DAYS_MS - number * _APART_MS)
    name = f"batch {number:06d}"
    if number % _WAITING == 0:
        return dataclasses.replace(sample, task_id=task_id, name=name, created_ms=at_ms, idempotency_key="")
    failed = number % _FAILED == 1
    return dataclasses.replace(
        sample,
        task_id=task_id,
        name=name,
        created_ms=at_ms,
        idempotency_key="",
        state=TaskState.FAILED if failed else TaskState.SUCCEEDED,
        state_since_ms=at_ms,
        started_ms=at_ms,
        ended_ms=at_ms + 60_000,
        next_index=sample.subtask_count,
        succeeded=sample.subtask_count - failed,
        failed=int(failed),
        expires_ms=now_ms + 30 * _DAY_MS,
    )
