"""The pool's rules, as operators change them while it runs."""

from __future__ import annotations

import pytest

from tests.support.web_pool import Person, WebPool

PASSWORD = "a long enough password"


def test_rules_are_changed_one_by_one_and_outlive_a_restart(web: WebPool, olga: Person) -> None:
    assert olga.get("/settings").json["user_quota"]["queued_tasks"] == 10_000
    changed = olga.call(
        "PATCH", "/settings", {"sign_up_grant": "7.5", "user_quota": {"queued_tasks": 3, "spend_day": "1"}}
    ).json
    assert changed["sign_up_grant"]["cpt"] == "7.5" and changed["sign_up"] == "open"
    row = olga.get("/audit?action=settings").json["items"][0]
    assert "sign_up_grant_ucpt: 7.5 CPT" in row["details"] and "queued_tasks 3" in row["details"]
    made = web.nobody.post("/register", {"username": "mei", "password": PASSWORD}).json
    assert made["balance"]["cpt"] == "7.5"
    web.pool.restart()
    rules = web.pool.master.rules.now
    assert (rules.sign_up_grant_ucpt, rules.user_quota.queued_tasks) == (7_500_000, 3)
    assert rules.user_quota.spend_day_ucpt == 1_000_000


@pytest.mark.parametrize(
    "body", [{"sign_up": "maybe"}, {"sign_up_grant": -1}, {"user_quota": {"queued_tasks": -1}}, {"sign_up": None}]
)
def test_rules_that_make_no_sense_are_refused(olga: Person, body: dict[str, object]) -> None:
    assert olga.call("PATCH", "/settings", body).status_code == 422
