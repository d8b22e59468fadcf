"""The agent's night: awake while it works, back with the network, and what is wrong in a file that others read."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import Rig, make_brief, make_offer, running_agent
from worker_app.agent.night import FILE, Night


class Network:
    """Comes back when a test says so."""

    def __init__(self) -> None:
        self.back = asyncio.Event()

    async def came_back(self) -> None:
        await self.back.wait()
        self.back.clear()


class Bed:
    """Remembers whether it was asked to keep awake."""

    def __init__(self) -> None:
        self.is_held = False
        self.problem = ""

    def hold(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = False


def a_night(rig: Rig, folder: Path, bed: Bed | None = None) -> tuple[Night, Network]:
    network = Network()
    return Night(rig.performer, folder, rig.clock, network, bed), network


async def test_awake_while_it_works_and_a_little_longer(tmp_path: Path) -> None:
    bed = Bed()
    runtime = FakeRuntime()
    runtime.script("a1", FakeOutcome(until_cancelled=True))
    async with running_agent(tmp_path, runtime=runtime) as rig:
        night, _ = a_night(rig, tmp_path, bed)
        await night.look()
        assert not bed.is_held
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: bool(rig.performer.state.work.held))
        await night.look()
        assert bed.is_held
        rig.master.stop("a1")
        await rig.until(lambda: not rig.performer.state.work.held)
        await night.look()
        assert bed.is_held  # the next piece comes in a moment
        await rig.tick(121)
        await night.look()
        assert not bed.is_held


async def test_what_is_wrong_stands_in_a_file_until_it_is_over(tmp_path: Path) -> None:
    async with running_agent(tmp_path) as rig:
        night, network = a_night(rig, tmp_path)
        running = asyncio.ensure_future(night.run())
        rig.master.cut()
        rig.master.reachable = False
        for _ in range(30):
            await rig.tick(1)
        await night.look()
        [found] = json.loads((tmp_path / FILE).read_text())
        assert found["code"] == "MASTER_AWAY" and found["at_risk"] and found["next"] and found["since_ms"]
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
        # The network is back: no wait for the next try.
        rig.master.reachable = True
        network.back.set()
        await rig.settle()
        await rig.until(lambda: rig.performer.state.connection.is_live, 1)
        await night.look()
        assert json.loads((tmp_path / FILE).read_text()) == []
        assert [condition.code for condition in night.conditions.ended()] == ["MASTER_AWAY"]
        running.cancel()
        await asyncio.wait([running])
        assert not (tmp_path / FILE).exists()
