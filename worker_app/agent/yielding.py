"""Giving the computer back to its owner: what becomes of running work. Told each second, so nothing is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from core.domain.attempt import ReturnReason
from core.domain.lending import OnEnter
from worker_app.agent.attempts import Held, Step, Stop
from worker_app.agent.instructions import FreezeSandbox, ThawSandbox, ThrottleSandbox
from worker_app.agent.slots import SlotState
from worker_app.agent.stimuli import GiveBack, Yield
from worker_app.agent.work import Out, Work

#: Frozen for longer, work goes back with its checkpoint: the pool shall not wait for a long evening.
FROZEN_LIMIT_MS: Final = 30 * 60 * 1000


class Yielding:
    """Mutated only by `AgentState`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def handlers(self) -> dict[type, Callable[[Any, int, Out], None]]:
        return {Yield: self._yield, GiveBack: self._give_back}

    def _give_back(self, stimulus: GiveBack, now_ms: int, out: Out) -> None:
        self._work.stop(stimulus.attempt_id, Stop("owner", ReturnReason.OWNER), now_ms, out)

    def _yield(self, stimulus: Yield, now_ms: int, out: Out) -> None:
        work = self._work
        work.owners_blocked = stimulus.owners_blocked
        for held in list(work.held.values()):
            if held.stop is not None:
                continue
            if held.step is Step.PREPARING and stimulus.action in (OnEnter.FREEZE, OnEnter.STOP):
                work.stop(held.attempt_id, Stop("owner", ReturnReason.OWNER), now_ms, out)
            elif held.step is Step.RUNNING:
                self._running(held, stimulus, now_ms, out)
        if stimulus.action is OnEnter.STOP:
            for slot in work.slots.all:
                if slot.state is SlotState.IDLE:
                    work.close_slot(slot, now_ms, out)

    def _running(self, held: Held, stimulus: Yield, now_ms: int, out: Out) -> None:
        action = stimulus.action
        uses_gpu = bool(self._work.slot_of(held).gpu_uuids)
        if uses_gpu and (action is OnEnter.FREEZE or stimulus.stop_gpu):
            action = OnEnter.STOP
        if held.frozen_ms >= 0 and now_ms - held.frozen_ms >= FROZEN_LIMIT_MS:
            action = OnEnter.STOP
        if action is OnEnter.STOP:
            self._work.stop(held.attempt_id, Stop("owner", ReturnReason.OWNER), now_ms, out)
        elif action is OnEnter.FREEZE:
            if held.frozen_ms < 0:
                held.frozen_ms = now_ms
                out.append(FreezeSandbox(held.slot))
        else:
            if held.frozen_ms >= 0:
                held.frozen_ms = -1
                out.append(ThawSandbox(held.slot, (held.deadline_ms - now_ms) / 1000))
            self._throttle(held, stimulus.cpu_millis if action is OnEnter.THROTTLE else 0, out)

    def _throttle(self, held: Held, cpu_millis: int, out: Out) -> None:
        """Share what is left among those that run, never more than each has reserved."""
        if cpu_millis:
            running = sum(held.step is Step.RUNNING for held in self._work.held.values())
            cpu_millis = max(50, min(held.offer.resources.cpu_millis, cpu_millis // max(1, running)))
            if cpu_millis == held.offer.resources.cpu_millis:
                cpu_millis = 0
        if cpu_millis != held.throttled_millis:
            held.throttled_millis = cpu_millis
            out.append(ThrottleSandbox(held.slot, cpu_millis or held.offer.resources.cpu_millis))
