"""A backup made while work runs, and a master restored from it: what it knows goes on, the rest is stopped."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from core.client.errors import ClientError
from tests.faults import checks
from tests.support.counter import counter_zip
from tests.support.pool import ROOT, Pool, wait_for
from worker_app.tray import asking

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]


def running(pool: Pool, task_id: str) -> int:
    query = "SELECT * FROM attempts WHERE task_id = ? AND state = 'RUNNING'"
    return len(checks.rows(pool, query, task_id))


def held(folder: Path) -> set[str]:
    """The tasks of which an agent has attempts."""
    found = asyncio.run(asking.look(folder)).containers
    return {row.task_id for row in found.rows} if found else set()


def terms(pool: Pool) -> set[int]:
    return {row["term"] for row in checks.rows(pool, "SELECT term FROM attempts")}


def test_a_restored_master_takes_up_what_it_knows_and_stops_the_rest(
    pool: Pool, ann: HiveMind, tmp_path: Path
) -> None:
    pool.start_agent("node-1", "bob", 3).ready()
    known = ann.submit(counter_zip(tmp_path / "known.zip", steps=350, count=2)).task_id
    wait_for("both running", lambda: running(pool, known) == 2, 90)
    before = terms(pool)
    backup = tmp_path / "pool.backup"
    pool.admin("backup", str(backup))
    after = ann.submit(counter_zip(tmp_path / "after.zip", steps=900)).task_id
    wait_for("a task that the backup does not know", lambda: running(pool, after) == 1, 90)
    assert pool.master is not None
    pool.master.kill()
    old = tmp_path / "old"
    shutil.move(pool.data_dir, old)
    command = [sys.executable, "-m", "master_app", "restore", str(backup), "--data-dir", str(pool.data_dir)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    shutil.copytree(old / "blobs", pool.data_dir / "blobs")
    pool.start_master()
    with HiveMind(pool.url) as again:
        again.login("ann", pool.password)
        assert again.wait(known, timeout_s=150).state == "SUCCEEDED"
        # Not once more: the attempts that ran through it are those that won.
        states = [row["state"] for row in checks.rows(pool, "SELECT * FROM attempts WHERE task_id = ?", known)]
        assert states == ["SUCCEEDED", "SUCCEEDED"]
        with pytest.raises(ClientError) as unknown:
            again.task(after)
        assert unknown.value.status == 404
        wait_for("the end of what it does not know", lambda: after not in held(tmp_path / "node-1"), 60)
        fresh = again.submit(counter_zip(tmp_path / "fresh.zip", steps=3)).task_id
        assert again.wait(fresh, timeout_s=60).state == "SUCCEEDED"
    # A term of its own, later than any that nodes have seen: two histories are never told apart by luck.
    assert max(terms(pool)) > max(before)
    assert "fit" in pool.admin("ledger", "verify")
    assert requests.get(f"{pool.url}/readyz", timeout=30).status_code == 200
