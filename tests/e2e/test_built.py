"""The built programs, not the sources, do the main job: they are frozen here, started, and given a real task."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.engine import base_image, remove_everything_of
from tests.support.pool import ROOT, Pool

__all__ = ["base_image"]
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with both programs, frozen from these sources."""
    folder = tmp_path_factory.mktemp("built")
    for name in ("master", "worker"):
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
        command += ["--distpath", str(folder), "--workpath", str(folder / "work"), f"build_{name}.spec"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def pool(built: Path, tmp_path: Path, base_image: str) -> Iterator[Pool]:
    master = (str(built / "HiveMind-Master" / "hivemind-masterd"),)
    worker = (str(built / "HiveMind-Worker" / "hivemind-agent"),)
    with Pool(tmp_path, "docker", master=master, worker=worker) as started:
        started.start_master()
        started.add_user("ann", "submitter")
        started.add_user("bob", "provider")
        yield started
    for file in tmp_path.glob("*/identity.json"):
        remove_everything_of(file.read_text().split('"node_id": "')[1].split('"')[0])


def test_built_programs_do_the_main_job_and_the_ledger_adds_up(pool: Pool, tmp_path: Path) -> None:
    for name in ("node-1", "node-2"):
        pool.start_agent(name, "bob").ready()
    bundle = tmp_path / "task.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        folder = ROOT / "resources" / "examples" / "word-count"
        for path in folder.iterdir():
            archive.write(path, path.name)
    with HiveMind(pool.url) as ann:
        ann.login("ann", pool.password)
        task = ann.wait(ann.submit(bundle).task_id, timeout_s=240)
        assert task.state == "SUCCEEDED", task.state_reason
        ann.download_result(task.task_id, tmp_path / "result.zip")
    with zipfile.ZipFile(tmp_path / "result.zip") as archive:
        assert any(name.startswith("merged/") for name in archive.namelist())
    assert "fit" in pool.admin("ledger", "verify")


def test_no_built_program_holds_a_key_or_a_path_of_its_builder(built: Path) -> None:
    texts = {".py", ".toml", ".json", ".md", ".txt", ".html", ".js", ".css", ".pem"}
    for path in built.glob("HiveMind-*/**/*"):
        if path.is_file() and path.suffix in texts:
            content = path.read_bytes()
            assert str(ROOT).encode() not in content, path
            assert b"PRIVATE KEY-----" not in content, path
    assert (built / "HiveMind-Master" / "_internal" / "LICENSE.txt").is_file()
