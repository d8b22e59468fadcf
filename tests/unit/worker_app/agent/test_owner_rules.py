"""When tasks may run: each rule, their order, and what becomes of running work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.lending import (
    FULL,
    HOURS,
    REST,
    LendingRules,
    OnEnter,
    Preset,
    Profile,
    Situation,
    Switch,
    preset_rules,
)
from core.domain.node import NodeOwner
from worker_app.agent.conditions import Conditions, Means
from worker_app.agent.limits import NOTHING, limited
from worker_app.agent.owner_rules import Decision, decide
from worker_app.agent.probe import Limits

NOW = 1_767_225_600_000
BALANCED = preset_rules(Preset.BALANCED, cores=8, memory_gb=16)
ALL_DAY = preset_rules(Preset.FULL, cores=8, memory_gb=16)
AWAY = Conditions(idle_s=3600, idle_source="test", on_battery=False, metered=False, hottest_c=50.0)


def judge(
    rules: LendingRules | None = BALANCED,
    conditions: Conditions = AWAY,
    switch: Switch | None = None,
    means: Means | None = None,
) -> Decision:
    return decide(rules, switch or Switch(), conditions, means or Means(), now_ms=NOW)


def refusing(decision: Decision) -> str:
    return next((row.rule for row in decision.why.rows if row.verdict == "refuses"), "")


def test_away_for_long_enough_runs_with_the_limits_of_being_away() -> None:
    decision = judge()
    assert decision.runs and decision.situation is Situation.AWAY
    assert decision.profile == BALANCED.away
    assert decision.owner.state is NodeOwner.AVAILABLE


def test_in_use_freezes_and_says_when_it_would_start() -> None:
    decision = judge(conditions=replace(AWAY, idle_s=132))
    assert refusing(decision) == "idle"
    assert decision.owner.state is NodeOwner.IN_USE
    assert decision.work is OnEnter.FREEZE
    assert decision.why.resolves_ms == NOW + (600 - 132) * 1000
    assert (decision.why.done_s, decision.why.need_s) == (132, 600)


def test_unknown_idle_time_is_in_use() -> None:
    decision = judge(conditions=replace(AWAY, idle_s=None, idle_source=""))
    assert not decision.runs and refusing(decision) == "idle"


def test_nobody_set_rules_so_it_lends_always() -> None:
    decision = judge(None, Conditions())
    assert decision.runs and decision.profile is None and decision.gpu


def test_a_profile_that_runs_in_use_is_throttled_to_it() -> None:
    decision = judge(replace(ALL_DAY, week="a" * HOURS), replace(AWAY, idle_s=1))
    assert decision.runs and decision.situation is Situation.IN_USE
    assert decision.work is OnEnter.THROTTLE
    assert decision.profile == ALL_DAY.in_use


def test_a_full_hour_does_not_wait_for_idle_time() -> None:
    rules = replace(BALANCED, week=FULL * HOURS)
    assert judge(rules, replace(AWAY, idle_s=0)).profile == BALANCED.away
    assert judge(rules, replace(AWAY, idle_s=None)).runs


def test_a_rest_gives_work_back_and_names_its_end() -> None:
    decision = judge(replace(BALANCED, week=REST * (HOURS - 24) + FULL * 24))
    assert refusing(decision) == "schedule"
    assert decision.owner.state is NodeOwner.OUTSIDE_SCHEDULE
    assert decision.work is OnEnter.STOP
    assert decision.why.resolves_ms > NOW


@pytest.mark.parametrize(
    ("conditions", "rule"),
    [
        ({"on_battery": True}, "power"),
        ({"metered": True}, "network"),
        ({"hottest_c": 91.0}, "heat"),
        ({"full_screen": True}, "games"),
        ({"programs": frozenset({"factorio"})}, "games"),
    ],
)
def test_each_surrounding_refuses_alone(conditions: dict[str, object], rule: str) -> None:
    rules = replace(BALANCED, programs=("Factorio.exe",))
    decision = judge(rules, replace(AWAY, **conditions))  # type: ignore[arg-type]
    assert refusing(decision) == rule and decision.owner.state is NodeOwner.IN_USE


def test_what_cannot_be_read_is_said_and_does_not_refuse() -> None:
    decision = judge(conditions=Conditions(idle_s=3600))
    assert decision.runs
    unknown = {row.rule for row in decision.why.rows if row.verdict == "unknown"}
    assert unknown == {"power", "network", "heat"}


def test_a_game_wins_over_a_full_hour_and_stops_at_once() -> None:
    decision = judge(ALL_DAY, replace(AWAY, full_screen=True))
    assert decision.situation is Situation.GAMING
    assert refusing(decision) == "games" and decision.work is OnEnter.STOP


def test_the_switch_is_the_first_reason() -> None:
    decision = judge(conditions=replace(AWAY, idle_s=0), switch=Switch(is_on=False))
    assert refusing(decision) == "switch"
    assert decision.owner.state is NodeOwner.SNOOZED and decision.work is OnEnter.STOP


def test_a_short_pause_freezes_by_the_profile_and_a_long_one_gives_back() -> None:
    assert judge(switch=Switch().paused(NOW, 900)).work is OnEnter.FREEZE
    assert judge(switch=Switch().paused(NOW, 4 * 3600)).work is OnEnter.STOP
    assert judge(switch=Switch().paused(NOW, 900)).owner.until_ms == NOW + 900_000


def test_finish_then_pause_lets_run_what_runs() -> None:
    decision = judge(switch=Switch(finish_then_pause=True))
    assert not decision.runs and decision.work is OnEnter.FINISH


def test_start_now_counts_until_it_is_taken_back() -> None:
    busy = replace(AWAY, idle_s=0)
    assert judge(conditions=busy, switch=Switch(started_by_hand=True)).runs
    assert not judge(conditions=busy).runs


@pytest.mark.parametrize("rules", [BALANCED, None])
def test_a_broken_engine_is_no_fault_of_the_owner(rules: LendingRules | None) -> None:
    decision = judge(rules, means=Means(engine_ok=False, engine_problem="gone"))
    assert refusing(decision) == "engine"
    assert decision.owner.state is NodeOwner.AVAILABLE and decision.work is OnEnter.KEEP


def test_without_gpu_the_rest_goes_on() -> None:
    with_gpu = Means(has_gpu=True)
    assert judge(means=with_gpu).owner.state is NodeOwner.GPU_PAUSED
    lent = replace(BALANCED, away=replace(BALANCED.away, gpu=True))
    assert judge(lent, means=with_gpu).owner.state is NodeOwner.AVAILABLE
    assert judge(lent, means=with_gpu, switch=Switch(gpu_paused=True)).owner.state is NodeOwner.GPU_PAUSED


@pytest.mark.parametrize("action", OnEnter)
def test_when_the_person_returns_the_profile_says_what_becomes_of_work(action: OnEnter) -> None:
    rules = replace(BALANCED, in_use=Profile(on_enter=action))
    assert judge(rules, replace(AWAY, idle_s=1)).work is action


def test_every_row_has_its_place_whatever_refuses() -> None:
    order = ["switch", "engine", "disk", "schedule", "power", "network", "heat", "games", "idle", "master"]
    assert [row.rule for row in judge().why.rows] == order
    assert [row.rule for row in judge(switch=Switch(is_on=False)).why.rows] == order


def test_without_a_sensor_the_duty_keeps_it_cool_and_with_one_the_ceiling_does() -> None:
    rules = replace(BALANCED, duty_percent=50)
    unread = judge(rules, replace(AWAY, hottest_c=None))
    assert (unread.runs, unread.work, unread.duty_percent) == (True, OnEnter.THROTTLE, 50)
    row = next(row for row in unread.why.rows if row.rule == "heat")
    assert (row.have.code, row.have.values) == ("heat_duty", {"percent": "50"})
    read = judge(rules, replace(AWAY, hottest_c=50.0))
    assert (read.work, read.duty_percent) == (OnEnter.KEEP, 100)


def test_lists_are_said_with_what_runs_beside_them_and_refuse_no_moment() -> None:
    rules = replace(BALANCED, owners_allowed=("mei",), images_allowed=("python:3.12",))
    at_work = (("mei", "python:3.12"), ("mei", "python:3.13"), ("bo", "python:3.12"))
    decision = judge(rules, means=Means(at_work=at_work))
    row = next(row for row in decision.why.rows if row.rule == "lists")
    assert decision.runs and row.have.code == "takes_both" and row.have.values["outside"] == "2"
    assert all(row.rule != "lists" for row in judge().why.rows)


def test_a_list_is_never_wider_than_that_of_the_settings_file() -> None:
    base = Limits(images_allowed=("lab/*", "python:3.12"), owners_allowed=("mei", "bo"))
    decision = judge()
    assert limited(base, BALANCED, decision).owners_allowed == ("mei", "bo")
    rules = replace(BALANCED, images_allowed=("lab/tool", "python"), owners_allowed=("bo", "eve"))
    found = limited(base, rules, decision)
    assert (found.images_allowed, found.owners_allowed) == (("lab/tool",), ("bo",))
    found = limited(base, replace(rules, images_allowed=("perl",), owners_allowed=("eve",)), decision)
    # Not an empty list: that would let everything in.
    assert (found.images_allowed, found.owners_allowed) == ((NOTHING,), (NOTHING,))
