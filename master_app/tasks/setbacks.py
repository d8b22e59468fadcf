"""What follows for the subtask of an attempt that did not succeed: back to the queue, a backoff, or failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.domain.attempt import USER_CLASS_FAILURES, AttemptState, ReturnReason
from core.domain.ids import SubtaskKey
from core.domain.session import AttemptUpdate
from core.domain.spec import TaskSpec
from core.domain.subtask import SubtaskState
from core.domain.task import MergeState
from master_app.ports.tasks import AttemptRecord, SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.tasks.batch import Applied, Batch, Incident
from master_app.tasks.image_holds import ImageHolds
from master_app.tasks.missing_inputs import LOST_CODES, MissingInputs
from master_app.tasks.retries import NextStep, Outcome, next_step
from master_app.tasks.rollup import RETURNED_LIMIT
from master_app.tasks.specs import SpecCache

#: User-class failures of one task on one node, after which the task avoids it while others succeed.
AVOID_AFTER = 3
MAX_COUNTED_TASKS = 1024
#: How often a subtask may be lost or refused while it waited, before that spends its budget all the same.
FREE_RETURNS = 20


class Setbacks:
    """See the module's words. Applies `retries` to rows, counts and the hot state."""

    def __init__(self, *, specs: SpecCache, jitter: Callable[[], float], inputs: MissingInputs) -> None:
        self._specs = specs
        self._jitter = jitter
        self._inputs = inputs
        self.images = ImageHolds()
        #: User-class failures by task and node. Soft: a restart forgives.
        self._failures: dict[str, dict[str, int]] = {}

    def apply(self, uow: UnitOfWork, batch: Batch, applied: Applied) -> None:
        """Write what follows for the subtasks of `batch.setbacks`, and note whose fault it may be."""
        keys = [SubtaskKey(live.task_id, live.index) for live, _, _ in batch.setbacks]
        known = uow.subtasks.get_many(keys)
        rows: list[SubtaskRecord] = []
        for live, record, update in batch.setbacks:
            waited = record.attempt_id in batch.waited
            row = known.get(SubtaskKey(live.task_id, live.index))
            task = batch.touched[live.task_id]
            if row is None or row.state is not SubtaskState.ACTIVE or row.epoch != live.epoch:
                continue
            rows.append(self._next_row(uow, task, record, update, row, applied, waited=waited))
        uow.subtasks.put_many(rows)

    def _next_row(
        self,
        uow: UnitOfWork,
        task: TaskRecord,
        record: AttemptRecord,
        update: AttemptUpdate | None,
        row: SubtaskRecord,
        applied: Applied,
        *,
        waited: bool,
    ) -> SubtaskRecord:
        spec = self._specs.get(uow, task)
        if update is not None and update.checkpoint:
            row = replace(row, checkpoint=update.checkpoint)
        if self.images.is_the_images_fault(uow, task, record):
            step = NextStep(record=replace(row, state=SubtaskState.READY))
        else:
            step = self._judged(uow, spec, record, update, row, waited=waited)
        # A pause says nothing of how steady the nodes are.
        if record.state is AttemptState.RETURNED and not waited and record.reason != ReturnReason.PAUSE:
            task.returned += 1
        failed_by_user = record.failure is not None and record.failure.failure_class in USER_CLASS_FAILURES
        if failed_by_user:
            self._count_failure(uow, task, record.node_id)
        if step.blames_node or failed_by_user:
            applied.incidents.append(
                Incident(
                    node_id=record.node_id,
                    task_id=record.task_id,
                    blames_node=step.blames_node,
                    run_ms=max(0, record.ended_ms - record.started_ms) if record.started_ms else 0,
                )
            )
        self._place_again(uow, task, step, record.node_id, spec.on_oom_memory_bytes)
        return step.record

    def _judged(
        self,
        uow: UnitOfWork,
        spec: TaskSpec,
        record: AttemptRecord,
        update: AttemptUpdate | None,
        row: SubtaskRecord,
        *,
        waited: bool,
    ) -> NextStep:
        outcome = Outcome(
            state=AttemptState.RETURNED if self._is_free(record, row, waited=waited) else record.state,
            failure=record.failure,
            node_id=record.node_id,
            retry_free=update is not None and update.retry_free,
        )
        ladder, jitter = spec.on_oom_memory_bytes, self._jitter()
        return next_step(row, outcome, spec.retry, ladder, now_ms=uow.now_ms, jitter=jitter)

    def _is_free(self, record: AttemptRecord, row: SubtaskRecord, *, waited: bool) -> bool:
        """What waited behind another has no part in its node's end or refusal; nor any in what the pool lost."""
        lost = record.failure is not None and record.failure.code in LOST_CODES
        ours = lost and self._inputs.is_ours(record.attempt_id)
        return (waited or ours) and row.returned < FREE_RETURNS

    def _count_failure(self, uow: UnitOfWork, task: TaskRecord, node_id: str) -> None:
        """A task that failed three times on a node while it succeeds elsewhere avoids that node."""
        hot = uow.pool.tasks.get(task.task_id)
        if hot is None:
            return
        counts = self._failures.setdefault(task.task_id, {})
        counts[node_id] = counts.get(node_id, 0) + 1
        if len(self._failures) > MAX_COUNTED_TASKS:
            self._failures.pop(next(iter(self._failures)))
        if counts[node_id] >= AVOID_AFTER and task.succeeded and node_id not in hot.avoided:
            uow.pool.change(hot, avoided=hot.avoided | {node_id})

    def _place_again(
        self,
        uow: UnitOfWork,
        task: TaskRecord,
        step: NextStep,
        node_id: str,
        oom_ladder: tuple[int, ...],
    ) -> None:
        row = step.record
        hot = uow.pool.tasks.get(task.task_id)
        is_part = row.index < task.subtask_count
        if is_part:
            task.active -= 1
        if row.state is SubtaskState.FAILED:
            if is_part:
                task.failed += 1
            else:
                task.merge = MergeState.FAILED
            return
        if is_part:
            if row.state is SubtaskState.BACKOFF:
                task.backoff += 1
            else:
                task.ready += 1
        if hot is None:
            return
        if row.state is SubtaskState.BACKOFF:
            uow.pool.put_back_off(hot, row.index, row.ready_at_ms)
        else:
            uow.pool.make_ready(hot, row.index)
        if step.exclude_node:
            uow.pool.exclude(hot, row.index, node_id)
        if row.oom_step:
            uow.pool.climb_memory(hot, row.index, oom_ladder[row.oom_step - 1])
        if task.returned >= RETURNED_LIMIT and not hot.prefers_reliable:
            uow.pool.change(hot, prefers_reliable=True)
