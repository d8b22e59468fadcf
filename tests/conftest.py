"""What every test may ask for. Fakes are in tests/fakes; a folder that needs real servers starts them itself."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog

from tests.fakes.clock import ManualClock

#: What uses the one engine, screen or browser of a machine, or measures time, does not share it with other tests.
ALONE = {"docker", "display", "chromium"}
#: Their fixtures ask for the engine only when they run.
WHOLE = ("tests/e2e/", "tests/contract/test_sandbox.py")

try:
    from PySide6 import QtGui  # noqa: F401
except ImportError:
    # No system libraries of Qt here: tests marked `qt` say so and are skipped; with CI set they fail.
    QT_HERE = False
else:
    QT_HERE = True
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    pytest_plugins = ("pytestqt.plugin",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", metavar="FOLDER", help="keep pictures of what browser tests saw in this folder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = item.path.as_posix()
        uses_engine = "base_image" in getattr(item, "fixturenames", ()) or any(part in path for part in WHOLE)
        if uses_engine or not ALONE.isdisjoint(item.keywords):
            item.add_marker(pytest.mark.alone)
    if QT_HERE or os.environ.get("CI"):
        return
    for item in items:
        if "qt" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="the system libraries of Qt are not installed"))


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until the test moves it."""
    return ManualClock()


@pytest.fixture(autouse=True)
def _fresh_log_context() -> Iterator[None]:
    """Fields bound by one test must not turn up in another's lines."""
    yield
    structlog.contextvars.clear_contextvars()
