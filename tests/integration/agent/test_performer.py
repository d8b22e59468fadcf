"""The agent on fakes of its ports: from offer to acknowledged result."""

from __future__ import annotations

from pathlib import Path

from core.domain.attempt import AttemptState, FailureClass
from tests.fakes.agent_store import FakeAgentStore
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeMaster
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import make_brief, make_offer, running_agent
from worker_app.agent import stimuli


async def test_an_offer_is_run_and_its_success_is_acknowledged(tmp_path: Path) -> None:
    runtime, store = FakeRuntime(), FakeAgentStore()
    async with running_agent(tmp_path, runtime=runtime, store=store) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        update = await rig.master.ended("a1")
        assert update.state is AttemptState.SUCCEEDED
        assert runtime.ran == ["a1"]
        await rig.tick()
        assert store.attempts == {}


async def test_results_and_the_log_are_with_the_master_before_the_end_is(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(files={"out/x.txt": b"hello"}, output=b"line\n"))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        update = await rig.master.ended("a1")
        (entry,) = update.artifacts
        assert rig.master.blobs[entry.blob] == b"hello"
        assert [bytes(log) for log in rig.master.logs.values()] == [b"line\n"]
        await rig.tick()
        assert list((tmp_path / "results").iterdir()) == []
        assert list((tmp_path / "spool").iterdir()) == []


async def test_slots_run_one_attempt_at_a_time_and_reuse_their_sandbox(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with running_agent(tmp_path, runtime=runtime) as rig:
        names = [f"a{number:02d}" for number in range(20)]
        rig.master.offer(make_brief(), *[make_offer(name) for name in names])
        for name in names:
            assert (await rig.master.ended(name)).state is AttemptState.SUCCEEDED
        assert sorted(runtime.ran) == names
        assert len(runtime.opened) == 2


async def test_a_stop_ends_the_run_and_discards_its_outputs(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(until_cancelled=True, files={"out/x": b"x"}))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: "a1" in runtime.ran)
        rig.master.stop("a1")
        update = await rig.master.ended("a1")
        assert (update.state, update.reason, update.artifacts) == (AttemptState.CANCELLED, "cancelled", ())


async def test_quitting_gives_work_back_with_its_checkpoint(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(until_cancelled=True, files={"checkpoint/c": b"half"}))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: "a1" in runtime.ran)
        rig.performer.tell(stimuli.QuitAsked(30_000))
        update = await rig.master.ended("a1")
        assert (update.state, update.reason) == (AttemptState.RETURNED, "quit")
        assert [rig.master.blobs[entry.blob] for entry in update.checkpoint] == [b"half"]
        await rig.until(lambda: bool(rig.exits))
        assert rig.exits == ["asked to quit"]


async def test_a_restarted_agent_goes_on_with_what_runs_in_its_sandbox(tmp_path: Path) -> None:
    runtime, store, master, clock = FakeRuntime(), FakeAgentStore(), FakeMaster(), ManualClock()
    runtime.script("a1", FakeOutcome(until_cancelled=True, output=b"so far\n"))
    async with running_agent(tmp_path, runtime=runtime, store=store, master=master, clock=clock) as rig:
        master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: "a1" in runtime.ran and store.attempts["a1"].mark is not None)
    async with running_agent(tmp_path, runtime=runtime, store=store, master=master, clock=clock) as rig:
        await rig.until(lambda: len(master.syncs) == 2)
        assert [held.attempt_id for held in master.syncs[1].attempts] == ["a1"]
        assert master.hellos[1].incarnation == 2
        master.stop("a1")
        assert (await master.ended("a1")).state is AttemptState.CANCELLED
        assert runtime.ran == ["a1"]


async def test_an_attempt_whose_sandbox_is_gone_after_a_restart_fails_as_infra(tmp_path: Path) -> None:
    runtime, store, master, clock = FakeRuntime(), FakeAgentStore(), FakeMaster(), ManualClock()
    runtime.script("a1", FakeOutcome(until_cancelled=True))
    async with running_agent(tmp_path, runtime=runtime, store=store, master=master, clock=clock) as rig:
        master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: "a1" in runtime.ran and store.attempts["a1"].mark is not None)
    async with running_agent(tmp_path, runtime=FakeRuntime(), store=store, master=master, clock=clock):
        update = await master.ended("a1")
        assert update.failure is not None
        assert (update.failure.failure_class, update.failure.code) == (FailureClass.INFRA, "CONTAINER_GONE")


async def test_without_its_master_the_agent_stops_before_the_lease_ends(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(until_cancelled=True))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        rig.master.offer(make_brief(), make_offer("a1", lease_s=60))
        await rig.until(lambda: "a1" in runtime.ran)
        rig.master.reachable = False
        rig.master.cut()
        for _ in range(60):
            await rig.tick()
        assert list(await runtime.inventory()) == []
        rig.master.reachable = True
        await rig.until(lambda: "a1" in rig.master.terminal)
        update = rig.master.terminal["a1"]
        assert update.failure is not None
        assert update.failure.code == "LEASE_EXPIRED"


async def test_a_full_disk_keeps_updates_until_there_is_room(tmp_path: Path) -> None:
    store = FakeAgentStore()
    async with running_agent(tmp_path, store=store) as rig:
        store.is_full = True
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.tick(3)
        assert rig.master.terminal == {}
        store.is_full = False
        await rig.until(lambda: "a1" in rig.master.terminal)
