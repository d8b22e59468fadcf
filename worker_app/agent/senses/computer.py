"""All senses of this computer together."""

from __future__ import annotations

from typing import Final

from worker_app.agent.conditions import Conditions
from worker_app.agent.senses import power, screen
from worker_app.agent.senses.bus import Bus
from worker_app.agent.senses.idle import IdleChain, sources

#: Idle time and full screen are asked each second; the rest changes slowly and costs more.
_SLOW_EVERY: Final = 5


class ComputerSenses:
    """Implements `ports.senses.Senses`. One thread at a time."""

    def __init__(self) -> None:
        session, system = Bus("SESSION"), Bus("SYSTEM")
        self._system = system
        self._idle = IdleChain(sources(session, system))
        self._screen = screen.FullScreen()
        self._calls = 0
        self._battery: bool | None = None
        self._metered: bool | None = None
        self._heat: tuple[float | None, str] = (None, "")
        self._programs: frozenset[str] | None = None

    def read(self, *, programs: bool) -> Conditions:
        if self._calls % _SLOW_EVERY == 0:
            self._battery = power.on_battery()
            self._metered = power.metered(self._system)
            self._heat = power.hottest()
            self._programs = screen.programs() if programs else None
        self._calls += 1
        idle_s = self._idle.idle_s()
        return Conditions(
            idle_s=idle_s,
            idle_source=self._idle.source,
            on_battery=self._battery,
            metered=self._metered,
            hottest_c=self._heat[0],
            heat_source=self._heat[1],
            full_screen=self._screen.now(),
            programs=self._programs,
        )
