"""The network between agents and the master: streams that delay, stall, break, and tell each side at its own time.

A stream keeps its order and loses nothing while it lives, as TCP does; what is on its way when it breaks may
arrive or not, also after its successor began to speak.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from core.domain.session import AgentMessage, Hello, MasterMessage
from tests.sim.kernel import Kernel

#: Keepalive: a side that hears nothing of the other for this long gives the stream up (20 s and 10 s).
KEEPALIVE_MS = 30_000


class Near(Protocol):
    """The end of a stream that dialled it."""

    def received(self, line: Line, message: MasterMessage) -> None: ...

    def broken(self, line: Line, reason: str, *, final: bool = False) -> None: ...


class Far(Protocol):
    """The end of a stream at the master."""

    def opened(self, line: Line) -> None: ...

    def taken(self, line: Line, message: AgentMessage) -> None: ...

    def ended(self, line: Line) -> None: ...


class Path:
    """What lies between one node and the master, in both directions."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        #: Direction -> nothing gets through: the other side hears nothing, and nobody is told.
        self.up_silent = False
        self.down_silent = False
        self.silences = 0
        self.delay_ms = 5.0
        self.lines: list[Line] = []
        #: How likely a message comes twice: streams never do this, our rules must bear it all the same.
        self.twice = 0.0

    @property
    def is_cut(self) -> bool:
        return self.up_silent and self.down_silent

    def silence(self, *, up: bool, down: bool) -> int:
        """Begin or end a silence; return its number, by which its own end is known from that of an older one."""
        self.silences += 1
        self.up_silent, self.down_silent = up, down
        for line in self.lines:
            line.silence_changed()
        return self.silences

    def heal(self, number: int = 0) -> None:
        if number and number != self.silences:
            return
        self.silence(up=False, down=False)
        for line in list(self.lines):
            line.flow()

    def reset(self) -> None:
        """Every stream breaks at once (a router forgets them)."""
        for line in list(self.lines):
            line.cut("connection reset")


class Line:
    """One dialled stream."""

    def __init__(self, path: Path, near: Near, far: Callable[[], Far | None], hello: Hello, number: int) -> None:
        self.kernel = path.kernel
        self.path = path
        self.near: Near | None = near
        self._find_far = far
        self.far: Far | None = None
        self.hello = hello
        self.number = number
        self.is_open = True
        self.session: Any = None
        self._up: deque[AgentMessage] = deque()
        self._down: deque[MasterMessage] = deque()
        self._up_at = self._down_at = 0
        self._silent_since = -1
        path.lines.append(self)
        self.kernel.after(self._delay(), self._arrive)
        self.silence_changed()

    def _delay(self) -> float:
        return self.kernel.random.expovariate(1 / self.path.delay_ms) + 1

    def _arrive(self) -> None:
        """The connection is made, or not."""
        if not self.is_open:
            return
        if self.path.up_silent or self.path.down_silent:
            return  # silence_changed or keepalive speaks for it
        self.far = self._find_far()
        if self.far is None:
            self.cut("connection refused")
            return
        self.far.opened(self)
        self.flow()

    # ---- both directions: order is kept, also over a silence

    def send_up(self, message: AgentMessage) -> None:
        if self.is_open:
            for _ in range(self._copies()):
                self._up.append(message)
                self._up_at = self._soon(self._up_at, self._pop_up)

    def send_down(self, message: MasterMessage) -> None:
        if self.is_open:
            for _ in range(self._copies()):
                self._down.append(message)
                self._down_at = self._soon(self._down_at, self._pop_down)

    def _copies(self) -> int:
        return 2 if self.path.twice and self.kernel.chance(self.path.twice) else 1

    def _soon(self, last: int, event: Callable[[], None]) -> int:
        at = max(last + 1, self.kernel.now + round(self._delay()))
        self.kernel.after(at - self.kernel.now, event)
        return at

    def flow(self) -> None:
        """A silence is over: what waited comes now."""
        if self.far is None and self.is_open:
            self.kernel.after(self._delay(), self._arrive_again)
            return
        for _ in self._up:
            self._up_at = self._soon(self._up_at, self._pop_up)
        for _ in self._down:
            self._down_at = self._soon(self._down_at, self._pop_down)

    def _arrive_again(self) -> None:
        if self.far is None:
            self._arrive()

    def _pop_up(self) -> None:
        if self._up and self.far is not None and not self.path.up_silent:
            self.far.taken(self, self._up.popleft())

    def _pop_down(self) -> None:
        if self._down and self.near is not None and not self.path.down_silent:
            self.near.received(self, self._down.popleft())

    # ---- ends

    def silence_changed(self) -> None:
        silent = self.path.up_silent or self.path.down_silent
        if not silent:
            self._silent_since = -1
        elif self._silent_since < 0:
            since = self._silent_since = self.kernel.now
            self.kernel.after(KEEPALIVE_MS + self.kernel.random.randrange(2000), lambda: self._give_up(since))

    def _give_up(self, since: int) -> None:
        if self.is_open and self._silent_since == since:
            self.cut("keepalive")

    def cut(self, reason: str) -> None:
        """It breaks. Each side hears of it now, later, or (the master) only from the next session."""
        if not self.is_open:
            return
        self.is_open = False
        self.path.lines.remove(self)
        for queue in (self._up, self._down):
            for _ in range(self.kernel.random.randrange(len(queue) + 1)):
                queue.pop()
        self.kernel.after(self.kernel.random.choice((0, 0, 50, 500)), lambda: self._near_ends(reason))
        if self.kernel.chance(0.8):
            self.kernel.after(self.kernel.random.choice((0, 0, 50, 2000, 31_000)), self._far_ends)

    def hang_up(self) -> None:
        """The dialling side leaves: its process ended, or it wants a new stream."""
        if self.is_open:
            self.is_open = False
            self.path.lines.remove(self)
            if not self.path.up_silent or self.kernel.chance(0.5):
                self.kernel.after(self._delay() if not self.path.up_silent else KEEPALIVE_MS, self._far_ends)
        self.near = None

    def dismiss(self, reason: str, *, final: bool = False) -> None:
        """The master's side leaves, after what is on its way."""
        if not self.is_open:
            return
        self.is_open = False
        self.path.lines.remove(self)
        self.far = None
        delay = max(self._down_at - self.kernel.now, 0) + 1 if not self.path.down_silent else KEEPALIVE_MS
        self.kernel.after(delay, lambda: self._near_ends(reason, final=final))

    def _near_ends(self, reason: str, *, final: bool = False) -> None:
        near, self.near = self.near, None
        if near is not None:
            near.broken(self, reason, final=final)

    def _far_ends(self) -> None:
        far, self.far = self.far, None
        if far is not None:
            far.ended(self)
