"""The real app over real services and SQLite, in this process, with people who hold tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.user import Role
from tests.fakes.clock import ManualClock
from tests.support.web_pool import Person, WebPool


@pytest.fixture
def web(tmp_path: Path, clock: ManualClock) -> Iterator[WebPool]:
    """A master with nobody in it. The ledger must add up when the test has ended well."""
    pool = WebPool(tmp_path, clock)
    try:
        yield pool
        pool.pool.settle()
        pool.pool.verify_ledger()
    finally:
        pool.close()


@pytest.fixture
def ann(web: WebPool) -> Person:
    """A submitter with 150 CPT."""
    return web.person("ann", Role.SUBMITTER, cpt=150)


@pytest.fixture
def bob(web: WebPool) -> Person:
    """Another submitter, who owns nodes too."""
    return web.person("bob", Role.SUBMITTER, Role.PROVIDER, cpt=150)


@pytest.fixture
def olga(web: WebPool) -> Person:
    """An operator and nothing else."""
    return web.person("olga", Role.OPERATOR)
