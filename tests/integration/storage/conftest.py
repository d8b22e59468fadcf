"""Every test here runs on SQLite and on a real PostgreSQL that the run starts itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.support.postgres import Postgres, postgres
from tests.support.storage import Opened, new_id


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database(f"t{new_id(0).lower()}")


@pytest.fixture
def opened(url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Opened]:
    found = Opened(url, tmp_path / "data", clock)
    yield found
    found.close()
