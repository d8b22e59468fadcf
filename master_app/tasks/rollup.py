"""A task's state after its subtasks, wishes or holds moved, and all that follows from it. In one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.domain.events import TaskProgressed, TaskStateChanged
from core.domain.session import StopOrder
from core.domain.task import (
    DISPATCHABLE_TASK_STATES,
    TASK_TABLE,
    TERMINAL_TASK_STATES,
    HeldCode,
    MergeState,
    TaskFacts,
    TaskState,
    WaitFor,
    Wish,
    enough_succeeded,
    roll_up,
)
from master_app.ledger import settlement
from master_app.notices import raising
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt

#: Why a task pauses by itself (`TaskRecord.try_one`).
TRIED_ONE = "one part was tried"
#: Returned attempts after which a task asks for steadier nodes (R8).
RETURNED_LIMIT = 20

OnStop = Callable[[str, StopOrder], None]
OnPartsEnded = Callable[[str, int], None]


def task_facts(task: TaskRecord, now_ms: int) -> TaskFacts:
    """Return what the state of a task follows from."""
    return TaskFacts(
        subtask_count=task.subtask_count,
        succeeded=task.succeeded,
        failed=task.failed,
        cancelled=task.cancelled,
        eaten=task.eaten,
        live_attempts=task.live_attempts,
        started=task.started_ms > 0,
        merge=task.merge,
        wish=task.wish,
        held=task.held,
        held_reason=task.held_reason,
        wait_for=task.wait_for,
        max_failed=task.max_failed,
        min_success=task.min_success,
        # Also when the clock was set back since: what it ended stays ended until somebody retries it.
        deadline_passed=bool(task.deadline_ms) and max(now_ms, task.ended_ms) >= task.deadline_ms,
    )


class Rollup:
    """Brings tasks into the state that their facts ask for, inside the caller's unit of work."""

    def __init__(self, *, retention_ms: int, on_stop: OnStop, on_parts_ended: OnPartsEnded) -> None:
        """`on_stop(node_id, order)` and `on_parts_ended(task_id, subtask_count)` are called after the commit, on
        the writer thread.
        """
        self._retention_ms = retention_ms
        self._on_stop = on_stop
        self._on_parts_ended = on_parts_ended

    def refresh(self, uow: UnitOfWork, task: TaskRecord) -> None:
        """Recompute the state of a task and let everything follow. Saves the task."""
        if task.try_one and task.wish is Wish.RUN and task.succeeded + task.failed:
            task.wish = Wish.PAUSE
        facts = task_facts(task, uow.now_ms)
        rolled = roll_up(facts)
        if task.try_one and rolled.state is TaskState.PAUSED:
            rolled = replace(rolled, reason=TRIED_ONE)
        if task.returned >= RETURNED_LIMIT and not rolled.reason and rolled.state in DISPATCHABLE_TASK_STATES:
            rolled = replace(rolled, reason=f"given back {task.returned} times: needs steadier nodes")
        source = task.state
        if rolled.state is not source:
            TASK_TABLE.check(source, rolled.state, task.task_id)
            task.state = rolled.state
            task.state_since_ms = uow.now_ms
        changed = rolled.state is not source or rolled.reason != task.state_reason
        task.state_reason = rolled.reason
        if changed:
            uow.publish(
                TaskStateChanged(
                    task_id=task.task_id,
                    owner_id=task.owner_id,
                    source=source,
                    target=rolled.state,
                    reason=rolled.reason,
                    at_ms=uow.now_ms,
                )
            )
        self._follow(uow, task, source, facts)
        raising.task_changed(uow, task, source)
        uow.tasks.save(task)
        uow.publish(TaskProgressed(task_id=task.task_id, owner_id=task.owner_id, at_ms=uow.now_ms))

    def stop(self, uow: UnitOfWork, attempt: LiveAttempt, reason: str, *, give_back: bool = False) -> None:
        """Want a live attempt stopped. It keeps its reservation until its node confirms or its lease ends."""
        if attempt.stop_reason and (give_back or not attempt.give_back):
            return  # told already; only an order to discard overrules one to give back
        uow.pool.change(attempt, stop_reason=reason, give_back=give_back, stop_since_ms=uow.now_ms)
        node_id = attempt.node_id
        order = StopOrder(attempt_id=attempt.attempt_id, reason=reason, give_back=give_back)
        uow.after_commit(lambda: self._on_stop(node_id, order))

    def stop_all(self, uow: UnitOfWork, task_id: str, reason: str, *, give_back: bool = False) -> None:
        """Want every live attempt of a task stopped."""
        for attempt in uow.pool.live_of_task(task_id):
            self.stop(uow, attempt, reason, give_back=give_back)

    def _follow(self, uow: UnitOfWork, task: TaskRecord, source: TaskState, facts: TaskFacts) -> None:
        hot = uow.pool.tasks.get(task.task_id)
        if hot is not None:
            dispatchable = task.state in DISPATCHABLE_TASK_STATES or (
                task.state is TaskState.WAITING and task.wait_for is WaitFor.PIN
            )
            if hot.dispatchable != dispatchable:
                uow.pool.change(hot, dispatchable=dispatchable)
        if task.state in TERMINAL_TASK_STATES:
            if source not in TERMINAL_TASK_STATES:
                self._end(uow, task)
            if task.live_attempts == 0:
                settlement.release(uow, [task.task_id])
        elif (
            task.merge is MergeState.BLOCKED
            and facts.ended >= facts.subtask_count
            and enough_succeeded(facts)
            and not task.held
        ):
            task_id, count = task.task_id, task.subtask_count
            uow.after_commit(lambda: self._on_parts_ended(task_id, count))

    def _end(self, uow: UnitOfWork, task: TaskRecord) -> None:
        task.ended_ms = uow.now_ms
        task.expires_ms = uow.now_ms + self._retention_ms
        uow.pool.remove_task(task.task_id)
        reason = "cancelled" if task.state is TaskState.CANCELLED else "task_ended"
        self.stop_all(uow, task.task_id, reason)
        if task.state is not TaskState.SUCCEEDED:
            uow.subtasks.cancel_open(task.task_id)
            task.cancelled += task.ready + task.backoff
            task.ready = task.backoff = 0
        self._tell_dependants(uow, task)

    def _tell_dependants(self, uow: UnitOfWork, task: TaskRecord) -> None:
        for dependant_id in uow.tasks.dependants(task.task_id):
            dependant = uow.tasks.get(dependant_id)
            if dependant is None:
                continue
            if task.state is not TaskState.SUCCEEDED:
                dependant.held = HeldCode.DEPENDENCY_FAILED
                dependant.held_reason = f"the task {task.name} that it comes after {task.state.value.lower()}"
            elif not self._still_waits(uow, dependant):
                dependant.wait_for = WaitFor.NOTHING if dependant.pin else WaitFor.PIN
            self.refresh(uow, dependant)

    @staticmethod
    def _still_waits(uow: UnitOfWork, task: TaskRecord) -> bool:
        for earlier_id in uow.tasks.after(task.task_id):
            earlier = uow.tasks.get(earlier_id)
            if earlier is not None and earlier.state is not TaskState.SUCCEEDED:
                return True
        return False
