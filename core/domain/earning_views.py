"""What a computer earned, as its owner is shown it. Shapes without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.resources import Resources
from core.domain.rewards import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningRow:
    """One attempt of this computer and what it earned."""

    attempt_id: str
    task_name: str = ""
    index: int = 0
    owner_name: str = ""
    state: str = ""
    #: running, pending (ended, not posted yet), posted, unpaid.
    money: str = ""
    reason: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    ran_ms: int = 0
    resources: Resources = field(default_factory=Resources)
    ucpt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningDay:
    """One local day. `why`: the reason of a day without earnings."""

    day: str
    posted_ucpt: int = 0
    pending_ucpt: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """Figures, days and a page of rows."""

    today_ucpt: int = 0
    yesterday_ucpt: int = 0
    week_ucpt: int = 0
    month_ucpt: int = 0
    all_ucpt: int = 0
    pending_ucpt: int = 0
    receipts: int = 0
    since_ms: int = 0
    days_paused: int = 0
    days: tuple[EarningDay, ...] = ()
    rows: tuple[EarningRow, ...] = ()
    next: str = ""
    total: int = 0
    #: Only with 14 days of own history: a range for the next 7 days, by the last `forecast_days`.
    forecast_low_ucpt: int = 0
    forecast_high_ucpt: int = 0
    forecast_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How one amount came about, and whether the posted one agrees with it."""

    row: EarningRow
    ticks: tuple[Tick, ...] = ()
    tenths: tuple[int, ...] = ()
    #: Of the rule: its version and its rates in micro-CPT.
    rule_version: int = 0
    cpu_ucpt: int = 0
    memory_ucpt: int = 0
    gpu_ucpt: int = 0
    bonus_ucpt: int = 0
    fee_millionths: int = 0
    #: Milliseconds at each multiplier, in tenths.
    spans: Mapping[str, int] = field(default_factory=dict)
    base_minute_ucpt: int = 0
    multiplied_ucpt: int = 0
    gpu_bonus_ucpt: int = 0
    gpu_percent: float = 0.0
    computed_ucpt: int = 0
    #: Negative: the master has not said yet.
    posted_ucpt: int = -1
    receipt: int = 0
