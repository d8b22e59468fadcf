"""docs/containers.md for real: both images, the compose file with PostgreSQL, an agent in a container, a task."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.composed import Composed, program, script
from tests.support.engine import absent, docker, remove_everything_of
from tests.support.pool import wait_for

pytestmark = [pytest.mark.timeout(900), pytest.mark.docker, pytest.mark.slow]
PASSWORD = "correct horse battery staple"
ROLES = ("--role", "operator", "--role", "submitter", "--role", "provider")


@pytest.fixture(scope="module")
def images(base_image: str) -> tuple[str, ...]:
    if not program():
        absent("neither `docker compose` nor docker-compose is installed (Debian: apt-get install docker-compose)")
    return tuple(script("containers").build())


@pytest.fixture
def composed(images: tuple[str, ...]) -> Iterator[Composed]:
    # Nodes of the test join from the project's own network, where the master is called by its service.
    with Composed("master") as started:
        yield started


def _agent(composed: Composed, *command: str, line_in: str = "", more: tuple[str, ...] = ()) -> str:
    """Run the agent's image on the project's network, as the page says."""
    words = [
        "docker",
        "run",
        "-i",
        "--network",
        f"{composed.project}_outside",
        "-v",
        f"{composed.project}-agent:/data",
    ]
    done = subprocess.run(
        [*words, *more, "hivemind/agent", *command], input=line_in, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_pool_in_containers_runs_a_task_and_survives_a_restart(composed: Composed, tmp_path: Path) -> None:
    composed.up()
    wait_for("a healthy master", lambda: _health(composed.container("master")) == "healthy", 240)
    composed.admin("user", "add", "root", *ROLES, "--password-stdin", line_in=f"{PASSWORD}\n")
    link = composed.admin("join-link", "--owner", "root")
    agent, node_id = "", ""
    try:
        joined = _agent(composed, "join", "-", line_in=link + "\n", more=("--rm",))
        node_id = joined.rsplit("id=", 1)[-1]
        socket = Path("/var/run/docker.sock")
        group = ("--group-add", str(socket.stat().st_gid))
        agent = _agent(composed, more=("--detach", "-v", f"{socket}:{socket}", *group))
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
        if agent:
            docker("stop", "--time", "60", agent, check=False, timeout_s=90)
            docker("rm", "--force", agent, check=False)
        docker("volume", "rm", "--force", f"{composed.project}-agent", check=False)
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
