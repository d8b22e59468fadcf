"""A storage to test with, on either database, and rows to put into it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.clock import Clock
from core.domain.attempt import AttemptState
from core.domain.events import Fact
from core.domain.ids import UlidFactory
from core.domain.ledger import Code, Transfer, hold_account, user_account
from core.domain.node import NodeAdmin
from master_app.ports.node_pool import NodeRecord
from master_app.ports.tasks import AttemptRecord, BundleRecord, SubmittedTask, TaskRecord
from master_app.ports.unit_of_work import Command, UnitOfWork
from master_app.storage.storage import Storage, open_storage

T = TypeVar("T")
new_id = UlidFactory(secrets.randbits)
NOW_MS = 1_767_225_600_000


@dataclass
class Opened:
    """A database that can be closed and opened again, and what its writer told."""

    url: str
    folder: Path
    clock: Clock
    facts: list[tuple[int, Fact]] = field(default_factory=list)
    rebuilds: int = 0
    _storage: Storage | None = None

    @property
    def storage(self) -> Storage:
        if self._storage is None:
            self._storage = open_storage(
                self.url, data_dir=self.folder, publish=self._publish, rebuild=self._rebuild, clock=self.clock
            )
        return self._storage

    def run(self, command: Command[T]) -> T:
        return self.storage.writer.execute(command).result(30)

    def close(self) -> None:
        if self._storage is not None:
            self._storage.close()
            self._storage = None

    def _publish(self, facts: Sequence[Fact], commit_number: int) -> None:
        self.facts += [(commit_number, fact) for fact in facts]

    def _rebuild(self, uow: UnitOfWork) -> None:
        self.rebuilds += 1


def a_task(**values: Any) -> TaskRecord:
    defaults: dict[str, Any] = {
        "task_id": new_id(NOW_MS),
        "owner_id": "owner",
        "name": "task",
        "created_ms": NOW_MS,
        "bundle_id": "b" * 64,
    }
    return TaskRecord(**(defaults | values))


def submitted(task: TaskRecord, **values: Any) -> SubmittedTask:
    bundle = BundleRecord(
        bundle_id=task.bundle_id, size=10, file_count=1, blobs=(task.bundle_id, "p" * 64), created_ms=NOW_MS
    )
    defaults: dict[str, Any] = {"spec_json": '{"name": "x"}', "resolved_toml": "x = 1\n", "bundle": bundle}
    return SubmittedTask(task=task, **(defaults | values))


def an_attempt(task: TaskRecord, index: int = 0, **values: Any) -> AttemptRecord:
    defaults: dict[str, Any] = {
        "attempt_id": new_id(NOW_MS),
        "task_id": task.task_id,
        "index": index,
        "node_id": "node",
        "term": 5,
        "epoch": 1,
        "generation": 1,
        "number": 1,
        "state": AttemptState.OFFERED,
        "memory_bytes": 1 << 30,
        "offered_ms": NOW_MS,
    }
    return AttemptRecord(**(defaults | values))


def a_node(**values: Any) -> NodeRecord:
    defaults: dict[str, Any] = {
        "node_id": new_id(NOW_MS),
        "name": "node",
        "owner_id": "owner",
        "created_ms": NOW_MS,
        "admin": NodeAdmin.ACTIVE,
    }
    return NodeRecord(**(defaults | values))


def a_grant(user_id: str, amount_ucpt: int, transfer_id: str = "") -> Transfer:
    return Transfer(
        transfer_id=transfer_id or new_id(NOW_MS),
        debit="mint",
        credit=user_account(user_id),
        amount_ucpt=amount_ucpt,
        code=Code.GRANT_OPERATOR,
        at_ms=NOW_MS,
    )


def a_hold(user_id: str, task_id: str, amount_ucpt: int) -> Transfer:
    return Transfer(
        transfer_id=new_id(NOW_MS),
        debit=user_account(user_id),
        credit=hold_account(task_id),
        amount_ucpt=amount_ucpt,
        code=Code.HOLD_OPEN,
        at_ms=NOW_MS,
        task_id=task_id,
    )
