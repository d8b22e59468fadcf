"""Runs that were begun in vain: each must have a fault that explains it, and small faults explain none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.domain.attempt import AttemptState
from core.domain.events import AttemptEnded

#: Out of reach for less than this in all, within `WINDOW_MS`, a node keeps its work: the shortest lease is 60 s, a
#: report is due every 20 s, and an agent looks for the master again at once.
BEARABLE_MS = 20_000
WINDOW_MS = 180_000
_VAIN = (AttemptState.LOST, AttemptState.FAILED, AttemptState.REJECTED)


@dataclass(slots=True)
class Outage:
    """From when until when the master and a node could not speak; every node when it has no name."""

    node_id: str
    begins: int
    ends: int


@dataclass
class Waste:
    """What was begun, what hit it, and how it ended."""

    outages: list[Outage] = field(default_factory=list)
    #: Moments at which work was taken from a node by force: engine lost, reboot, revoked.
    blows: list[tuple[str, int]] = field(default_factory=list)
    #: Nodes that two computers say they are.
    lawless: set[str] = field(default_factory=set)
    #: Attempts that took their sandbox with them.
    doomed: set[str] = field(default_factory=set)
    began: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def outage(self, node_id: str, now: int, for_ms: float) -> None:
        self.outages.append(Outage(node_id, now, now + round(for_ms)))

    def blow(self, node_id: str, now: int) -> None:
        self.blows.append((node_id, now))

    def run_began(self, attempt_id: str, now: int) -> None:
        self.began.setdefault(attempt_id, now)

    def ended(self, fact: AttemptEnded, now: int, failure_class: str) -> str:
        """Judge an attempt that ended; return words when nothing explains that its run was in vain."""
        began = self.began.get(fact.attempt_id)
        self.counts["ended"] += 1
        if began is None or fact.state not in _VAIN or failure_class not in ("", "infra"):
            return ""
        self.counts["in vain"] += 1
        if (
            fact.attempt_id in self.doomed
            or fact.node_id in self.lawless
            or self._hit(fact.node_id, began, now)
            or self._out_of_reach(fact.node_id, now) >= BEARABLE_MS
        ):
            return ""
        self.counts["unexplained"] += 1
        why = f"{fact.state} {fact.reason}".strip()
        return f"{fact.attempt_id[-6:]} ran in vain on {fact.node_id} ({why}) and no fault explains it"

    def is_hit(self, node_id: str, since: int, now: int) -> bool:
        """Tell whether anything befell a node, or the master, between two moments."""
        names = ("", node_id)
        return any(one in names and since <= at <= now for one, at in self.blows) or any(
            one.node_id in names and one.begins <= now and one.ends >= since for one in self.outages
        )

    def _hit(self, node_id: str, began: int, now: int) -> bool:
        return any(one in ("", node_id) and began - WINDOW_MS <= at <= now for one, at in self.blows)

    def _out_of_reach(self, node_id: str, now: int) -> int:
        """Return for how long it was, within the window before now."""
        total, reached = 0, now - WINDOW_MS
        for outage in sorted(self.outages, key=lambda one: one.begins):
            if outage.node_id in ("", node_id):
                begins, ends = max(outage.begins, reached), min(outage.ends, now)
                if ends > begins:
                    total += ends - begins
                    reached = ends
        return total
