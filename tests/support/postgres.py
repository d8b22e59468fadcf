"""A real PostgreSQL for a test run: made in a folder of its own, reached by its socket alone, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pytest

_USER: Final = "hivemind"
#: Tests need what PostgreSQL promises, not that this machine survives a power cut in between.
_OPTIONS: Final = (
    "-c",
    "fsync=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "max_connections=40",
    "-c",
    "shared_buffers=32MB",
)
_START_S: Final = 30


@dataclass(frozen=True)
class Postgres:
    """A running server. `new_database` gives the URL of an empty database of its own."""

    socket_folder: Path

    def new_database(self, name: str) -> str:
        with psycopg.connect(self.connection_text("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://{_USER}@/{name}?host={self.socket_folder}"

    def connection_text(self, database: str) -> str:
        return f"host={self.socket_folder} user={_USER} dbname={database}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server and end it again. Skips where PostgreSQL is not installed; fails there in CI."""
    binaries = _binaries()
    if binaries is None:
        reason = "no PostgreSQL is installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="hm-pg-"))
    try:
        owner = _unprivileged()
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run(
            owner,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            _USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        )
        with open(folder / "server.log", "wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *_OPTIONS],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=None if owner is None else owner.pw_uid,
                group=None if owner is None else owner.pw_gid,
                extra_groups=None if owner is None else [],
            )
        try:
            _wait(owner, binaries, folder, server)
            yield Postgres(folder)
        finally:
            # SIGINT: end sessions that tests left open, then stop.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(_START_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name) if path.parent.parent.name.isdigit() else 0,
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run the server as; None: ourselves. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.fail("PostgreSQL does not run as root, and there is no other user")


def _run(owner: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=None if owner is None else owner.pw_uid,
        group=None if owner is None else owner.pw_gid,
        extra_groups=None if owner is None else [],
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
    )
    if done.returncode:
        pytest.fail(f"{command[0]} failed: {done.stdout}{done.stderr}")


def _wait(owner: pwd.struct_passwd | None, binaries: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    ready = subprocess.run(
        [
            "sh",
            "-c",
            f'for n in $(seq {_START_S * 10}); do "{binaries}/pg_isready" -q -h "{folder}" -U {_USER} && exit 0; '
            "sleep 0.1; done; exit 1",
        ],
        check=False,
    )
    if ready.returncode or server.poll() is not None:
        pytest.fail((folder / "server.log").read_text(errors="replace"))
