"""What the owner's profile leaves of the limits of the settings file. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from core.domain.images import image_allowed
from core.domain.lending import LendingRules
from core.domain.resources import GIB
from worker_app.agent.owner_rules import Decision
from worker_app.agent.probe import Limits

#: No owner and no image is called so: a list that allows nothing, where an empty one allows everything.
NOTHING: Final = "-"


def limited(base: Limits, rules: LendingRules | None, decision: Decision | None) -> Limits:
    """Return the limits that hold now: the smaller of both, never more than the settings file allows.

    While nothing may run, they are those of being away, so that the node's facts do not flicker with its owner.
    """
    if rules is not None:
        base = replace(base, owners_blocked=rules.owners_blocked)
    if rules is None or decision is None or decision.profile is None:
        return base
    profile = decision.profile
    return replace(
        base,
        slots=_least(base.slots, profile.slots),
        cpu_millis=_least(base.cpu_millis, int(profile.cpu_cores * 1000)),
        memory_bytes=_least(base.memory_bytes, int(profile.memory_gb * GIB)),
        disk_bytes=_least(base.disk_bytes, int(rules.disk_gb * GIB)),
        images_allowed=_narrowed(base.images_allowed, rules.images_allowed, image_allowed),
        owners_allowed=_narrowed(base.owners_allowed, rules.owners_allowed, lambda one, of: one in of),
    )


def _narrowed(
    base: tuple[str, ...], wanted: tuple[str, ...], allows: Callable[[str, tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """Return the owner's list within that of the settings file; an empty one of either allows everything."""
    if not base or not wanted:
        return wanted or base
    return tuple(one for one in wanted if one in base or allows(one, base)) or (NOTHING,)


def _least(base: int, wanted: int) -> int:
    return min(base, wanted) if base and wanted else base or wanted
