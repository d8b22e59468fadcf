"""What an owner does to a task that is there: cancel, pause, resume, retry, priority. Roles are checked here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from core.domain.attempt import ReturnReason
from core.domain.audit import audited
from core.domain.errors import Conflict, Forbidden, NotFound
from core.domain.ids import SubtaskKey
from core.domain.ledger import format_cpt
from core.domain.spec import TaskSpec
from core.domain.subtask import SubtaskState
from core.domain.task import (
    TERMINAL_TASK_STATES,
    HeldCode,
    MergeState,
    TaskState,
    WaitFor,
    Wish,
)
from core.domain.user import Action, Principal, QuotaUse, require
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.tasks.funds import Funds
from master_app.tasks.hot import hot_task
from master_app.tasks.resizing import Sizes, resize
from master_app.tasks.rollup import Rollup
from master_app.tasks.specs import SpecCache
from master_app.users.quotas import Quotas, Seen

Dispatch = Callable[[UnitOfWork], object]


class TaskControl:
    """Each verb returns a future of the task's state after it. Somebody else's task is NotFound."""

    def __init__(
        self,
        *,
        writer: Writer,
        rollup: Rollup,
        specs: SpecCache,
        funds: Funds,
        quotas: Quotas,
        dispatch: Dispatch,
    ) -> None:
        self._quotas = quotas
        self._funds = funds
        self._writer = writer
        self._rollup = rollup
        self._specs = specs
        self._dispatch = dispatch

    def cancel(self, who: Principal, task_id: str, reason: str = "") -> Future[TaskState]:
        """Stop all attempts at once and end the task when each is confirmed stopped. What ran is paid."""

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            if task.state is TaskState.CANCELLED or task.state is TaskState.CANCELLING:
                return task.state
            _refuse_ended(task, "cancel")
            task.wish = Wish.CANCEL
            task.generation += 1
            self._rollup.stop_all(uow, task_id, "cancelled")
            self._rollup.refresh(uow, task)
            uow.publish(audited(who, "task.cancel", task_id, reason, at_ms=uow.now_ms))
            return task.state

        return self._writer.execute(command)

    def pause(self, who: Principal, task_id: str) -> Future[TaskState]:
        """Place no more attempts. Those that run may end, but those that have a checkpoint are given back."""

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            _refuse_ended(task, "pause")
            if task.wish is Wish.CANCEL:
                raise Conflict("This task is being cancelled.", code="TASK_CANCELLING")
            task.wish = Wish.PAUSE
            lives = {SubtaskKey(task_id, live.index): live for live in uow.pool.live_of_task(task_id)}
            for key, row in uow.subtasks.get_many(list(lives)).items():
                # Any other would lose what it did; it ends, or is given back at its first checkpoint.
                if row.checkpoint:
                    self._rollup.stop(uow, lives[key], ReturnReason.PAUSE.value, give_back=True)
            self._rollup.refresh(uow, task)
            uow.publish(audited(who, "task.pause", task_id, "", at_ms=uow.now_ms))
            return task.state

        return self._writer.execute(command)

    def resume(self, who: Principal, task_id: str, *, max_ucpt: int | None = None) -> Future[TaskState]:
        """Take a pause back, or try again after a hold. `max_ucpt` is a new cap, at least what was paid."""

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            _refuse_ended(task, "resume")
            if task.wish is Wish.CANCEL:
                raise Conflict("This task is being cancelled.", code="TASK_CANCELLING")
            task.wish = Wish.RUN
            if max_ucpt is not None:
                _set_cap(task, max_ucpt)
            if task.held is not HeldCode.DEPENDENCY_FAILED:
                task.held, task.held_reason = None, ""
            self._run_all(uow, task)
            self._rollup.refresh(uow, task)
            self._dispatch(uow)
            uow.publish(audited(who, "task.resume", task_id, "", at_ms=uow.now_ms))
            return task.state

        return self._writer.execute(command)

    def retry(self, who: Principal, task_id: str, *, all_of_it: bool = False) -> Future[TaskState]:
        """Run again what failed (successes are kept), or everything. A SUCCEEDED task only takes `all_of_it`."""

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            if task.state not in TERMINAL_TASK_STATES and task.state is not TaskState.HELD:
                raise Conflict(
                    f"This task is {task.state.value}; only one that has ended can be retried.",
                    code="TASK_NOT_ENDED",
                )
            if task.state is TaskState.SUCCEEDED and not all_of_it:
                raise Conflict("This task has succeeded; nothing failed.", code="NOTHING_TO_RETRY")
            if task.expired:
                raise Conflict("The files of this task have expired; submit it again.", code="TASK_EXPIRED")
            if task.live_attempts:
                raise Conflict("Its last attempts are still stopping; try again soon.", code="TASK_STOPPING")
            if task.state in TERMINAL_TASK_STATES:
                more = QuotaUse(queued_tasks=1, queued_subtasks=task.subtask_count)
                self._quotas.admit(uow, task.owner_id, Seen(), more)
            self._reopen(uow, task, all_of_it=all_of_it)
            self._dispatch(uow)
            uow.publish(audited(who, "task.retry", task_id, "all" if all_of_it else "failed", at_ms=uow.now_ms))
            return task.state

        return self._writer.execute(command)

    def set_priority(self, who: Principal, task_id: str, priority: int) -> Future[TaskState]:
        """Change 0..100, larger goes first; above 50 is for operators."""
        return self.change(who, task_id, priority=priority)

    def change(
        self,
        who: Principal,
        task_id: str,
        *,
        priority: int | None = None,
        max_ucpt: int | None = None,
        sizes: Sizes | None = None,
    ) -> Future[TaskState]:
        """Change priority or cost cap of a task that has not ended, or what its parts ask for from here on.

        What it was held for lets it go on. Of a task that failed only `sizes` change: a retry runs with them.
        """

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            if sizes is not None:
                self._resize(uow, who, task, sizes)
            if priority is None and max_ucpt is None:
                return task.state
            _refuse_ended(task, "change")
            if priority is not None:
                highest = 100 if who.may(Action.TASK_CONTROL_ANY) else 50
                task.priority = max(0, min(highest, priority))
                hot = uow.pool.tasks.get(task_id)
                if hot is not None:
                    uow.pool.change(hot, priority=task.priority)
                uow.publish(audited(who, "task.priority", task_id, str(task.priority), at_ms=uow.now_ms))
            if max_ucpt is not None:
                _set_cap(task, max_ucpt)
                uow.publish(audited(who, "task.cap", task_id, f"{format_cpt(max_ucpt)} CPT", at_ms=uow.now_ms))
                if task.held is HeldCode.BUDGET_EXCEEDED:
                    task.held, task.held_reason = None, ""
                    self._run_all(uow, task)
                    self._rollup.refresh(uow, task)
            uow.tasks.save(task)
            self._dispatch(uow)
            return task.state

        return self._writer.execute(command)

    def give_up_files(self, who: Principal, task_id: str) -> Future[TaskState]:
        """Let the bundle and results of an ended task go now, not when it expires. The record stays."""

        def command(uow: UnitOfWork) -> TaskState:
            task = self._owned(uow, who, task_id)
            if task.state not in TERMINAL_TASK_STATES:
                raise Conflict(f"This task is {task.state.value}; it needs its files.", code="TASK_NOT_ENDED")
            if task.live_attempts:
                raise Conflict("Its last attempts are still stopping; try again soon.", code="TASK_STOPPING")
            if not task.expired:
                task.expired, task.expires_ms = True, uow.now_ms
                uow.tasks.save(task)
                uow.publish(audited(who, "task.give_up_files", task_id, at_ms=uow.now_ms))
            return task.state

        return self._writer.execute(command)

    def _resize(self, uow: UnitOfWork, who: Principal, task: TaskRecord, sizes: Sizes) -> None:
        if task.state is TaskState.SUCCEEDED or task.wish is Wish.CANCEL:
            _refuse_ended(task, "change")
            raise Conflict("This task is being cancelled.", code="TASK_CANCELLING")
        if sizes.timeout_s == 0 and not who.is_operator:
            raise Forbidden("A run without time limit is for operators.", code="OPERATORS_ONLY")
        if sizes.cpu_millis is not None:
            # No more than a submission could ask for.
            more = QuotaUse(running_cpu_millis=sizes.cpu_millis)
            self._quotas.admit(uow, task.owner_id, Seen(), more)
        resize(uow, task, self._specs.get(uow, task), sizes)
        uow.publish(audited(who, "task.resize", task.task_id, str(sizes), at_ms=uow.now_ms))
        if task.state not in TERMINAL_TASK_STATES:
            self._funds.resized(uow, task.task_id)
            self._rollup.refresh(uow, task)
            self._dispatch(uow)

    def _run_all(self, uow: UnitOfWork, task: TaskRecord) -> None:
        """After one part was tried: let the others run side by side, with a hold for them."""
        hot = uow.pool.tasks.get(task.task_id)
        spec = self._specs.get(uow, task)
        if task.try_one and hot is not None:
            task.try_one = False
            uow.pool.change(hot, max_parallel=spec.split.max_parallel, alone=False)
            self._funds.open(uow, task, spec, hot)

    def _reopen(self, uow: UnitOfWork, task: TaskRecord, *, all_of_it: bool) -> None:
        if all_of_it:
            task.generation += 1
            task.succeeded = task.result_bytes = 0
        uow.subtasks.reset(task.task_id, task.generation, all_of_them=all_of_it)
        rows = [
            row
            for row in uow.subtasks.of_state(task.task_id, (SubtaskState.READY,))
            if row.index < task.subtask_count
        ]
        task.ready, task.backoff, task.active = len(rows), 0, 0
        task.failed = task.cancelled = 0
        task.wish, task.held, task.held_reason = Wish.RUN, None, ""
        task.ended_ms = task.expires_ms = 0
        task.started_ms = 0 if all_of_it else task.started_ms
        spec = self._specs.get(uow, task)
        merge_is_ready = self._reopen_merge(uow, task, spec)
        if spec.limits.deadline_s:
            task.deadline_ms = uow.now_ms + spec.limits.deadline_s * 1000
        task.wait_for = WaitFor.NOTHING if task.pin else WaitFor.PIN
        hot = hot_task(uow, task, spec)
        hot.ready = [row.index for row in rows] + ([task.subtask_count] if merge_is_ready else [])
        self._funds.open(uow, task, spec, hot)
        uow.pool.put_task(hot)
        self._rollup.refresh(uow, task)

    @staticmethod
    def _reopen_merge(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec) -> bool:
        """Return True when all parts are there and the merge alone must run again."""
        if spec.merge is None:
            return False
        all_parts = task.succeeded + task.eaten >= task.subtask_count
        task.merge = MergeState.OPEN if all_parts and task.parts_blob else MergeState.BLOCKED
        return task.merge is MergeState.OPEN

    @staticmethod
    def _owned(uow: UnitOfWork, who: Principal, task_id: str) -> TaskRecord:
        require(who, Action.TASK_CONTROL)
        task = uow.tasks.get(task_id)
        if task is None or (task.owner_id != who.user_id and not who.may(Action.TASK_CONTROL_ANY)):
            raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
        return task


def _set_cap(task: TaskRecord, max_ucpt: int) -> None:
    if max_ucpt < task.paid_ucpt:
        raise Conflict(
            "The cap is below what this task has cost already.", code="CAP_TOO_LOW", fix="Give a larger cap."
        )
    task.max_ucpt = max_ucpt


def _refuse_ended(task: TaskRecord, verb: str) -> None:
    if task.state in TERMINAL_TASK_STATES:
        raise Conflict(f"This task is {task.state.value}; you cannot {verb} it any more.", code="TASK_ENDED")
