"""The owner pauses, resumes and is paid: a real container is frozen, and frozen time earns nothing."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction, AgentShown
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
