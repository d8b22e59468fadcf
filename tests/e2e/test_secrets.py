"""A secret goes from its submitter's terminal into the attempt, and is found nowhere else."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.engine import docker
from tests.support.pool import ROOT, Pool, wait_for

pytestmark = pytest.mark.timeout(180)

VALUE = "hf_Zx91-very-secret-token"
TASK = """schema = 1
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "show.py"]
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
[secrets]
env = ["HF_TOKEN"]
"""
PROGRAM = """import hashlib, os, time
value = os.environ["HF_TOKEN"]
print("token", value, flush=True)
print("hivemind_status: using", value, flush=True)
open("out/digest", "w").write(hashlib.sha256(value.encode()).hexdigest())
time.sleep(3)
print("hivemind_fail: it was " + value)
raise SystemExit(0 if len(value) > 3 else 1)
"""


def hivemind(pool: Pool, token: str, *arguments: str, line_in: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HIVEMIND_URL": pool.url, "HIVEMIND_TOKEN": token}
    return subprocess.run(
        [sys.executable, "-c", "from core.cli.app import main; main()", *arguments],
        cwd=ROOT,
        env=environment,
        input=line_in,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def found_in(folder: Path) -> list[str]:
    """Return the files below a folder that hold the value."""
    needle = VALUE.encode()
    return [str(path) for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_a_secret_reaches_the_attempt_and_nothing_else(pool: Pool, ann: HiveMind, tmp_path: Path) -> None:
    agent = pool.start_agent("node-1", "bob")
    agent.ready()
    zipped = tmp_path / "task.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("hivemind.toml", TASK)
        archive.writestr("show.py", PROGRAM)
    with HiveMind(pool.url) as client:
        token = client.login("ann", pool.password).token
    refused = hivemind(pool, token, "submit", str(zipped))
    assert refused.returncode == 1
    assert "hivemind secret set HF_TOKEN" in refused.stderr

    done = hivemind(pool, token, "secret", "set", "HF_TOKEN", line_in=VALUE + "\n")
    assert done.returncode == 0, done.stderr
    listed = hivemind(pool, token, "--json", "secret", "list")
    assert [row["name"] for row in json.loads(listed.stdout)] == ["HF_TOKEN"]

    task_id = ann.submit(zipped).task_id
    wait_for("the run", lambda: "***" in ann.log(task_id).text)
    containers = docker("ps", "-q", "--filter", f"label=hivemind.task={task_id}").split()
    assert containers
    assert VALUE not in docker("inspect", *containers)
    assert ann.wait(task_id, timeout_s=90).state == "SUCCEEDED"

    result = tmp_path / "r.zip"
    ann.download_result(task_id, result)
    with zipfile.ZipFile(result) as archive:
        (name,) = archive.namelist()
        assert archive.read(name).decode() == hashlib.sha256(VALUE.encode()).hexdigest()
    log = ann.log(task_id).text
    assert "token ***" in log
    said = log + listed.stdout + done.stdout + done.stderr + json.dumps(ann.subtasks(task_id), default=str)
    assert VALUE not in said
    assert found_in(pool.folder) == []

    assert hivemind(pool, token, "secret", "remove", "HF_TOKEN").returncode == 0
    assert hivemind(pool, token, "secret", "remove", "HF_TOKEN").returncode == 4
