"""The weekly grid in local time: which cell holds, until when, and what lies ahead. Right over clock changes.

An hour that local time skips is never met; one that it repeats counts twice. Every zone of the world shifts by
whole quarters of an hour, so looking at each quarter misses nothing.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from core.domain.agent_views import Span
from core.domain.lending import HOURS

_QUARTER_MS: Final = 15 * 60 * 1000
_DAY_MS: Final = 24 * 3600 * 1000


def cell_at(week: str, at_ms: int, zone: tzinfo | None = None) -> str:
    """Return the cell of a moment; `zone` None is that of this computer."""
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return week[local.weekday() * 24 + local.hour]


def holds_until(week: str, at_ms: int, zone: tzinfo | None = None) -> int:
    """Return when the cell changes next, 0 when it never does."""
    cell = cell_at(week, at_ms, zone)
    if week == cell * HOURS:
        return 0
    moment = at_ms - at_ms % _QUARTER_MS
    # A week and a day: the changed hour may be the very one that local time skips this week.
    for _ in range(8 * 24 * 4):
        moment += _QUARTER_MS
        if cell_at(week, moment, zone) != cell:
            return moment
    return 0


def ahead(week: str, from_ms: int, zone: tzinfo | None = None) -> tuple[Span, ...]:
    """Return the next 24 hours as stretches of one cell each."""
    spans: list[Span] = []
    end = from_ms + _DAY_MS
    at = from_ms
    while at < end:
        until = holds_until(week, at, zone) or end
        spans.append(Span(from_ms=at, to_ms=min(until, end), cell=cell_at(week, at, zone)))
        at = until
    return tuple(spans)
