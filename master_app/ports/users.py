"""What `master_app.users` needs kept of people, and how it hashes passwords.

Secrets are never here: tokens are named by the SHA-256 of their secret, passwords by their Argon2id hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.user import Quota, Role, Scope, TokenKind, UserState
from master_app.ports.reads import Page


@dataclass(slots=True, kw_only=True)
class UserRecord:
    """One user's row. Mutable: change it, then `save` it; one write a commit however often it is saved."""

    user_id: str
    #: As `core.domain.user.fold_username` gives it; unique. Empty only when DELETED.
    username: str
    #: Argon2id; empty: nobody can sign in with a password.
    password_hash: str = field(repr=False, default="")
    roles: frozenset[Role] = frozenset()
    state: UserState = UserState.ACTIVE
    state_reason: str = ""
    created_ms: int = 0
    last_login_ms: int = 0
    password_ms: int = 0
    language: str = ""
    #: None: the pool's default.
    quota: Quota | None = None
    #: When nodes of theirs asked for the practice subtask lately; wall clock.
    practice_asks: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class TokenRecord:
    """One token's row: login, browser session, API token or one-use link. Mutable like a user."""

    #: A ULID; names the token in lists. Not its secret.
    token_id: str
    user_id: str
    kind: TokenKind
    #: SHA-256, in hex, of the whole token as the user has it. Unique.
    secret_sha256: str = field(repr=False)
    name: str = ""
    scopes: frozenset[Scope] = frozenset()
    created_ms: int = 0
    #: 0: never.
    expires_ms: int = 0
    #: 0: not revoked.
    revoked_ms: int = 0
    last_used_ms: int = 0
    #: Where it was made from, and by which program.
    origin: str = ""
    user_agent: str = ""


@dataclass(slots=True, kw_only=True)
class InviteRecord:
    """An invitation to sign up. `uses_left` 0: used up."""

    invite_id: str
    secret_sha256: str = field(repr=False)
    created_by: str
    created_ms: int
    expires_ms: int
    roles: frozenset[Role]
    uses_left: int = 1
    revoked_ms: int = 0


class UserRepository(Protocol):
    """Of one unit of work. Within one transaction `get`-like calls return the same object for the same row."""

    def add(self, user: UserRecord) -> None:
        """Raises Conflict (code USERNAME_TAKEN) when the name is there."""

    def get(self, user_id: str) -> UserRecord | None: ...

    def find(self, username: str) -> UserRecord | None:
        """By the folded name."""

    def save(self, user: UserRecord) -> None: ...

    def count(self, role: Role | None = None) -> int:
        """Return how many ACTIVE users there are (with this role)."""

    def ids_of(self, role: Role) -> Sequence[str]:
        """Return the ids of ACTIVE users with this role."""

    def add_token(self, token: TokenRecord) -> None: ...

    def token(self, secret_sha256: str) -> TokenRecord | None: ...

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]:
        """Return those that are neither revoked nor forgotten, newest first; expired ones too."""

    def save_token(self, token: TokenRecord) -> None: ...

    def forget_tokens(self, expired_before_ms: int, limit: int) -> int:
        """Remove rows of tokens that ended (expired or were revoked) before then; return how many."""

    def touch_tokens(self, used: Sequence[tuple[str, int]]) -> None:
        """Set (token_id, last_used_ms) where that is later."""

    def add_invite(self, invite: InviteRecord) -> None: ...

    def invite(self, secret_sha256: str) -> InviteRecord | None: ...

    def invites(self) -> Sequence[InviteRecord]:
        """Return those that may still be used, newest first; expired ones too."""

    def forget_invites(self, ended_before_ms: int) -> int:
        """Remove rows of invitations that expired before then; return how many."""

    def save_invite(self, invite: InviteRecord) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token together with its user, as the last commit left them."""

    token: TokenRecord
    user: UserRecord


class UserReads(Protocol):
    """Committed rows, on connections of their own. What they return is the caller's own copy."""

    def credential(self, secret_sha256: str) -> Credential | None: ...

    def user(self, user_id: str) -> UserRecord | None: ...

    def find(self, username: str) -> UserRecord | None: ...

    def users(self, *, name_contains: str = "", cursor: str | None = None, limit: int = 50) -> Page[UserRecord]:
        """By name; DELETED ones are left out."""

    def with_quota(self) -> Sequence[UserRecord]:
        """Return the users who have a quota of their own."""

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]: ...


class PasswordHasher(Protocol):
    """Slow on purpose: never called on the writer thread."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether it is the password. An empty hash costs the same time and is never right."""

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker settings than today's."""
