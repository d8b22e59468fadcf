"""A short bad hour, a minute without a link, and orders of operators: real processes, containers and namespaces.

The long form is `python -m tests.faults --minutes 5`; docs/proof-faults.md has its figures.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.faults import checks
from tests.faults.run import Plan, run
from tests.support.counter import counter_zip
from tests.support.engine import absent, base_image, leave_nothing
from tests.support.network import Network, missing
from tests.support.operator import Operator
from tests.support.pool import Pool, wait_for

__all__ = ["base_image"]
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(420)]

#: The claim is a minute; HIVEMIND_FAULT_LONG=1 waits for all of it.
CUT_S = 60 if os.environ.get("HIVEMIND_FAULT_LONG") else 45


@pytest.fixture
def network() -> Iterator[Network]:
    if missing():
        absent(missing())
    with Network(("a1", "a2")) as made:
        yield made


@pytest.fixture
def pool(tmp_path: Path, base_image: str, network: Network) -> Iterator[Pool]:
    """A master and two agents of one slot each, every one in a namespace of its own."""
    with Pool(tmp_path, "docker", network) as started:
        started.start_master()
        started.add_user("ann", "submitter")
        started.add_user("root", "operator", "provider")
        for agent in network.agents:
            started.start_agent(agent, "root", 1)
        for program in started.agents.values():
            program.ready()
        yield started
    left = checks.left_on_engine(started)
    leave_nothing(tmp_path)
    assert left == []


@pytest.fixture
def ann(pool: Pool) -> Iterator[HiveMind]:
    with HiveMind(pool.url) as client:
        client.login("ann", pool.password)
        yield client


def submit(ann: HiveMind, folder: Path, *, steps: int, count: int = 1) -> str:
    return ann.submit(counter_zip(folder / f"counter-{steps}-{count}.zip", steps=steps, count=count)).task_id


def attempts(pool: Pool, task_id: str) -> list[dict[str, object]]:
    return checks.rows(pool, "SELECT * FROM attempts WHERE task_id = ? ORDER BY attempt_id", task_id)


def running(pool: Pool, task_id: str) -> list[dict[str, object]]:
    return [row for row in attempts(pool, task_id) if row["state"] == "RUNNING"]


def output(ann: HiveMind, task_id: str, folder: Path) -> str:
    ann.download_result(task_id, folder / "result.zip")
    with zipfile.ZipFile(folder / "result.zip") as archive:
        return archive.read("out/steps").decode()


def test_a_short_bad_hour(tmp_path: Path, base_image: str) -> None:
    """Programs are killed, cut off and silenced while two dozen subtasks run; all that must hold holds."""
    if missing():
        absent(missing())
    seed = int(os.environ.get("HIVEMIND_FAULT_SEED", "20261124"))
    plan = Plan(minutes=0.4, subtasks=20, seed=seed, seconds=1.5, every_s=(2.0, 4.0), longest_s=6.0)
    lines: list[str] = []
    outcome = run(plan, tmp_path, lines.append)
    told = [*lines, *(f"{b.at_s:.1f} s {b.kind} {b.target} {b.for_s:.1f} s" for b in outcome.blows)]
    assert outcome.problems == [], "\n".join(told)
    assert len(outcome.blows) >= 5
    # What a polite quit gives back is no waste: it was asked for.
    wasted = sum(count for how, count in outcome.wasted.items() if not how.startswith("RETURNED"))
    assert wasted <= max(1, outcome.attempts // 10), outcome.wasted


def test_a_minute_without_a_link_costs_no_attempt(
    pool: Pool, ann: HiveMind, network: Network, tmp_path: Path
) -> None:
    """One agent loses its link, the other hears nothing; both work on, and are back as soon as they can be."""
    operator = Operator(pool)
    task_id = submit(ann, tmp_path, steps=5 * CUT_S + 50, count=2)
    wait_for("both running", lambda: len(running(pool, task_id)) == 2, 90)
    cut = time.monotonic()
    network.cut("a1")
    network.silence("a2", incoming=True)
    wait_for("the silence to be told", lambda: "NODE_SILENT" in operator.conditions(), 100)
    words = operator.conditions()["NODE_SILENT"]
    assert "nothing is repeated yet" in words["at_risk"] and "go on as if nothing had happened" in words["next"]
    time.sleep(max(0.0, CUT_S - (time.monotonic() - cut)))
    assert {row["state"] for row in attempts(pool, task_id)} == {"RUNNING"}
    network.mend("a1")
    network.mend("a2")
    mended = time.monotonic()
    a1 = checks.node_ids(pool)["a1"]
    wait_for("the cut one to be back", lambda: operator.node(a1)["health"] == "READY", 30)
    # Its next try by itself might be a minute away: the kernel's word is what brings it back.
    assert time.monotonic() - mended < 5
    task = ann.wait(task_id, timeout_s=120)
    assert task.state == "SUCCEEDED"
    assert [row["state"] for row in attempts(pool, task_id)] == ["SUCCEEDED", "SUCCEEDED"]
    assert "NODE_SILENT" not in operator.conditions()
    assert "fit" in pool.admin("ledger", "verify")


def test_drain_quit_pause_and_revoke_keep_what_was_done(pool: Pool, ann: HiveMind, tmp_path: Path) -> None:
    """One counter wanders from node to node by four orders, and never counts a step twice."""
    operator, nodes = Operator(pool), checks.node_ids(pool)
    names = {node_id: name for name, node_id in nodes.items()}
    operator.act(nodes["a2"], "pause")
    task_id = submit(ann, tmp_path, steps=90)
    wait_for("a start on a1", lambda: bool(running(pool, task_id)), 90)
    assert [names[str(row["node_id"])] for row in running(pool, task_id)] == ["a1"]
    # A pause gives nothing new and takes nothing away; resumed, a2 is there for what a1 must hand over.
    assert operator.act(nodes["a2"], "resume") == "ACTIVE"
    time.sleep(3)
    # Drain with a deadline: what still runs then is given back, with its checkpoint.
    assert operator.act(nodes["a1"], "drain", deadline_seconds=1) == "DRAINING"
    wait_for("the start on a2", lambda: [names[str(r["node_id"])] for r in running(pool, task_id)] == ["a2"], 60)
    wait_for("the end of the drain", lambda: operator.node(nodes["a1"])["admin"] == "DRAINED", 30)
    time.sleep(3)
    # The session of a2 ends: its agent gives work back and leaves in order; a1 takes over.
    operator.act(nodes["a1"], "resume")
    assert pool.agents["a2"].stop() == 0
    wait_for("the start on a1", lambda: [names[str(r["node_id"])] for r in running(pool, task_id)] == ["a1"], 60)
    ended = [(row["state"], row["reason"]) for row in attempts(pool, task_id)][:2]
    assert ended == [("RETURNED", "drain"), ("RETURNED", "quit")]
    task = ann.wait(task_id, timeout_s=120)
    assert task.state == "SUCCEEDED" and output(ann, task_id, tmp_path) == "90"
    log = ann.log(task_id, subtask=0).text
    begun = int(log.split("from ")[1].split()[0])
    assert begun >= 20, f"the third attempt began at step {begun}: checkpoints were lost"
    # Revoked: its certificate is worth nothing from that moment on, and its work goes elsewhere.
    pool.start_agent("a2", "root", 1).ready()
    wait_for("a2", lambda: operator.node(nodes["a2"])["health"] == "READY", 60)
    operator.act(nodes["a1"], "pause")
    task_id = submit(ann, tmp_path, steps=20)
    wait_for("a start on a2", lambda: bool(running(pool, task_id)), 60)
    assert operator.act(nodes["a2"], "revoke") == "REVOKED"
    operator.act(nodes["a1"], "resume")
    assert ann.wait(task_id, timeout_s=90).state == "SUCCEEDED"
    first, second = attempts(pool, task_id)
    assert (first["state"], first["reason"]) == ("LOST", "revoked")
    assert names[str(second["node_id"])] == "a1"
