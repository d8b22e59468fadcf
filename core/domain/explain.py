"""Why a node does not take a task, and how well the others suit it, as values that every face shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The first rule of a node that a task does not meet. `needed` and `available` carry the same unit."""

    rule: str
    needed: str
    available: str
    #: True when waiting cannot change it: this node could never take this task as it is.
    permanent: bool = False

    def __str__(self) -> str:
        return f"{self.rule}: needs {self.needed}, has {self.available}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a node suits a task; the lowest total wins. `parts` add up to it, in the order they count."""

    total: float
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVerdict:
    """One row of "why waiting": a node, and either its first refusal or its score."""

    node_id: str
    node_name: str
    refusal: Refusal | None = None
    score: Score | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyWaiting:
    """Why a task does not run (more), for a person. `cheapest_change` is empty when nothing helps."""

    summary: str
    verdicts: tuple[NodeVerdict, ...] = ()
    cheapest_change: str = ""
    #: The same as a field of a manifest and its value, where it is one: ("memory_gb", "3.0").
    change: tuple[str, str] | None = None
    #: No enrolled node could ever take it.
    impossible: bool = False
