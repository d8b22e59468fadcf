"""What the person at a computer lets tasks use, and when: the rules as a value, their presets, and the switch.

The rules are decided by the agent; faces only show and edit them. A week is 168 letters, one an hour of local
time from Monday 00:00: `r` rest, `a` when away, `f` full.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Final

HOURS: Final = 168
REST: Final = "r"
WHEN_AWAY: Final = "a"
FULL: Final = "f"
MAX_PROGRAMS: Final = 100
#: Entries of a list of images or of owners.
MAX_LISTED: Final = 200
DUTIES: Final = (100, 75, 50, 25)
#: A pause without an end.
UNTIL_RESUMED: Final = -1


class Situation(StrEnum):
    """What the computer is used for at the moment."""

    IN_USE = "in_use"
    AWAY = "away"
    GAMING = "gaming"


class OnEnter(StrEnum):
    """What becomes of running work when a situation begins."""

    KEEP = "keep"
    THROTTLE = "throttle"
    FREEZE = "freeze"
    FINISH = "finish"
    STOP = "stop"


class Preset(StrEnum):
    QUIET = "quiet"
    BALANCED = "balanced"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What tasks may use in one situation. No slots: nothing runs; cores and memory are of all slots."""

    cpu_cores: float = 0.0
    memory_gb: float = 0.0
    gpu: bool = False
    slots: int = 0
    on_enter: OnEnter = OnEnter.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingRules:
    """All that the owner decided, apart from the switch and the pauses."""

    preset: Preset = Preset.BALANCED
    in_use: Profile = field(default_factory=lambda: Profile(on_enter=OnEnter.FREEZE))
    away: Profile = field(default_factory=Profile)
    gaming: Profile = field(default_factory=lambda: Profile(on_enter=OnEnter.STOP))
    #: Without input for this long, the computer counts as away.
    idle_minutes: int = 10
    week: str = WHEN_AWAY * HOURS
    #: True: nothing runs then.
    not_on_battery: bool = True
    not_on_metered: bool = True
    #: 0: no ceiling.
    ceiling_c: int = 85
    #: A full-screen program counts as a game.
    full_screen: bool = True
    #: Names of programs that count as games.
    programs: tuple[str, ...] = ()
    disk_gb: float = 40.0
    #: Empty: any that the pool allows. Work that runs is not ended by a list; it is only not offered again.
    images_allowed: tuple[str, ...] = ()
    owners_allowed: tuple[str, ...] = ()
    owners_blocked: tuple[str, ...] = ()
    #: Where no temperature can be read: the share of the lent cores that may be busy. 100: all of them.
    duty_percent: int = 100

    def __post_init__(self) -> None:
        if len(self.week) != HOURS or set(self.week) - {REST, WHEN_AWAY, FULL}:
            raise ValueError("a week is 168 letters of r, a and f")
        numbers = [self.idle_minutes, self.ceiling_c, self.disk_gb]
        for profile in (self.in_use, self.away, self.gaming):
            numbers += [profile.cpu_cores, profile.memory_gb, profile.slots]
        if min(numbers) < 0:
            raise ValueError("no limit is negative")
        if not 10 <= self.duty_percent <= 100:
            raise ValueError("the duty is 10 to 100 percent")
        if len(self.programs) > MAX_PROGRAMS:
            raise ValueError(f"at most {MAX_PROGRAMS} programs")
        if max(len(self.images_allowed), len(self.owners_allowed)) > MAX_LISTED:
            raise ValueError(f"at most {MAX_LISTED} entries in a list")

    def profile(self, situation: Situation) -> Profile:
        profile: Profile = getattr(self, situation.value)
        return profile


def preset_rules(preset: Preset, *, cores: int, memory_gb: float) -> LendingRules:
    """Return the rules of a preset for a computer of this size."""
    slots = max(1, min(4, cores // 4))
    if preset is Preset.QUIET:
        half = Profile(cpu_cores=max(1, cores // 2), memory_gb=_share(memory_gb, 0.5), slots=slots)
        return LendingRules(
            preset=preset,
            in_use=Profile(on_enter=OnEnter.STOP),
            away=half,
            idle_minutes=30,
        )
    if preset is Preset.BALANCED:
        return LendingRules(
            preset=preset,
            # Memory without cores: what frozen work may go on holding.
            in_use=Profile(memory_gb=_share(memory_gb, 0.125), on_enter=OnEnter.FREEZE),
            away=Profile(cpu_cores=max(1, cores * 3 // 4), memory_gb=_share(memory_gb, 0.625), slots=slots),
            idle_minutes=10,
        )
    return LendingRules(
        preset=preset,
        in_use=Profile(
            cpu_cores=min(2, cores), memory_gb=_share(memory_gb, 0.25), slots=1, on_enter=OnEnter.THROTTLE
        ),
        away=Profile(cpu_cores=cores, memory_gb=_share(memory_gb, 0.875), gpu=True, slots=slots),
        idle_minutes=5,
        week=FULL * HOURS,
    )


def _share(memory_gb: float, part: float) -> float:
    return max(1.0, float(int(memory_gb * part)))


def changed(rules: LendingRules, base: LendingRules) -> tuple[str, ...]:
    """Return the names of the settings in which the two differ, profiles field by field."""
    found: list[str] = []
    for one in fields(LendingRules):
        mine, theirs = getattr(rules, one.name), getattr(base, one.name)
        if isinstance(mine, Profile):
            inner = [
                f"{one.name}.{f.name}" for f in fields(Profile) if getattr(mine, f.name) != getattr(theirs, f.name)
            ]
            found += inner
        elif mine != theirs and one.name != "owners_blocked":
            found.append(one.name)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What the owner said with the switch and the pauses; kept over restarts of everything."""

    is_on: bool = True
    #: Wall clock; 0: not paused, UNTIL_RESUMED: no end.
    paused_until_ms: int = 0
    paused_since_ms: int = 0
    gpu_paused: bool = False
    #: Take nothing new; pause once nothing runs.
    finish_then_pause: bool = False
    #: Idle time does not count until the next input.
    started_by_hand: bool = False

    def is_paused(self, now_ms: int) -> bool:
        return self.paused_until_ms == UNTIL_RESUMED or now_ms < self.paused_until_ms

    def paused(self, now_ms: int, seconds: int) -> Switch:
        """Pause for `seconds` from now (UNTIL_RESUMED: no end); an earlier pause is replaced, never added to."""
        until = UNTIL_RESUMED if seconds == UNTIL_RESUMED else now_ms + seconds * 1000
        return replace(
            self,
            paused_until_ms=until,
            paused_since_ms=now_ms,
            finish_then_pause=False,
            started_by_hand=False,
        )

    def longer(self, now_ms: int, seconds: int) -> Switch:
        """Move the end of a timed pause; without one, begin it."""
        if self.paused_until_ms == UNTIL_RESUMED:
            return self
        if not self.is_paused(now_ms):
            return self.paused(now_ms, seconds)
        return replace(self, paused_until_ms=self.paused_until_ms + seconds * 1000)

    def resumed(self) -> Switch:
        return replace(self, paused_until_ms=0, paused_since_ms=0, finish_then_pause=False)
