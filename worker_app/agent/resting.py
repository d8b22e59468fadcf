"""What the owner's rules do to one slot's sandbox: freeze it, thaw it, take cores away and give them back."""

from __future__ import annotations

import asyncio
import logging

from core.domain.errors import HiveMindError
from worker_app.agent.following import Following
from worker_app.agent.ports.sandbox import FoundSandbox, Sandbox
from worker_app.agent.workshop import Workshop

logger = logging.getLogger(__name__)


class Resting:
    """Of one slot. Calls that fail are logged: the sandbox's own countdown and the lease still end it."""

    def __init__(self, index: int, shop: Workshop) -> None:
        self._index = index
        self._shop = shop
        #: Steady clock; negative: not frozen.
        self._frozen_ms = -1
        self._throttled = False
        # One after another, in the order in which they were asked for: a thaw must not overtake its freeze.
        self._turn = asyncio.Lock()

    async def freeze(self, sandbox: Sandbox | None) -> None:
        """Stop all that runs in it; frozen time is not metered."""
        async with self._turn:
            await self._freeze(sandbox)

    async def _freeze(self, sandbox: Sandbox | None) -> None:
        if sandbox is None or self._frozen_ms >= 0:
            return
        self._frozen_ms = self._shop.clock.steady_ms()
        try:
            await sandbox.freeze()
        except HiveMindError as error:
            self._frozen_ms = -1
            logger.warning("work could not be frozen", extra={"slot": self._index, "code": error.code})

    async def thaw(self, sandbox: Sandbox | None, following: Following | None, seconds_left: float) -> None:
        """Let it go on. Its countdown ran on meanwhile, and is set anew at once."""
        async with self._turn:
            await self._thaw(sandbox, following, seconds_left)

    async def _thaw(self, sandbox: Sandbox | None, following: Following | None, seconds_left: float) -> None:
        if sandbox is None or self._frozen_ms < 0:
            return
        frozen_ms, self._frozen_ms = self._shop.clock.steady_ms() - self._frozen_ms, -1
        try:
            await sandbox.renew(max(1.0, seconds_left))
            await sandbox.thaw()
        except HiveMindError as error:
            logger.warning("work could not be thawed", extra={"slot": self._index, "code": error.code})
        if following is not None:
            following.was_frozen(frozen_ms)

    async def throttle(self, sandbox: Sandbox | None, cpu_millis: int, reserved_millis: int) -> None:
        """Let it use this much of its cores from now on."""
        if sandbox is None:
            return
        self._throttled = cpu_millis != reserved_millis
        try:
            await sandbox.set_cpu(cpu_millis)
        except HiveMindError as error:
            logger.warning("work could not be slowed", extra={"slot": self._index, "code": error.code})

    async def restore(self, sandbox: Sandbox | None, reserved_millis: int) -> None:
        """Give the next attempt in the same sandbox all that it reserved."""
        if self._throttled:
            await self.throttle(sandbox, reserved_millis, reserved_millis)

    async def close(self, sandbox: Sandbox | None, found: FoundSandbox | None) -> bool:
        """Remove what the slot has, or was about to take over; tell whether it is gone for certain."""
        try:
            if sandbox is not None:
                await self._before_close(sandbox)
                await sandbox.close()
            elif found is not None:
                await self._shop.runtime.remove(found)
        except HiveMindError as error:
            # Its countdown ends it, and housekeeping removes what is left.
            logger.warning("a sandbox did not close", extra={"slot": self._index, "code": error.code})
            return False
        except Exception:
            logger.exception("closing a sandbox failed", extra={"slot": self._index})
            return False
        return True

    async def _before_close(self, sandbox: Sandbox) -> None:
        """Some engines refuse to remove what is paused."""
        self._throttled = False
        if self._frozen_ms >= 0:
            self._frozen_ms = -1
            await sandbox.thaw()
