"""Nothing stays behind on the engine: an agent that was killed, and then its program removed from the computer."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.e2e.test_owner_returns import states
from tests.support.engine import docker
from tests.support.pool import ROOT, WORKER_PROGRAM, Pool, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]


def clean(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [*WORKER_PROGRAM, "clean", "--data-dir", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)


def test_what_a_killed_agent_left_is_removed_with_the_program(pool: Pool, ann: HiveMind, tmp_path: Path) -> None:
    folder = tmp_path / "node-1"
    agent = pool.start_agent("node-1", "bob", slots=1)
    agent.ready()
    with zipfile.ZipFile(tmp_path / "long.zip", "w") as bundle:
        bundle.writestr("main.py", "import time\ntime.sleep(600)\n")
    task_id = ann.submit(tmp_path / "long.zip").task_id
    wait_for("the subtask runs", lambda: states(folder) == [("RUNNING", "")])
    refused = clean(folder)
    assert refused.returncode == 1 and "AGENT_RUNNING" in refused.stderr, refused.stderr
    agent.kill()
    node_id = json.loads((folder / "identity.json").read_text())["node_id"]
    mine = ("--filter", f"label=hivemind.node={node_id}")
    assert docker("ps", "-q", *mine) != ""
    done = clean(folder)
    assert done.returncode == 0, done.stderr
    assert docker("ps", "-aq", *mine) == "" and docker("volume", "ls", "-q", *mine) == ""
    assert (folder / "identity.json").exists() and (folder / "earnings.db").exists()
    assert not list((folder / "blobs").glob("??"))
    ann.cancel(task_id)
