"""A master with scripted nodes and its real web door, for the tests, pictures and bench of the pages."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.domain.user import Role
from master_app.web.server import WebServer, start_web
from tests.fakes.clock import ManualClock
from tests.support.pool_master import WAIT_S, PoolMaster

PASSWORD = "three plain words"


class Portal:
    """Use with `with`. `url` is where the pages are."""

    def __init__(self, folder: Path, *, days_ago: int = 0, **settings: Any) -> None:
        self.clock = ManualClock(wall_ms=int((time.time() - days_ago * 86_400) * 1000))
        self.pool = PoolMaster(folder, self.clock, **settings)
        self._name = str(settings.get("pool_name", "HiveMind"))
        self.web: WebServer | None = None
        self._port = 0
        self.url = self.open_web()

    def open_web(self) -> str:
        """Open the web door, where it was before; return its address."""
        services = self.pool.master.web_services()
        self.web = start_web(services, port=self._port, data_dir=self.pool.folder, pool_name=self._name)
        self._port = self.web.port
        return self.web.url

    def close_web(self) -> None:
        if self.web is not None:
            self.web.stop()
            self.web = None

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_web()
        self.pool.stop()

    def user(self, name: str, *roles: Role, cpt: float = 0) -> str:
        """Add a user with the usual password; return its id."""
        wanted = roles or (Role.SUBMITTER, Role.PROVIDER)
        user = self.pool.master.accounts.add(None, name, PASSWORD, wanted).result(WAIT_S)
        if cpt:
            self.pool.grant(user.user_id, cpt)
        return user.user_id
