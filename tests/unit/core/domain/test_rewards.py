"""What a tick earns: the promised formula, exactly, and words that end in the same number."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.resources import GIB, Resources
from core.domain.rewards import (
    DEFAULT_RULE,
    TICK_MS,
    Meter,
    RewardRule,
    Tick,
    explain,
    fee,
    highest_cost,
    hold_opening,
    hundredths,
    quote,
    reward,
)

FOUR_CORES = Resources(cpu_millis=4000, memory_bytes=8 * GIB)

percents = st.one_of(st.floats(0, 100), st.integers(0, 100).map(float), st.just(float("nan")), st.floats())
ticks = st.builds(
    Tick,
    duration_ms=st.integers(0, TICK_MS),
    cpu_percent=percents,
    memory_percent=percents,
    gpu_percent=percents,
)
reservations = st.builds(
    Resources,
    cpu_millis=st.integers(0, 256_000),
    memory_bytes=st.integers(0, 4096 * GIB),
    gpus=st.integers(0, 16),
)
rules = st.builds(
    RewardRule,
    cpu_core_minute_ucpt=st.integers(0, 10**9),
    memory_gb_minute_ucpt=st.integers(0, 10**9),
    gpu_minute_ucpt=st.integers(0, 10**9),
    gpu_bonus_minute_ucpt=st.integers(0, 10**9),
    fee_millionths=st.integers(0, 500_000),
)


def minute(cpu: float, memory: float, gpu: float = 0.0) -> list[Tick]:
    return [Tick(duration_ms=TICK_MS, cpu_percent=cpu, memory_percent=memory, gpu_percent=gpu)] * 2


@pytest.mark.parametrize(
    ("use", "tenths"), [(0, 8), (20, 8), (20.01, 10), (50, 10), (50.01, 12), (80, 12), (80.01, 15), (100, 15)]
)
def test_multiplier_follows_the_average_use(use: float, tenths: int) -> None:
    # 4 x 0.1 + 8 x 0.025 = 0.6 CPT a minute
    assert reward(minute(use, use), FOUR_CORES, DEFAULT_RULE) == 600_000 * tenths // 10


def test_full_gpu_earns_its_rate_and_one_bonus_each() -> None:
    two = Resources(cpu_millis=1000, gpus=2)
    assert reward(minute(40, 40, 100), two, DEFAULT_RULE) == 100_000 + 2 * 400_000 + 2 * 100_000
    assert reward(minute(40, 40, 25), two, DEFAULT_RULE) == 100_000 + 2 * 400_000 + 2 * 25_000


def decimal_reward(tick: Tick, of: Resources, rule: RewardRule) -> int:
    """The page's formula again, written another way."""
    cpu, memory, gpu = (
        Decimal(hundredths(p)) / 100 for p in (tick.cpu_percent, tick.memory_percent, tick.gpu_percent)
    )
    base = (
        Decimal(of.cpu_millis) / 1000 * rule.cpu_core_minute_ucpt
        + Decimal(of.memory_bytes) / GIB * rule.memory_gb_minute_ucpt
        + of.gpus * rule.gpu_minute_ucpt
    )
    average = (cpu + memory) / 2
    times = next((t for limit, t in ((20, "0.8"), (50, "1.0"), (80, "1.2")) if average <= limit), "1.5")
    per_minute = base * Decimal(times) + gpu / 100 * of.gpus * rule.gpu_bonus_minute_ucpt
    exact = tick.duration_ms * per_minute / 60_000
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@given(ticks, st.integers(0, 256), st.integers(0, 512), st.integers(0, 16))
def test_reward_is_the_formula_rounded_half_even_once_a_tick(tick: Tick, cores: int, gb: int, gpus: int) -> None:
    of = Resources(cpu_millis=cores * 1000, memory_bytes=gb * GIB, gpus=gpus)
    assert reward([tick], of, DEFAULT_RULE) == decimal_reward(tick, of, DEFAULT_RULE)


@given(st.lists(ticks, max_size=8), reservations, rules)
def test_no_use_earns_more_than_the_highest_rate(run: list[Tick], of: Resources, rule: RewardRule) -> None:
    earned = reward(run, of, rule)
    longest = len(run) * TICK_MS
    assert 0 <= earned <= Meter(of, rule).highest_ucpt(longest)
    assert earned + fee(earned, rule) <= highest_cost(of, rule, longest)


@given(ticks, reservations, rules)
def test_explanation_ends_in_exactly_the_reward(tick: Tick, of: Resources, rule: RewardRule) -> None:
    ucpt = reward([tick], of, rule)
    shown = explain(tick, of, rule).rsplit("= ", 1)[1].removesuffix(" CPT")
    assert Decimal(shown) * 1_000_000 == ucpt


def test_explanation_shows_every_input() -> None:
    tick = Tick(duration_ms=30_000, cpu_percent=95.5, memory_percent=70)
    assert explain(tick, FOUR_CORES, DEFAULT_RULE) == (
        "0.5 min x ((4 cores x 0.1 + 8 GB x 0.025) x 1.5 [use (95.5 % + 70 %) / 2 = 82.75 %]) = 0.45 CPT"
    )


def test_metering_past_the_limit_counts_nothing() -> None:
    assert reward(minute(40, 40), FOUR_CORES, DEFAULT_RULE, limit_ms=45_000) == 450_000
    assert reward(minute(40, 40), FOUR_CORES, DEFAULT_RULE, limit_ms=90_000) == 600_000


@given(rules)
def test_rule_survives_its_text(rule: RewardRule) -> None:
    assert RewardRule.from_text(rule.to_text()) == rule


def test_impossible_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        RewardRule(gpu_minute_ucpt=-1)
    with pytest.raises(ValueError, match="rise"):
        RewardRule(steps=((50, 8), (20, 10)))


def opening(**changes: int | None) -> int:
    plain: dict[str, int | None] = {
        "highest_minute_ucpt": 900_000,
        "one_tick_ucpt": 450_000,
        "parallel": 2,
        "timeout_ms": 3_600_000,
        "max_ucpt": None,
        "balance_ucpt": 150_000_000,
    }
    return hold_opening(**(plain | changes))  # type: ignore[arg-type]


def test_opening_hold_is_the_smallest_of_its_bounds_and_at_least_a_tick() -> None:
    assert opening() == 18_000_000
    assert opening(timeout_ms=120_000) == 3_600_000
    assert opening(max_ucpt=5_000_000) == 5_000_000
    assert opening(balance_ucpt=4_000_000) == 4_000_000
    assert opening(timeout_ms=1000, parallel=1) == 450_000


def test_quote_comes_from_history_or_says_that_it_is_the_limit() -> None:
    known = quote(
        resources=FOUR_CORES,
        rule=DEFAULT_RULE,
        subtask_count=10,
        timeout_ms=3_600_000,
        run_times_ms=[60_000] * 9 + [120_000],
    )
    assert (known.source, known.low_ucpt) == ("history", 4_800_000)
    unknown = quote(resources=FOUR_CORES, rule=DEFAULT_RULE, subtask_count=10, timeout_ms=60_000)
    assert unknown.source == "limit"
    assert unknown.low_ucpt == 80_000  # one second each, at the lowest use
    assert 9_000_000 <= unknown.high_ucpt <= 9_000_100
