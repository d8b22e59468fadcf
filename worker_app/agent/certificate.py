"""Keeps this node's certificate good: renewed well before its end, and used by the running link at once.

Looked at each half minute by the wall clock, so that a computer that slept or was off past the end of its
certificate is back as soon as its master answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from core.clock import Clock
from core.domain.errors import HiveMindError
from worker_app.agent.ports.link import EnrolmentLink, Identity, MembershipLink

logger = logging.getLogger(__name__)

LOOK_S: Final = 30.0
#: Renew with a third of a 90-day certificate left.
RENEW_BEFORE_MS: Final = 30 * 24 * 3600 * 1000
#: Between two tries while the old one is good.
AGAIN_MS: Final = 3_600_000


class CertificateCare:
    """On the agent's loop. `keep` writes the identity, off the loop; `renewed` is told of each new one."""

    def __init__(
        self,
        identity: Identity,
        *,
        enrolment: EnrolmentLink,
        membership: MembershipLink,
        keep: Callable[[Identity], None],
        renewed: Callable[[Identity], None],
        clock: Clock,
    ) -> None:
        self.identity = identity
        self._enrolment = enrolment
        self._membership = membership
        self._keep = keep
        self._renewed = renewed
        self._clock = clock
        self._next_ms = 0
        self._is_kept = True

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Renew it where it is time, and write down what is not written yet."""
        left_ms = self.identity.expires_at_ms - self._clock.wall_ms()
        if left_ms <= RENEW_BEFORE_MS and (left_ms <= 0 or self._clock.steady_ms() >= self._next_ms):
            await self._renew()
        if not self._is_kept:
            try:
                await asyncio.to_thread(self._keep, self.identity)
                self._is_kept = True
            except (OSError, HiveMindError) as error:
                logger.warning("the new certificate was not written yet", extra={"reason": str(error)})

    async def _renew(self) -> None:
        self._next_ms = self._clock.steady_ms() + AGAIN_MS
        try:
            identity = await self._enrolment.renew(self.identity)
        except HiveMindError as error:
            logger.warning("the certificate was not renewed", extra={"code": error.code})
            return
        # The master takes only the newest: whoever dials with the one before is turned away.
        self.identity, self._is_kept = identity, False
        await self._membership.use(identity)
        logger.info("certificate renewed", extra={"expires_at_ms": identity.expires_at_ms})
        self._renewed(identity)
