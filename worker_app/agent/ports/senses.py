"""The port of what can be sensed of a computer and of the person at it."""

from __future__ import annotations

from typing import Protocol

from worker_app.agent.conditions import Conditions


class IdleSource(Protocol):
    """One way to learn how long nobody has touched keyboard or pointer."""

    @property
    def name(self) -> str:
        """Name it for people, as the system does: `GetLastInputInfo`, `org.gnome.Mutter.IdleMonitor`."""
        ...

    def idle_s(self) -> float | None:
        """Return the seconds since the last input; None: this source cannot say. Bounded in time, never raises."""
        ...


class Senses(Protocol):
    """All readings at once. Blocks for as long as the slowest source: never call it on the loop."""

    def read(self, *, programs: bool) -> Conditions:
        """Return what can be found out now. `programs`: list running programs, which costs more than the rest."""
        ...
