"""Rows as faces show them."""

from __future__ import annotations

from typing import Any, Final

from core.domain.attempt import AttemptState
from core.domain.subtask import SubtaskState
from core.domain.task import MergeState
from core.domain.views import AttemptView, TaskView, UsageRow
from master_app.storage.mapping import failure_of, row_to_task
from master_app.storage.tables.tasks import attempts, tasks
from master_app.storage.values import METRICS, TICKS

_TASK_COLUMNS = len(tasks.c)
_ATTEMPT_COLUMNS = len(attempts.c)
#: Where each column of an attempt stands: a new one in the middle must not shift the others.
_AT: Final = {column.name: place for place, column in enumerate(attempts.columns)}


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
        try_one=task.try_one,
    )


def row_to_attempt_view(row: Any) -> AttemptView:
    """A row of attempts, then the name of its node."""
    return AttemptView(
        attempt_id=row[_AT["attempt_id"]],
        task_id=row[_AT["task_id"]],
        index=row[_AT["ix"]],
        node_id=row[_AT["node_id"]],
        node_name=row[_ATTEMPT_COLUMNS] or "",
        epoch=row[_AT["epoch"]],
        number=row[_AT["number"]],
        state=AttemptState(row[_AT["state"]]),
        reason=row[_AT["reason"]],
        failure=failure_of(row[_AT["failure_class"]], row[_AT["failure_code"]], row[_AT["failure_message"]]),
        offered_ms=row[_AT["offered_ms"]],
        started_ms=row[_AT["started_ms"]],
        ended_ms=row[_AT["ended_ms"]],
        exit_code=row[_AT["exit_code"]],
        paid_ucpt=row[_AT["paid_ucpt"]],
        pay_reason=row[_AT["pay_reason"]],
        peak_memory_bytes=row[_AT["peak_memory_bytes"]],
        log_bytes=row[_AT["log_bytes"]],
        metrics=dict(METRICS.load(row[_AT["metrics"]])),
    )


def row_to_usage(row: Any) -> UsageRow:
    """A row of attempts, then the name of its node; averages are weighted by time."""
    ticks = TICKS.load(row[_AT["ticks"]])
    run_ms = sum(tick.duration_ms for tick in ticks)
    weight = run_ms or 1
    return UsageRow(
        index=row[_AT["ix"]],
        attempt_id=row[_AT["attempt_id"]],
        node_name=row[_ATTEMPT_COLUMNS] or "",
        state=AttemptState(row[_AT["state"]]),
        run_ms=run_ms,
        cpu_percent=sum(tick.cpu_percent * tick.duration_ms for tick in ticks) / weight,
        memory_percent=sum(tick.memory_percent * tick.duration_ms for tick in ticks) / weight,
        gpu_percent=sum(tick.gpu_percent * tick.duration_ms for tick in ticks) / weight,
        peak_memory_bytes=row[_AT["peak_memory_bytes"]],
        paid_ucpt=row[_AT["paid_ucpt"]] or 0,
        pay_reason=row[_AT["pay_reason"]],
    )
