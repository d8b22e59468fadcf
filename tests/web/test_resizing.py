"""One click for what a task asks for: a held one goes on, a failed one is retried; and safe ways in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.domain.attempt import FailureClass
from core.domain.task import TaskState
from core.domain.user import Role
from tests.support.portal import Portal
from tests.support.portal_samples import Day, manifest
from tests.web.conftest import Visit

pytestmark = pytest.mark.chromium


@pytest.mark.parametrize(("language", "button"), [("en", "from here on"), ("zh", "從現在起改用")])
def test_a_held_task_goes_on_with_less(portal: Portal, visit: Visit, language: str, button: str) -> None:
    day = Day(portal, portal.user("mei", cpt=5000))
    day.nodes(portal.user("bob"))
    task_id = day.submit(manifest("too large", 4, memory=900.0, cap=50))
    assert portal.pool.state(task_id) is TaskState.HELD
    visitor = visit(portal.url, language=language)
    visitor.log_in("mei")
    page = visitor.open(f"/tasks/{task_id}")
    page.locator("#why button", has_text=button).click()
    page.wait_for_url(f"**/tasks/{task_id}")
    assert portal.pool.state(task_id) in (TaskState.QUEUED, TaskState.RUNNING)
    assert day.offers(task_id)


def test_a_part_without_enough_memory_is_retried_with_more(portal: Portal, visit: Visit) -> None:
    day = Day(portal, portal.user("mei", cpt=5000))
    day.nodes(portal.user("bob"))
    task_id = day.submit(manifest("hungry", 1, memory=1.0, cap=50) + "[retry]\nuser = 0\n")
    for node, offer in day.offers(task_id):
        node.start(offer)
        node.fail(offer, FailureClass.OOM)
    assert portal.pool.state(task_id) is TaskState.FAILED
    visitor = visit(portal.url)
    visitor.log_in("mei")
    page = visitor.open(f"/tasks/{task_id}")
    page.click("text=Apply it and retry what failed")
    page.wait_for_url(f"**/tasks/{task_id}")
    ((_, offer),) = day.offers(task_id)
    assert offer.resources.memory_bytes == 2 << 30


def test_the_join_link_stays_out_of_the_list_of_processes(portal: Portal, visit: Visit) -> None:
    portal.user("mei", Role.SUBMITTER, Role.PROVIDER)
    portal.pool.master.doors.host, portal.pool.master.doors.control_port = "pool.example.org", 7443
    visitor = visit(portal.url)
    visitor.log_in("mei")
    page = visitor.open("/nodes/add")
    page.click("text=Make my join link")
    link = page.locator("#link").inner_text()
    lines = page.locator("#howto pre").all_inner_texts()
    assert f"run --join - <<'LINK'\n{link}\nLINK" in lines[0]
    assert lines[1] == f"'{link}' | python -m worker_app run --join -"


def test_without_a_mail_server_the_page_says_whom_to_ask(portal: Portal, visit: Visit) -> None:
    page = visit(portal.url).open("/login")
    page.click("text=Forgot the password?")
    expect(page.locator("main")).to_contain_text("Ask an operator")
    page.click("text=I have a one-use code")
    expect(page.locator("h1")).to_have_text("Set a password")


def test_a_token_offers_only_what_its_owner_may(portal: Portal, visit: Visit) -> None:
    portal.user("root", *Role)
    visitor = visit(portal.url)
    visitor.log_in("root")
    page = visitor.open("/account")
    expect(page.locator("text=run the pool").first).to_be_visible()
    portal.user("mei")
    other = visit(portal.url)
    other.log_in("mei")
    page = other.open("/account")
    expect(page.locator("text=run the pool")).to_have_count(0)
