"""Charts as SVG paths, made by the server: they print, need no script, and a table stands behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from master_app.ports.page_reads import DayOfMoney, RunRow

WIDTH: Final = 400
HEIGHT: Final = 72
_SLOTS: Final = 80
_FEWEST_SLOTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series: a path for the line, one for the area or band under it, and its last value."""

    path: str
    area: str
    last: float | None
    top: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU (share of what was reserved, percent) and memory of one part over time."""

    from_ms: int
    to_ms: int
    cpu: Line
    memory: Line
    memory_limit_bytes: int
    gpu: Line | None
    #: For the table behind the chart: (time, CPU %, memory bytes or None).
    rows: tuple[tuple[int, float, float], ...]


def usage_of(runs: Sequence[RunRow]) -> Usage | None:
    """Lay the ticks of runs side by side in time: medians over what ran at once; a gap stays a gap."""
    samples: list[tuple[int, float, float, float]] = []
    limit = 0
    for run in runs:
        at_ms = run.started_ms
        limit = max(limit, run.memory_bytes)
        for tick in run.ticks:
            at_ms += tick.duration_ms
            memory = run.memory_bytes * tick.memory_percent / 100
            samples.append((at_ms, tick.cpu_percent, memory, tick.gpu_percent))
    if len(samples) < 2:
        return None
    first, last = min(s[0] for s in samples), max(s[0] for s in samples)
    span = max(1, last - first)
    count = max(_FEWEST_SLOTS, min(_SLOTS, len(samples) // 3))
    slots: list[list[tuple[float, float, float]]] = [[] for _ in range(count)]
    for at_ms, cpu, memory, gpu in samples:
        slots[min(count - 1, (at_ms - first) * count // span)].append((cpu, memory, gpu))
    cpu_line = [median(s[0] for s in slot) if slot else None for slot in slots]
    memory_line = [median(s[1] for s in slot) if slot else None for slot in slots]
    gpu_line = [median(s[2] for s in slot) if slot else None for slot in slots]
    has_gpu = any(value for value in gpu_line if value)
    rows = [
        (first + number * span // count, cpu_line[number] or 0.0, memory_line[number] or 0.0)
        for number, slot in enumerate(slots)
        if slot
    ]
    return Usage(
        from_ms=first,
        to_ms=last,
        cpu=line_of(cpu_line, 100.0),
        memory=line_of(memory_line, float(max(limit, 1))),
        memory_limit_bytes=limit,
        gpu=line_of(gpu_line, 100.0) if has_gpu else None,
        rows=tuple(rows),
    )


def line_of(values: Sequence[float | None], top: float, width: int = WIDTH, height: int = HEIGHT) -> Line:
    """Return a line over the whole width; what is much longer empty than usual stays a gap."""
    points = [(number, value) for number, value in enumerate(values) if value is not None]
    step = width / max(1, len(values) - 1)
    if len(points) == 1:
        # All of it came in one moment: a level, not a course.
        y = height - min(1.0, points[0][1] / top) * height
        return Line(
            path=f"M0 {y:.1f}H{width}", area=f"M0 {height}V{y:.1f}H{width}V{height}z", last=points[0][1], top=top
        )
    places = [number for number, _ in points]
    spacing = [later - earlier for earlier, later in pairwise(places)]
    widest = max(4.0, 3 * median(spacing)) if spacing else 4.0
    path, area = [], []
    start: float | None = None
    previous: int | None = None
    x = 0.0
    for number, value in points:
        x, y = number * step, height - min(1.0, value / top) * height
        if previous is None or number - previous > widest:
            if start is not None:
                area.append(f"V{height}H{start:.1f}z")
            path.append(f"M{x:.1f} {y:.1f}")
            area.append(f"M{x:.1f} {height}V{y:.1f}")
            start = x
        else:
            path.append(f"L{x:.1f} {y:.1f}")
            area.append(f"L{x:.1f} {y:.1f}")
        previous = number
    if start is not None:
        area.append(f"V{height}H{start:.1f}z")
    return Line(path="".join(path), area="".join(area), last=points[-1][1] if points else None, top=top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of money: heights of both bars in a box of 100."""

    day: int
    spent_ucpt: int
    earned_ucpt: int
    spent: float
    earned: float
    is_today: bool


def bars_of(days: Sequence[DayOfMoney], today: int, count: int) -> tuple[tuple[Bar, ...], int]:
    """Return `count` days up to today, and the round amount at the top of the scale."""
    known = {each.day: each for each in days}
    wanted = range(today - count + 1, today + 1)
    highest = max([max(d.spent_ucpt, d.earned_ucpt) for d in days if d.day in wanted] or [0])
    top = _round_up(max(highest, 1_000_000))
    bars = []
    for day in wanted:
        found = known.get(day)
        spent, earned = (found.spent_ucpt, found.earned_ucpt) if found else (0, 0)
        bars.append(
            Bar(
                day=day,
                spent_ucpt=spent,
                earned_ucpt=earned,
                spent=100 * spent / top,
                earned=100 * earned / top,
                is_today=day == today,
            )
        )
    return tuple(bars), top


def _round_up(value: int) -> int:
    base = 1_000_000
    while True:
        for factor in (1, 2, 5):
            if value <= base * factor:
                return base * factor
        base *= 10
