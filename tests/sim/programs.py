"""What the programs of a pool do, as plans of their sandboxes."""

from __future__ import annotations

import random
from typing import Final

from tests.sim.engine import Ending, Plan

_ENDINGS: Final = {
    "fail": Ending(exit_code=1),
    "retry": Ending(exit_code=75),
    "oom": Ending(exit_code=137, oom_killed=True),
    "checkpoint": Ending(exit_code=85),
    "dirty": Ending(dirty=True),
}
_KINDS: Final = ("fail", "retry", "oom", "checkpoint", "checkpoint", "dirty", "lost", "long", "long")


def plan_of(chance: random.Random, style: str, mischief: float, pace: float) -> Plan:
    """Return what one run will do. Styles: calm, any, long, endless, middling, checkpoint."""
    if style == "checkpoint" and chance.random() < 0.7:
        return Plan(duration_ms=chance.randrange(5_000, 40_000), ending=_ENDINGS["checkpoint"])
    if style == "endless":
        return Plan(duration_ms=chance.randrange(400_000, 900_000))
    if style == "middling":
        return Plan(duration_ms=chance.randrange(10_000, 60_000))
    if style in ("checkpoint", "long"):
        return Plan(duration_ms=chance.randrange(30_000, 600_000))
    if style == "calm" or chance.random() > mischief:
        return Plan(duration_ms=int(chance.expovariate(1 / 15_000) * pace**2) + 1)
    kind = chance.choice(_KINDS)
    duration_ms = int(chance.expovariate(1 / 20_000) * pace) + 20
    if kind == "lost":
        return Plan(duration_ms=duration_ms, loses_sandbox=True)
    if kind == "long":
        return Plan(duration_ms=chance.randrange(60_000, 600_000))
    return Plan(duration_ms=duration_ms, ending=_ENDINGS[kind])
