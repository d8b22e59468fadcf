"""Every test here runs on SQLite and on a real PostgreSQL that the run starts itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.support.databases import postgres_server, url
from tests.support.storage import Opened

__all__ = ["opened", "postgres_server", "url"]


@pytest.fixture
def opened(url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Opened]:
    found = Opened(url, tmp_path / "data", clock)
    yield found
    found.close()
