"""The compose file of resources/docker on this machine's engine, under a project name and ports of its own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from tests.support.engine import docker

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "resources" / "docker" / "compose.yaml"
UP_S = 300
#: What the page writes into `.env`.
FROM_FILE = ("HIVEMIND_PUBLIC_NAME", "HIVEMIND_DATABASE_PASSWORD")


def script(name: str) -> ModuleType:
    """Import a script of `.ci`, which is no package; others of its folder may be imported by it."""
    folder = str(ROOT / ".ci")
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def ensure_stand_in() -> str:
    """Have an image that takes the place of the official PostgreSQL."""
    folder = ROOT / "tests" / "support" / "stand_in_postgres"
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.iterdir()))).hexdigest()[:12]
    name = f"hivemind-test/postgres:{recipe}"
    if docker("images", "-q", name):
        return name
    packages = b"base-files\nbase-passwd\ncoreutils\ndash\nlibc-bin\npostgresql-15\npostgresql-client-15\nsed\n"
    base = script("images").debian_base({"packages.txt": packages})
    words = ("--force-rm", "--tag", name, "--build-arg", f"BASE={base}", "--network", "none")
    docker("build", *words, str(folder), timeout_s=300)
    return name


def program() -> list[str]:
    """Return the compose program: the plugin, else Debian's."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


def free_ports(count: int) -> list[int]:
    taken = [socket.socket() for _ in range(count)]
    for each in taken:
        each.bind(("0.0.0.0", 0))
    ports = [int(each.getsockname()[1]) for each in taken]
    for each in taken:
        each.close()
    return ports


class Composed:
    """Use with `with`; at the end containers, volumes and networks of the project are gone."""

    def __init__(self, public_name: str) -> None:
        self.project = f"hmtest{secrets.token_hex(4)}"
        self.web, self.node, self.control = free_ports(3)
        self.environ = {
            **os.environ,
            "HIVEMIND_PUBLIC_NAME": public_name,
            "HIVEMIND_DATABASE_PASSWORD": secrets.token_hex(12),
            "HIVEMIND_WEB_PORT": str(self.web),
            "HIVEMIND_NODE_PORT": str(self.node),
            "HIVEMIND_CONTROL_PORT": str(self.control),
            "HIVEMIND_POSTGRES_IMAGE": ensure_stand_in(),
        }

    def __enter__(self) -> Composed:
        return self

    def __exit__(self, *_: object) -> None:
        self.compose("down", "--volumes", "--timeout", "30")

    def compose(self, *arguments: str, line_in: str = "") -> str:
        """Run the compose program and return its output; fails with its words."""
        command = [*program(), "--project-name", self.project, "--file", str(COMPOSE), *arguments]
        done = subprocess.run(
            command, env=self.environ, input=line_in, capture_output=True, text=True, timeout=UP_S, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)}:\n{(done.stdout + done.stderr)[-4000:]}"
        return done.stdout

    def up(self) -> None:
        self.compose("up", "--detach")

    def admin(self, *arguments: str, line_in: str = "") -> str:
        words = ["exec", "-T", "master", "python3", "-m", "master_app", *arguments]
        return self.compose(*words, line_in=line_in).strip()

    def container(self, service: str) -> str:
        return self.compose("ps", "-q", service).strip()

    def type(self, lines: Iterable[str], copy: Path) -> Iterator[str]:
        """Run lines of the documentation in a copy of resources/docker, as they stand; yield what each says.

        A `docker` before the real one puts names and network of this project in the place of what a page names.
        """
        programs = copy.parent / "bin"
        programs.mkdir()
        compose, real = " ".join(program()), shutil.which("docker")
        wait = "--wait" if program() != ["docker-compose"] else ""
        (programs / "docker").write_text(
            f"""#!/bin/bash
set -- "${{@//hivemind-agent/{self.project}-agent}}"
case "$1" in
    compose) shift; words=()
        for word; do [ "$word" = --wait ] && word={wait}; [ -n "$word" ] && words+=("$word"); done
        PATH="${{PATH#*:}}" exec {compose} --project-name {self.project} "${{words[@]}}" ;;
    run) shift; exec {real} run --network {self.project}_outside "$@" ;;
    *) exec {real} "$@" ;;
esac
""",
            encoding="utf-8",
        )
        (programs / "docker").chmod(0o755)
        kept = {name: text for name, text in self.environ.items() if name not in FROM_FILE}
        kept["PATH"] = f"{programs}:{os.environ['PATH']}"
        for line in lines:
            done = subprocess.run(
                ["bash", "-c", line], cwd=copy, env=kept, capture_output=True, text=True, timeout=UP_S, check=False
            )
            assert done.returncode == 0, f"{line}\n{(done.stdout + done.stderr)[-4000:]}"
            yield done.stdout
