"""The book of earnings: what ended here, what the master paid, and days in local time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.resources import GIB, Resources
from core.domain.rewards import DEFAULT_RULE, Tick, reward
from core.domain.session import AttemptUpdate, Offer, Receipt, TaskBrief
from worker_app.agent.earnings import EarningsBook

DAY_MS = 86_400_000
NOW = 1_795_500_000_000
RESOURCES = Resources(cpu_millis=4000, memory_bytes=8 * GIB, disk_bytes=GIB)
TICKS = (Tick(duration_ms=30_000, cpu_percent=90, memory_percent=60),) * 4
EARNED = reward(TICKS, RESOURCES, DEFAULT_RULE)
BRIEF = TaskBrief(task_id="t", revision=1, owner_id="u1", owner_name="ann", spec_json="", bundle_id="")


@pytest.fixture
def book(tmp_path: Path) -> EarningsBook:
    return EarningsBook(tmp_path)


def end(book: EarningsBook, name: str, ended_ms: int = NOW, **fields: object) -> None:
    offer = Offer(
        attempt_id=name,
        task_id="t",
        revision=1,
        index=7,
        epoch=1,
        attempt_number=1,
        resources=RESOURCES,
        lease_s=600,
    )
    update = AttemptUpdate(
        number=1,
        attempt_id=name,
        state=AttemptState.SUCCEEDED,
        started_at_ms=ended_ms - 120_000,
        ended_at_ms=ended_ms,
        ticks=TICKS,
    )
    book.ended(offer, BRIEF, "render", replace(update, **fields))  # type: ignore[arg-type]


def post(book: EarningsBook, name: str, ucpt: int = EARNED, reason: str = "PAID") -> None:
    book.received([Receipt(attempt_id=name, ucpt=ucpt, reason=reason)], NOW)


def test_what_ended_is_pending_until_its_receipt_comes(book: EarningsBook) -> None:
    end(book, "a1")
    assert book.figures(NOW) == (0, EARNED)
    post(book, "a1")
    assert book.figures(NOW) == (EARNED, 0)
    (row,) = book.earnings(NOW, days=30, day="", cursor="", limit=0).rows
    assert (row.money, row.ucpt, row.task_name, row.index) == ("posted", EARNED, "render", 7)


def test_the_same_end_again_changes_nothing(book: EarningsBook) -> None:
    end(book, "a1")
    end(book, "a1")
    assert book.earnings(NOW, days=0, day="", cursor="", limit=0).total == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": AttemptState.RETURNED}, 0),
        ({"state": AttemptState.RETURNED, "ticks_committed": 2}, EARNED // 2),
        (
            {
                "state": AttemptState.FAILED,
                "failure": Failure(failure_class=FailureClass.USER, code="X", message=""),
            },
            EARNED,
        ),
        (
            {
                "state": AttemptState.FAILED,
                "failure": Failure(failure_class=FailureClass.INFRA, code="X", message=""),
            },
            0,
        ),
        ({"state": AttemptState.LOST}, 0),
    ],
)
def test_only_paid_ticks_are_expected(book: EarningsBook, fields: dict[str, object], expected: int) -> None:
    end(book, "a1", **fields)  # type: ignore[arg-type]
    assert book.figures(NOW)[1] == expected


def test_an_unpaid_end_stays_in_the_list_with_its_reason(book: EarningsBook) -> None:
    end(book, "a1", state=AttemptState.RETURNED)
    post(book, "a1", 0, "RETURNED_WITHOUT_CHECKPOINT")
    (row,) = book.earnings(NOW, days=7, day="", cursor="", limit=0).rows
    assert (row.money, row.ucpt, row.reason) == ("unpaid", 0, "RETURNED_WITHOUT_CHECKPOINT")


def test_an_amount_is_worked_out_again_by_the_rule_of_its_day(book: EarningsBook) -> None:
    end(book, "a1")
    post(book, "a1", EARNED - 1)
    book.use_rule(replace(DEFAULT_RULE, version=2, cpu_core_minute_ucpt=999).to_text())
    found = book.one("a1")
    assert found is not None
    _, ticks, rule, computed, posted, receipt = found
    assert (len(ticks), rule.version, computed, posted, receipt) == (4, 1, EARNED, EARNED - 1, 1)


def test_the_rule_survives_a_restart(book: EarningsBook, tmp_path: Path) -> None:
    book.use_rule(replace(DEFAULT_RULE, version=3).to_text())
    book.close()
    assert EarningsBook(tmp_path).rule.version == 3


def test_pages_are_whole_and_in_order(book: EarningsBook) -> None:
    names = [f"a{number:03d}" for number in range(25)]
    for number, name in enumerate(names):
        end(book, name, NOW - number // 3 * 1000)
    found: list[str] = []
    cursor = ""
    while True:
        page = book.earnings(NOW, days=0, day="", cursor=cursor, limit=7)
        found += [row.attempt_id for row in page.rows]
        cursor = page.next
        if not cursor:
            break
    assert found == names and page.total == 25


def test_days_without_earnings_say_why(book: EarningsBook) -> None:
    end(book, "a1", NOW - 2 * DAY_MS)
    post(book, "a1")
    book.idle("paused", 600, NOW - DAY_MS)
    book.idle("offline", 60, NOW - DAY_MS)
    days = book.earnings(NOW, days=4, day="", cursor="", limit=0).days
    assert [day.why for day in days] == ["not_running", "", "paused", "not_running"]
    assert days[1].posted_ucpt == EARNED


def test_a_day_can_be_looked_at_alone(book: EarningsBook) -> None:
    end(book, "a1", NOW - 2 * DAY_MS)
    end(book, "a2", NOW)
    day = book.earnings(NOW, days=30, day="", cursor="", limit=0).days[-3].day
    found = book.earnings(NOW, days=30, day=day, cursor="", limit=0)
    assert [row.attempt_id for row in found.rows] == ["a1"] and found.total == 1


def test_a_forecast_needs_two_weeks_of_own_history(book: EarningsBook) -> None:
    for back in range(1, 13):
        end(book, f"a{back}", NOW - back * DAY_MS)
        post(book, f"a{back}")
    assert book.earnings(NOW, days=30, day="", cursor="", limit=0).forecast_days == 0
    for back in range(13, 21):
        end(book, f"a{back}", NOW - back * DAY_MS)
        post(book, f"a{back}")
    found = book.earnings(NOW, days=30, day="", cursor="", limit=0)
    assert found.forecast_days == 20
    assert found.forecast_low_ucpt == found.forecast_high_ucpt == 7 * EARNED
