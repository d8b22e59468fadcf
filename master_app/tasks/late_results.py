"""R5: results of attempts that were given up. Accepted when nobody else has done the work; else without effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.attempt import LIVE_ATTEMPT_STATES, AttemptState
from core.domain.events import FenceViolated
from core.domain.ids import SubtaskKey
from core.domain.resources import Resources
from core.domain.session import AttemptUpdate
from core.domain.subtask import SubtaskState
from core.domain.task import TERMINAL_TASK_STATES, MergeState
from master_app.ports.tasks import AttemptRecord, SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt
from master_app.tasks.batch import Batch
from master_app.tasks.rollup import Rollup
from master_app.tasks.specs import SpecCache

#: Reason of an attempt that was LOST and whose result was accepted all the same.
LATE = "late"


class LateResults:
    """What a node says of attempts that are no longer live."""

    def __init__(self, *, specs: SpecCache, rollup: Rollup) -> None:
        self._specs = specs
        self._rollup = rollup

    def apply(self, uow: UnitOfWork, node_id: str, updates: Sequence[AttemptUpdate], batch: Batch) -> None:
        """R5: the work of an attempt that was given up is accepted when nobody else has done it."""
        records = uow.attempts.get_many([update.attempt_id for update in updates])
        for update in updates:
            record = records.get(update.attempt_id)
            if record is None or record.node_id != node_id or record.state is not AttemptState.LOST:
                continue
            if update.state in LIVE_ATTEMPT_STATES:
                uow.publish(FenceViolated(node_id=node_id, attempt_id=update.attempt_id, at_ms=uow.now_ms))
                continue
            if update.state is AttemptState.SUCCEEDED:
                self._accept(uow, record, update, batch)

    def _accept(self, uow: UnitOfWork, record: AttemptRecord, update: AttemptUpdate, batch: Batch) -> None:
        task = batch.task(uow, record.task_id)
        if task is None or task.state in TERMINAL_TASK_STATES or record.generation != task.generation:
            return
        key = SubtaskKey(record.task_id, record.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is None or row.winner or any(win[0] == key for win in batch.wins):
            return
        hot = uow.pool.tasks.get(record.task_id)
        if row.state is SubtaskState.ACTIVE:
            for rival in uow.pool.live_of_task(record.task_id):
                if rival.index == record.index:
                    self._rollup.stop(uow, rival, "superseded")
        elif hot is not None:
            uow.pool.withdraw(hot, record.index)
        self._count(task, row)
        done = replace(
            record,
            state=AttemptState.SUCCEEDED,
            reason=LATE,
            exit_code=update.exit_code,
            started_ms=update.started_at_ms,
            ended_ms=uow.now_ms,
            ticks=update.ticks,
            peak_memory_bytes=update.peak_memory_bytes,
            log_bytes=update.log_bytes,
            metrics=update.metrics,
            paid_ucpt=None,
        )
        task.result_bytes += sum(entry.size for entry in update.artifacts)
        uow.attempts.add_artifacts(record.attempt_id, key, update.artifacts)
        batch.wins.append((key, record.generation, record.attempt_id))
        spec = self._specs.get(uow, task)
        reserved = spec.merge.resources if spec.merge and record.index >= task.subtask_count else spec.resources
        batch.ended.append((_ghost(done, replace(reserved, memory_bytes=record.memory_bytes)), done))

    @staticmethod
    def _count(task: TaskRecord, row: SubtaskRecord) -> None:
        if row.index >= task.subtask_count:
            task.merge = MergeState.SUCCEEDED
            return
        if row.state is SubtaskState.ACTIVE:
            task.active -= 1
        elif row.state is SubtaskState.BACKOFF:
            task.backoff -= 1
        elif row.state is SubtaskState.FAILED:
            task.failed -= 1
        else:
            task.ready -= 1
        task.succeeded += 1


def _ghost(record: AttemptRecord, resources: Resources) -> LiveAttempt:
    """Stand-in for the live attempt that a late result no longer has; only its identity and size are read."""
    return LiveAttempt(
        attempt_id=record.attempt_id,
        task_id=record.task_id,
        index=record.index,
        node_id=record.node_id,
        term=record.term,
        epoch=record.epoch,
        generation=record.generation,
        number=record.number,
        resources=resources,
        state=record.state,
        offered_ms=record.offered_ms,
        lease_s=0,
        deadline_ms=0,
        session_id="",
    )
