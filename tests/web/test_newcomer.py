"""From the front page to the picture: a newcomer, a real master, a real agent, real containers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.engine import base_image, docker, remove_everything_of
from tests.support.pool import Pool
from tests.web.conftest import Visit

__all__ = ["base_image"]
pytestmark = [pytest.mark.chromium, pytest.mark.docker, pytest.mark.slow]
LIMIT_S = 120
NAMES = {"en": ("ann-lee", "Succeeded"), "zh": ("mei-lin", "已完成")}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Pool]:
    """A pool with one computer, which has run something before: its image is there."""
    folder: Path = tmp_path_factory.mktemp("newcomer")
    with Pool(folder, "docker") as started:
        started.start_master()
        started.add_user("bob", "provider")
        started.start_agent("node-1", "bob").ready()
        yield started
    for file in folder.glob("*/identity.json"):
        node_id = json.loads(file.read_text())["node_id"]
        assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
        remove_everything_of(node_id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_newcomer_sees_the_picture_within_two_minutes(
    pool: Pool, visit: Visit, language: str, request: pytest.FixtureRequest
) -> None:
    name, done = NAMES[language]
    visitor = visit(pool.url, language=language)
    page = visitor.open("/")
    began = time.monotonic()
    page.fill("#f-username", name)
    page.fill("#f-password", "three plain words")
    page.click("button[value=example]")
    page.wait_for_url("**/tasks/*")
    expect(page.locator(".page-head .pill")).to_contain_text(done, timeout=LIMIT_S * 1000)
    picture = page.locator(".results img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    spent = time.monotonic() - began
    folder = request.config.getoption("--pictures", default=None)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"newcomer-{language}.png"), full_page=True)
    assert spent < LIMIT_S, f"{spent:.0f} s"
