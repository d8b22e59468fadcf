"""What the owner's profile leaves of the limits of the settings file. Pure."""

from __future__ import annotations

from dataclasses import replace

from core.domain.lending import LendingRules
from core.domain.resources import GIB
from worker_app.agent.owner_rules import Decision
from worker_app.agent.probe import Limits


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
        images_allowed=rules.images_allowed or base.images_allowed,
        owners_allowed=rules.owners_allowed or base.owners_allowed,
    )


def _least(base: int, wanted: int) -> int:
    return min(base, wanted) if base and wanted else base or wanted
