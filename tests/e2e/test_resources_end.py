"""Resources that end in the middle of work: the engine, the master's disk, the node's disk. All heals by
itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from core.client.errors import ClientError
from tests.faults import checks, workload
from tests.support.engine import base_image
from tests.support.operator import Operator
from tests.support.own_engine import OwnEngine
from tests.support.pool import Pool, wait_for
from tests.support.small_disk import small_disk

__all__ = ["base_image"]
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]
MIB = 1 << 20


@pytest.fixture
def pool(tmp_path: Path, base_image: str) -> Iterator[Pool]:
    """A master with users ann, bob and root; a test starts it, and its agents, where it wants them."""
    with Pool(tmp_path, "docker") as made:
        yield made


def begin(pool: Pool) -> HiveMind:
    pool.start_master()
    pool.add_user("ann", "submitter")
    pool.add_user("bob", "provider")
    pool.add_user("root", "operator")
    client = HiveMind(pool.url)
    client.login("ann", pool.password)
    return client


def of_agent(pool: Pool, name: str) -> dict[str, dict[str, str]]:
    """What the agent tells its owner."""
    try:
        found = json.loads((pool.folder / name / "conditions.json").read_text())
    except (OSError, ValueError):
        return {}
    return {each["code"]: each for each in found}


def fill(disk: Path) -> Path:
    """Take all the room of a disk, to the last block."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        for step in (16 * MIB, MIB, 4096):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)
    return filler


def succeeded(ann: HiveMind, task_id: str) -> int:
    return ann.task(task_id).counts.get("SUCCEEDED", 0)


def check_all(pool: Pool, ann: HiveMind, task_id: str, count: int) -> None:
    task = ann.wait(task_id, timeout_s=150)
    assert task.state == "SUCCEEDED", task.state_reason
    result = pool.folder / "result.zip"
    ann.download_result(task_id, result)
    assert workload.wrong_results(result, count) == []
    assert checks.wrong_winners(pool, task_id, count) == []
    assert "fit" in pool.admin("ledger", "verify")


def test_an_engine_that_goes_in_the_middle_and_comes_back(pool: Pool) -> None:
    with OwnEngine() as engine:
        pool.environ["DOCKER_HOST"] = engine.address
        with begin(pool) as ann:
            operator = Operator(pool)
            pool.start_agent("node-1", "bob").ready()
            zip_path = workload.write_zip(pool.folder / "t.zip", name="engine", count=10, seconds=1.5)
            task_id = ann.submit(zip_path).task_id
            wait_for("progress", lambda: succeeded(ann, task_id) >= 2, 90)
            engine.stop()
            wait_for("the agent's words", lambda: "ENGINE_AWAY" in of_agent(pool, "node-1"))
            words = of_agent(pool, "node-1")["ENGINE_AWAY"]
            assert "work goes on as soon as it answers" in words["next"] and words["since_ms"]
            wait_for("the operator's words", lambda: "NODE_NO_ENGINE" in operator.conditions())
            engine.start()
            check_all(pool, ann, task_id, 10)
            wait_for("the end of it", lambda: "NODE_NO_ENGINE" not in operator.conditions())
            assert "ENGINE_AWAY" not in of_agent(pool, "node-1")
        assert pool.agents["node-1"].stop() == 0
        assert engine.list("ps", "-aq") == []
        assert [name for name in engine.list("volume", "ls", "-q") if "runner" not in name] == []


def test_a_full_disk_of_the_master_refuses_uploads_and_loses_nothing(pool: Pool, tmp_path: Path) -> None:
    with small_disk(tmp_path, 700) as disk:
        (tmp_path / "master").symlink_to(disk / "master")
        (disk / "master").mkdir(mode=0o700)
        with begin(pool) as ann:
            pool.start_agent("node-1", "bob").ready()
            zip_path = workload.write_zip(pool.folder / "t.zip", name="disk", count=12, seconds=2.0)
            task_id = ann.submit(zip_path).task_id
            wait_for("progress", lambda: succeeded(ann, task_id) >= 2, 90)
            filler = fill(disk)
            with pytest.raises(ClientError) as refused:
                ann.submit(workload.write_zip(pool.folder / "more.zip", name="more", count=2, seconds=0.1))
            assert refused.value.status == 507 and "kept" in refused.value.message
            wait_for("the words", lambda: requests.get(f"{pool.url}/readyz", timeout=60).status_code == 503, 90)
            ready = requests.get(f"{pool.url}/readyz", timeout=60).json()
            assert "disk is full" in ready["reason"]
            filler.unlink()
            wait_for("its end", lambda: requests.get(f"{pool.url}/readyz", timeout=60).status_code == 200, 60)
            check_all(pool, ann, task_id, 12)
            again = ann.submit(pool.folder / "more.zip").task_id
            check_all(pool, ann, again, 2)
            assert sum(checks.wasted(pool, task_id).values()) == 0
            ended = requests.get(f"{pool.url}/readyz", timeout=60)
            assert ended.json() == {"status": "ready"}
        pool.__exit__()


def test_a_full_disk_of_a_node_stops_its_work_and_heals(pool: Pool, tmp_path: Path) -> None:
    with small_disk(tmp_path, 300) as disk:
        (disk / "node-1").mkdir(mode=0o700)
        (tmp_path / "node-1").symlink_to(disk / "node-1")
        (disk / "node-1" / "agent.toml").write_text("disk_gb = 0.2\ndisk_reserve_gb = 0.05\n")
        with begin(pool) as ann:
            operator = Operator(pool)
            pool.start_agent("node-1", "bob").ready()
            zip_path = workload.write_zip(pool.folder / "t.zip", name="node disk", count=10, seconds=2.0)
            task_id = ann.submit(zip_path).task_id
            wait_for("progress", lambda: succeeded(ann, task_id) >= 2, 90)
            filler = fill(disk)
            wait_for("the operator's words", lambda: "NODE_DISK_FULL" in operator.conditions(), 90)
            # The agent's own file stands on the full disk; its words are in its log.
            wait_for("the owner's words", lambda: "No new work is taken" in (tmp_path / "node-1.log").read_text())
            filler.unlink()
            check_all(pool, ann, task_id, 10)
            wait_for("its end", lambda: "NODE_DISK_FULL" not in operator.conditions(), 60)
        pool.__exit__()
