"""The weekly grid in local time, over both changes of the clock."""

from __future__ import annotations

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from core.domain.lending import FULL, HOURS, REST, WHEN_AWAY
from worker_app.agent.week import ahead, cell_at, holds_until

BERLIN, TAIPEI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Taipei")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def at(zone: ZoneInfo, *when: int, fold: int = 0) -> int:
    return int(datetime(*when, tzinfo=zone, fold=fold).timestamp() * 1000)  # type: ignore[misc,arg-type]


def week(**hours: range) -> str:
    """Rest everywhere but in `full` and `away`, given as hours of the week."""
    cells = [REST] * HOURS
    for name, found in hours.items():
        for hour in found:
            cells[hour] = FULL if name == "full" else WHEN_AWAY
    return "".join(cells)


def test_the_cell_is_that_of_local_time() -> None:
    monday_nine = week(full=range(9, 10))
    assert cell_at(monday_nine, at(TAIPEI, 2026, 11, 23, 9, 30), TAIPEI) == FULL
    assert cell_at(monday_nine, at(TAIPEI, 2026, 11, 23, 10, 0), TAIPEI) == REST
    assert cell_at(monday_nine, at(TAIPEI, 2026, 11, 23, 9, 30), BERLIN) == REST


def test_the_end_of_a_rest_is_found_over_the_weekend() -> None:
    monday_nine = week(full=range(9, 10))
    friday = at(TAIPEI, 2026, 11, 27, 12, 0)
    assert holds_until(monday_nine, friday, TAIPEI) == at(TAIPEI, 2026, 11, 30, 9, 0)


def test_a_week_of_one_kind_never_changes() -> None:
    assert holds_until(FULL * HOURS, at(TAIPEI, 2026, 1, 1, 0, 0), TAIPEI) == 0
    spans = ahead(FULL * HOURS, at(TAIPEI, 2026, 1, 1, 0, 20), TAIPEI)
    assert [(span.to_ms - span.from_ms, span.cell) for span in spans] == [(24 * 3600 * 1000, FULL)]


def test_an_hour_that_the_clock_skips_is_never_met() -> None:
    # Berlin, Sunday 29 March 2026: 02:00 does not exist.
    sunday_two = week(full=range(6 * 24 + 2, 6 * 24 + 3))
    before = at(BERLIN, 2026, 3, 29, 1, 30)
    assert cell_at(sunday_two, before + 3_600_000, BERLIN) == REST
    assert holds_until(sunday_two, before, BERLIN) == at(BERLIN, 2026, 4, 5, 2, 0)


def test_an_hour_that_the_clock_repeats_counts_twice() -> None:
    # Berlin, Sunday 25 October 2026: 02:00 to 03:00 comes twice.
    sunday_two = week(full=range(6 * 24 + 2, 6 * 24 + 3))
    begins = at(BERLIN, 2026, 10, 25, 2, 0)
    assert holds_until(sunday_two, begins, BERLIN) - begins == 2 * 3_600_000


def test_a_zone_that_shifts_by_half_an_hour_is_right_too() -> None:
    # Lord Howe, Sunday 4 October 2026: 02:00 becomes 02:30.
    sunday_two = week(full=range(6 * 24 + 2, 6 * 24 + 3))
    begins = at(LORD_HOWE, 2026, 10, 4, 2, 30)
    assert cell_at(sunday_two, begins, LORD_HOWE) == FULL
    assert holds_until(sunday_two, begins, LORD_HOWE) - begins == 1_800_000


@pytest.mark.parametrize("day", [(2026, 3, 28), (2026, 10, 24), (2026, 6, 1)])
def test_the_day_ahead_is_whole_and_in_order(day: tuple[int, int, int]) -> None:
    nights = week(away=range(0, 168, 3))
    start = at(BERLIN, *day, 13, 7)
    spans = ahead(nights, start, BERLIN)
    assert spans[0].from_ms == start and spans[-1].to_ms == start + 86_400_000
    for one, after in itertools.pairwise(spans):
        assert one.to_ms == after.from_ms and one.cell != after.cell
