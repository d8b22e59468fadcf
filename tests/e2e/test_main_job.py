"""The main job end to end, and what happens to it when a program is killed in the middle."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from tests.support.pool import ROOT, Pool, wait_for

pytestmark = pytest.mark.timeout(240)

SLOW = """schema = 1
[task]
name = "slow"
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "-c", "import time; time.sleep(0.5); open('out/' + '{{index}}', 'w').write('{{index}}')"]
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
[split]
mode = "count"
count = 30
[outputs]
required = ["out/{{index}}"]
"""


def _zip(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def _names(ann: HiveMind, task_id: str, target: Path) -> set[str]:
    ann.download_result(task_id, target)
    with zipfile.ZipFile(target) as archive:
        return set(archive.namelist())


def _one_winner_each(ann: HiveMind, task_id: str) -> bool:
    won = [sum(a["state"] == "SUCCEEDED" for a in each["attempts"]) for each in ann.subtasks(task_id)]
    return won == [1] * len(won)


def test_the_sample_of_the_readme_runs_as_printed_with_a_fresh_account(pool: Pool, tmp_path: Path) -> None:
    pool.start_agent("node-1", "bob").ready()
    _zip(tmp_path / "task.zip", main__py="print('hello')\nopen('made.txt', 'w').write('done')\n")
    account = {"username": "carol", "password": "a long password of carol"}
    assert requests.post(f"{pool.url}/api/register", json=account, timeout=30).status_code == 201
    token = requests.post(f"{pool.url}/api/login", json=account, timeout=30).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with open(tmp_path / "task.zip", "rb") as task_file:
        payload = {
            "task_name": "image_processing",
            "task_file": task_file,
            "cpu_cores": 1,
            "memory_gb": 1,
            "gpu_required": False,
        }
        # As printed: numbers and truth values travel as file parts too.
        answer = requests.post(f"{pool.url}/api/tasks", files=payload, headers=headers, timeout=60)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    task_id = answer.json()["task_id"]
    task = requests.get(f"{pool.url}/api/tasks/{task_id}?wait=60", headers=headers, timeout=90).json()
    assert (task["name"], task["state"]) == ("image_processing", "SUCCEEDED")
    result = requests.get(f"{pool.url}/api/tasks/{task_id}/result", headers=headers, timeout=60)
    (tmp_path / "result.zip").write_bytes(result.content)
    with zipfile.ZipFile(tmp_path / "result.zip") as archive:
        assert archive.read("made.txt") == b"done"
    log = requests.get(f"{pool.url}/api/tasks/{task_id}/logs?subtask=0", headers=headers, timeout=30)
    assert "hello" in log.text


def test_a_master_that_is_killed_in_the_middle_ends_the_task_right(
    pool: Pool, ann: HiveMind, tmp_path: Path
) -> None:
    pool.start_agent("node-1", "bob").ready()
    task_id = ann.submit(_zip(tmp_path / "slow.zip", hivemind__toml=SLOW)).task_id
    wait_for("progress", lambda: ann.task(task_id).counts.get("SUCCEEDED", 0) >= 3)
    assert pool.master is not None
    pool.master.kill()
    pool.start_master()
    task = ann.wait(task_id, timeout_s=150)
    assert task.state == "SUCCEEDED"
    assert _names(ann, task_id, tmp_path / "r.zip") == {f"{index}/out/{index}" for index in range(30)}
    assert _one_winner_each(ann, task_id)
    assert "fit" in pool.admin("ledger", "verify")


def test_an_agent_that_is_killed_in_the_middle_goes_on_after_its_restart(
    pool: Pool, ann: HiveMind, tmp_path: Path
) -> None:
    agent = pool.start_agent("node-1", "bob")
    agent.ready()
    task_id = ann.submit(_zip(tmp_path / "slow.zip", hivemind__toml=SLOW)).task_id
    wait_for("progress", lambda: ann.task(task_id).counts.get("SUCCEEDED", 0) >= 3)
    agent.kill()
    pool.start_agent("node-1", "bob").ready()
    task = ann.wait(task_id, timeout_s=150)
    assert task.state == "SUCCEEDED"
    assert _one_winner_each(ann, task_id)
    assert "fit" in pool.admin("ledger", "verify")


def test_a_second_master_of_a_folder_and_a_spent_link_are_refused_in_words(pool: Pool) -> None:
    again = subprocess.run(
        [sys.executable, "-m", "master_app", "serve", "--data-dir", str(pool.data_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert again.returncode == 1
    assert "already running" in again.stderr and "MASTER_RUNNING" in again.stderr
    link = pool.admin("join-link", "--owner", "bob")
    wrong = link.replace("token=", "token=x")
    refused = subprocess.run(
        [sys.executable, "-m", "worker_app", "run", "--data-dir", str(pool.folder / "w"), "--join", "-"],
        cwd=ROOT,
        input=wrong,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "not valid" in refused.stderr
    assert wrong.split("token=")[1].split("&")[0] not in refused.stderr


def test_the_demo_ends_right() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "demo.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "transfers of" in done.stdout and "fit" in done.stdout
