"""The owner's rules as values: presets for any size of computer, and the switch with its pauses."""

from __future__ import annotations

import pytest

from core.domain.lending import (
    HOURS,
    UNTIL_RESUMED,
    LendingRules,
    OnEnter,
    Preset,
    Switch,
    changed,
    preset_rules,
)


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize(("cores", "memory_gb"), [(1, 2.0), (2, 4.0), (12, 32.0), (128, 512.0)])
def test_a_preset_never_lends_more_than_the_computer_has(preset: Preset, cores: int, memory_gb: float) -> None:
    rules = preset_rules(preset, cores=cores, memory_gb=memory_gb)
    for profile in (rules.in_use, rules.away, rules.gaming):
        assert profile.cpu_cores <= cores
        assert profile.memory_gb <= memory_gb
    assert rules.away.slots >= 1
    assert rules.gaming.slots == 0 and rules.gaming.on_enter is OnEnter.STOP


def test_the_default_runs_only_when_away_and_lends_no_gpu() -> None:
    rules = preset_rules(Preset.BALANCED, cores=8, memory_gb=16)
    assert rules.in_use.slots == 0
    assert not rules.away.gpu


def test_a_changed_preset_counts_its_settings_one_by_one() -> None:
    from dataclasses import replace

    base = preset_rules(Preset.BALANCED, cores=8, memory_gb=16)
    mine = replace(base, idle_minutes=5, away=replace(base.away, gpu=True, slots=1))
    assert set(changed(mine, base)) == {"idle_minutes", "away.gpu", "away.slots"}
    assert changed(base, base) == ()


@pytest.mark.parametrize("week", ["", "r" * (HOURS - 1), "x" * HOURS])
def test_a_week_that_is_none_is_refused(week: str) -> None:
    with pytest.raises(ValueError, match="168"):
        LendingRules(week=week)


def test_a_second_pause_replaces_the_first_and_adding_adds() -> None:
    paused = Switch().paused(1_000, 3600).paused(2_000, 900)
    assert paused.paused_until_ms == 2_000 + 900_000
    assert paused.longer(3_000, 3600).paused_until_ms == 2_000 + 900_000 + 3_600_000
    assert Switch().longer(5_000, 60).paused_until_ms == 65_000


def test_a_pause_without_end_ends_only_by_hand() -> None:
    paused = Switch().paused(1_000, UNTIL_RESUMED)
    assert paused.is_paused(10**15)
    assert paused.longer(1, 60) == paused
    assert not paused.resumed().is_paused(1_000)


def test_a_timed_pause_is_over_at_its_end() -> None:
    paused = Switch().paused(0, 60)
    assert paused.is_paused(59_999)
    assert not paused.is_paused(60_000)
