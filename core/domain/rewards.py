"""What a running attempt costs and earns, exactly.

    base(minute) = cores x cpu_core_minute + memory_gb x memory_gb_minute + gpus x gpu_minute   of what is RESERVED
    multiplier   = 0.8 | 1.0 | 1.2 | 1.5   for a use <= 20 | <= 50 | <= 80 | > 80 %; use = (cpu % + memory %) / 2
    gpu bonus    = gpu use % x 1 % x gpus x gpu_bonus_minute
    reward(tick) = minutes x (base x multiplier + gpu bonus)

Money is integer micro-CPT. Percentages count in whole hundredths, clamped to 0..100; everything after that is
integer arithmetic with one rounding (half-even) a tick, so every computer gets the same number. A rule has a
version and is never changed: an old receipt is explained by the rule of its own day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from core.domain.resources import GIB, Resources

TICK_MS: Final = 30_000
#: A run is metered by the millisecond, not by whole ticks: the low end of a quote without a history is a program
#: that ends after a second.
SHORTEST_MS: Final = 1_000
_MINUTE_MS: Final = 60_000
#: 60,000 ms a minute x 1,000 millis a core x 10 tenths of a multiplier x the bytes of a GB.
_SCALE: Final = _MINUTE_MS * 10_000 * GIB
_FULL: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Metering of one attempt over at most 30 s. Percentages are of its reservation, 0..100 (GPU: the mean of
    its GPUs). Time in which it was frozen, was prepared or uploaded is in no tick.
    """

    duration_ms: int
    cpu_percent: float
    memory_percent: float
    gpu_percent: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardRule:
    """One version of the pool's rates, in micro-CPT. Immutable; a new price is a new version."""

    version: int = 1
    cpu_core_minute_ucpt: int = 100_000
    memory_gb_minute_ucpt: int = 25_000
    gpu_minute_ucpt: int = 400_000
    gpu_bonus_minute_ucpt: int = 100_000
    #: (average use in percent up to which it applies, multiplier in tenths), rising.
    steps: tuple[tuple[int, int], ...] = ((20, 8), (50, 10), (80, 12))
    #: Multiplier in tenths above the last step.
    above_tenths: int = 15
    #: The pool's fee on top of what providers earn, in millionths of it.
    fee_millionths: int = 0
    since_ms: int = 0

    def __post_init__(self) -> None:
        rates = (
            self.version - 1,
            self.cpu_core_minute_ucpt,
            self.memory_gb_minute_ucpt,
            self.gpu_minute_ucpt,
            self.gpu_bonus_minute_ucpt,
            self.above_tenths,
            self.fee_millionths,
            *(tenths for _, tenths in self.steps),
        )
        if min(rates) < 0:
            raise ValueError("versions start at 1 and rates are never negative")
        limits = [limit for limit, _ in self.steps]
        if limits != sorted(set(limits)) or not all(0 <= limit <= 100 for limit in limits):
            raise ValueError("the steps of a rule rise from 0 to 100 percent")

    @property
    def highest_tenths(self) -> int:
        return max(self.above_tenths, *(tenths for _, tenths in self.steps), 0)

    @property
    def lowest_tenths(self) -> int:
        return min([self.above_tenths, *(tenths for _, tenths in self.steps)])

    def to_text(self) -> str:
        """Return the rule as one line that `from_text` reads; what receipts and the database carry."""
        steps = ",".join(f"{limit}:{tenths}" for limit, tenths in self.steps)
        return (
            f"{self.version} {self.cpu_core_minute_ucpt} {self.memory_gb_minute_ucpt} {self.gpu_minute_ucpt} "
            f"{self.gpu_bonus_minute_ucpt} {steps or '-'} {self.above_tenths} "
            f"{self.fee_millionths} {self.since_ms}"
        )

    @classmethod
    def from_text(cls, text: str) -> RewardRule:
        """Return the rule of `to_text`, or raise ValueError."""
        parts = text.split(" ")
        if len(parts) != 9:
            raise ValueError(f"not a reward rule: {text[:80]!r}")
        version, cpu, memory, gpu, bonus, steps, above, fee, since = parts
        pairs = [] if steps == "-" else [step.split(":", 1) for step in steps.split(",")]
        return cls(
            version=int(version),
            cpu_core_minute_ucpt=int(cpu),
            memory_gb_minute_ucpt=int(memory),
            gpu_minute_ucpt=int(gpu),
            gpu_bonus_minute_ucpt=int(bonus),
            steps=tuple((int(limit), int(tenths)) for limit, tenths in pairs),
            above_tenths=int(above),
            fee_millionths=int(fee),
            since_ms=int(since),
        )


DEFAULT_RULE: Final = RewardRule()


def hundredths(percent: float) -> int:
    """Return a percentage in whole hundredths, clamped to 0..100 %; what is no number counts as 0."""
    if not percent > 0:
        return 0
    return _FULL if percent >= 100 else round(percent * 100)


def half_even(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half-even. `denominator` is positive."""
    quotient, rest = divmod(numerator, denominator)
    double = rest * 2
    if double > denominator or (double == denominator and quotient & 1):
        return quotient + 1
    return quotient


class Meter:
    """A rule applied to one reservation: everything that is the same for each tick, worked out once."""

    __slots__ = ("_base", "_bonus", "_steps", "resources", "rule")

    def __init__(self, resources: Resources, rule: RewardRule) -> None:
        self.resources = resources
        self.rule = rule
        self._base = (
            resources.cpu_millis * rule.cpu_core_minute_ucpt * GIB
            + resources.memory_bytes * rule.memory_gb_minute_ucpt * 1000
            + resources.gpus * rule.gpu_minute_ucpt * 1000 * GIB
        )
        self._bonus = resources.gpus * rule.gpu_bonus_minute_ucpt * GIB
        # The average is never halved: its limits are doubled instead.
        self._steps = tuple((limit * 200, tenths) for limit, tenths in rule.steps)

    def tenths(self, cpu_hundredths: int, memory_hundredths: int) -> int:
        """Return the multiplier in tenths for a use."""
        use = cpu_hundredths + memory_hundredths
        for limit, tenths in self._steps:
            if use <= limit:
                return tenths
        return self.rule.above_tenths

    def tick_ucpt(self, tick: Tick) -> int:
        """Return what one tick earns."""
        if tick.duration_ms <= 0:
            return 0
        tenths = self.tenths(hundredths(tick.cpu_percent), hundredths(tick.memory_percent))
        per_minute = self._base * tenths
        if self._bonus:
            per_minute += self._bonus * hundredths(tick.gpu_percent)
        return half_even(tick.duration_ms * per_minute, _SCALE)

    def ticks_ucpt(self, ticks: Iterable[Tick], limit_ms: int = 0) -> int:
        """Return what the ticks earn together; metering past `limit_ms` of run time counts nothing (0: no
        limit).
        """
        if not limit_ms:
            return sum([self.tick_ucpt(tick) for tick in ticks])
        return sum([self.tick_ucpt(tick) for tick in within(ticks, limit_ms)])

    def highest_ucpt(self, duration_ms: int) -> int:
        """Return the most that a run of this length can earn its provider, rounded up for each tick of it."""
        per_minute = self._base * self.rule.highest_tenths + self._bonus * _FULL
        ticks = -(-duration_ms // TICK_MS)
        # Each tick may round up by half a micro-CPT; a hold must cover that too.
        return -(-duration_ms * per_minute // _SCALE) + ticks if per_minute else 0

    def lowest_ucpt(self, duration_ms: int) -> int:
        """Return the least that a run of this length earns, rounded down."""
        return duration_ms * self._base * self.rule.lowest_tenths // _SCALE

    @property
    def base_minute(self) -> Fraction:
        """Micro-CPT a minute before multiplier and bonus, exact."""
        return Fraction(self._base, 1000 * GIB)


@lru_cache(maxsize=1024)
def meter(resources: Resources, rule: RewardRule) -> Meter:
    """Return the meter of a reservation; the same object for the same values."""
    return Meter(resources, rule)


def within(ticks: Iterable[Tick], limit_ms: int) -> list[Tick]:
    """Return the ticks up to `limit_ms` of run time; the one that crosses it is cut there."""
    kept: list[Tick] = []
    left = limit_ms
    for tick in ticks:
        if left <= 0:
            break
        if tick.duration_ms > left:
            tick = Tick(  # noqa: PLW2901 - the rest of this one is not counted
                duration_ms=left,
                cpu_percent=tick.cpu_percent,
                memory_percent=tick.memory_percent,
                gpu_percent=tick.gpu_percent,
            )
        left -= max(0, tick.duration_ms)
        kept.append(tick)
    return kept


def reward(ticks: Iterable[Tick], resources: Resources, rule: RewardRule, limit_ms: int = 0) -> int:
    """Return what these ticks earn, in micro-CPT."""
    return meter(resources, rule).ticks_ucpt(ticks, limit_ms)


def fee(amount_ucpt: int, rule: RewardRule) -> int:
    """Return the pool's fee on what a provider earns, in micro-CPT."""
    return half_even(amount_ucpt * rule.fee_millionths, 1_000_000) if rule.fee_millionths else 0


def highest_cost(resources: Resources, rule: RewardRule, duration_ms: int) -> int:
    """Return the most that a run of this length can cost its submitter, fee included (holds and caps)."""
    earned = meter(resources, rule).highest_ucpt(duration_ms)
    return earned + -(-earned * rule.fee_millionths // 1_000_000)


def hold_opening(
    *,
    highest_minute_ucpt: int,
    one_tick_ucpt: int,
    parallel: int,
    timeout_ms: int,
    max_ucpt: int | None,
    balance_ucpt: int,
) -> int:
    """Return how much to hold when a task is submitted: the planned parallel use at the highest rate for the
    smallest of 10 minutes, the timeout, the task's cap, and what the balance affords; never below one tick.

    The answer may exceed balance or cap only when those do not cover one tick: then nothing can start.
    """
    span_ms = min(10 * _MINUTE_MS, timeout_ms) if timeout_ms > 0 else 10 * _MINUTE_MS
    planned = -(-highest_minute_ucpt * max(1, parallel) * span_ms // _MINUTE_MS)
    bounds = [planned, balance_ucpt] if max_ucpt is None else [planned, balance_ucpt, max_ucpt]
    return max(min(bounds), one_tick_ucpt)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePart:
    """One resource of a reservation: how much of it, its rate for one a minute, and both together."""

    resource: str
    amount: float
    rate_ucpt: int
    minute_ucpt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a task will probably cost. `source` says what the run time was taken from: "history" or "limit"."""

    low_ucpt: int
    high_ucpt: int
    source: str
    #: From which run times of one subtask, and for how many.
    low_ms: int = 0
    high_ms: int = 0
    subtask_count: int = 1
    #: What one subtask reserves, a minute each.
    parts: tuple[QuotePart, ...] = ()


def quote(
    *,
    resources: Resources,
    rule: RewardRule,
    subtask_count: int,
    timeout_ms: int,
    run_times_ms: Sequence[int] = (),
    max_ucpt: int | None = None,
) -> Quote:
    """Return the range of a task's cost, from the run times of this bundle's attempts, else from its limit."""
    costs = meter(resources, rule)
    if run_times_ms:
        ordered = sorted(run_times_ms)
        low_ms = ordered[(len(ordered) - 1) // 10]
        high_ms = ordered[-(-(len(ordered) - 1) * 9 // 10)]
    else:
        low_ms, high_ms = min(SHORTEST_MS, timeout_ms), timeout_ms
    low = costs.lowest_ucpt(low_ms) * subtask_count
    high = highest_cost(resources, rule, high_ms) * subtask_count
    if max_ucpt is not None:
        low, high = min(low, max_ucpt), min(high, max_ucpt)
    return Quote(
        low_ucpt=low + fee(low, rule),
        high_ucpt=high,
        source="history" if run_times_ms else "limit",
        low_ms=low_ms,
        high_ms=high_ms,
        subtask_count=subtask_count,
        parts=_quote_parts(resources, rule),
    )


def _quote_parts(resources: Resources, rule: RewardRule) -> tuple[QuotePart, ...]:
    amounts = (
        ("cpu", resources.cpu_millis / 1000, rule.cpu_core_minute_ucpt),
        ("memory", resources.memory_bytes / GIB, rule.memory_gb_minute_ucpt),
        ("gpu", float(resources.gpus), rule.gpu_minute_ucpt),
    )
    return tuple(
        QuotePart(resource=name, amount=amount, rate_ucpt=rate, minute_ucpt=round(amount * rate))
        for name, amount, rate in amounts
        if amount
    )


def explain(tick: Tick, resources: Resources, rule: RewardRule) -> str:
    """Return the formula with the inputs of this tick filled in, ending in exactly what `reward` gives."""
    of = meter(resources, rule)
    cpu, memory = hundredths(tick.cpu_percent), hundredths(tick.memory_percent)
    tenths = of.tenths(cpu, memory)
    minutes = Fraction(max(0, tick.duration_ms), _MINUTE_MS)
    parts = [
        f"{_plain(Fraction(resources.cpu_millis, 1000))} cores x {_cpt(rule.cpu_core_minute_ucpt)}",
        f"{_plain(Fraction(resources.memory_bytes, GIB))} GB x {_cpt(rule.memory_gb_minute_ucpt)}",
    ]
    bonus = ""
    if resources.gpus:
        gpu = hundredths(tick.gpu_percent)
        parts.append(f"{resources.gpus} GPU x {_cpt(rule.gpu_minute_ucpt)}")
        bonus = f" + {_percent(gpu)} x {resources.gpus} GPU x {_cpt(rule.gpu_bonus_minute_ucpt)}"
    return (
        f"{_plain(minutes)} min x (({' + '.join(parts)}) x {tenths // 10}.{tenths % 10} "
        f"[use ({_percent(cpu)} + {_percent(memory)}) / 2 = {_percent(Fraction(cpu + memory, 2))}]{bonus}) "
        f"= {_cpt(of.tick_ucpt(tick))} CPT"
    )


def _percent(count: int | Fraction) -> str:
    return f"{_plain(Fraction(count) / 100)} %"


def _cpt(amount_ucpt: int) -> str:
    return _plain(Fraction(amount_ucpt, 1_000_000))


def _plain(value: Fraction) -> str:
    """Return a decimal of at most 6 places; one that is longer is marked as rounded."""
    micros = half_even(value.numerator * 1_000_000, value.denominator)
    text = f"{micros // 1_000_000}.{micros % 1_000_000:06d}".rstrip("0").rstrip(".")
    return text if Fraction(micros, 1_000_000) == value else f"~{text}"
