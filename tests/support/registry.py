"""A real image registry on a free port of loopback, for tests of pulling and pinning."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.engine import absent, docker

START_S = 20.0
_CONFIG = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def running_registry(folder: Path) -> Iterator[str]:
    """Yield HOST:PORT of a registry that keeps its images below `folder`."""
    program = shutil.which("docker-registry")
    if program is None:
        absent("docker-registry is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "registry.yml"
    config.write_text(_CONFIG.format(root=folder / "registry", port=port))
    with open(folder / "registry.log", "wb") as log:
        process = subprocess.Popen([str(program), "serve", str(config)], stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/v2/", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def push(registry: str, image: str, name: str) -> tuple[str, str]:
    """Push a local image under a name; return its reference there and its digest."""
    ref = f"{registry}/{name}"
    docker("tag", image, ref)
    said = docker("push", ref, timeout_s=120)
    docker("rmi", ref)
    return ref, next(word for word in said.split() if word.startswith("sha256:") and len(word) == 71)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the registry did not start; see registry.log")
