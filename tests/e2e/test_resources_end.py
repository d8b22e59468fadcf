"""Resources that end in the middle of work: the engine, the master's disk, the node's disk. All heals by
itself.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from core.client.errors import ClientError
from tests.faults import checks, workload
from tests.support.engine import base_image, leave_nothing
from tests.support.memory_group import memory_group
from tests.support.operator import Operator
from tests.support.own_engine import OwnEngine
from tests.support.pool import Pool, wait_for
from tests.support.small_disk import small_disk

__all__ = ["base_image"]
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]
MIB = 1 << 20
#: Of a small disk: more than what is called few.
FILES = 16_384


@pytest.fixture
def pool(tmp_path: Path, base_image: str) -> Iterator[Pool]:
    """A master with users ann, bob and root; a test starts it, and its agents, where it wants them."""
    with Pool(tmp_path, "docker") as made:
        yield made
    leave_nothing(tmp_path)


@contextmanager
def on_small_disk(pool: Pool, program: str, **size: int) -> Iterator[Path]:
    """A small disk with the data folder of one program, which ends before its disk goes."""
    with small_disk(pool.folder / f"disk-{program}", **size) as disk:
        (disk / program).mkdir(mode=0o700)
        (pool.folder / program).symlink_to(disk / program)
        try:
            yield disk
        finally:
            (disk / "filler").unlink(missing_ok=True)
            pool.__exit__()
            leave_nothing(pool.folder)


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


def test_a_full_disk_of_the_master_refuses_uploads_and_loses_nothing(pool: Pool) -> None:
    with on_small_disk(pool, "master", size_mib=700) as disk, begin(pool) as ann:
        pool.start_agent("node-1", "bob").ready()
        zip_path = workload.write_zip(pool.folder / "t.zip", name="disk", count=12, seconds=2.0)
        task_id = ann.submit(zip_path).task_id
        wait_for("progress", lambda: succeeded(ann, task_id) >= 2, 90)
        filler = fill(disk)
        refused_for_room(pool, ann)
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


def refused_for_room(pool: Pool, ann: HiveMind) -> None:
    more = workload.write_zip(pool.folder / "more.zip", name="more", count=2, seconds=0.1)
    with pytest.raises(ClientError) as refused:
        ann.submit(more)
    assert refused.value.status == 507 and "kept" in refused.value.message


def test_a_full_disk_of_a_node_stops_its_work_and_heals(pool: Pool, tmp_path: Path) -> None:
    with on_small_disk(pool, "node-1", size_mib=300) as disk:
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


def test_disks_that_take_no_more_files(pool: Pool, tmp_path: Path) -> None:
    """Room for bytes there is, but for no file more: first on the master's disk, then on the node's."""
    with (
        on_small_disk(pool, "master", size_mib=700, files=FILES) as disk,
        on_small_disk(pool, "node-1", size_mib=700, files=FILES) as node_disk,
    ):
        (node_disk / "node-1" / "agent.toml").write_text("disk_gb = 0.4\ndisk_reserve_gb = 0.05\n")
        with begin(pool) as ann:
            operator = Operator(pool)
            pool.start_agent("node-1", "bob").ready()
            zip_path = workload.write_zip(pool.folder / "t.zip", name="files", count=16, seconds=2.0)
            task_id = ann.submit(zip_path).task_id
            wait_for("progress", lambda: succeeded(ann, task_id) >= 2, 90)
            taken = take_all_files(disk)
            refused_for_room(pool, ann)
            wait_for("the operator's words", lambda: "only 0 more files" in told(operator, "INODES_LOW"))
            assert "as soon as files were removed" in told(operator, "INODES_LOW")
            shutil.rmtree(taken)
            wait_for("their end", lambda: "INODES_LOW" not in operator.conditions())
            taken = take_all_files(node_disk)
            wait_for("the operator's words", lambda: "NODE_DISK_FULL" in operator.conditions(), 90)
            wait_for("the owner's words", lambda: "more files, whatever" in (tmp_path / "node-1.log").read_text())
            shutil.rmtree(taken)
            check_all(pool, ann, task_id, 16)
            wait_for("their end", lambda: "NODE_DISK_FULL" not in operator.conditions(), 60)
            check_all(pool, ann, ann.submit(pool.folder / "more.zip").task_id, 2)


def told(operator: Operator, code: str) -> str:
    words = operator.conditions().get(code)
    return f"{words['what']} {words['next']}" if words else ""


def take_all_files(disk: Path) -> Path:
    """Take every place for a file that a disk has."""
    folder = disk / "taken"
    folder.mkdir()
    with suppress(OSError):
        for number in range(10 * FILES):
            (folder / str(number)).touch()
    return folder


def test_a_spoilt_input_holds_its_task_until_it_is_sent_again(pool: Pool) -> None:
    """What the master's disk spoils is never given out; its task says so, waits, and costs nothing meanwhile."""
    with begin(pool) as ann:
        operator = Operator(pool)
        pool.start_agent("node-1", "bob", 1).ready()
        zip_path = workload.write_zip(pool.folder / "t.zip", name="inputs", count=4, seconds=0.5, inputs=True)
        task_id = ann.submit(zip_path).task_id
        last = sha256(workload.input_of(3)).hexdigest()
        stored = pool.data_dir / "blobs" / last[:2] / last
        stored.write_bytes(stored.read_bytes()[:-1] + b"?")
        wait_for("the hold", lambda: ann.task(task_id).state == "HELD", 90)
        reason = ann.task(task_id).state_reason
        assert "data/3.bin was damaged on the pool's disk" in reason and "send the same zip once more" in reason
        wait_for("the operator's words", lambda: "BLOB_DAMAGED" in operator.conditions(), 30)
        assert "1 task waits for it" in operator.conditions()["BLOB_DAMAGED"]["at_risk"]
        again = ann.submit(zip_path).task_id
        check_all(pool, ann, task_id, 4)
        check_all(pool, ann, again, 4)
        assert list(checks.wasted(pool, task_id).values()) == [1]
        [row] = checks.rows(pool, "SELECT * FROM subtasks WHERE task_id = ? AND ix = 3", task_id)
        assert (row["infra_failures"], row["user_failures"]) == (0, 0)
        wait_for("the end of it", lambda: "BLOB_DAMAGED" not in operator.conditions(), 30)


def test_little_memory_is_told_and_over_when_there_is_more(pool: Pool) -> None:
    """Master and agent in a memory group of their own, which a third program fills."""
    with memory_group(1 << 30) as group:
        with begin(pool):
            operator = Operator(pool)
            agent = pool.start_agent("node-1", "bob")
            agent.ready()
            assert pool.master is not None
            for program in (pool.master, agent):
                group.take_in(program.process.pid)
            assert "MEMORY_LOW" not in operator.conditions()
            with group.filled_but(30 * MIB):
                wait_for("the operator's words", lambda: "MEMORY_LOW" in operator.conditions(), 30)
                wait_for("the owner's words", lambda: "MEMORY_LOW" in of_agent(pool, "node-1"), 30)
                assert "nodes work on meanwhile" in operator.conditions()["MEMORY_LOW"]["next"]
            wait_for("its end", lambda: "MEMORY_LOW" not in operator.conditions(), 30)
            wait_for("its end", lambda: "MEMORY_LOW" not in of_agent(pool, "node-1"), 30)
        pool.__exit__()
