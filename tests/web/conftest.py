"""One Chromium and one day of samples for all tests of the pages; each test has a browser profile of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from core.domain.user import Role
from tests.support.browser import Visitor, started_browser
from tests.support.portal import Portal
from tests.support.portal_samples import Day

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module, not longer: its loop runs in this thread, where coroutine tests want one of their own."""
    with started_browser() as started:
        yield started


@dataclass
class Usual:
    """A portal in the middle of a day of mei's, who also runs the pool."""

    portal: Portal
    day: Day
    tasks: dict[str, str]
    mei: str


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usual]:
    folder: Path = tmp_path_factory.mktemp("portal")
    (folder / "installers").mkdir()
    for name in ("HiveMind-Worker-0.1.0-Setup.exe", "hivemind-worker_0.1.0_amd64.deb"):
        (folder / "installers" / name).write_bytes(name.encode() * 100)
    with Portal(folder, pool_name="Ocean Lab") as portal:
        mei = portal.user("mei", *Role, cpt=2000)
        portal.user("new")
        day = Day(portal, mei)
        yield Usual(portal, day, day.whole(portal.user("bob")), mei)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A portal of a test's own, empty."""
    with Portal(tmp_path) as started:
        yield started


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Make visitors; at the end none of their pages may have complained."""
    made: list[Visitor] = []

    def make(url: str, **values: Any) -> Visitor:
        visitor = Visitor(browser, url, **values)
        made.append(visitor)
        return visitor

    yield make
    complaints = [complaint for visitor in made for complaint in visitor.complaints]
    for visitor in made:
        visitor.close()
    assert complaints == []
