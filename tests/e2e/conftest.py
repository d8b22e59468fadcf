"""Real processes, real containers: a master and agents as people start them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.engine import base_image, leave_nothing
from tests.support.pool import Pool

__all__ = ["base_image"]


@pytest.fixture
def pool(tmp_path: Path, base_image: str) -> Iterator[Pool]:
    """A master with users ann (submitter) and bob (provider), and no agent yet. Nothing of it may be left."""
    with Pool(tmp_path, "docker") as started:
        started.start_master()
        started.add_user("ann", "submitter")
        started.add_user("bob", "provider")
        yield started
    leave_nothing(tmp_path)


@pytest.fixture
def ann(pool: Pool) -> Iterator[HiveMind]:
    """A client of ann's."""
    with HiveMind(pool.url) as client:
        client.login("ann", pool.password)
        yield client
