"""What a pool's operator may set of scheduling, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Fill(StrEnum):
    """Which of two equally suited nodes is taken."""

    #: The one with fewer attempts in its slots: short waits, cool machines.
    SPREAD = "spread"
    #: The fullest: others stay empty for big tasks, or asleep. Outweighs the load rule, because it was asked for.
    PACK = "pack"


@dataclass(slots=True, kw_only=True)
class CoreQuotas:
    """Cores in thousandths that live attempts may reserve at once; 0: not limited.

    The one part that changes while the pool runs: after the commit that says so, on the writer's thread alone.
    """

    owners: dict[str, int] = field(default_factory=dict)
    #: Of an owner who is not named.
    default_millis: int = 0
    #: Of all owners together.
    pool_millis: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulingSettings:
    fill: Fill = Fill.SPREAD
    #: After this time an owner's past use counts half.
    half_life_s: int = 6 * 3600
    #: A running core counts as if it had been used this long already, so that long attempts weigh before they end.
    running_weight_s: int = 600
    #: A task whose next subtask found no node for this long reserves its best node.
    starvation_s: int = 300
    #: At most this many nodes are reserved at a time, and never more than half of them (but one may be).
    max_claims: int = 8
    quotas: CoreQuotas = field(default_factory=CoreQuotas)
    #: Nodes looked at exactly for one task; of more, the least loaded and a rotating sample are.
    exact_nodes: int = 64
    #: Tasks looked at in one call that found no node, before placement gives up until the next call.
    max_blocked_tasks: int = 512

    def quota_of(self, owner_id: str) -> int:
        """Thousandths of cores that this owner may have reserved at once; 0: not limited."""
        return self.quotas.owners.get(owner_id, self.quotas.default_millis)
