"""A real container engine for tests: found or started, with a small base image built once a machine.

Absent in CI is a failure; elsewhere the tests that need it are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

BASE_IMAGE = "hivemind-test/base:1"
PACKAGES = (
    "python3,python3-minimal,libpython3-stdlib,coreutils,dash,bash,base-passwd,base-files,libc-bin,ca-certificates"
)


def absent(reason: str) -> None:
    """Fail in CI, skip elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def docker(*arguments: str, check: bool = True, timeout_s: float = 60) -> str:
    """Run the docker command and return its output; only tests use it."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(
        ["docker", *arguments], check=check, timeout=timeout_s, capture_output=True, text=True, env=environment
    )
    return done.stdout.strip()


def engine_answers() -> bool:
    try:
        return bool(docker("version", "--format", "{{.Server.Version}}", check=False, timeout_s=10))
    except (OSError, subprocess.TimeoutExpired):
        return False


def ensure_engine() -> None:
    """Have an engine that answers; as root on Linux one is started and left running."""
    if engine_answers():
        return
    if shutil.which("dockerd") is None or os.name != "posix" or os.geteuid() != 0:
        absent("no container engine answers, and none can be started here")
    with open("/tmp/hivemind-test-dockerd.log", "wb") as log:
        subprocess.Popen(["dockerd"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    for _ in range(60):
        if engine_answers():
            return
        time.sleep(0.5)
    absent("dockerd was started and does not answer: see /tmp/hivemind-test-dockerd.log")


def ensure_base_image() -> str:
    """Have the base image: a Debian root with Python, made by mmdebstrap, imported once."""
    if docker("images", "-q", BASE_IMAGE):
        return BASE_IMAGE
    if shutil.which("mmdebstrap") is None:
        absent("the test image is not there and mmdebstrap is not installed")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hivemind-dev"
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "test-base.tar"
    if not root.exists():
        made = folder / f"test-base-{os.getpid()}.tar"
        command = ["mmdebstrap", "--variant=extract", f"--include={PACKAGES}", "bookworm", str(made)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        made.rename(root)
    docker("import", str(root), BASE_IMAGE, timeout_s=300)
    return BASE_IMAGE


def remove_everything_of(node_id: str) -> list[str]:
    """Remove a test node's containers and volumes; return what there was."""
    mine = ("--filter", f"label=hivemind.node={node_id}")
    containers = docker("ps", "-aq", *mine).split()
    if containers:
        docker("rm", "-f", "-v", *containers, check=False)
    volumes = docker("volume", "ls", "-q", *mine).split()
    if volumes:
        docker("volume", "rm", "-f", *volumes, check=False)
    return [*containers, *(name for name in volumes if not name.startswith("hivemind-runner-"))]


def leave_nothing(folder: Path) -> None:
    """Remove whatever the nodes below a folder left on the engine, and fail when there was a container."""
    found = []
    for file in sorted(folder.glob("*/identity.json")):
        node_id = json.loads(file.read_text())["node_id"]
        left = docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}").split()
        remove_everything_of(node_id)
        found += [f"{file.parent.name}: {container}" for container in left]
    assert found == [], "containers were left behind"


@pytest.fixture(scope="session")
def base_image() -> str:
    """The name of a small image with Python 3, a shell and the core utilities, on an engine that answers."""
    ensure_engine()
    return ensure_base_image()


@pytest.fixture
def node_id(base_image: str) -> Iterator[str]:
    """A node of its own for one test; whatever the test left on the engine is removed."""
    name = f"test-{uuid.uuid4().hex[:16]}"
    yield name
    remove_everything_of(name)
