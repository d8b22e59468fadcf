"""Everything on the page of one task that a person can press, pressed; and the grid of a million subtasks."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.domain.attempt import AttemptState
from core.domain.rewards import Tick
from core.domain.session import LogStream
from tests.support.browser import Visitor
from tests.support.pool_master import an_artifact
from tests.support.portal import Portal
from tests.support.portal_samples import Day, manifest, picture
from tests.web.conftest import Visit

pytestmark = pytest.mark.chromium

FILES = {
    "out/map.png": picture(),
    "out/levels.csv": "測站,潮位\n基隆,1.2\n花蓮,1.4\n".encode(),
    "out/notes.txt": "最低氣壓 945.1 hPa\n".encode(),
}


def started(portal: Portal, visit: Visit) -> tuple[Visitor, Day]:
    day = Day(portal, portal.user("mei", cpt=5000))
    day.nodes(portal.user("bob"))
    visitor = visit(portal.url)
    visitor.log_in("mei")
    return visitor, day


def write(portal: Portal, day: Day, task_id: str, index: int, text: str) -> None:
    offer = next(o for _, o in day.offers(task_id) if o.index == index)
    files = portal.pool.master.storage.log_files
    size = files.size(offer.attempt_id, LogStream.OUT)
    files.append(offer.attempt_id, LogStream.OUT, size, text.encode())


def test_the_log_stands_still_when_paused_and_is_taken_home(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.running(12, 4)
    page = visitor.open(f"/tasks/{task_id}")
    log = page.locator("#log")
    index = int(log.get_attribute("data-part") or 0)
    expect(log).to_contain_text("step  59/120")
    page.click("#log-pause")
    expect(page.locator("#log-pause")).to_have_attribute("aria-pressed", "true")
    write(portal, day, task_id, index, "written while paused\n")
    with page.expect_download() as download:
        page.click("#log-get")
    assert "written while paused" in Path(download.value.path()).read_text(encoding="utf-8")
    assert "written while paused" not in log.inner_text()
    page.click("#log-pause")
    expect(log).to_contain_text("written while paused")


def test_results_are_previewed_as_picture_table_and_text_and_the_bill_is_a_file(
    portal: Portal, visit: Visit
) -> None:
    visitor, day = started(portal, visit)
    task_id = day.submit(manifest("observed", 4, memory=4.0, cap=50))
    tick = Tick(duration_ms=30_000, cpu_percent=85, memory_percent=20)
    while offers := day.offers(task_id):
        for node, offer in offers:
            now = portal.clock.wall_ms()
            node.tell(
                offer.attempt_id,
                AttemptState.SUCCEEDED,
                exit_code=0,
                ticks=(tick, tick),
                peak_memory_bytes=600 << 20,
                started_at_ms=now - 60_000,
                ended_at_ms=now,
                artifacts=tuple(an_artifact(portal.pool, path, content) for path, content in FILES.items()),
            )
    page = visitor.open(f"/tasks/{task_id}")
    results = page.locator(".results")
    expect(results.locator("img").first).to_be_visible()
    page.goto(f"{portal.url}/tasks/{task_id}")
    with page.expect_download() as download:
        page.click(".c-cost >> text=CSV")
    rows = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 1 + 4
    # Too much was asked for: the next task asks for less, with one click.
    page.click("text=Use it next time")
    page.wait_for_url("**/submit/*memory_gb=*")
    expect(page.locator("#r-memory_gb")).to_have_value("1.0")


@pytest.mark.parametrize("kind", ["table", "text"])
def test_a_result_without_pictures_shows_what_there_is(portal: Portal, visit: Visit, kind: str) -> None:
    visitor, day = started(portal, visit)
    task_id = day.submit(manifest("words", 1))
    name = {"table": "out/levels.csv", "text": "out/notes.txt"}[kind]
    node, offer = day.offers(task_id)[0]
    node.tell(
        offer.attempt_id,
        AttemptState.SUCCEEDED,
        exit_code=0,
        artifacts=(an_artifact(portal.pool, name, FILES[name]),),
    )
    page = visitor.open(f"/tasks/{task_id}")
    expect(page.locator(".results")).to_contain_text("花蓮" if kind == "table" else "最低氣壓")
    assert (page.locator(".results td").count() == 6) is (kind == "table")


def test_a_million_subtasks_stay_one_small_picture(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.submit(manifest("million", 1_000_000, memory=1.0, cores=1.0))
    day.work(task_id, 8)
    began = time.monotonic()
    page = visitor.open(f"/tasks/{task_id}")
    assert time.monotonic() - began < 10
    assert len(page.content()) < 200_000
    expect(page.locator("#task")).to_contain_text("One cell is 500 subtasks")
    page.focus("#cells")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cellcard")).to_contain_text(re.compile(r"Subtask \d+"))
    page.fill("#jump", "999990")
    page.click(".jump button")
    expect(page.locator("main")).to_contain_text("999999")


def test_a_cap_is_raised_where_the_task_says_that_it_waits(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.held()
    page = visitor.open(f"/tasks/{task_id}")
    page.click("#why >> text=Raise the cap to")
    expect(page.locator(".page-head .pill")).not_to_contain_text("Held")
    view = portal.pool.master.storage.task_reads.task(task_id, owner_id=day.who.user_id)
    assert view is not None and view.max_ucpt is not None and view.max_ucpt > 20_000_000
