"""A master on a SQLite file, and the rules that must hold of it after every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.support.pool_master import PoolMaster
from tests.support.pool_rules import broken_rules


@pytest.fixture
def pool(tmp_path: Path, clock: ManualClock) -> Iterator[PoolMaster]:
    """A pool whose submitter has 150 CPT. What must always hold is checked when the test has ended well."""
    found = PoolMaster(tmp_path, clock)
    found.grant("submitter", 150)
    try:
        yield found
        found.settle()
        assert broken_rules(found) == []
        found.verify_ledger()
    finally:
        found.stop()
