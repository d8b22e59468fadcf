"""Simulated time: one heap of events, machines with clocks of their own, and programs that can be killed.

Nothing here waits: `Kernel.step` takes the next event and moves the true time to it. The same seed gives the same
run, to the last event.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from typing import Any

START_WALL_MS = 1_767_225_600_000
Event = Callable[[], object]


class Kernel:
    """True time, chance and the record of what happened."""

    def __init__(self, seed: int, *, keep: int = 4000) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.now = 0
        self.steps = 0
        #: A rule that was found broken where nobody could be told.
        self.broken: Exception | None = None
        self._count = 0
        self._heap: list[tuple[int, int, Event, Life | None, Machine | None]] = []
        self._record: deque[tuple[int, str, tuple[Any, ...]]] = deque(maxlen=keep)

    def after(
        self, delay_ms: float, event: Event, machine: Machine | None = None, life: Life | None = None
    ) -> None:
        """Let something happen in so much true time; on a machine that sleeps then, when it wakes; not at all when
        the life that it belongs to is over.
        """
        self._count += 1
        heapq.heappush(self._heap, (self.now + max(0, round(delay_ms)), self._count, event, life, machine))

    def step(self) -> None:
        """Let the next event happen."""
        self.now, _, event, life, machine = heapq.heappop(self._heap)
        self.steps += 1
        if machine is not None and machine.asleep:
            machine.put_off(event, life)
        elif life is None or life.alive:
            event()
        if self.broken is not None:
            raise self.broken

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def note(self, words: str, *values: Any) -> None:
        """Record a fact; it is put into words only when somebody reads it."""
        self._record.append((self.now, words, values))

    def story(self, last: int = 4000) -> str:
        """Return the newest facts, one a line."""
        lines = list(self._record)[-last:]
        return "\n".join(f"{at / 1000:10.3f}  {words.format(*values)}" for at, words, values in lines)


class Machine:
    """A computer: its clocks run a little wrong, and nothing happens on it while it sleeps."""

    def __init__(self, kernel: Kernel, name: str, *, rate: float = 1.0, wall_offset_ms: int = 0) -> None:
        self.kernel = kernel
        self.name = name
        self.rate = rate
        self.asleep = False
        #: True time at which it last woke.
        self.woke_at = -(10**9)
        self._steady_base = kernel.random.randrange(10**9)
        self._wall_base = START_WALL_MS + wall_offset_ms
        self._put_off: list[tuple[Event, Life | None]] = []

    def steady_ms(self) -> int:
        """Counts sleep, as CLOCK_BOOTTIME does."""
        return self._steady_base + int(self.kernel.now * self.rate)

    def wall_ms(self) -> int:
        return self._wall_base + int(self.kernel.now * self.rate)

    def set_clock(self, by_ms: int) -> None:
        """Somebody, or a time server, puts the wall clock elsewhere."""
        self._wall_base += by_ms

    def reboot(self) -> None:
        """Its steady clock starts anew."""
        self._steady_base = -int(self.kernel.now * self.rate) + self.kernel.random.randrange(60_000)

    def after(self, delay_ms: float, event: Event) -> None:
        """Let something happen in so much time of this machine; while it sleeps nothing does."""
        self.kernel.after(delay_ms / self.rate, event, self)

    def put_off(self, event: Event, life: Life | None) -> None:
        """Its time came while this machine slept."""
        self._put_off.append((event, life))

    def sleep(self) -> None:
        self.asleep = True

    def wake(self) -> None:
        """Everything whose time came meanwhile happens now, in the order of its time."""
        self.asleep = False
        self.woke_at = self.kernel.now
        put_off, self._put_off = self._put_off, []
        for event, life in put_off:
            self.kernel.after(0, event, self, life)


class Life:
    """One run of a program on a machine. What it was going to do dies with it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.alive = True

    def after(self, delay_ms: float, event: Event) -> None:
        self.machine.kernel.after(delay_ms / self.machine.rate, event, self.machine, self)

    def end(self) -> None:
        self.alive = False
