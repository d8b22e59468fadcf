"""Token -> Principal. Asked on every request, so answers are kept for moments; revoking forgets them at once."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from core.clock import Clock
from core.domain.errors import Unauthenticated
from core.domain.user import Principal, TokenKind, UserState
from master_app.ports.users import Credential, UserReads

PREFIX: Final = "hm_"
_TOKEN = re.compile(r"hm_[A-Za-z0-9_-]{20,200}")
_KEPT_MS: Final = 5_000
_MAX_KEPT: Final = 10_000


def token_hash(token: str) -> str:
    """Return the name under which a secret is kept. Secrets are long and random: no salt, no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Kept:
    principal: Principal
    until_steady_ms: int
    expires_ms: int


class Authenticator:
    """Thread-safe. Services that change a user or a token call `forget_user` after their commit."""

    def __init__(self, reads: UserReads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._used: dict[str, int] = {}
        #: Raised by each `forget_user`: what was read before it is not kept.
        self._epoch = 0

    def authenticate(self, token: str, origin: str = "") -> Principal:
        """Return who has this token, or raise Unauthenticated. `origin` is told to the audit log."""
        if not _TOKEN.fullmatch(token):
            raise _refusal()
        key, now_ms, steady_ms = token_hash(token), self._clock.wall_ms(), self._clock.steady_ms()
        with self._lock:
            kept = self._kept.get(key)
            epoch = self._epoch
        if kept is None or steady_ms >= kept.until_steady_ms:
            kept = self._read(key, steady_ms)
            with self._lock:
                if epoch == self._epoch:
                    self._kept[key] = kept
                    self._kept.move_to_end(key)
                    while len(self._kept) > _MAX_KEPT:
                        self._kept.popitem(last=False)
        if 0 < kept.expires_ms <= now_ms:
            raise Unauthenticated(
                "This token has expired.", code="TOKEN_EXPIRED", fix="Sign in again, or make a new token."
            )
        with self._lock:
            if len(self._used) < _MAX_KEPT or kept.principal.token_id in self._used:
                self._used[kept.principal.token_id] = now_ms
        return replace(kept.principal, origin=origin)

    def forget_user(self, user_id: str) -> None:
        """Read this user's tokens again at their next use."""
        with self._lock:
            self._epoch += 1
            for key in [key for key, kept in self._kept.items() if kept.principal.user_id == user_id]:
                del self._kept[key]

    def take_used(self) -> list[tuple[str, int]]:
        """Return (token_id, last used) since the last call, for `UserRepository.touch_tokens`."""
        with self._lock:
            used, self._used = self._used, {}
        return list(used.items())

    def _read(self, key: str, steady_ms: int) -> _Kept:
        credential = self._reads.credential(key)
        if credential is None or credential.token.revoked_ms or credential.token.kind is TokenKind.ONE_USE:
            raise _refusal()
        if credential.user.state is not UserState.ACTIVE:
            raise Unauthenticated("This user is locked.", code="USER_LOCKED", fix="Ask an operator of the pool.")
        return _Kept(
            principal=principal_of(credential),
            until_steady_ms=steady_ms + _KEPT_MS,
            expires_ms=credential.token.expires_ms,
        )


def principal_of(credential: Credential) -> Principal:
    return Principal(
        user_id=credential.user.user_id,
        username=credential.user.username,
        roles=credential.user.roles,
        scopes=credential.token.scopes,
        token_id=credential.token.token_id,
        origin=credential.token.origin,
    )


def _refusal() -> Unauthenticated:
    return Unauthenticated(
        "This token is not valid.", code="TOKEN_INVALID", fix="Sign in, or use a token that was not revoked."
    )
