"""Invitations to sign up: made, listed and revoked by operators, used once or a counted number of times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Final

from core.domain.audit import audited
from core.domain.errors import Forbidden, Invalid, NotFound
from core.domain.user import Action, Principal, Role, require
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import InviteRecord
from master_app.users.authenticate import token_hash
from master_app.users.minting import Minting

_DAY_MS: Final = 86_400_000
MAX_USES: Final = 10_000
MAX_LIFETIME_MS: Final = 366 * _DAY_MS
#: Ended rows that are still shown nowhere are removed after this time.
_KEPT_MS: Final = 30 * _DAY_MS
#: Whoever signs up may send tasks and bring nodes; only operators make operators.
SIGN_UP_ROLES: Final = frozenset({Role.SUBMITTER, Role.PROVIDER})


class Invitations:
    """What doors call. Operators only."""

    def __init__(self, *, writer: Writer, minting: Minting) -> None:
        self._writer = writer
        self._minting = minting

    def make(
        self,
        who: Principal,
        *,
        roles: Iterable[Role] = SIGN_UP_ROLES,
        uses: int = 1,
        lifetime_ms: int = 7 * _DAY_MS,
    ) -> Future[tuple[str, InviteRecord]]:
        """Make an invitation and return its secret, shown once, with its row."""
        require(who, Action.INVITE)
        wanted = frozenset(roles)
        if not wanted or not 0 < uses <= MAX_USES or not 0 < lifetime_ms <= MAX_LIFETIME_MS:
            raise Invalid(
                "An invitation needs roles, 1 to 10,000 uses and at most 366 days.", code="INVITE_INVALID"
            )

        def command(uow: UnitOfWork) -> tuple[str, InviteRecord]:
            secret = self._minting.token()
            invite = InviteRecord(
                invite_id=self._minting.new_id(uow.now_ms),
                secret_sha256=token_hash(secret),
                created_by=who.user_id,
                created_ms=uow.now_ms,
                expires_ms=uow.now_ms + lifetime_ms,
                roles=wanted,
                uses_left=uses,
            )
            uow.users.forget_invites(uow.now_ms - _KEPT_MS)
            uow.users.add_invite(invite)
            uow.publish(audited(who, "user.invite", invite.invite_id, words(wanted), at_ms=uow.now_ms))
            return secret, invite

        return self._writer.execute(command)

    def list(self, who: Principal) -> Future[Sequence[InviteRecord]]:
        """Return those that may still be used, newest first."""
        require(who, Action.INVITE)
        return self._writer.execute(
            lambda uow: [invite for invite in uow.users.invites() if invite.expires_ms > uow.now_ms]
        )

    def revoke(self, who: Principal, invite_id: str) -> Future[None]:
        """End an invitation at once; who used it stays."""
        require(who, Action.INVITE)

        def command(uow: UnitOfWork) -> None:
            for invite in uow.users.invites():
                if invite.invite_id == invite_id:
                    invite.revoked_ms = uow.now_ms
                    uow.users.save_invite(invite)
                    uow.publish(audited(who, "user.invite_revoke", invite_id, at_ms=uow.now_ms))
                    return
            raise NotFound("There is no such invitation.", code="INVITE_NOT_FOUND")

        return self._writer.execute(command)


def take_invite(uow: UnitOfWork, secret: str) -> frozenset[Role]:
    """Use an invitation once and return the roles that it gives, inside a command."""
    invite = uow.users.invite(token_hash(secret))
    if invite is None or invite.revoked_ms or invite.uses_left <= 0 or invite.expires_ms <= uow.now_ms:
        raise Forbidden("This invitation was used or has expired.", code="INVITE_USED", fix="Ask for another one.")
    invite.uses_left -= 1
    uow.users.save_invite(invite)
    return invite.roles


def words(roles: frozenset[Role]) -> str:
    """Return roles as the audit log says them."""
    return ", ".join(sorted(roles))
