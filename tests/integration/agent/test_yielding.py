"""Running work gives the computer back: frozen, slowed, given back, and woken again, on a real performer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState
from core.domain.lending import OnEnter
from core.domain.resources import GIB
from tests.fakes.sandbox import FakeOutcome, FakeRuntime, FakeSandbox
from tests.support.agents import CORE, FACTS, Rig, make_brief, make_offer, running_agent
from worker_app.agent import stimuli
from worker_app.agent.yielding import FROZEN_LIMIT_MS

GPU = replace(CORE, gpus=1, gpu_memory_bytes=GIB)


async def _running(rig: Rig, *, gpu: bool = False) -> FakeSandbox:
    runtime = rig.runtime
    assert isinstance(runtime, FakeRuntime)
    runtime.script("a1", FakeOutcome(until_cancelled=True))
    rig.master.offer(make_brief(), make_offer("a1", resources=GPU if gpu else CORE))
    await rig.until(lambda: "a1" in runtime.ran)
    sandbox = rig.performer.sandbox(0)
    assert isinstance(sandbox, FakeSandbox)
    return sandbox


async def _tell(rig: Rig, action: OnEnter, **more: object) -> None:
    rig.performer.tell(stimuli.Yield(action, **more))  # type: ignore[arg-type]
    await rig.settle()


async def test_frozen_work_is_woken_with_a_full_lease_and_earned_nothing_meanwhile(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        sandbox = await _running(rig)
        await _tell(rig, OnEnter.FREEZE)
        assert sandbox.frozen
        await rig.tick(300)
        await _tell(rig, OnEnter.FREEZE)
        await _tell(rig, OnEnter.KEEP)
        assert not sandbox.frozen
        rig.master.stop("a1", give_back=True)
        update = await rig.master.ended("a1")
        assert sum(tick.duration_ms for tick in update.ticks) < 60_000


async def test_work_that_is_frozen_for_too_long_goes_back(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        await _running(rig)
        await _tell(rig, OnEnter.FREEZE)
        for _ in range(FROZEN_LIMIT_MS // 60_000):
            await rig.tick(60)
        await _tell(rig, OnEnter.FREEZE)
        update = await rig.master.ended("a1")
        assert (update.state, update.reason) == (AttemptState.RETURNED, "owner")


async def test_slowed_work_gets_a_share_and_all_of_it_back(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        sandbox = await _running(rig)
        await _tell(rig, OnEnter.THROTTLE, cpu_millis=400)
        assert sandbox.cpu_millis == 400
        await _tell(rig, OnEnter.KEEP)
        assert sandbox.cpu_millis == CORE.cpu_millis


async def test_a_stop_gives_work_back_and_leaves_no_warm_sandbox(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        await _running(rig)
        await _tell(rig, OnEnter.STOP)
        update = await rig.master.ended("a1")
        assert (update.state, update.reason) == (AttemptState.RETURNED, "owner")
        await _tell(rig, OnEnter.STOP)
        await rig.until(lambda: not [one for one in rig.performer.state.work.slots.all if one.sandbox_id])


@pytest.mark.parametrize("more", [{"action": OnEnter.FREEZE}, {"action": OnEnter.KEEP, "stop_gpu": True}])
async def test_work_on_a_gpu_stops_instead_of_being_frozen(tmp_path: Path, more: dict[str, object]) -> None:
    from core.domain.node import Gpu

    gpu = Gpu(uuid="GPU-1", name="test", memory_bytes=GIB)
    facts = replace(FACTS, gpus=(gpu,), capacity=replace(FACTS.capacity, gpus=1, gpu_memory_bytes=GIB))
    async with running_agent(tmp_path, facts=facts) as rig:
        await _running(rig, gpu=True)
        await _tell(rig, **more)  # type: ignore[arg-type]
        assert (await rig.master.ended("a1")).state is AttemptState.RETURNED


async def test_a_frozen_attempt_hears_an_order_to_stop(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        sandbox = await _running(rig)
        await _tell(rig, OnEnter.FREEZE)
        rig.master.stop("a1")
        assert (await rig.master.ended("a1")).state is AttemptState.CANCELLED
        assert not sandbox.frozen


async def test_nothing_is_taken_from_an_owner_who_is_blocked(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        await _tell(rig, OnEnter.KEEP, owners_blocked=frozenset({"owner"}))
        rig.master.offer(make_brief(), make_offer("a1"))
        update = await rig.master.ended("a1")
        assert (update.state, update.reason) == (AttemptState.REJECTED, "owner_not_allowed")


async def test_freezing_and_thawing_in_one_breath_end_as_asked_last(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        sandbox = await _running(rig)
        slow = sandbox.freeze

        async def freeze() -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            await slow()

        sandbox.freeze = freeze  # type: ignore[method-assign]
        for action in (OnEnter.FREEZE, OnEnter.KEEP, OnEnter.FREEZE, OnEnter.KEEP):
            rig.performer.tell(stimuli.Yield(action))
        await rig.settle()
        assert not sandbox.frozen
