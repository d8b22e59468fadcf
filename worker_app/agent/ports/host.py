"""The port of what the operating system tells and is told: the network's coming and going, and staying awake."""

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
