"""Money for tests: people with credits, a task, and payments."""

from __future__ import annotations

from typing import Any

from core.domain.attempt import AttemptState
from core.domain.ledger import MINT, Code, Transfer, user_account
from core.domain.node import NodeFacts
from core.domain.resources import GIB, Resources
from core.domain.rewards import Tick
from master_app.ledger.settlement import HoldRequest, Payment
from master_app.ports.tasks import TaskRecord
from tests.fakes.ledger import MemoryNode, MoneyUnitOfWork

CPT = 1_000_000
#: 0.1 CPT a minute: 0.05 a tick at medium use.
ONE_CORE = Resources(cpu_millis=1000)
FOUR_CORES = Resources(cpu_millis=4000, memory_bytes=8 * GIB)
TICK = Tick(duration_ms=30_000, cpu_percent=40, memory_percent=40)


def give(uow: MoneyUnitOfWork, user_id: str, amount_ucpt: int) -> None:
    with uow.transaction():
        uow.ledger.append(
            [
                Transfer(
                    transfer_id=f"grant:{user_id}:{len(uow.ledger.committed)}",
                    debit=MINT,
                    credit=user_account(user_id),
                    amount_ucpt=amount_ucpt,
                    code=Code.GRANT_OPERATOR,
                    at_ms=uow.now_ms,
                )
            ]
        )


def pool(slots: int = 4) -> MoneyUnitOfWork:
    uow = MoneyUnitOfWork()
    uow.pool.nodes["N"] = MemoryNode(NodeFacts(slots=slots))
    return uow


def task(uow: MoneyUnitOfWork, task_id: str = "T", owner_id: str = "alice", **changes: Any) -> TaskRecord:
    row = TaskRecord(
        task_id=task_id, owner_id=owner_id, name=task_id, created_ms=uow.now_ms, bundle_id="b", **changes
    )
    uow.tasks.rows[task_id] = row
    return row


def request(task_id: str = "T", owner_id: str = "alice", **changes: Any) -> HoldRequest:
    plain: dict[str, Any] = {
        "resources": FOUR_CORES,
        "parallel": 2,
        "timeout_ms": 3_600_000,
        "left_ucpt": None,
    }
    return HoldRequest(task_id=task_id, owner_id=owner_id, **(plain | changes))


def payment(attempt_id: str = "X", **changes: Any) -> Payment:
    plain: dict[str, Any] = {
        "task_id": "T",
        "index": 0,
        "submitter_id": "alice",
        "provider_id": "bob",
        "resources": ONE_CORE,
        "state": AttemptState.SUCCEEDED,
        "ticks": (TICK, TICK),
    }
    return Payment(attempt_id=attempt_id, **(plain | changes))
