"""What users take of the pool's storage, and how much work waits: sums for quotas and monitoring."""

from __future__ import annotations

from sqlalchemy import func, select, text

from core.domain.task import TaskState
from master_app.ports.figures import TaskFigures
from master_app.storage.readers import Readers
from master_app.storage.tables.tasks import TASK_IS_LIVE, bundles, tasks


class SqlUsageReads:
    """See the ports `quotas` and `figures`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def stored_bytes(self, owner_id: str | None) -> int:
        # Both sums come from one index of the tasks whose files are kept.
        kept = tasks.c.expired == 0
        mine = kept if owner_id is None else kept & (tasks.c.owner_id == owner_id)
        results = select(func.coalesce(func.sum(tasks.c.result_bytes), 0)).where(mine)
        used = select(tasks.c.bundle_id).where(mine).distinct()
        sent = select(func.coalesce(func.sum(bundles.c.size), 0)).where(bundles.c.bundle_id.in_(used))
        with self._readers.snapshot() as connection:
            return int(connection.execute(results).scalar_one()) + int(connection.execute(sent).scalar_one())

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
