"""The port of what the operating system tells and is told: the network, staying awake, its end."""

from __future__ import annotations

from typing import Protocol


class NetworkWatch(Protocol):
    """Says when the network may have come back."""

    async def came_back(self) -> None:
        """Return when this computer got an address that it did not have: a link came up, a network was joined.

        MAY return for nothing; never raises. Cancel it to stop watching.
        """


class KeepAwake(Protocol):
    """Asks the system not to sleep by itself. A lid that is closed, or a person, may still send it to sleep."""

    def hold(self) -> None:
        """Keep awake from now on. Returns at once; whether it worked is in `problem`."""

    def release(self) -> None:
        """Let the system sleep as it likes again. Safe to call again."""

    @property
    def is_held(self) -> bool:
        """Tell whether the system has agreed."""

    @property
    def problem(self) -> str:
        """Return in words why the computer may sleep although it was asked not to; empty: nothing is wrong."""


class ShutdownWatch(Protocol):
    """Says when the system is about to end, and may make it wait for us."""

    async def changed(self) -> float:
        """Return when the system is about to end: how many seconds it waits; 0: that was called off.

        Never raises; where nobody tells it never returns. Cancel it to stop watching.
        """

    def let_go(self) -> None:
        """We are done: the system need not wait any longer."""

    def close(self) -> None:
        """Watch no more. Safe to call again."""
