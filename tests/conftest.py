"""What every test may ask for. Fakes are in tests/fakes; a folder that needs real servers starts them itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.fakes.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until the test moves it."""
    return ManualClock()


@pytest.fixture(autouse=True)
def _fresh_log_context() -> Iterator[None]:
    """Fields bound by one test must not turn up in another's lines."""
    yield
    structlog.contextvars.clear_contextvars()
