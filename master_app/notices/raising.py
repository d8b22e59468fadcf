"""Writes notices, inside a command of whoever knows what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.domain.events import NoticeRaised
from core.domain.notices import NoticeKind, Values
from core.domain.task import TaskState
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork

_OF_STATE: Final[Mapping[TaskState, NoticeKind]] = {
    TaskState.SUCCEEDED: NoticeKind.DONE,
    TaskState.FAILED: NoticeKind.FAILED,
    TaskState.HELD: NoticeKind.HELD,
}
#: A task that is held again and again says so once in this time.
HELD_AGAIN_MS: Final = 30 * 60_000


def tell(uow: UnitOfWork, owner_id: str, kind: NoticeKind, subject: str, values: Values) -> int:
    """Write a notice, plan its deliveries, and tell faces; return its sequence."""
    sequence = uow.notices.add(owner_id, kind, subject, values, uow.now_ms)
    for channel in uow.notices.settings(owner_id).channels(kind):
        uow.notices.put_due(sequence, channel, 0, uow.now_ms)
    uow.publish(NoticeRaised(owner_id=owner_id, sequence=sequence, at_ms=uow.now_ms))
    return sequence


def task_changed(uow: UnitOfWork, task: TaskRecord, source: TaskState) -> None:
    """Tell a task's owner when it has come to where somebody should look."""
    kind = _OF_STATE.get(task.state)
    if kind is None or task.state is source:
        return
    if kind is NoticeKind.HELD:
        newest = uow.notices.newest_ms(task.owner_id, kind, task.task_id)
        if newest and uow.now_ms - newest < HELD_AGAIN_MS:
            return
    values: dict[str, str | int] = {
        "name": task.name,
        "subtasks": task.subtask_count,
        "failed": task.failed,
        "paid_ucpt": task.paid_ucpt,
        "reason": task.state_reason,
        "held": task.held.value if task.held else "",
        "expires_ms": task.expires_ms,
    }
    tell(uow, task.owner_id, kind, task.task_id, {name: value for name, value in values.items() if value})
