"""The owner pauses, resumes and is paid: a real container is frozen, and frozen time earns nothing."""

from __future__ import annotations

import asyncio
import json
import time
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import docker as dockerapi
import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction, AgentShown, MachineView, Sample
from tests.support.engine import docker
from tests.support.pool import Pool, wait_for
from worker_app.tray.client import AgentClient, find_door

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]
T = TypeVar("T")
#: Eight seconds of work, by its own processor time: a freeze cannot hide in it.
WORK = """
import time
while time.process_time() < 8:
    sum(range(100_000))
"""


def ask(folder: Path, question: Callable[[AgentClient], Coroutine[Any, Any, T]]) -> T:
    async def once() -> T:
        door = find_door(folder)
        assert door is not None
        client = AgentClient(door)
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(once())


def shown(folder: Path) -> AgentShown:
    async def first(client: AgentClient) -> AgentShown:
        async for one in client.watch(samples=False):
            return one
        raise AssertionError("the agent says nothing")

    return ask(folder, first)


def states(folder: Path) -> list[tuple[str, str]]:
    found = shown(folder).containers
    return [(one.state, one.yielding) for one in found.rows] if found is not None else []


def test_a_pause_freezes_the_container_and_is_not_paid(pool: Pool, ann: HiveMind, tmp_path: Path) -> None:
    folder = tmp_path / "node-1"
    pool.start_agent("node-1", "bob", slots=1).ready()
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as bundle:
        bundle.writestr("main.py", WORK)
    task_id = ann.submit(tmp_path / "work.zip").task_id
    wait_for("the subtask runs", lambda: states(folder) == [("RUNNING", "")])

    async def keep_rules_and_pause(client: AgentClient) -> None:
        found = await client.rules()
        await client.set_rules(found.rules)
        await client.act(AgentAction.START_NOW)
        await client.act(AgentAction.PAUSE, seconds=900)

    ask(folder, keep_rules_and_pause)
    wait_for("it is frozen", lambda: states(folder) == [("RUNNING", "frozen")])
    node_id = json.loads((folder / "identity.json").read_text())["node_id"]
    flags = ("--filter", f"label=hivemind.node={node_id}", "--filter", "status=paused")
    wait_for("the engine has paused it", lambda: docker("ps", "-q", *flags) != "")
    ask(folder, lambda client: client.act(AgentAction.START_NOW))
    assert ann.wait(task_id, timeout_s=120).state == "SUCCEEDED"
    wait_for("the receipt came", lambda: ask(folder, lambda c: c.earnings(days=1)).today_ucpt > 0)
    (row,) = ask(folder, lambda client: client.earnings(days=1)).rows
    explained = ask(folder, lambda client: client.explain(row.attempt_id))
    assert explained.posted_ucpt == explained.computed_ucpt == row.ucpt > 0


#: One core's worth, for as long as the test looks.
BUSY = """
import time
end = time.monotonic() + 240
held = bytearray(150 << 20)
while time.monotonic() < end:
    sum(range(100_000))
"""


def test_the_load_shown_is_that_of_the_engine_and_a_pause_ends_on_time(
    pool: Pool, ann: HiveMind, tmp_path: Path
) -> None:
    folder = tmp_path / "node-1"
    pool.start_agent("node-1", "bob", slots=1).ready()
    with zipfile.ZipFile(tmp_path / "busy.zip", "w") as bundle:
        bundle.writestr("main.py", BUSY)
    task_id = ann.submit(tmp_path / "busy.zip").task_id
    wait_for("the subtask runs", lambda: states(folder) == [("RUNNING", "")])
    node_id = json.loads((folder / "identity.json").read_text())["node_id"]
    container = docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}")
    api = dockerapi.APIClient()
    cores = (shown(folder).machine or MachineView()).cores

    async def watch_for(client: AgentClient) -> list[Sample]:
        """Return ten readings of the chart, as a window that is open gets them."""
        found: list[Sample] = []
        async for one in client.watch(samples=True):
            # Until the program holds its memory, the two would be read at different moments.
            if one.sample is not None and one.sample.task_memory > 150 << 20:
                found.append(one.sample)
            if len(found) == 11:
                return found[1:]
        raise AssertionError("the agent says nothing")

    def measured() -> tuple[int, float, int]:
        stats = api.stats(container, stream=False, one_shot=True)
        memory = stats["memory_stats"]
        details = memory["stats"]
        cache = details.get("inactive_file", details.get("total_inactive_file", 0))
        return stats["cpu_stats"]["cpu_usage"]["total_usage"], time.monotonic(), memory["usage"] - cache

    ask(folder, watch_for)
    used, began, _ = measured()
    samples = ask(folder, watch_for)
    after, ended, memory = measured()
    engine_percent = (after - used) / 1e9 / (ended - began) / cores * 100
    shown_percent = sum(one.task_cpu for one in samples) / len(samples)
    assert shown_percent == pytest.approx(engine_percent, rel=0.25)
    assert samples[-1].task_memory == pytest.approx(memory, rel=0.1)

    async def pause(client: AgentClient) -> None:
        found = await client.rules()
        await client.set_rules(found.rules)
        await client.act(AgentAction.START_NOW)
        await client.act(AgentAction.PAUSE, seconds=8)

    ask(folder, pause)
    paused = time.time()
    wait_for("it is frozen", lambda: states(folder) == [("RUNNING", "frozen")])
    status = shown(folder).status
    assert status is not None and abs(status.switch.paused_until_ms / 1000 - paused - 8) < 2
    wait_for("the pause is over", lambda: (shown(folder).status or status).switch.paused_until_ms == 0)
    assert 7 < time.time() - paused < 12
    ask(folder, lambda client: client.act(AgentAction.START_NOW))
    wait_for("it goes on", lambda: states(folder) == [("RUNNING", "")])
    ann.cancel(task_id)
    wait_for("nothing is left", lambda: states(folder) == [])
