"""Rows as faces show them."""

from __future__ import annotations

from typing import Any

from core.domain.attempt import AttemptState
from core.domain.subtask import SubtaskState
from core.domain.task import MergeState
from core.domain.views import AttemptView, TaskView, UsageRow
from master_app.storage.mapping import failure_of, row_to_task
from master_app.storage.tables.tasks import attempts, tasks
from master_app.storage.values import METRICS, TICKS

_TASK_COLUMNS = len(tasks.c)
_ATTEMPT_COLUMNS = len(attempts.c)


def row_to_task_view(row: Any) -> TaskView:
    """A row of tasks, then its owner's name, then what is held for it."""
    task = row_to_task(tuple(row[:_TASK_COLUMNS]))
    counts = {
        SubtaskState.BACKOFF: task.backoff,
        SubtaskState.ACTIVE: task.active,
        SubtaskState.SUCCEEDED: task.succeeded,
        SubtaskState.FAILED: task.failed,
        SubtaskState.CANCELLED: task.cancelled,
        SubtaskState.EATEN: task.eaten,
    }
    counts[SubtaskState.READY] = max(0, task.subtask_count - sum(counts.values()))
    return TaskView(
        task_id=task.task_id,
        owner_id=task.owner_id,
        owner_name=row[_TASK_COLUMNS] or "",
        name=task.name,
        state=task.state,
        state_reason=task.state_reason,
        state_since_ms=task.state_since_ms,
        held=task.held,
        priority=task.priority,
        subtask_count=task.subtask_count,
        counts=counts,
        has_merge=task.merge is not MergeState.NONE,
        created_ms=task.created_ms,
        started_ms=task.started_ms,
        ended_ms=task.ended_ms,
        deadline_ms=task.deadline_ms,
        expires_ms=task.expires_ms,
        expired=task.expired,
        paid_ucpt=task.paid_ucpt,
        hold_ucpt=row[_TASK_COLUMNS + 1] or 0,
        max_ucpt=task.max_ucpt,
        bundle_id=task.bundle_id,
        generation=task.generation,
    )


def row_to_attempt_view(row: Any) -> AttemptView:
    """A row of attempts, then the name of its node."""
    return AttemptView(
        attempt_id=row[0],
        task_id=row[1],
        index=row[2],
        node_id=row[3],
        node_name=row[_ATTEMPT_COLUMNS] or "",
        epoch=row[5],
        number=row[7],
        state=AttemptState(row[8]),
        reason=row[11],
        failure=failure_of(row[12], row[13], row[14]),
        offered_ms=row[10],
        started_ms=row[16],
        ended_ms=row[17],
        exit_code=row[15],
        paid_ucpt=row[20],
        pay_reason=row[21],
        peak_memory_bytes=row[19],
        log_bytes=row[22],
        metrics=dict(METRICS.load(row[23])),
    )


def row_to_usage(row: Any) -> UsageRow:
    """A row of attempts, then the name of its node; averages are weighted by time."""
    ticks = TICKS.load(row[18])
    run_ms = sum(tick.duration_ms for tick in ticks)
    weight = run_ms or 1
    return UsageRow(
        index=row[2],
        attempt_id=row[0],
        node_name=row[_ATTEMPT_COLUMNS] or "",
        state=AttemptState(row[8]),
        run_ms=run_ms,
        cpu_percent=sum(tick.cpu_percent * tick.duration_ms for tick in ticks) / weight,
        memory_percent=sum(tick.memory_percent * tick.duration_ms for tick in ticks) / weight,
        gpu_percent=sum(tick.gpu_percent * tick.duration_ms for tick in ticks) / weight,
        peak_memory_bytes=row[19],
        paid_ucpt=row[20] or 0,
        pay_reason=row[21],
    )
