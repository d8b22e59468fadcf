"""Waiting for a task: the answer is held until it has ended, and comes at once then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from master_app.feed import Feed
from tests.support.pool_master import WAIT_S
from tests.support.web_pool import Person, WebPool


def waiters(web: WebPool, expected: int) -> None:
    """Return once so many answers are held."""
    feed: Feed = web.pool.master.feed
    for _ in range(WAIT_S * 100):
        if feed.stats()["subscriptions"] == expected:
            return
        web.pool.settle()
    raise AssertionError(f"{feed.stats()} where {expected} were to wait")


def test_an_answer_is_held_until_the_task_has_ended(web: WebPool, ann: Person, olga: Person) -> None:
    node = web.pool.node("a")
    task_id, other_id = ann.task(), ann.task()
    waiting = web.pool.master.feed.stats()["subscriptions"]
    with ThreadPoolExecutor(2) as threads:
        held = [threads.submit(who.get, f"/tasks/{task_id}?wait=60") for who in (ann, olga)]
        waiters(web, waiting + 2)
        mine, others = sorted(node.take(), key=lambda offer: offer.task_id != task_id)
        assert (mine.task_id, others.task_id) == (task_id, other_id)
        node.start(mine)
        node.succeed(others)
        web.pool.settle()
        assert not any(each.done() for each in held), "another task ended, and this one only began"
        node.succeed(mine)
        assert [each.result(WAIT_S).json["state"] for each in held] == ["SUCCEEDED"] * 2
    waiters(web, waiting)


def test_the_time_is_up(ann: Person) -> None:
    assert ann.get(f"/tasks/{ann.task()}?wait=0.2").json["state"] == "QUEUED"


def test_a_task_that_has_ended_is_answered_at_once(web: WebPool, ann: Person) -> None:
    node = web.pool.node("a")
    task_id = ann.task()
    [offer] = node.take()
    node.succeed(offer)
    assert ann.get(f"/tasks/{task_id}?wait=60").json["state"] == "SUCCEEDED"
