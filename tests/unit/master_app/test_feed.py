"""What a face may rely on when it follows the feed."""

from __future__ import annotations

import pytest

from core.domain.attempt import AttemptState
from core.domain.events import (
    AttemptEnded,
    AuditRecorded,
    Fact,
    NodeHealthChanged,
    TaskProgressed,
    TaskStateChanged,
    TaskSubmitted,
)
from core.domain.node import NodeHealth
from core.domain.task import TaskState
from master_app import feed as feed_module
from master_app.feed import Audience, Change, Feed, Kind, What

ANN, BOB, OPERATOR = Audience("ann"), Audience("bob"), Audience("root", is_operator=True)


def submitted(task_id: str, owner_id: str = "ann") -> Fact:
    return TaskSubmitted(task_id=task_id, owner_id=owner_id, name=task_id, subtask_count=1, at_ms=1)


def progressed(task_id: str, owner_id: str = "ann") -> Fact:
    return TaskProgressed(task_id=task_id, owner_id=owner_id, at_ms=1)


def state(task_id: str, owner_id: str = "ann") -> Fact:
    return TaskStateChanged(
        task_id=task_id,
        owner_id=owner_id,
        source=TaskState.QUEUED,
        target=TaskState.RUNNING,
        reason="",
        at_ms=1,
    )


def node(node_id: str) -> Fact:
    source, target = NodeHealth.READY, NodeHealth.SUSPECT
    return NodeHealthChanged(node_id=node_id, source=source, target=target, reason="", at_ms=1)


def ids(feed: Feed, audience: Audience, after: int) -> list[str]:
    delta = feed.changes(audience, after)
    assert not delta.reset
    return [change.thing_id for change in delta.changes]


def test_each_audience_sees_its_own_tasks_and_all_nodes() -> None:
    feed = Feed()
    feed.publish([submitted("a"), submitted("b", "bob"), node("n")], 1)
    assert ids(feed, ANN, 0) == ["a", "n"]
    assert ids(feed, BOB, 0) == ["b", "n"]
    assert sorted(ids(feed, OPERATOR, 0)) == ["a", "b", "n"]
    assert ids(feed, Audience("eve"), 0) == ["n"]


def test_a_thing_that_changed_often_is_told_once_with_its_newest_commit() -> None:
    feed = Feed()
    for commit in range(1, 1001):
        feed.publish([progressed("a")], commit)
    assert feed.changes(ANN, 0).changes == (Change(1000, Kind.TASK, "a", What.PROGRESS),)
    assert feed.changes(ANN, 999).changes != ()
    assert feed.changes(ANN, 1000).changes == ()


def test_a_change_of_state_is_not_hidden_by_later_progress() -> None:
    feed = Feed()
    feed.publish([state("a")], 5)
    feed.publish([progressed("a")], 9)
    assert feed.changes(ANN, 4).changes[0].what is What.STATE
    assert feed.changes(ANN, 5).changes[0].what is What.PROGRESS


def test_who_comes_back_gets_what_was_missed_and_nothing_twice() -> None:
    feed = Feed()
    feed.publish([submitted("a")], 1)
    position = feed.changes(ANN, 0).commit
    feed.publish([submitted("b", "bob")], 2)
    feed.publish([submitted("c")], 3)
    assert ids(feed, ANN, position) == ["c"]
    assert ids(feed, ANN, feed.changes(ANN, position).commit) == []


def test_a_position_of_another_start_or_of_before_it_is_a_reset() -> None:
    feed = Feed()
    feed.begin_at(1000)
    assert feed.changes(ANN, 999).reset
    assert feed.changes(ANN, 5000).reset
    assert not feed.changes(ANN, 1000).reset


def test_what_was_forgotten_is_a_reset_and_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MAX_THINGS", 10)
    monkeypatch.setattr(feed_module, "MAX_OWNERS", 3)
    feed = Feed()
    for commit in range(1, 101):
        feed.publish([submitted(f"t{commit}", f"owner{commit}")], commit)
    assert feed.stats()["things"] <= 10 + 3 and feed.stats()["owners"] <= 3
    assert feed.changes(OPERATOR, 50).reset
    assert ids(feed, OPERATOR, 95) == ["t96", "t97", "t98", "t99", "t100"]
    assert feed.changes(Audience("owner1"), 0).reset
    assert ids(feed, Audience("owner100"), 99) == ["t100"]


def test_a_long_delta_is_cut_between_commits_and_continued() -> None:
    feed = Feed()
    for commit in range(1, 11):
        feed.publish([submitted(f"{commit}-{number}") for number in range(3)], commit)
    found: list[str] = []
    position = 0
    while True:
        delta = feed.changes(ANN, position, limit=7)
        if not delta.changes:
            break
        found += [change.thing_id for change in delta.changes]
        position = delta.commit
    assert len(found) == len(set(found)) == 30


def test_listeners_hear_the_lanes_that_changed_and_closed_ones_hear_nothing() -> None:
    feed = Feed()
    heard: list[frozenset[str]] = []
    subscription = feed.subscribe(heard.append)
    feed.publish([submitted("a")], 1)
    feed.publish([], 2)
    subscription.close()
    subscription.close()
    feed.publish([submitted("b")], 3)
    assert len(heard) == 1 and not heard[0].isdisjoint(ANN.lanes) and heard[0].isdisjoint(BOB.lanes)


def test_an_attempt_without_an_owner_is_told_to_the_owner_of_its_task() -> None:
    feed = Feed()
    feed.publish([submitted("a")], 1)
    ended = AttemptEnded(
        task_id="a", index=0, attempt_id="x", node_id="n", state=AttemptState.FAILED, reason="", at_ms=1
    )
    feed.publish([ended], 2)
    assert ids(feed, ANN, 1) == ["a"]
    assert ids(feed, BOB, 1) == []


def test_the_last_facts_are_kept_for_operators_without_progress() -> None:
    feed = Feed()
    audit = AuditRecorded(actor_id="x", action="login", subject="x", details="", origin="", at_ms=1)
    feed.publish([submitted("a"), progressed("a")], 1)
    feed.publish([audit], 2)
    assert [commit for commit, _ in feed.facts()] == [1, 2]
    assert feed.facts(after=1) == [(2, audit)]
    assert ids(feed, OPERATOR, 1) == ["login"] and ids(feed, ANN, 1) == []
