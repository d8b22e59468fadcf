"""What the sources found out about the computer at one moment: the input of the owner's rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """None: it could not be found out. Each reading fails alone."""

    #: Seconds since the last input of a person.
    idle_s: float | None = None
    #: Which source answered; empty: none did.
    idle_source: str = ""
    on_battery: bool | None = None
    metered: bool | None = None
    hottest_c: float | None = None
    heat_source: str = ""
    full_screen: bool | None = None
    #: Names of running programs, in lower case and without `.exe`; asked only when the rules name some.
    programs: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What must be there before rules matter at all."""

    engine_ok: bool = True
    engine_problem: str = ""
    disk_ok: bool = True
    is_connected: bool = True
    latency_ms: int = -1
    #: What the master says of why nothing is offered.
    notice: str = ""
    has_gpu: bool = False
    #: Owner and image of each attempt that is here.
    at_work: tuple[tuple[str, str], ...] = ()
