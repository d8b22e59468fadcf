"""Secrets that were made: shown once, kept as hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain.user import TokenKind
from master_app.ports.users import UserRecord
from master_app.users.authenticate import PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token that was made. `secret` is shown to its user now and never again."""

    secret: str = field(repr=False)
    token_id: str
    kind: TokenKind
    #: 0: never.
    expires_ms: int
    user: UserRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Minting:
    """How ids and secrets are made. `new_secret` returns at least 160 random bits as URL-safe text."""

    new_id: Callable[[int], str]
    new_secret: Callable[[], str] = field(repr=False)

    def token(self) -> str:
        return PREFIX + self.new_secret()
