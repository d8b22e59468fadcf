"""What users take of the pool's storage, and how much work waits: sums for quotas and monitoring."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, select, text

from core.domain.task import TaskState
from master_app.ports.figures import TaskFigures
from master_app.storage.readers import Readers
from master_app.storage.statements import constant
from master_app.storage.tables.tasks import TASK_IS_LIVE, bundles, tasks

_KEPT: Final = tasks.c.expired == constant(0)
_OF_OWNER: Final = tasks.c.owner_id == bindparam("owner_id")
_RESULTS: Final = select(func.coalesce(func.sum(tasks.c.result_bytes), constant(0))).where(_KEPT)
_RESULTS_OF: Final = _RESULTS.where(_OF_OWNER)
_USED: Final = select(tasks.c.bundle_id).where(_KEPT)
_SIZES: Final = select(func.coalesce(func.sum(bundles.c.size), constant(0)))
_SENT: Final = _SIZES.where(bundles.c.bundle_id.in_(_USED))
_SENT_OF: Final = _SIZES.where(bundles.c.bundle_id.in_(_USED.where(_OF_OWNER)))


class SqlUsageReads:
    """See the ports `quotas` and `figures`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def stored_bytes(self, owner_id: str | None) -> int:
        values = {} if owner_id is None else {"owner_id": owner_id}
        results, sent = (_RESULTS, _SENT) if owner_id is None else (_RESULTS_OF, _SENT_OF)
        with self._readers.snapshot() as connection:
            return int(connection.execute(results, values).scalar_one()) + int(
                connection.execute(sent, values).scalar_one()
            )

    def live_tasks(self) -> TaskFigures:
        columns = tasks.c
        ended = columns.succeeded + columns.failed + columns.cancelled + columns.eaten
        rows = self._readers.rows(
            select(
                columns.state,
                func.count(),
                func.sum(columns.subtask_count),
                func.sum(columns.active),
                func.sum(ended),
            )
            .where(text(TASK_IS_LIVE))
            .group_by(columns.state)
        )
        return TaskFigures(
            states={TaskState(row[0]): int(row[1]) for row in rows},
            subtasks=sum(int(row[2]) for row in rows),
            subtasks_active=sum(int(row[3]) for row in rows),
            subtasks_ended=sum(int(row[4]) for row in rows),
        )
