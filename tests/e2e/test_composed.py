"""docs/containers.md typed: both images, the compose file with PostgreSQL, an agent in a container, a task."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.composed import COMPOSE, ROOT, Composed, program, script
from tests.support.engine import absent, docker, remove_everything_of
from tests.support.pool import wait_for
from tests.support.stage import blocks, logical_lines

pytestmark = [pytest.mark.timeout(900), pytest.mark.docker, pytest.mark.slow]
PASSWORD = "correct horse battery staple"
#: The page's lines. Nodes of the test join from the project's own network, where the master is called `master`.
LINES = [
    line.replace("pool.example", "master")
    for block in blocks((ROOT / "docs/containers.md").read_text(encoding="utf-8"))
    for line in logical_lines(block)
    # The first is what the fixture does; the second is where the lines are typed, in a copy.
    if line not in ("python dev.py containers", "cd resources/docker")
]


@pytest.fixture(scope="module")
def images(base_image: str) -> tuple[str, ...]:
    if not program():
        absent("neither `docker compose` nor docker-compose is installed (Debian: apt-get install docker-compose)")
    return tuple(script("containers").build())


@pytest.fixture
def composed(images: tuple[str, ...]) -> Iterator[Composed]:
    with Composed("master") as started:
        yield started


def test_a_pool_in_containers_runs_a_task_and_survives_a_restart(composed: Composed, tmp_path: Path) -> None:
    agent, node_id = f"{composed.project}-agent", ""
    copy = tmp_path / "docker"
    shutil.copytree(COMPOSE.parent, copy)
    (copy / "password.txt").write_text(f"{PASSWORD}\n")
    try:
        for line, said in zip(LINES, composed.type(LINES, copy), strict=True):
            if " up " in line:
                # Of an older compose, which does not wait.
                wait_for("a healthy master", lambda: _health(composed.container("master")) == "healthy", 240)
            if "join-link" in line:
                (copy / "link.txt").write_text(said)
            if " join - " in line:
                node_id = said.strip().rsplit("id=", 1)[-1]
        (tmp_path / "ca.pem").write_text(composed.compose("exec", "-T", "master", "cat", "/data/ca/ca.pem"))
        with HiveMind(f"https://localhost:{composed.web}", ca_file=tmp_path / "ca.pem") as root:
            root.login("root", PASSWORD)
            first = _submit(root, tmp_path, "first")
            assert root.wait(first, timeout_s=240).state == "SUCCEEDED"
            root.download_result(first, tmp_path / "first-result.zip")
        with zipfile.ZipFile(tmp_path / "first-result.zip") as archive:
            assert archive.read("made.txt") == b"first"

        composed.compose("restart", "--timeout", "90")
        wait_for("a healthy master again", lambda: _health(composed.container("master")) == "healthy", 240)
        with HiveMind(f"https://localhost:{composed.web}", ca_file=tmp_path / "ca.pem") as root:
            root.login("root", PASSWORD)
            assert root.task(first).state == "SUCCEEDED"
            assert root.wait(_submit(root, tmp_path, "second"), timeout_s=240).state == "SUCCEEDED"
        assert "fit" in composed.admin("ledger", "verify")
        assert _seen_from_inside(composed.container("master")) == {"uid": "10002", "root": "read-only"}
    finally:
        docker("stop", "--time", "60", agent, check=False, timeout_s=90)
        docker("rm", "--force", agent, check=False)
        docker("volume", "rm", "--force", agent, check=False)
        if node_id:
            remove_everything_of(node_id)


def _submit(root: HiveMind, folder: Path, word: str) -> str:
    with zipfile.ZipFile(folder / f"{word}.zip", "w") as archive:
        archive.writestr("main.py", f"open('made.txt', 'w').write('{word}')\n")
    return root.submit(folder / f"{word}.zip", {"image": "hivemind/minimal", "memory_gb": 0.25}).task_id


def _health(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container, check=False)


def _seen_from_inside(container: str) -> dict[str, str]:
    words = "id -u; touch /opt/x 2>/dev/null && echo writable || echo read-only"
    uid, root = docker("exec", container, "sh", "-c", words).split()
    return {"uid": uid, "root": root}
