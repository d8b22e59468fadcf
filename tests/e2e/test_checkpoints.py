"""Whoever takes a container away takes its checkpoint along: drain, pause, and an owner who wants it back now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction
from tests.faults import checks
from tests.support.counter import counter_zip
from tests.support.operator import Operator
from tests.support.pool import Pool, wait_for
from worker_app.tray.client import AgentClient, find_door

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]
STEPS = 100


def give_back(folder: Path, attempt_id: str) -> None:
    """What "stop this task" in the owner's window does."""

    async def ask() -> None:
        door = find_door(folder)
        assert door is not None
        client = AgentClient(door)
        try:
            await client.act(AgentAction.STOP_TASK, attempt_id=attempt_id)
        finally:
            await client.close()

    asyncio.run(ask())


@pytest.mark.parametrize("order", ["drain", "pause", "owner"])
def test_the_next_attempt_goes_on_where_the_last_one_was_taken_away(
    pool: Pool, ann: HiveMind, tmp_path: Path, order: str
) -> None:
    pool.add_user("root", "operator")
    pool.start_agent("node-1", "bob", 1).ready()
    operator, node_id = Operator(pool), checks.node_ids(pool)["node-1"]
    task_id = ann.submit(counter_zip(tmp_path / "c.zip", steps=STEPS, every=8 if order == "pause" else 0)).task_id

    def attempts() -> list[dict[str, object]]:
        return checks.rows(pool, "SELECT * FROM attempts WHERE task_id = ? ORDER BY attempt_id", task_id)

    def output() -> str:
        return ann.log(task_id, subtask=0).text

    def newest() -> dict[str, object]:
        # An attempt that a busy engine refused is none that was taken away.
        found = [row for row in attempts() if row["state"] != "REJECTED"]
        return found[-1] if found else {}

    # A checkpoint in place shows as UPLOADING from then on: attempts never move back.
    wait_for("a start", lambda: newest().get("state") in ("RUNNING", "UPLOADING"), 90)
    first = newest()["attempt_id"]

    def taken() -> dict[str, object]:
        return next(row for row in attempts() if row["attempt_id"] == first)

    wait_for("some steps", _after(4.0))
    if order == "drain":
        operator.act(node_id, "drain", deadline_seconds=1)
    elif order == "pause":
        ann.pause(task_id)
    else:
        give_back(tmp_path / "node-1", str(first))
    wait_for("what ran to be given back", lambda: taken()["state"] == "RETURNED", 60)
    assert taken()["reason"] == order
    if order == "drain":
        wait_for("the end of the drain", lambda: operator.node(node_id)["admin"] == "DRAINED", 30)
        operator.act(node_id, "resume")
    elif order == "pause":
        assert ann.task(task_id).state == "PAUSED" and newest() == taken()
        ann.resume(task_id)
    assert ann.wait(task_id, timeout_s=120).state == "SUCCEEDED"
    assert newest()["state"] == "SUCCEEDED" and newest() != taken()
    begun = int(output().split("from ")[1].split()[0])
    assert begun >= 5, f"the second attempt began at step {begun}: the checkpoint was lost"
    [row] = checks.rows(pool, "SELECT * FROM subtasks WHERE task_id = ?", task_id)
    assert row["user_failures"] == 0
    assert "fit" in pool.admin("ledger", "verify")


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until
