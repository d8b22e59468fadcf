"""What a task may run at once for its owner's money: its hold, in steps, before more is placed (money.md).

`affordable` of a pool's task is how many attempts its hold covers for COVER_MS each. Nothing here ever lets a
balance go below zero: what cannot be covered is not placed, and what runs uncovered is given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from core.domain.resources import Resources
from core.domain.rewards import TICK_MS, RewardRule, highest_cost
from core.domain.spec import TaskSpec
from core.domain.task import TERMINAL_TASK_STATES, HeldCode
from master_app.ledger import settlement
from master_app.ledger.holds import left_of_cap
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt, PoolTask
from master_app.scheduling.turns import Turns
from master_app.tasks.rollup import Rollup
from master_app.tasks.specs import SpecCache

COVER_MS = 600_000
#: How many tasks one look at the clock examines.
LOOK_LIMIT = 256
#: Attempts that a hold is extended by beyond those that run, where the balance allows.
STEP = 32


class Funds:
    """Keeps holds ahead of what runs. Writer thread only."""

    def __init__(self, *, specs: SpecCache, rollup: Rollup) -> None:
        self._specs = specs
        self._rollup = rollup
        #: Live tasks that their owner's money keeps back.
        self._short: set[str] = set()
        self._turns = Turns(LOOK_LIMIT)

    def open(self, uow: UnitOfWork, task: TaskRecord, spec: TaskSpec, hot: PoolTask) -> None:
        """Make the opening hold of a task that starts, and set what it affords. Holds the task when nothing."""
        state = settlement.open_hold(uow, settlement.opening(task, spec))
        each = self.each(uow, spec)
        affordable = state.hold_ucpt // each if each else None
        if affordable == 0 and state.held is None:
            affordable = 1  # never below one tick: a short run may still fit
        hot.affordable = affordable
        if state.held is not None and not affordable:
            self._hold(task, state.held)
            self._short.add(task.task_id)

    def restore(self, task: TaskRecord, hot: PoolTask, *, each: int, balance: int) -> None:
        """Set what a live task affords at the start of the master: `balance` is in its hold, one run may cost
        `each`.
        """
        hot.affordable = max(1, balance // each) if each and balance > 0 else (0 if each else None)
        if task.held in (HeldCode.OUT_OF_FUNDS, HeldCode.BUDGET_EXCEEDED) or hot.affordable == 0:
            self._short.add(task.task_id)

    def extend(self, uow: UnitOfWork, task_ids: Iterable[str]) -> None:
        """After a dispatch: bring the holds of what was placed ahead again, so that the next one finds room."""
        for task_id in task_ids:
            hot = uow.pool.tasks.get(task_id)
            if hot is None or (hot.max_parallel and hot.lanes >= hot.max_parallel):
                continue
            if hot.affordable is not None and hot.affordable <= hot.lanes and hot.waiting:
                self._extend_one(uow, hot)

    def resized(self, uow: UnitOfWork, task_id: str) -> None:
        """A part costs something else from here on: what the hold affords is another number."""
        hot = uow.pool.tasks.get(task_id)
        if hot is not None and hot.affordable is not None:
            self._extend_one(uow, hot)

    def look(self, uow: UnitOfWork) -> None:
        """Each second: try again what money kept back, and cover what runs long."""
        for task_id in self._turns.take(sorted(self._short)):
            hot = uow.pool.tasks.get(task_id)
            if hot is None:
                self._short.discard(task_id)
            else:
                self._extend_one(uow, hot)
        for task_id in self._long_runners(uow):
            hot = uow.pool.tasks.get(task_id)
            if hot is not None and hot.affordable is not None:
                self._cover_runners(uow, hot)

    # ---- inner

    def each(self, uow: UnitOfWork, spec: TaskSpec) -> int:
        """Return what is held for one run of a task."""
        span_ms = min(COVER_MS, spec.run.timeout_s * 1000) if spec.run.timeout_s else COVER_MS
        return _dearest(spec.resources, uow.ledger.rule(), span_ms)

    def _extend_one(self, uow: UnitOfWork, hot: PoolTask) -> None:
        task = uow.tasks.get(hot.task_id)
        if task is None or task.state in TERMINAL_TASK_STATES:
            self._short.discard(hot.task_id)
            return
        each = self.each(uow, self._specs.get(uow, task))
        if not each:
            return
        # Never for more than may run at once.
        more = min(hot.waiting, hot.max_parallel - hot.lanes) if hot.max_parallel else hot.waiting
        wanted = hot.lanes + min(max(1, more), max(STEP, hot.lanes))
        state = settlement.extend_holds(
            uow,
            [
                settlement.HoldNeed(
                    task_id=task.task_id,
                    owner_id=task.owner_id,
                    needed_ucpt=wanted * each,
                    left_ucpt=left_of_cap(task),
                )
            ],
        )[0]
        affordable = state.hold_ucpt // each
        if affordable == 0 and hot.lanes == 0 and state.hold_ucpt >= self._one_tick(uow, task):
            affordable = 1
        if affordable != hot.affordable:
            uow.pool.change(hot, affordable=affordable)
        self._judge(uow, task, hot, affordable, state.held)

    def _one_tick(self, uow: UnitOfWork, task: TaskRecord) -> int:
        spec = self._specs.get(uow, task)
        return highest_cost(spec.resources, uow.ledger.rule(), TICK_MS)

    def _judge(
        self, uow: UnitOfWork, task: TaskRecord, hot: PoolTask, affordable: int, missing: HeldCode | None
    ) -> None:
        # Also while nothing waits: a merge, or a retry, may want to start when the last attempt has ended.
        if affordable <= hot.lanes and missing is not None:
            self._short.add(task.task_id)
        else:
            self._short.discard(task.task_id)
        funds_hold = task.held in (HeldCode.OUT_OF_FUNDS, HeldCode.BUDGET_EXCEEDED)
        if affordable == 0 and hot.lanes == 0 and missing is not None and task.held is None:
            self._short.add(task.task_id)
            self._hold(task, missing)
            self._rollup.refresh(uow, task)
        elif funds_hold and affordable > 0:
            task.held, task.held_reason = None, ""
            self._rollup.refresh(uow, task)

    @staticmethod
    def _hold(task: TaskRecord, code: HeldCode) -> None:
        task.held = code
        task.held_reason = (
            "your balance does not cover a first run of it; it goes on by itself when credits come"
            if code is HeldCode.OUT_OF_FUNDS
            else "its cost cap is used up; raise max_credits to go on"
        )

    def _long_runners(self, uow: UnitOfWork) -> set[str]:
        """Return tasks with attempts that have outrun the COVER_MS that their placement was held for."""
        return {
            live.task_id
            for live in uow.pool.attempts.values()
            if uow.now_ms - live.offered_ms > COVER_MS - 2 * TICK_MS and not live.stop_reason
        }

    def _cover_runners(self, uow: UnitOfWork, hot: PoolTask) -> None:
        task = uow.tasks.get(hot.task_id)
        if task is None:
            return
        rule = uow.ledger.rule()
        lives = sorted(uow.pool.live_of_task(hot.task_id), key=lambda live: live.attempt_id)
        needs = {live.attempt_id: highest_cost(live.resources, rule, self._span_ms(uow, live)) for live in lives}
        state = settlement.extend_holds(
            uow,
            [
                settlement.HoldNeed(
                    task_id=task.task_id,
                    owner_id=task.owner_id,
                    needed_ucpt=sum(needs.values()),
                    left_ucpt=left_of_cap(task),
                )
            ],
        )[0]
        short = sum(needs.values()) - state.hold_ucpt
        while short > 0 and lives:
            newest = lives.pop()
            self._rollup.stop(uow, newest, "funds", give_back=True)
            short -= needs[newest.attempt_id]
        if state.held is not None:
            self._short.add(task.task_id)

    @staticmethod
    def _span_ms(uow: UnitOfWork, live: LiveAttempt) -> int:
        """What an attempt may have cost until the look after the next, at the highest rate by the wall clock."""
        return max(COVER_MS, uow.now_ms - live.offered_ms + 2 * TICK_MS)


@lru_cache(4096)
def _dearest(resources: Resources, rule: RewardRule, span_ms: int) -> int:
    """Return the most that one run of this span, or of one tick, can cost. A long queue asks the same again and
    again.
    """
    return max(highest_cost(resources, rule, span_ms), highest_cost(resources, rule, TICK_MS))
