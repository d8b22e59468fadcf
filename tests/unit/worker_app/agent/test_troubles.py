"""What is wrong with a node is said in words, with what is at risk and what comes next; and is over by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.domain.condition import ConditionCode, Gravity
from core.domain.node import NodeFacts
from core.memory import Memory
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import FACTS, make_brief, make_offer, running_agent
from worker_app.agent import stimuli
from worker_app.agent.troubles import PAST_SHOWN_MS, Surveyed, troubles

SEEN = Surveyed(now_ms=10_000_000, wall_ms=1_767_225_600_000)


async def test_a_healthy_node_has_nothing_to_say(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        assert troubles(rig.performer.state, replace(SEEN, now_ms=rig.clock.steady_ms())) == []


async def test_a_master_that_is_away_says_until_when_work_runs_on(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(until_cancelled=True))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: bool(rig.performer.state.work.held))
        rig.master.reachable = False
        rig.master.cut()
        await rig.tick(2)
        state = rig.performer.state
        seen = replace(SEEN, now_ms=rig.clock.steady_ms())
        assert troubles(state, seen) == []  # a moment is no news
        for _ in range(20):
            await rig.tick()
        seen = replace(SEEN, now_ms=rig.clock.steady_ms())
        [found] = troubles(state, seen)
        assert found.code is ConditionCode.MASTER_AWAY
        assert "1 attempts run on until" in found.at_risk
        assert "as soon as a network comes" in found.next
        assert seen.wall_ms - found.since_ms >= 20_000


async def test_engine_disk_database_memory_and_files_each_have_their_words(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        state = rig.performer.state
        gone = NodeFacts(slots=0, engine_ok=False, engine_problem="the socket is gone", disk_ok=False)
        rig.performer.tell(stimuli.FactsChanged(gone))
        state.write_problem = "The disk is full."
        scarce = Memory(total_bytes=1 << 30, available_bytes=1)
        now_ms = rig.clock.steady_ms()
        seen = replace(SEEN, now_ms=now_ms, free_bytes=5 << 20, free_files=3, memory=scarce)
        found = {each.code: each for each in troubles(state, seen)}
        assert set(found) == {
            ConditionCode.ENGINE_AWAY,
            ConditionCode.DISK_FULL,
            ConditionCode.INODES_LOW,
            ConditionCode.OUTBOX_STUCK,
            ConditionCode.MEMORY_LOW,
        }
        assert "the socket is gone" in found[ConditionCode.ENGINE_AWAY].what
        assert "as soon as it answers" in found[ConditionCode.ENGINE_AWAY].next
        assert "5 MiB" in found[ConditionCode.DISK_FULL].what
        for each in found.values():
            assert each.what.endswith(".") and each.at_risk.endswith(".") and each.next.endswith(".")
        state.write_problem = ""
        # With bytes enough the places for files are the whole story.
        seen = replace(seen, free_bytes=5 << 30, memory=SEEN.memory)
        codes = {each.code for each in troubles(state, seen)}
        assert codes == {ConditionCode.ENGINE_AWAY, ConditionCode.INODES_LOW}
        rig.performer.tell(stimuli.FactsChanged(FACTS))
        assert troubles(state, replace(SEEN, now_ms=rig.clock.steady_ms())) == []


async def test_a_sleep_and_a_clock_that_was_set_are_told_for_a_while(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        await rig.tick(1)
        await rig.tick(7200)
        now_ms = rig.clock.steady_ms()
        seen = replace(SEEN, now_ms=now_ms, jump_ms=-3_600_000, jumped_at_ms=now_ms - 1000)
        found = {each.code: each for each in troubles(rig.performer.state, seen)}
        assert "7,200 s" in found[ConditionCode.SLEPT].what and "keep_awake" in found[ConditionCode.SLEPT].fix
        assert "back by 3,600 s" in found[ConditionCode.CLOCK_JUMPED].what
        later = replace(seen, now_ms=now_ms + PAST_SHOWN_MS + 1000)
        assert not {ConditionCode.SLEPT, ConditionCode.CLOCK_JUMPED} & {
            each.code for each in troubles(rig.performer.state, later)
        }


async def test_a_machine_that_may_sleep_although_it_should_not_says_why(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        seen = replace(SEEN, now_ms=rig.clock.steady_ms(), awake_problem="There is no session bus.")
        [found] = troubles(rig.performer.state, seen)
        assert (found.code, found.gravity) == (ConditionCode.MAY_SLEEP, Gravity.NOTICE)
        assert "There is no session bus." in found.what
