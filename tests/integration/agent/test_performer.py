"""The agent on fakes of its ports: from offer to acknowledged result."""

from __future__ import annotations

from pathlib import Path

from core.domain.attempt import AttemptState
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import make_brief, make_offer, running_agent


async def test_an_offer_is_run_and_its_success_is_acknowledged(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        rig.master.offer(make_brief(), make_offer("a1"))
        update = await rig.master.ended("a1")
        assert update.state is AttemptState.SUCCEEDED
        assert rig.runtime.ran == ["a1"]
        await rig.tick()
        assert rig.store.attempts == {}


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
