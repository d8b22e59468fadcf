"""What each owner has used lately: who used least goes first among tasks of one priority."""

from __future__ import annotations

from master_app.scheduling.pool import Pool
from master_app.scheduling.settings import SchedulingSettings

#: Use below this (in core-milliseconds) is forgotten.
_NOTHING = 1.0


def charge(
    pool: Pool, owner_id: str, core_ms: int, now_ms: int, settings: SchedulingSettings | None = None
) -> None:
    """Add what an ended attempt used to its owner's decayed use, undoably."""
    before = pool.owner_use.get(owner_id)
    half_life_s = (settings or SchedulingSettings()).half_life_s
    pool.owner_use[owner_id] = (_decayed(before, now_ms, half_life_s) + core_ms, now_ms)

    def reverse() -> None:
        if before is None:
            pool.owner_use.pop(owner_id, None)
        else:
            pool.owner_use[owner_id] = before

    pool.undo(reverse)


def share_of(pool: Pool, owner_id: str, now_ms: int, settings: SchedulingSettings) -> float:
    """Return decayed use plus what runs now, in core-milliseconds; the lowest goes first."""
    used = _decayed(pool.owner_use.get(owner_id), now_ms, settings.half_life_s)
    return used + pool.owner_cpu_millis.get(owner_id, 0) * settings.running_weight_s


def _decayed(use: tuple[float, int] | None, now_ms: int, half_life_s: int) -> float:
    if use is None:
        return 0.0
    core_ms, at_ms = use
    left = core_ms * 0.5 ** (max(0, now_ms - at_ms) / (half_life_s * 1000))
    return float(left) if left > _NOTHING else 0.0
