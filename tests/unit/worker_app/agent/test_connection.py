"""Dialling, reports and what they mean for leases."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from worker_app.agent.connection import BACKOFF_MAX_MS, BACKOFF_MIN_MS, MAX_REPORTS, Connection


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 50))
def test_backoff_stays_between_one_and_sixty_seconds(random: float, failures: int) -> None:
    connection = Connection(lambda: random)
    for _ in range(failures):
        connection.dial(0)
        connection.lost(0, "cut")
        assert BACKOFF_MIN_MS <= connection.due_ms <= BACKOFF_MAX_MS


def test_retry_now_dials_at_once() -> None:
    connection = Connection(lambda: 0.9)
    connection.dial(0)
    connection.lost(0, "cut")
    assert not connection.is_due(1)
    connection.hurry(1)
    assert connection.is_due(1)


def test_an_offer_that_names_a_report_of_another_session_has_no_lease() -> None:
    connection = Connection(lambda: 0.0)
    connection.dial(0)
    connection.sent(5, ["a"])
    assert connection.sent_ms(0) == 5
    connection.dial(10)
    assert connection.sent_ms(0) is None


def test_the_memory_of_reports_is_bounded() -> None:
    connection = Connection(lambda: 0.0)
    connection.dial(0)
    for now in range(MAX_REPORTS * 3):
        connection.sent(now, [])
    assert connection.sent_ms(0) is None
    assert connection.sent_ms(MAX_REPORTS * 3 - 1) == MAX_REPORTS * 3 - 1


def test_reports_come_as_often_as_a_third_of_the_shortest_lease_or_as_asked() -> None:
    connection = Connection(lambda: 0.0)
    connection.dial(0)
    assert connection.interval_ms(600_000) == 30_000
    assert connection.interval_ms(60_000) == 20_000
    connection.asked_interval_ms = 1000
    assert connection.interval_ms(600_000) == 1000
