"""Lifecycles as tables: what may follow what, and why. A table draws its own diagram for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from core.domain.errors import InvalidTransition

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Edge(Generic[S]):
    """One lawful change, and the words for when it happens."""

    source: S
    target: S
    when: str


class Table(Generic[S]):
    """The lawful changes of one kind of state. Immutable after construction."""

    def __init__(self, name: str, states: type[S], initial: Iterable[S], edges: Iterable[Edge[S]]) -> None:
        self.name = name
        self.states = states
        self.initial = tuple(initial)
        self.edges = tuple(edges)
        self._targets: Mapping[S, frozenset[S]] = {
            state: frozenset(edge.target for edge in self.edges if edge.source is state) for state in states
        }
        reached = {*self.initial, *(edge.target for edge in self.edges)}
        missing = [state for state in states if state not in reached]
        if missing:
            raise ValueError(f"{name}: nothing leads to {missing}")

    def allows(self, source: S, target: S) -> bool:
        """Tell whether `source` may become `target`. Staying the same is not a change and is not allowed."""
        return target in self._targets[source]

    def check(self, source: S, target: S, what: str) -> S:
        """Return `target`, or raise InvalidTransition naming `what`."""
        if target not in self._targets[source]:
            raise InvalidTransition(f"{self.name} {what} cannot go from {source.value} to {target.value}")
        return target

    def targets(self, source: S) -> frozenset[S]:
        """Return all states that may follow `source`; empty for a terminal state."""
        return self._targets[source]

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram, the same text each time."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {state.value}" for state in self.initial]
        lines += [f"    {edge.source.value} --> {edge.target.value}: {edge.when}" for edge in self.edges]
        lines += [f"    {state.value} --> [*]" for state in self.states if not self._targets[state]]
        return "\n".join(lines) + "\n"
