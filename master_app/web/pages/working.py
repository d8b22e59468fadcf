"""How an amount was worked out, laid out for the page: rates, steps of the multiplier, one row a tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.domain.resources import GIB
from core.domain.rewards import Tick, fee, hundredths, meter
from master_app.ledger.explain import Explanation

_MINUTE_MS: Final = 60_000
_MOST_ROWS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One line of the basic price of a minute: how much of what, at which rate."""

    kind: str
    amount: float
    rate_ucpt: int
    total_ucpt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUsed:
    """One step of the multiplier. `up_to` None: everything above the last."""

    up_to: int | None
    factor: float
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRow:
    """One tick: when in the run, how busy, and what it came to."""

    from_ms: int
    to_ms: int
    cpu: float
    memory: float
    gpu: float
    minutes: float
    factor: float
    earned_ucpt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Everything that one amount came from."""

    rates: tuple[Rate, ...]
    minute_ucpt: int
    bonus_ucpt: int
    steps: tuple[StepUsed, ...]
    rows: tuple[TickRow, ...]
    #: Ticks that are not shown as rows, and what they came to.
    more: int
    more_ucpt: int
    run_ms: int
    earned_ucpt: int
    fee_percent: float
    fee_ucpt: int
    version: int


def working_of(found: Explanation) -> Working | None:
    """Lay an explanation out; None where the amount was not computed from metering."""
    if found.basis is None or found.rule is None:
        return None
    rule, resources = found.rule, found.basis.resources
    metered = meter(resources, rule)
    rows: list[TickRow] = []
    at_ms, used = 0, set()
    for tick in found.ticks:
        tenths = metered.tenths(hundredths(tick.cpu_percent), hundredths(tick.memory_percent))
        used.add(tenths)
        rows.append(_row(tick, at_ms, tenths, metered.tick_ucpt(tick)))
        at_ms += tick.duration_ms
    rates = (
        ("cpu", resources.cpu_millis / 1000, rule.cpu_core_minute_ucpt),
        ("memory", resources.memory_bytes / GIB, rule.memory_gb_minute_ucpt),
        ("gpu", float(resources.gpus), rule.gpu_minute_ucpt),
    )
    return Working(
        rates=tuple(
            Rate(kind=kind, amount=amount, rate_ucpt=rate, total_ucpt=round(amount * rate))
            for kind, amount, rate in rates
        ),
        minute_ucpt=round(metered.base_minute),
        bonus_ucpt=resources.gpus * rule.gpu_bonus_minute_ucpt,
        steps=(
            *(StepUsed(up_to=limit, factor=tenths / 10, used=tenths in used) for limit, tenths in rule.steps),
            StepUsed(up_to=None, factor=rule.above_tenths / 10, used=rule.above_tenths in used),
        ),
        rows=tuple(rows[:_MOST_ROWS]),
        more=max(0, len(rows) - _MOST_ROWS),
        more_ucpt=sum(row.earned_ucpt for row in rows[_MOST_ROWS:]),
        run_ms=at_ms,
        earned_ucpt=found.earned_ucpt,
        fee_percent=rule.fee_millionths / 10_000,
        fee_ucpt=fee(found.earned_ucpt, rule),
        version=rule.version,
    )


def _row(tick: Tick, at_ms: int, tenths: int, earned_ucpt: int) -> TickRow:
    return TickRow(
        from_ms=at_ms,
        to_ms=at_ms + tick.duration_ms,
        cpu=hundredths(tick.cpu_percent) / 100,
        memory=hundredths(tick.memory_percent) / 100,
        gpu=hundredths(tick.gpu_percent) / 100,
        minutes=tick.duration_ms / _MINUTE_MS,
        factor=tenths / 10,
        earned_ucpt=earned_ucpt,
    )
