"""The container engine of one machine: sandboxes that outlive the agent, count down on their own, and can be lost.

What runs in them is decided by the world's plan of each attempt. A sandbox tells whoever follows it; when nobody
does it remembers how its last attempt ended, as the real runner does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.sim.kernel import Life, Machine
from worker_app.agent.ports.sandbox import FoundSandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a program ends, as its sandbox sees it."""

    exit_code: int | None = 0
    signal: int | None = None
    oom_killed: bool = False
    cancelled: bool = False
    timed_out: bool = False
    dirty: bool = False
    wall_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run of an attempt will do: end so after so long, or take its sandbox with it."""

    duration_ms: int
    ending: Ending = field(default_factory=Ending)
    #: The sandbox dies under it.
    loses_sandbox: bool = False


class Watch(Protocol):
    """Whoever must know what really runs, and when."""

    def run_began(self, attempt_id: str, machine: Machine) -> None: ...

    def run_stopped(self, attempt_id: str) -> None: ...


class Follower(Protocol):
    """The agent's eyes on one sandbox."""

    def run_ended(self, attempt_id: str, ending: Ending) -> None: ...

    def box_died(self, attempt_id: str) -> None: ...


class Box:
    """One sandbox."""

    def __init__(self, engine: Engine, sandbox_id: str, task_id: str, lease_ms: float) -> None:
        self.engine = engine
        self.sandbox_id = sandbox_id
        self.task_id = task_id
        self.life = Life(engine.machine)
        self.follower: Follower | None = None
        self.running = ""
        self.last = ""
        self.ended: Ending | None = None
        self._began_ms = 0
        self._run = 0
        self._lease = 0
        self.renew(lease_ms)

    def renew(self, left_ms: float) -> None:
        """Set the countdown (R3)."""
        self._lease += 1
        lease = self._lease
        if self.engine.counts_down:
            self.life.after(max(1000.0, left_ms), lambda: self.die() if lease == self._lease else None)

    def run(self, attempt_id: str, plan: Plan, lease_ms: float) -> None:
        assert not self.running, "two attempts at a time in one sandbox"
        self.running = self.last = attempt_id
        self.ended = None
        self._run += 1
        run = self._run
        self._began_ms = self.engine.machine.steady_ms()
        self.renew(lease_ms)
        self.engine.watch.run_began(attempt_id, self.engine.machine)

        def over() -> None:
            if run == self._run and self.running:
                if plan.loses_sandbox:
                    self.die()
                else:
                    self._end(plan.ending)

        self.life.after(plan.duration_ms, over)

    def _end(self, ending: Ending) -> None:
        attempt_id, self.running = self.running, ""
        wall_ms = self.engine.machine.steady_ms() - self._began_ms
        self.ended = Ending(
            exit_code=ending.exit_code,
            signal=ending.signal,
            oom_killed=ending.oom_killed,
            cancelled=ending.cancelled,
            timed_out=ending.timed_out,
            dirty=ending.dirty,
            wall_ms=max(1, wall_ms),
        )
        self.engine.watch.run_stopped(attempt_id)
        if self.follower is not None:
            self.follower.run_ended(attempt_id, self.ended)

    def cancel(self, attempt_id: str, grace_ms: float) -> None:
        """SIGTERM: it ends soon, or is killed after its grace."""
        run = self._run
        wait = min(grace_ms, self.engine.machine.kernel.random.expovariate(1 / 800))

        def over() -> None:
            if run == self._run and self.running == attempt_id:
                self._end(Ending(exit_code=None, signal=15, cancelled=True))

        self.life.after(wait, over)

    def die(self) -> None:
        """It is gone, with everything in it."""
        if not self.life.alive:
            return
        self.life.end()
        self.engine.boxes.pop(self.sandbox_id, None)
        attempt_id, self.running = self.running, ""
        if attempt_id:
            self.engine.watch.run_stopped(attempt_id)
        follower, self.follower = self.follower, None
        if follower is not None and attempt_id:
            follower.box_died(attempt_id)


class Engine:
    """All sandboxes of a machine."""

    def __init__(self, machine: Machine, watch: Watch) -> None:
        self.machine = machine
        self.watch = watch
        self.boxes: dict[str, Box] = {}
        #: It answers.
        self.ok = True
        #: Ablation: sandboxes do not end themselves.
        self.counts_down = True

    def open(self, sandbox_id: str, task_id: str, lease_ms: float) -> Box:
        assert sandbox_id not in self.boxes, "a sandbox's name was used twice"
        box = self.boxes[sandbox_id] = Box(self, sandbox_id, task_id, lease_ms)
        return box

    def found(self) -> tuple[FoundSandbox, ...]:
        return tuple(
            FoundSandbox(sandbox_id=box.sandbox_id, task_id=box.task_id, handle=box.sandbox_id, running=True)
            for box in self.boxes.values()
        )

    def lose_all(self) -> None:
        """The engine was restarted, or its machine."""
        for box in list(self.boxes.values()):
            box.die()

    def close_in(self, delay_ms: float, box: Box, then: Callable[[bool], None]) -> None:
        """Remove a sandbox; it takes its time."""

        def done() -> None:
            if self.ok:
                box.die()
            then(not box.life.alive)

        self.machine.after(delay_ms if self.ok else 10_000, done)
