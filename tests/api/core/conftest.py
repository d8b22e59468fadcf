"""The real app behind a real socket on loopback, for the client and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from core.client import HiveMind
from core.clock import SystemClock
from core.domain.user import Role
from master_app.web.server import WebServer, serve_app
from tests.fakes.clock import ManualClock
from tests.support.web_pool import Person, WebPool


@dataclass(frozen=True, kw_only=True)
class Served:
    """A pool that serves, with ann who has 150 CPT and bob who has nodes."""

    web: WebPool
    server: WebServer
    ann: Person
    bob: Person

    @property
    def url(self) -> str:
        return self.server.url

    def client(self, person: Person | None = None) -> HiveMind:
        return HiveMind(self.url, token=(person or self.ann).token)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    web = WebPool(tmp_path / "pool", cast("ManualClock", SystemClock()))
    server = serve_app(web.app, "127.0.0.1", 0)
    ann = web.person("ann", Role.SUBMITTER, cpt=150)
    bob = web.person("bob", Role.SUBMITTER, Role.PROVIDER)
    yield Served(web=web, server=server, ann=ann, bob=bob)
    server.stop()
    web.close()


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    """A folder that is a task."""
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "main.py").write_text("print('hello')\n")
    (folder / "hivemind.toml").write_text(
        'schema = 1\n[task]\nname = "folder"\n[run]\ncommand = ["python", "main.py"]\n'
        "[resources]\ncpu_cores = 1.0\nmemory_gb = 1.0\ndisk_gb = 1.0\n"
    )
    return folder
