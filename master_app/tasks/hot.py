"""What dispatch needs to know of a task, made from its row and spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from sys import intern

from core.domain.session import ImagePin
from core.domain.spec import TaskSpec
from core.domain.subtask import SubtaskState
from core.domain.task import DISPATCHABLE_TASK_STATES, MergeState, TaskState, WaitFor
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import Needs, Pool, PoolTask

SharedNeeds = tuple[Needs, Needs | None]


def needs_of(spec: TaskSpec, task: TaskRecord) -> Needs:
    """Return what a part of this task needs."""
    return Needs(
        resources=spec.resources,
        requires=spec.requires,
        prefer=spec.prefer,
        image_ref=spec.image.ref,
        image_id=task.pin.image_id if task.pin and not task.pin.recipe and not task.pin.digest else "",
        allow_process=spec.run.allow_process,
    )


def pinned_needs(pool: Pool, hot: PoolTask, pin: ImagePin) -> Mapping[str, Needs | None]:
    """Return the needs of a task whose image has become known, as fields of its value in the pool."""
    if not pin.image_id:
        return {}
    merge = hot.merge_needs
    return {
        "needs": pool.intern(replace(hot.needs, image_id=pin.image_id)),
        "merge_needs": pool.intern(replace(merge, image_id=pin.image_id)) if merge is not None else None,
    }


def hot_task(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec) -> PoolTask:
    """Return the pool's value of a live task, without the indices that may start again."""
    return _hot_task(task, spec, shared_needs(uow.pool, task, spec))


def shared_needs(pool: Pool, task: TaskRecord, spec: TaskSpec) -> SharedNeeds:
    """Return the needs of a task's parts and of its merge, as the pool shares them between tasks."""
    needs = pool.intern(needs_of(spec, task))
    if spec.merge is None:
        return needs, None
    of_merge = Needs(
        resources=spec.merge.resources,
        requires=spec.requires,
        prefer=spec.prefer,
        image_ref=spec.image.ref,
        image_id=needs.image_id,
        allow_process=spec.run.allow_process,
    )
    return needs, pool.intern(of_merge)


def _hot_task(task: TaskRecord, spec: TaskSpec, shared: SharedNeeds) -> PoolTask:
    needs, merge_needs = shared
    return PoolTask(
        task_id=task.task_id,
        owner_id=intern(task.owner_id),
        priority=task.priority,
        submitted_ms=task.created_ms,
        generation=task.generation,
        subtask_count=task.subtask_count,
        needs=needs,
        merge_needs=merge_needs,
        next_index=task.next_index,
        dispatchable=task.state in DISPATCHABLE_TASK_STATES
        or (task.state is TaskState.WAITING and task.wait_for is WaitFor.PIN),
        pinned=task.pin is not None,
        max_parallel=1 if task.try_one else spec.split.max_parallel,
        lease_s=spec.lease_s,
        prefers_reliable=task.returned >= 20,
        alone=task.try_one,
    )


def restore_task(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec, shared: SharedNeeds) -> PoolTask:
    """Return the pool's value of a task as it was when the master stopped, waiting indices included."""
    hot = _hot_task(task, spec, shared)
    open_states = (SubtaskState.READY, SubtaskState.BACKOFF)
    # A task of which nothing was ever started has no rows: most of a long queue.
    rows = uow.subtasks.of_state(task.task_id, open_states) if task.started_ms or task.next_index else ()
    if not rows:
        return hot
    hot.own_containers()
    for row in rows:
        if row.index >= task.subtask_count and task.merge is not MergeState.OPEN:
            continue  # a merge that waits for its parts has no place in the queue, whatever its row says
        if row.state is SubtaskState.READY:
            hot.ready.append(row.index)
        else:
            hot.backoff.append((row.ready_at_ms, row.index))
        if row.oom_step and spec.on_oom_memory_bytes:
            hot.memory_bytes[row.index] = spec.on_oom_memory_bytes[row.oom_step - 1]
        if row.failed_nodes and spec.retry.different_node:
            hot.excluded[row.index] = set(row.failed_nodes)
    hot.backoff.sort()
    return hot
