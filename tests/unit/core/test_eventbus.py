"""Facts reach those who asked, in order, and a failing listener hurts nobody."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from core.eventbus import EventBus


@dataclass(frozen=True, slots=True)
class Fact:
    number: int


@dataclass(frozen=True, slots=True)
class TaskFact(Fact):
    pass


def test_listener_hears_its_class_and_subclasses_and_nothing_else() -> None:
    bus = EventBus()
    general: list[Fact] = []
    special: list[TaskFact] = []
    everything: list[object] = []
    bus.subscribe(Fact, general.append)
    bus.subscribe(TaskFact, special.append)
    bus.subscribe(object, everything.append)
    for fact in (Fact(1), TaskFact(2), "text"):
        bus.publish(fact)
    assert (general, special) == ([Fact(1), TaskFact(2)], [TaskFact(2)])
    assert everything == [Fact(1), TaskFact(2), "text"]


def test_failing_listener_is_logged_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[Fact] = []

    def fail(_fact: Fact) -> None:
        raise ValueError("broken listener")

    bus.subscribe(Fact, fail)
    bus.subscribe(Fact, heard.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(Fact(1))
    assert heard == [Fact(1)]
    assert "broken listener" in caplog.text


def test_fact_published_by_a_listener_comes_after_the_present_one_for_everybody() -> None:
    bus = EventBus()
    first: list[int] = []
    second: list[int] = []

    def echo(fact: Fact) -> None:
        first.append(fact.number)
        if fact.number < 3:
            bus.publish(Fact(fact.number + 1))

    bus.subscribe(Fact, echo)
    bus.subscribe(Fact, lambda fact: second.append(fact.number))
    bus.publish(Fact(1))
    assert first == second == [1, 2, 3]


def test_closed_subscription_hears_nothing_more_even_of_the_fact_in_delivery() -> None:
    bus = EventBus()
    heard: list[Fact] = []
    bus.subscribe(Fact, lambda _fact: later.close())
    later = bus.subscribe(Fact, heard.append)
    bus.publish(Fact(1))
    later.close()
    bus.publish(Fact(2))
    assert heard == []


def test_subscription_is_a_context() -> None:
    bus = EventBus()
    heard: list[Fact] = []
    with bus.subscribe(Fact, heard.append):
        bus.publish(Fact(1))
    bus.publish(Fact(2))
    assert heard == [Fact(1)]


def test_forgotten_subscriptions_are_bounded() -> None:
    bus = EventBus(max_listeners=2)
    bus.subscribe(Fact, lambda _: None)
    kept = bus.subscribe(Fact, lambda _: None)
    with pytest.raises(RuntimeError, match="unsubscribe"):
        bus.subscribe(Fact, lambda _: None)
    kept.close()
    bus.subscribe(Fact, lambda _: None)


def test_listeners_that_publish_without_end_are_stopped(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus(max_pending=10)
    rounds: list[int] = []

    def flood(fact: Fact) -> None:
        rounds.append(fact.number)
        if fact.number == 0:
            for number in range(1, 100):
                bus.publish(Fact(number))

    bus.subscribe(Fact, flood)
    bus.publish(Fact(0))
    assert rounds == list(range(11))
    assert "in a circle" in caplog.text
