"""What is done to a running pool: kill -9, a quick restart, cuts, silence in one direction; one at a time each."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.network import Network
from tests.support.pool import Pool


@dataclass(frozen=True, slots=True)
class Blow:
    at_s: float
    kind: str
    target: str
    for_s: float


@dataclass
class Blows:
    """Deals blows until `stop`. Each program has at most one at a time; several programs may suffer at once."""

    pool: Pool
    network: Network
    owner: str
    random: random.Random
    #: The shortest and longest time between two.
    every_s: tuple[float, float] = (2.0, 6.0)
    #: The longest cut or silence.
    longest_s: float = 15.0
    dealt: list[Blow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: How long the master took from its start to its ready line, each time.
    restarts_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._over = threading.Event()
        self._suffering: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._deal, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Deal no more; return when everything is up again and every link is whole."""
        self._over.set()
        self._thread.join()
        for thread in self._suffering.values():
            thread.join()

    def _deal(self) -> None:
        while not self._over.wait(self.random.uniform(*self.every_s)):
            free = [
                name
                for name in ("master", *self.network.agents)
                if name not in self._suffering or not self._suffering[name].is_alive()
            ]
            if not free:
                continue
            target = self.random.choice(free)
            kinds = (
                ["kill", "kill"] if target == "master" else ["kill", "kill", "quit", "cut", "cut", "deaf", "mute"]
            )
            kind, for_s = self.random.choice(kinds), self.random.uniform(1.0, self.longest_s)
            if kind in ("kill", "quit"):
                for_s = min(for_s, 4.0)
            self.dealt.append(Blow(time.monotonic() - self._began, kind, target, for_s))
            thread = threading.Thread(target=self._suffer, args=(kind, target, for_s), daemon=True)
            self._suffering[target] = thread
            thread.start()

    def _suffer(self, kind: str, target: str, for_s: float) -> None:
        try:
            self._blow(kind, target)(for_s)
        except Exception as error:
            self.problems.append(f"{kind} of {target}: {error}")

    def _blow(self, kind: str, target: str) -> Callable[[float], None]:
        if kind in ("kill", "quit"):
            return lambda for_s: self._restart(target, for_s, politely=kind == "quit")
        return lambda for_s: self._disturb(kind, target, for_s)

    def _restart(self, target: str, for_s: float, *, politely: bool) -> None:
        program = self.pool.master if target == "master" else self.pool.agents[target]
        assert program is not None
        program.stop() if politely else program.kill()
        time.sleep(for_s)
        if target == "master":
            began = time.monotonic()
            self.pool.start_master()
            self.restarts_s.append(time.monotonic() - began)
        else:
            # Not waited for: whether and when it gets through to the master is what is being tried.
            self.pool.start_agent(target, self.owner)

    def _disturb(self, kind: str, target: str, for_s: float) -> None:
        if kind == "cut":
            self.network.cut(target)
        else:
            self.network.silence(target, incoming=kind == "deaf")
        self._over.wait(for_s)
        self.network.mend(target)
