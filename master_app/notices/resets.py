"""A forgotten password: a one-use code, mailed to the address that its owner has confirmed.

Whoever asks learns nothing: the answer is the same for every name, and comes before anything is looked up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Final

from core.clock import Clock
from core.domain.audit import audited
from core.domain.errors import Conflict, HiveMindError, RateLimited
from core.domain.user import UserState, fold_username
from master_app.notices.sending import Outside
from master_app.ports.notices import DeliveryFailed, NoticeReads
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import UserReads, UserRecord
from master_app.users.minting import Issued
from master_app.users.throttle import Throttle

logger = logging.getLogger(__name__)

LIFETIME_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000


class PasswordResets:
    """Thread-safe."""

    def __init__(
        self,
        *,
        writer: Writer,
        users: UserReads,
        reads: NoticeReads,
        outside: Outside,
        one_use: Callable[[UnitOfWork, UserRecord, int], Issued],
        threads: Executor,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._users = users
        self._reads = reads
        self._outside = outside
        self._one_use = one_use
        self._threads = threads
        self._clock = clock
        self._origin = Throttle(limit=5, window_ms=15 * _MINUTE_MS, what="requests from this address")
        #: Spent in silence: the answer must not tell that somebody asked before.
        self._user = Throttle(limit=3, window_ms=60 * _MINUTE_MS, what="requests for this user")

    @property
    def offered(self) -> bool:
        """Tell whether this pool can mail at all; else an operator makes the link."""
        return self._outside.mailer is not None

    def ask(self, username: str, origin: str = "") -> Future[None]:
        """Have a code sent if there is such a user with a confirmed address. Raises RateLimited, by origin.

        Doors MUST NOT wait for the future: how long it takes tells whether there is such a user.
        """
        if not self.offered:
            raise Conflict(
                "This pool has no mail server.", code="NO_MAIL_SERVER", fix="Ask an operator for a link."
            )
        self._origin.take(origin, self._clock.wall_ms())
        return self._threads.submit(self._send, fold_username(username)[:80], origin)

    def _send(self, name: str, origin: str) -> None:
        user = self._users.find(name)
        if user is None or user.state is not UserState.ACTIVE:
            return
        settings = self._reads.settings(user.user_id)
        if not settings.mail.address or not settings.mail.confirmed or self._outside.mailer is None:
            return
        try:
            self._user.take(user.user_id, self._clock.wall_ms())
            issued = self._writer.execute(lambda uow: self._issue(uow, user.user_id, origin)).result(30)
            if issued is not None:
                letter = self._outside.words.reset_letter(issued.secret, settings.language)
                self._outside.mailer.send(settings.mail.address, *letter)
        except RateLimited:
            logger.info("a reset was asked for too often", extra={"user_id": user.user_id})
        except DeliveryFailed as failure:
            logger.warning("a reset was not mailed", extra={"user_id": user.user_id, "reason": failure.problem})
        except (HiveMindError, TimeoutError) as error:
            logger.warning("a reset was not made", extra={"user_id": user.user_id, "reason": str(error)})

    def _issue(self, uow: UnitOfWork, user_id: str, origin: str) -> Issued | None:
        user = uow.users.get(user_id)
        if user is None or user.state is not UserState.ACTIVE:
            return None
        uow.publish(audited(None, "password.reset_mail", user_id, at_ms=uow.now_ms, origin=origin))
        return self._one_use(uow, user, LIFETIME_MS)
