"""A condition begins when it is first seen, keeps its beginning, and ends when nobody sees it any more."""

from __future__ import annotations

import logging

import pytest

from core.conditions import MAX_OF_ONE, Conditions
from core.domain.condition import Condition, ConditionCode, Gravity
from tests.fakes.clock import ManualClock


def a_condition(subject: str = "", **fields: object) -> Condition:
    values: dict[str, object] = {
        "code": ConditionCode.DISK_LOW,
        "subject": subject,
        "what": "The disk has 1 GB left.",
        "at_risk": "New uploads.",
        "next": "It goes on when there is room.",
    }
    return Condition(**(values | fields))  # type: ignore[arg-type]


def test_it_keeps_its_beginning_while_its_words_change_and_ends_by_itself(clock: ManualClock) -> None:
    conditions = Conditions(clock)
    conditions.report("disk", [a_condition("/a")])
    began_ms = clock.wall_ms()
    clock.advance(s=60)
    conditions.report("disk", [a_condition("/a", what="The disk has 0.5 GB left."), a_condition("/b")])
    first, second = conditions.current()
    assert (first.since_ms, first.what) == (began_ms, "The disk has 0.5 GB left.")
    assert second.since_ms == clock.wall_ms()
    clock.advance(s=60)
    conditions.report("disk", [])
    assert conditions.current() == ()
    assert {(c.subject, c.until_ms) for c in conditions.ended()} == {
        ("/a", clock.wall_ms()),
        ("/b", clock.wall_ms()),
    }


def test_one_observer_does_not_end_what_another_sees(clock: ManualClock) -> None:
    conditions = Conditions(clock)
    conditions.report("disk", [a_condition("/a")])
    conditions.report("nodes", [])
    assert [c.subject for c in conditions.current()] == ["/a"]


def test_the_gravest_stands_first_and_a_flood_is_cut(clock: ManualClock) -> None:
    conditions = Conditions(clock)
    conditions.report("many", [a_condition(str(n), gravity=Gravity.NOTICE) for n in range(MAX_OF_ONE * 2)])
    conditions.report("one", [a_condition("bad", gravity=Gravity.ALERT)])
    assert conditions.current()[0].subject == "bad"
    assert len(conditions.current()) == MAX_OF_ONE + 1


def test_beginning_and_end_are_one_log_line_each(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    conditions = Conditions(clock)
    with caplog.at_level(logging.INFO, "core.conditions"):
        for _ in range(3):
            conditions.report("disk", [a_condition("/a")])
        clock.advance(s=90)
        for _ in range(3):
            conditions.report("disk", [])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "New uploads. It goes on when there is room." in caplog.records[0].message
    assert getattr(caplog.records[1], "lasted_s") == 90  # noqa: B009
