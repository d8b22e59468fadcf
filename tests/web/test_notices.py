"""Notices that the browser itself shows: switched on by a person, told once, also after a cut."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Visitor
from tests.support.portal import Portal
from tests.support.portal_samples import Day
from tests.web.conftest import Visit

pytestmark = pytest.mark.chromium

#: The browser's own class, watched: what it was given, and whether the browser says that it shows it.
WATCH = """(() => {
  const Real = window.Notification;
  window.told = [];
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      const one = { title, ...options, shown: false };
      window.told.push(one);
      this.addEventListener("show", () => { one.shown = true; });
      window.last = this;
    }
  };
})()"""


def until(page: Page, expression: str, limit_s: float = 30) -> None:
    """Wait for something in the page. The pages' policy forbids the eval that `wait_for_function` needs."""
    end = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(100)


def switched_on(portal: Portal, visit: Visit, **values: Any) -> tuple[Visitor, Day]:
    """Log mei in, whose browser allows notices, and press the button."""
    day = Day(portal, portal.user("mei", cpt=100))
    day.nodes(portal.user("bob"))
    visitor = visit(portal.url, **values)
    visitor.context.grant_permissions(["notifications"], origin=portal.url)
    visitor.context.add_init_script(WATCH)
    visitor.log_in("mei")
    page = visitor.open("/notices/settings")
    page.click("#browser-notices button")
    until(page, "told.length === 1 && told[0].shown")
    return visitor, day


def test_a_task_that_ends_is_told_by_the_browser_once_in_all_pages(portal: Portal, visit: Visit) -> None:
    visitor, day = switched_on(portal, visit)
    expect(visitor.page.locator("[data-state]")).to_contain_text("On:")
    pages = [visitor.page, visitor.context.new_page()]
    for page in pages:
        page.goto(f"{portal.url}/dashboard")
        page.wait_for_selector("#live.on")
    task_id = day.succeeded("sweep", 2)
    # The page that tells was opened first; the one that goes first is followed by the other.
    until(pages[0], "told.length === 1 && told[0].shown")
    told = pages[0].evaluate("told[0]")
    assert told["title"] == "A task is done"
    assert "“sweep” is done: 2 of 2 subtasks" in told["body"]
    pages[0].evaluate("last.onclick()")
    pages[0].wait_for_url(f"**/tasks/{task_id}")
    pages[0].close()
    day.succeeded("another", 2)
    until(pages[1], "told.length > 0")
    assert pages[1].evaluate("told.map(one => one.body)")[0].startswith("“another” is done")
    assert pages[1].evaluate("told.length") == 1


def test_what_ended_while_the_link_was_cut_is_told_afterwards(portal: Portal, visit: Visit) -> None:
    visitor, day = switched_on(portal, visit, language="zh")
    page = visitor.open("/dashboard")
    page.wait_for_selector("#live.on")
    portal.close_web()
    day.succeeded("sweep", 2)
    portal.open_web()
    until(page, "told.length === 1 && told[0].shown", 40)
    assert page.evaluate("told[0].title") == "任務完成"
    visitor.complaints.clear()


def test_a_browser_that_refuses_says_so(portal: Portal, visit: Visit) -> None:
    portal.user("mei")
    visitor = visit(portal.url)
    visitor.context.grant_permissions(["notifications"], origin=portal.url)
    # As browsers of phones do: the permission is there, the class cannot be used.
    visitor.context.add_init_script(
        "window.Notification = class { static permission = 'granted';"
        " static requestPermission() { return Promise.resolve('granted'); }"
        " constructor() { throw new TypeError('Illegal constructor'); } }"
    )
    visitor.log_in("mei")
    page = visitor.open("/notices/settings")
    page.click("#browser-notices button")
    expect(page.locator("[data-state]")).to_have_text("This browser shows no notices.")
    expect(page.locator("#browser-notices button")).to_be_hidden()
