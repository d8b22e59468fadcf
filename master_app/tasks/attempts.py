"""The only door to attempt state: offers made, reports applied, attempts given up. Set-shaped; rolls tasks up.

    offer(uow, placements)            READY -> ACTIVE, attempts OFFERED, resources reserved
    apply(uow, node_id, updates)      what a node says; late and duplicate reports change nothing
    lose(uow, [(attempt_id, why)])    what the master gives up (R4)

Called inside the caller's unit of work. Terminal states are settled (paid or not, with the reason) in the same
transaction, and every task that was touched is rolled up once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from core.domain.attempt import (
    LIVE_ATTEMPT_STATES,
    USER_CLASS_FAILURES,
    AttemptState,
    Failure,
    FailureClass,
    LostReason,
)
from core.domain.events import AttemptEnded, FenceViolated
from core.domain.ids import SubtaskKey
from core.domain.resources import Resources
from core.domain.session import AttemptUpdate
from core.domain.subtask import SubtaskState
from core.domain.task import TERMINAL_TASK_STATES, MergeState, WaitFor
from master_app.ledger import settlement
from master_app.ports.tasks import AttemptRecord, SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.fair_share import charge
from master_app.scheduling.placement import Placement
from master_app.scheduling.pool import LiveAttempt, PoolTask
from master_app.tasks.retries import NextStep, Outcome, next_step
from master_app.tasks.rollup import RETURNED_LIMIT, Rollup
from master_app.tasks.specs import SpecCache

NewId = Callable[[int], str]
#: What the master adds to the lease before it gives an attempt up, so that the agent always stops first (R2).
LEASE_GRACE_MS = 60_000
#: What a node's metering may be longer than the master's own clock says: the two tick apart.
CLOCK_SLACK_MS = 60_000
#: Reason of an attempt that was LOST and whose result was accepted all the same (R5).
LATE = "late"
#: User-class failures of one task on one node, after which the task avoids it while others succeed.
AVOID_AFTER = 3
MAX_COUNTED_TASKS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An attempt that ended in a way that may be its node's fault."""

    node_id: str
    task_id: str
    #: Infra failure or rejection: the breaker counts it. Else a user-class failure on this node.
    blames_node: bool
    run_ms: int


@dataclass(slots=True)
class Applied:
    """What the caller must do after `apply`: acknowledge, and judge the node."""

    acknowledged: list[int] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    successes: int = 0


@dataclass(slots=True)
class _Batch:
    """What one call collected, written set-shaped at its end."""

    moved: list[tuple[str, AttemptState, int]] = field(default_factory=list)
    ended: list[tuple[LiveAttempt, AttemptRecord]] = field(default_factory=list)
    wins: list[tuple[SubtaskKey, int, str]] = field(default_factory=list)
    touched: dict[str, TaskRecord] = field(default_factory=dict)
    #: Of attempts with a committed checkpoint: how many ticks it covers.
    committed: dict[str, int] = field(default_factory=dict)
    setbacks: list[tuple[LiveAttempt, AttemptRecord, AttemptUpdate | None]] = field(default_factory=list)


class Attempts:
    """See the module's words. One per master; its methods run on the writer thread."""

    def __init__(self, *, new_id: NewId, jitter: Callable[[], float], specs: SpecCache, rollup: Rollup) -> None:
        self._new_id = new_id
        self._jitter = jitter
        self._specs = specs
        self._rollup = rollup
        #: User-class failures by task and node. Soft: a restart forgives.
        self._failures: dict[str, dict[str, int]] = {}

    # ---- offers

    def offer(self, uow: UnitOfWork, placements: Sequence[Placement]) -> list[LiveAttempt]:
        """Make an attempt of each placement and reserve its resources. Nothing is sent here."""
        by_task: dict[str, list[Placement]] = {}
        for placement in placements:
            by_task.setdefault(placement.task_id, []).append(placement)
        lives: list[LiveAttempt] = []
        rows: list[SubtaskRecord] = []
        for task_id, of_task in by_task.items():
            task = uow.tasks.get(task_id)
            hot = uow.pool.tasks.get(task_id)
            assert task is not None and hot is not None, f"placed a task that is not live: {task_id}"
            self._offer_task(uow, task, hot, of_task, lives, rows)
        uow.subtasks.put_many(rows)
        uow.attempts.add_many([_row_of(live, uow.now_ms) for live in lives])
        return lives

    def _offer_task(
        self,
        uow: UnitOfWork,
        task: TaskRecord,
        hot: PoolTask,
        placements: Sequence[Placement],
        lives: list[LiveAttempt],
        rows: list[SubtaskRecord],
    ) -> None:
        unborn_from, count = task.next_index, task.subtask_count
        again = [
            SubtaskKey(task.task_id, p.index) for p in placements if p.index < unborn_from or p.index >= count
        ]
        known = uow.subtasks.get_many(again) if again else {}
        for placement in placements:
            index = placement.index
            row = known.get(SubtaskKey(task.task_id, index)) if again else None
            epoch = row.epoch + 1 if row else 1
            if row is None:
                rows.append(
                    SubtaskRecord(
                        task_id=task.task_id,
                        index=index,
                        state=SubtaskState.ACTIVE,
                        generation=task.generation,
                        epoch=epoch,
                    )
                )
            else:
                rows.append(replace(row, state=SubtaskState.ACTIVE, epoch=epoch, generation=task.generation))
                if index < count and row.state is SubtaskState.BACKOFF:
                    task.backoff -= 1
                elif index < count:
                    task.ready -= 1
            if index < count:
                task.active += 1
            node = uow.pool.nodes[placement.node_id]
            live = LiveAttempt(
                attempt_id=self._new_id(uow.now_ms),
                task_id=task.task_id,
                index=index,
                node_id=placement.node_id,
                term=uow.term,
                epoch=epoch,
                generation=task.generation,
                number=epoch,
                resources=placement.resources,
                state=AttemptState.OFFERED,
                offered_ms=uow.now_ms,
                lease_s=hot.lease_s,
                deadline_ms=uow.now_ms + hot.lease_s * 1000 + LEASE_GRACE_MS,
                session_id=node.session_id,
            )
            uow.pool.add_attempt(live)
            lives.append(live)
        task.next_index = hot.next_index
        task.live_attempts += len(placements)
        uow.tasks.save(task)

    # ---- reports

    def apply(self, uow: UnitOfWork, node_id: str, updates: Sequence[AttemptUpdate]) -> Applied:
        """Apply what a node says of its attempts. Every update is acknowledged, also one that changes nothing."""
        batch, applied = _Batch(), Applied()
        unknown: list[AttemptUpdate] = []
        for update in updates:
            applied.acknowledged.append(update.number)
            live = uow.pool.attempts.get(update.attempt_id)
            if live is None:
                unknown.append(update)
            elif live.node_id == node_id:
                self._apply_one(uow, live, update, batch)
        if unknown:
            self._apply_late(uow, node_id, unknown, batch)
        self._finish(uow, batch, applied)
        return applied

    def advance(self, uow: UnitOfWork, node_id: str, states: Sequence[tuple[str, AttemptState]]) -> None:
        """Note what an inventory or a report says of live attempts, which may overtake their updates."""
        batch = _Batch()
        for attempt_id, state in states:
            live = uow.pool.attempts.get(attempt_id)
            if live is None or live.node_id != node_id or state not in LIVE_ATTEMPT_STATES:
                continue
            if uow.pool.advance_attempt(live, state):
                started_ms = uow.now_ms if state is AttemptState.RUNNING else 0
                batch.moved.append((attempt_id, state, started_ms))
                self._note_start(uow, live, batch)
        if batch.moved:
            self._finish(uow, batch, Applied())

    def lose(self, uow: UnitOfWork, lost: Sequence[tuple[str, LostReason]]) -> Applied:
        """Give live attempts up. Not paid; their subtasks are READY again while their infra budget lasts."""
        batch, applied = _Batch(), Applied()
        for attempt_id, reason in lost:
            live = uow.pool.end_attempt(attempt_id)
            if live is None:
                continue
            record = replace(
                _row_of(live, live.offered_ms),
                state=AttemptState.LOST,
                reason=reason.value,
                ended_ms=uow.now_ms,
                paid_ucpt=0,
                pay_reason="lost",
            )
            self._end(uow, live, record, None, batch)
        self._finish(uow, batch, applied)
        return applied

    def _apply_one(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate, batch: _Batch) -> None:
        if update.pin is not None:
            self._pin(uow, live, update, batch)
        if update.state in LIVE_ATTEMPT_STATES:
            if update.checkpoint:
                self._keep_checkpoint(uow, live, update)
            if uow.pool.advance_attempt(live, update.state):
                batch.moved.append((live.attempt_id, update.state, update.started_at_ms))
                self._note_start(uow, live, batch)
            return
        uow.pool.end_attempt(live.attempt_id)
        if update.state is not AttemptState.REJECTED:
            self._note_start(uow, live, batch)
        record = AttemptRecord(
            attempt_id=live.attempt_id,
            task_id=live.task_id,
            index=live.index,
            node_id=live.node_id,
            term=live.term,
            epoch=live.epoch,
            generation=live.generation,
            number=live.number,
            state=_final_state(live, update.state),
            memory_bytes=live.resources.memory_bytes,
            offered_ms=live.offered_ms,
            reason=live.stop_reason or update.reason,
            failure=update.failure,
            exit_code=update.exit_code,
            started_ms=update.started_at_ms,
            ended_ms=uow.now_ms,
            ticks=update.ticks,
            peak_memory_bytes=update.peak_memory_bytes,
            log_bytes=update.log_bytes,
            metrics=update.metrics,
        )
        if record.state is AttemptState.SUCCEEDED and update.artifacts:
            uow.attempts.add_artifacts(live.attempt_id, SubtaskKey(live.task_id, live.index), update.artifacts)
        self._end(uow, live, record, update, batch)

    @staticmethod
    def _keep_checkpoint(uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate) -> None:
        """A checkpoint that was committed in place survives the loss of its attempt (R12)."""
        key = SubtaskKey(live.task_id, live.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is not None and row.epoch == live.epoch:
            uow.subtasks.put_many([replace(row, checkpoint=update.checkpoint)])

    def _note_start(self, uow: UnitOfWork, live: LiveAttempt, batch: _Batch) -> None:
        task = self._task(uow, live.task_id, batch)
        if task is not None and not task.started_ms:
            task.started_ms = uow.now_ms

    def _pin(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate, batch: _Batch) -> None:
        task = self._task(uow, live.task_id, batch)
        if task is None or task.pin is not None:
            return
        task.pin = update.pin
        task.revision += 1
        if task.wait_for is WaitFor.PIN:
            task.wait_for = WaitFor.NOTHING
        hot = uow.pool.tasks.get(task.task_id)
        if hot is not None:
            uow.pool.change(hot, pinned=True)

    def _end(
        self,
        uow: UnitOfWork,
        live: LiveAttempt,
        record: AttemptRecord,
        update: AttemptUpdate | None,
        batch: _Batch,
    ) -> None:
        batch.ended.append((live, record))
        if update is not None and update.ticks_committed:
            batch.committed[record.attempt_id] = update.ticks_committed
        task = self._task(uow, live.task_id, batch)
        if task is None:
            return
        self._charge(uow, task, live, record)
        task.live_attempts -= 1
        fenced = live.generation < task.generation or task.state in TERMINAL_TASK_STATES
        if record.state is AttemptState.SUCCEEDED and not fenced:
            batch.wins.append((SubtaskKey(live.task_id, live.index), live.generation, live.attempt_id))
            self._count_success(task, live.index)
        elif fenced or (live.stop_reason and not live.give_back):
            self._close_unwanted(uow, task, live, fenced=fenced)
        else:
            batch.setbacks.append((live, record, update))

    @staticmethod
    def _charge(uow: UnitOfWork, task: TaskRecord, live: LiveAttempt, record: AttemptRecord) -> None:
        """Fair share counts what was reserved for as long as it ran."""
        ran_ms = sum(tick.duration_ms for tick in record.ticks)
        if ran_ms:
            core_ms = ran_ms * live.resources.cpu_millis // 1000
            charge(uow.pool, task.owner_id, core_ms, uow.now_ms)

    @staticmethod
    def _count_success(task: TaskRecord, index: int) -> None:
        if index >= task.subtask_count:
            task.merge = MergeState.SUCCEEDED
        else:
            task.active -= 1
            task.succeeded += 1

    def _close_unwanted(self, uow: UnitOfWork, task: TaskRecord, live: LiveAttempt, *, fenced: bool) -> None:
        """A stopped attempt of this generation leaves its subtask without one."""
        if fenced and task.state not in TERMINAL_TASK_STATES:
            return  # its subtask was already reset with the new generation
        key = SubtaskKey(live.task_id, live.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is None or row.state is not SubtaskState.ACTIVE or row.epoch != live.epoch:
            return
        uow.subtasks.put_many([replace(row, state=SubtaskState.CANCELLED)])
        if live.index < task.subtask_count:
            task.active -= 1
            task.cancelled += 1

    def _apply_late(self, uow: UnitOfWork, node_id: str, updates: Sequence[AttemptUpdate], batch: _Batch) -> None:
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
                self._accept_late(uow, record, update, batch)

    def _accept_late(self, uow: UnitOfWork, record: AttemptRecord, update: AttemptUpdate, batch: _Batch) -> None:
        task = self._task(uow, record.task_id, batch)
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
        self._count_late(task, row)
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
        uow.attempts.add_artifacts(record.attempt_id, key, update.artifacts)
        batch.wins.append((key, record.generation, record.attempt_id))
        spec = self._specs.get(uow, task)
        reserved = spec.merge.resources if spec.merge and record.index >= task.subtask_count else spec.resources
        batch.ended.append((_ghost(done, replace(reserved, memory_bytes=record.memory_bytes)), done))

    @staticmethod
    def _count_late(task: TaskRecord, row: SubtaskRecord) -> None:
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

    # ---- the end of a batch

    def _finish(self, uow: UnitOfWork, batch: _Batch, applied: Applied) -> None:
        if batch.moved:
            uow.attempts.put_states(batch.moved)
        if batch.wins:
            uow.subtasks.win(batch.wins)
            applied.successes += len(batch.wins)
        if batch.setbacks:
            self._set_back(uow, batch, applied)
        if batch.ended:
            self._settle(uow, batch)
        for task in batch.touched.values():
            self._rollup.refresh(uow, task)

    def _settle(self, uow: UnitOfWork, batch: _Batch) -> None:
        payments = [
            settlement.Payment(
                attempt_id=record.attempt_id,
                task_id=record.task_id,
                index=record.index,
                submitter_id=batch.touched[record.task_id].owner_id if record.task_id in batch.touched else "",
                provider_id=_provider(uow, record.node_id),
                resources=live.resources,
                state=record.state,
                failure=record.failure,
                reason=record.reason,
                ticks=record.ticks,
                ticks_committed=batch.committed.get(record.attempt_id, 0),
                fenced=self._is_fenced(batch, live),
                late=record.reason == LATE,
                # No attempt can have run longer than since it was offered, by the master's own clock.
                limit_ms=uow.now_ms - live.offered_ms + CLOCK_SLACK_MS,
            )
            for live, record in batch.ended
        ]
        decisions = settlement.settle(uow, payments)
        done: list[AttemptRecord] = []
        for (_, record), decision in zip(batch.ended, decisions, strict=True):
            task = batch.touched.get(record.task_id)
            if task is not None:
                task.paid_ucpt += decision.cost_ucpt
            done.append(replace(record, paid_ucpt=decision.amount_ucpt, pay_reason=decision.reason))
            if record.state is not AttemptState.SUCCEEDED:
                uow.publish(_ended_fact(record, uow.now_ms))
        uow.attempts.end_many(done)

    @staticmethod
    def _is_fenced(batch: _Batch, live: LiveAttempt) -> bool:
        task = batch.touched.get(live.task_id)
        return task is None or (live.generation < task.generation and not live.stop_reason)

    def _set_back(self, uow: UnitOfWork, batch: _Batch, applied: Applied) -> None:
        keys = [SubtaskKey(live.task_id, live.index) for live, _, _ in batch.setbacks]
        known = uow.subtasks.get_many(keys)
        rows: list[SubtaskRecord] = []
        for live, record, update in batch.setbacks:
            row = known.get(SubtaskKey(live.task_id, live.index))
            task = batch.touched[live.task_id]
            if row is None or row.state is not SubtaskState.ACTIVE or row.epoch != live.epoch:
                continue
            rows.append(self._next_row(uow, task, live, record, update, row, applied))
        uow.subtasks.put_many(rows)

    def _next_row(
        self,
        uow: UnitOfWork,
        task: TaskRecord,
        live: LiveAttempt,
        record: AttemptRecord,
        update: AttemptUpdate | None,
        row: SubtaskRecord,
        applied: Applied,
    ) -> SubtaskRecord:
        spec = self._specs.get(uow, task)
        if update is not None and update.checkpoint:
            row = replace(row, checkpoint=update.checkpoint)
        step = next_step(
            row,
            Outcome(
                state=record.state,
                failure=record.failure,
                node_id=record.node_id,
                retry_free=update is not None and update.retry_free,
            ),
            spec.retry,
            spec.on_oom_memory_bytes,
            now_ms=uow.now_ms,
            jitter=self._jitter(),
        )
        if record.state is AttemptState.RETURNED:
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

    @staticmethod
    def _task(uow: UnitOfWork, task_id: str, batch: _Batch) -> TaskRecord | None:
        task = batch.touched.get(task_id)
        if task is None:
            task = uow.tasks.get(task_id)
            if task is not None:
                batch.touched[task_id] = task
        return task


def _final_state(live: LiveAttempt, reported: AttemptState) -> AttemptState:
    """An attempt that was told to stop ends as what it was stopped for, whatever it managed to do."""
    if not live.stop_reason:
        return reported
    if live.give_back:
        return reported if reported is not AttemptState.CANCELLED else AttemptState.RETURNED
    return AttemptState.SUPERSEDED if live.stop_reason == "superseded" else AttemptState.CANCELLED


def _row_of(live: LiveAttempt, offered_ms: int) -> AttemptRecord:
    return AttemptRecord(
        attempt_id=live.attempt_id,
        task_id=live.task_id,
        index=live.index,
        node_id=live.node_id,
        term=live.term,
        epoch=live.epoch,
        generation=live.generation,
        number=live.number,
        state=live.state,
        memory_bytes=live.resources.memory_bytes,
        offered_ms=offered_ms,
    )


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


def _provider(uow: UnitOfWork, node_id: str) -> str:
    node = uow.pool.nodes.get(node_id)
    if node is not None:
        return node.owner_id
    record = uow.nodes.get(node_id)
    return record.owner_id if record is not None else ""


def _ended_fact(record: AttemptRecord, at_ms: int) -> AttemptEnded:
    failure: Failure | None = record.failure
    reason = record.reason
    if failure is not None:
        place = "" if failure.failure_class is FailureClass.INFRA else f"{failure.failure_class.value}: "
        reason = f"{place}{failure.code} {failure.message}".strip()
    return AttemptEnded(
        task_id=record.task_id,
        index=record.index,
        attempt_id=record.attempt_id,
        node_id=record.node_id,
        state=record.state,
        reason=reason,
        at_ms=at_ms,
    )
