"""The only door to attempt state: offers made, reports applied, attempts given up. Set-shaped; rolls tasks up.

    offer(uow, placements)            READY -> ACTIVE, attempts OFFERED, resources reserved
    apply(uow, node_id, updates)      what a node says; late and duplicate reports change nothing
    lose(uow, [(attempt_id, why)])    what the master gives up (R4)

Called inside the caller's unit of work. Terminal states are settled (paid or not, with the reason) in the same
transaction, and every task that was touched is rolled up once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.domain.attempt import LIVE_ATTEMPT_STATES, AttemptState, LostReason, ReturnReason
from core.domain.ids import SubtaskKey
from core.domain.images import settled_pin
from core.domain.session import AttemptUpdate
from core.domain.subtask import SubtaskState
from core.domain.task import TERMINAL_TASK_STATES, MergeState, WaitFor, Wish
from master_app.ports.tasks import AttemptRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.fair_share import charge
from master_app.scheduling.lanes import forget_pace, note_success
from master_app.scheduling.placement import Placement
from master_app.scheduling.pool import LiveAttempt
from master_app.tasks.batch import Applied, Batch, GoodEnds, row_of
from master_app.tasks.closing import settle_ended
from master_app.tasks.hot import pinned_needs
from master_app.tasks.late_results import LateResults
from master_app.tasks.missing_inputs import MissingInputs
from master_app.tasks.offers import NewId, make_offers
from master_app.tasks.rollup import Rollup
from master_app.tasks.setbacks import Setbacks
from master_app.tasks.specs import SpecCache


class Attempts:
    """See the module's words. One per master; its methods run on the writer thread."""

    def __init__(
        self,
        *,
        new_id: NewId,
        jitter: Callable[[], float],
        specs: SpecCache,
        rollup: Rollup,
        inputs: MissingInputs,
    ) -> None:
        self._new_id = new_id
        self._specs = specs
        self._rollup = rollup
        self._setbacks = Setbacks(specs=specs, jitter=jitter, inputs=inputs)
        self._late_results = LateResults(specs=specs, rollup=rollup)

    def offer(self, uow: UnitOfWork, placements: Sequence[Placement]) -> list[LiveAttempt]:
        """Make an attempt of each placement and reserve its resources. Nothing is sent here."""
        return make_offers(uow, placements, self._new_id)

    def look(self, uow: UnitOfWork) -> None:
        """Each second: what was held because of its image may go on."""
        self._setbacks.images.look(uow, self._rollup.refresh)

    def resume(self, task: TaskRecord) -> None:
        """A task that was live when the master started."""
        self._setbacks.images.found_held(task)

    # ---- reports

    def apply(self, uow: UnitOfWork, node_id: str, updates: Sequence[AttemptUpdate]) -> Applied:
        """Apply what a node says of its attempts. Every update is acknowledged, also one that changes nothing."""
        batch, applied = Batch(), Applied()
        unknown: list[AttemptUpdate] = []
        for update in updates:
            applied.acknowledged.append(update.number)
            live = uow.pool.attempts.get(update.attempt_id)
            if live is None:
                unknown.append(update)
            elif live.node_id == node_id:
                self._apply_one(uow, live, update, batch)
        if unknown:
            self._late_results.apply(uow, node_id, unknown, batch)
        self._finish(uow, batch, applied)
        return applied

    def advance(self, uow: UnitOfWork, node_id: str, states: Sequence[tuple[str, AttemptState]]) -> None:
        """Note what an inventory or a report says of live attempts, which may overtake their updates."""
        batch = Batch()
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
        batch, applied = Batch(), Applied()
        batch.waited = {
            attempt_id
            for attempt_id, _ in lost
            if (live := uow.pool.attempts.get(attempt_id)) is not None and uow.pool.waits(live)
        }
        for attempt_id, reason in lost:
            live = uow.pool.end_attempt(attempt_id)
            if live is None:
                continue
            self._forget_pace(uow, live)
            record = replace(
                row_of(live),
                state=AttemptState.LOST,
                reason=reason.value,
                ended_ms=uow.now_ms,
                paid_ucpt=0,
                pay_reason="lost",
            )
            self._end(uow, live, record, None, batch)
        self._finish(uow, batch, applied)
        return applied

    def _apply_one(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate, batch: Batch) -> None:
        if update.pin is not None:
            self._pin(uow, live, update, batch)
        if update.state in LIVE_ATTEMPT_STATES:
            if update.checkpoint:
                self._keep_checkpoint(uow, live, update)
            if uow.pool.advance_attempt(live, update.state):
                batch.moved.append((live.attempt_id, update.state, update.started_at_ms))
                self._note_start(uow, live, batch)
            return
        self._note_lane(uow, live, update, batch)
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
            lane="" if live.lane == live.attempt_id else live.lane,
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

    def _note_lane(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate, batch: Batch) -> None:
        if update.state is not AttemptState.SUCCEEDED:
            self._forget_pace(uow, live)
            if uow.pool.waits(live):
                batch.waited.add(live.attempt_id)
            return
        ends = batch.good_ends.get(live.lane)
        if ends is None:
            ends = batch.good_ends[live.lane] = GoodEnds(uow.pool.lanes[live.lane], live.offered_ms)
        ends.count += 1

    @staticmethod
    def _forget_pace(uow: UnitOfWork, live: LiveAttempt) -> None:
        hot = uow.pool.tasks.get(live.task_id)
        if hot is not None:
            forget_pace(hot, live.node_id)

    def _keep_checkpoint(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate) -> None:
        """A checkpoint that was committed in place survives the loss of its attempt (R12)."""
        key = SubtaskKey(live.task_id, live.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is not None and row.epoch == live.epoch:
            uow.subtasks.put_many([replace(row, checkpoint=update.checkpoint)])
            task = uow.tasks.get(live.task_id)
            if task is not None and task.wish is Wish.PAUSE:
                self._rollup.stop(uow, live, ReturnReason.PAUSE.value, give_back=True)

    def _note_start(self, uow: UnitOfWork, live: LiveAttempt, batch: Batch) -> None:
        task = batch.task(uow, live.task_id)
        if task is not None and not task.started_ms:
            task.started_ms = uow.now_ms

    def _pin(self, uow: UnitOfWork, live: LiveAttempt, update: AttemptUpdate, batch: Batch) -> None:
        task = batch.task(uow, live.task_id)
        if task is None or task.pin is not None:
            return
        spec = self._specs.get(uow, task)
        pin = settled_pin(update.pin, spec.image.ref) if update.pin is not None else None
        if pin is None:
            return
        task.pin = pin
        task.revision += 1
        if task.wait_for is WaitFor.PIN:
            task.wait_for = WaitFor.NOTHING
        hot = uow.pool.tasks.get(task.task_id)
        if hot is not None:
            # An image that exists on nodes only: from now on just those that have it.
            uow.pool.change(hot, pinned=True, **pinned_needs(uow.pool, hot, pin))

    def _end(
        self,
        uow: UnitOfWork,
        live: LiveAttempt,
        record: AttemptRecord,
        update: AttemptUpdate | None,
        batch: Batch,
    ) -> None:
        batch.ended.append((live, record))
        if update is not None and update.ticks_committed:
            batch.committed[record.attempt_id] = update.ticks_committed
        task = batch.task(uow, live.task_id)
        if task is None:
            return
        self._charge(uow, task, live, record)
        task.live_attempts -= 1
        fenced = live.generation < task.generation or task.state in TERMINAL_TASK_STATES
        if record.state is AttemptState.SUCCEEDED and not fenced:
            batch.wins.append((SubtaskKey(live.task_id, live.index), live.generation, live.attempt_id))
            self._count_success(task, live.index)
            if update is not None:
                task.result_bytes += sum(entry.size for entry in update.artifacts)
        elif fenced or (live.stop_reason and not live.give_back):
            self._close_unwanted(uow, task, live)
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

    @staticmethod
    def _close_unwanted(uow: UnitOfWork, task: TaskRecord, live: LiveAttempt) -> None:
        """A stopped attempt leaves its subtask without one, unless that was reset or given out anew meanwhile."""
        key = SubtaskKey(live.task_id, live.index)
        row = uow.subtasks.get_many([key]).get(key)
        if row is None or row.state is not SubtaskState.ACTIVE or row.epoch != live.epoch:
            return
        uow.subtasks.put_many([replace(row, state=SubtaskState.CANCELLED)])
        if live.index < task.subtask_count:
            task.active -= 1
            task.cancelled += 1

    # ---- the end of a batch

    def _finish(self, uow: UnitOfWork, batch: Batch, applied: Applied) -> None:
        if batch.moved:
            uow.attempts.put_states(batch.moved)
        if batch.wins:
            uow.subtasks.win(batch.wins)
            applied.successes += len(batch.wins)
        for ends in batch.good_ends.values():
            hot = uow.pool.tasks.get(ends.lane.task_id)
            if hot is not None:
                note_success(hot, ends.lane, ends.count, ends.offered_ms, uow.now_ms)
        if batch.setbacks:
            self._setbacks.apply(uow, batch, applied)
        if batch.ended:
            applied.receipts += settle_ended(uow, batch)
        for task in batch.touched.values():
            self._rollup.refresh(uow, task)


def _final_state(live: LiveAttempt, reported: AttemptState) -> AttemptState:
    """An attempt that was told to stop ends as what it was stopped for, whatever it managed to do."""
    if not live.stop_reason:
        return reported
    if live.give_back:
        return reported if reported is not AttemptState.CANCELLED else AttemptState.RETURNED
    return AttemptState.SUPERSEDED if live.stop_reason == "superseded" else AttemptState.CANCELLED
