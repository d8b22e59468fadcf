"""Signing in and out: logins, one-use links, API tokens. Tokens are opaque, shown once and kept hashed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from core.clock import Clock
from core.domain.audit import audited
from core.domain.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    RateLimited,
    StorageUnavailable,
    Unauthenticated,
)
from core.domain.events import AuditRecorded
from core.domain.user import (
    ALL_SCOPES,
    Action,
    Principal,
    Scope,
    TokenKind,
    UserState,
    fold_username,
    password_problems,
    require,
)
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import PasswordHasher, TokenRecord, UserReads, UserRecord
from master_app.users.authenticate import Authenticator, token_hash
from master_app.users.minting import Issued, Minting
from master_app.users.throttle import Throttle

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
LIFETIME_MS: Final = {
    TokenKind.LOGIN: 24 * _HOUR_MS,
    TokenKind.SESSION: 30 * _DAY_MS,
    TokenKind.ONE_USE: 24 * _HOUR_MS,
}
MAX_API_LIFETIME_MS: Final = 366 * _DAY_MS
MAX_API_TOKENS: Final = 100
#: Logins and sessions of one user; the oldest gives way.
MAX_SIGNED_IN: Final = 50


class SignIn:
    """What doors call. Methods that check a password are slow and never run on the writer thread."""

    def __init__(
        self,
        *,
        writer: Writer,
        reads: UserReads,
        hasher: PasswordHasher,
        authenticator: Authenticator,
        minting: Minting,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._hasher = hasher
        self._authenticator = authenticator
        self._minting = minting
        self._clock = clock
        # A user is locked out for one origin first, so that nobody can lock another out from elsewhere; the
        # wider bound stops a guess that comes from many places.
        self._pair = Throttle(limit=5, window_ms=15 * 60_000, what="failed sign-ins of this user")
        self._user = Throttle(limit=100, window_ms=_HOUR_MS, what="failed sign-ins of this user")
        self._origin = Throttle(limit=30, window_ms=5 * 60_000, what="failed sign-ins from this address")

    def login(
        self,
        username: str,
        password: str,
        *,
        origin: str = "",
        user_agent: str = "",
        kind: TokenKind = TokenKind.LOGIN,
    ) -> Future[Issued]:
        """Sign in with a password. Raises Unauthenticated the same for an unknown name and a wrong password,
        RateLimited after too many failures.
        """
        name, now_ms = fold_username(username)[:80], self._clock.wall_ms()
        self._origin.check(origin, now_ms)
        self._pair.check(f"{name}\n{origin}", now_ms)
        self._user.check(name, now_ms)
        user = self._reads.find(name)
        stored = user.password_hash if user and user.state is not UserState.DELETED else ""
        if not self._hasher.verify(stored, password[:1024]) or user is None:
            for throttle, key in self._throttles(name, origin):
                throttle.count(key, now_ms)
            self._refused(user, origin, "locked out" if self._pair.is_full(f"{name}\n{origin}", now_ms) else "")
            raise Unauthenticated(
                "User name or password is wrong.", code="LOGIN_FAILED", fix="Try again, or ask an operator."
            )
        self._pair.clear(f"{name}\n{origin}")
        better = self._hasher.hash(password) if self._hasher.is_outdated(stored) else ""

        def command(uow: UnitOfWork) -> Issued:
            row = _active(uow, user.user_id)
            if row.password_hash != stored:
                raise Unauthenticated("The password was changed meanwhile.", code="LOGIN_FAILED")
            if better:
                row.password_hash = better
            row.last_login_ms = uow.now_ms
            uow.users.save(row)
            return self._issue(uow, row, kind, origin=origin, user_agent=user_agent, audit="login")

        return self._writer.execute(command)

    def _refused(self, user: UserRecord | None, origin: str, details: str = "") -> None:
        """Note a failed sign-in. A name that nobody has is not kept: it may be a password in the wrong field."""

        def command(uow: UnitOfWork) -> None:
            uow.publish(
                audited(
                    None,
                    "login.failed",
                    user.user_id if user is not None else "",
                    details,
                    at_ms=uow.now_ms,
                    origin=origin,
                )
            )

        with suppress(Busy, StorageUnavailable):  # the refusal stands all the same
            self._writer.execute(command)

    def _throttles(self, name: str, origin: str) -> Sequence[tuple[Throttle, str]]:
        return ((self._origin, origin), (self._pair, f"{name}\n{origin}"), (self._user, name))

    def redeem(
        self,
        secret: str,
        *,
        new_password: str = "",
        origin: str = "",
        kind: TokenKind = TokenKind.LOGIN,
    ) -> Future[Issued]:
        """Sign in with a one-use link, once, setting a new password where the user has none or wants another.

        Setting one signs the user out everywhere else.
        """
        now_ms = self._clock.wall_ms()
        self._origin.check(origin, now_ms)
        found = self._reads.credential(token_hash(secret))
        if found is None or found.token.kind is not TokenKind.ONE_USE:
            self._origin.count(origin, now_ms)
            self._refused(None, origin, "a one-use link that is not valid")
            raise _used_up()
        if new_password:
            _refuse_password(new_password, found.user.username)
        hashed = self._hasher.hash(new_password) if new_password else ""

        def command(uow: UnitOfWork) -> Issued:
            token = uow.users.token(token_hash(secret))
            if token is None or token.revoked_ms or token.expires_ms <= uow.now_ms:
                raise _used_up()
            token.revoked_ms = uow.now_ms
            uow.users.save_token(token)
            user = _active(uow, token.user_id)
            if hashed:
                self._set_password(uow, user, hashed)
            user.last_login_ms = uow.now_ms
            uow.users.save(user)
            return self._issue(uow, user, kind, origin=origin, audit="login.one_use")

        return self._writer.execute(command)

    def change_password(self, who: Principal, old: str, new: str) -> Future[None]:
        """Change the caller's own password. All other tokens but API tokens are revoked."""
        require(who, Action.ACCOUNT_CHANGE)
        user = self._reads.user(who.user_id)
        now_ms = self._clock.wall_ms()
        self._pair.check(f"{who.username}\n{who.origin}", now_ms)
        if user is None or not self._hasher.verify(user.password_hash, old):
            self._pair.count(f"{who.username}\n{who.origin}", now_ms)
            self._refused(user, who.origin, "the present password was wrong")
            raise Forbidden("The present password is wrong.", code="PASSWORD_WRONG")
        _refuse_password(new, user.username)
        hashed = self._hasher.hash(new)

        def command(uow: UnitOfWork) -> None:
            row = _active(uow, who.user_id)
            self._set_password(uow, row, hashed, keep=who.token_id)
            uow.users.save(row)
            uow.publish(audited(who, "password.change", row.user_id, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def _set_password(self, uow: UnitOfWork, user: UserRecord, hashed: str, keep: str = "") -> None:
        user.password_hash = hashed
        user.password_ms = uow.now_ms
        self._end_sessions(uow, user.user_id, keep=keep)

    def _end_sessions(self, uow: UnitOfWork, user_id: str, *, keep: str = "") -> int:
        """Revoke all that is no API token, but one."""
        ended = [
            token
            for token in uow.users.tokens_of(user_id)
            if token.kind is not TokenKind.API and token.token_id != keep
        ]
        for token in ended:
            token.revoked_ms = uow.now_ms
            uow.users.save_token(token)
        uow.after_commit(lambda: self._authenticator.forget_user(user_id))
        return len(ended)

    def logout(self, who: Principal) -> Future[None]:
        """End the token that the caller came with, whatever its scopes."""

        def command(uow: UnitOfWork) -> None:
            if self._revoke(uow, who.user_id, who.token_id):
                uow.publish(audited(who, "logout", who.token_id, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def refresh(self, who: Principal, secret: str) -> Future[Issued]:
        """Exchange a live login token for a new one; the old one ends with it. API tokens are not refreshed."""

        def command(uow: UnitOfWork) -> Issued:
            old = uow.users.token(token_hash(secret))
            if old is None or old.revoked_ms or old.user_id != who.user_id or 0 < old.expires_ms <= uow.now_ms:
                raise Unauthenticated("This token is not valid.", code="TOKEN_INVALID", fix="Sign in.")
            if old.kind not in (TokenKind.LOGIN, TokenKind.SESSION):
                raise Conflict("Only a login can be refreshed.", code="TOKEN_NOT_A_LOGIN", fix="Make a new token.")
            old.revoked_ms = uow.now_ms
            uow.users.save_token(old)
            uow.after_commit(lambda: self._authenticator.forget_user(old.user_id))
            user = _active(uow, old.user_id)
            return self._issue(uow, user, old.kind, origin=old.origin, user_agent=old.user_agent)

        return self._writer.execute(command)

    def make_token(
        self, who: Principal, name: str, scopes: frozenset[Scope], *, lifetime_ms: int = 90 * _DAY_MS
    ) -> Future[Issued]:
        """Make an API token. It never has more scopes than what the caller came with."""
        require(who, Action.ACCOUNT_CHANGE)
        if not scopes or not scopes <= who.scopes:
            raise Invalid("A token needs scopes, and only those that you have.", code="SCOPES_INVALID")
        if not 0 < lifetime_ms <= MAX_API_LIFETIME_MS:
            raise Invalid("A token lives at most 366 days.", code="LIFETIME_INVALID")
        if not 0 < len(name) <= 80 or not name.isprintable():
            raise Invalid("A token needs a name of at most 80 characters.", code="NAME_INVALID")

        def command(uow: UnitOfWork) -> Issued:
            user = _active(uow, who.user_id)
            tokens = [t for t in uow.users.tokens_of(user.user_id) if t.kind is TokenKind.API]
            if len(tokens) >= MAX_API_TOKENS:
                raise RateLimited(
                    f"You have {MAX_API_TOKENS} API tokens.",
                    retry_after_s=60,
                    code="TOKENS_FULL",
                    fix="Revoke one.",
                )
            return self._issue(
                uow,
                user,
                TokenKind.API,
                name=name,
                scopes=scopes,
                lifetime_ms=lifetime_ms,
                origin=who.origin,
                audit="token.make",
            )

        return self._writer.execute(command)

    def tokens(self, who: Principal) -> Sequence[TokenRecord]:
        """Return the caller's live tokens, sessions too, newest first. The hash in them is no secret to use."""
        require(who, Action.ACCOUNT_CHANGE)
        now_ms = self._clock.wall_ms()
        return [t for t in self._reads.tokens_of(who.user_id) if not 0 < t.expires_ms <= now_ms]

    def revoke(self, who: Principal, token_id: str) -> Future[None]:
        """End one of the caller's tokens, at once."""
        require(who, Action.ACCOUNT_CHANGE)

        def command(uow: UnitOfWork) -> None:
            if not self._revoke(uow, who.user_id, token_id):
                raise NotFound("There is no such token.", code="TOKEN_NOT_FOUND")
            uow.publish(audited(who, "token.revoke", token_id, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def revoke_others(self, who: Principal) -> Future[int]:
        """End the caller's other logins and sessions; return how many. API tokens stay."""
        require(who, Action.ACCOUNT_CHANGE)

        def command(uow: UnitOfWork) -> int:
            count = self._end_sessions(uow, who.user_id, keep=who.token_id)
            uow.publish(audited(who, "token.revoke_others", who.user_id, str(count), at_ms=uow.now_ms))
            return count

        return self._writer.execute(command)

    def one_use(self, uow: UnitOfWork, user: UserRecord, *, lifetime_ms: int = 0) -> Issued:
        """Make a link for one sign-in, inside a command: first operator, reset, console."""
        return self._issue(uow, user, TokenKind.ONE_USE, lifetime_ms=lifetime_ms, audit="token.one_use")

    def _revoke(self, uow: UnitOfWork, user_id: str, token_id: str) -> bool:
        for token in uow.users.tokens_of(user_id):
            if token.token_id == token_id:
                token.revoked_ms = uow.now_ms
                uow.users.save_token(token)
                uow.after_commit(lambda: self._authenticator.forget_user(user_id))
                return True
        return False

    def _issue(
        self,
        uow: UnitOfWork,
        user: UserRecord,
        kind: TokenKind,
        *,
        name: str = "",
        scopes: frozenset[Scope] = ALL_SCOPES,
        lifetime_ms: int = 0,
        origin: str = "",
        user_agent: str = "",
        audit: str = "",
    ) -> Issued:
        secret = self._minting.token()
        token = TokenRecord(
            token_id=self._minting.new_id(uow.now_ms),
            user_id=user.user_id,
            kind=kind,
            secret_sha256=token_hash(secret),
            name=name,
            scopes=scopes,
            created_ms=uow.now_ms,
            expires_ms=uow.now_ms + (lifetime_ms or LIFETIME_MS[kind]),
            origin=origin[:80],
            user_agent=user_agent[:200],
        )
        if kind in (TokenKind.LOGIN, TokenKind.SESSION):
            self._make_room(uow, user.user_id)
        uow.users.add_token(token)
        if audit:
            uow.publish(
                AuditRecorded(
                    actor_id=user.user_id,
                    action=audit,
                    subject=token.token_id,
                    details=name,
                    origin=origin,
                    at_ms=uow.now_ms,
                )
            )
        return Issued(secret=secret, token_id=token.token_id, kind=kind, expires_ms=token.expires_ms, user=user)

    def _make_room(self, uow: UnitOfWork, user_id: str) -> None:
        signed_in = [
            token
            for token in uow.users.tokens_of(user_id)
            if token.kind in (TokenKind.LOGIN, TokenKind.SESSION) and token.expires_ms > uow.now_ms
        ]
        for token in signed_in[MAX_SIGNED_IN - 1 :]:
            token.revoked_ms = uow.now_ms
            uow.users.save_token(token)
        if len(signed_in) >= MAX_SIGNED_IN:
            uow.after_commit(lambda: self._authenticator.forget_user(user_id))


def _active(uow: UnitOfWork, user_id: str) -> UserRecord:
    user = uow.users.get(user_id)
    if user is None or user.state is not UserState.ACTIVE:
        raise Unauthenticated("This user is locked.", code="USER_LOCKED", fix="Ask an operator of the pool.")
    return user


def _refuse_password(password: str, username: str) -> None:
    problems: list[Problem] = password_problems(password, username)
    if problems:
        raise Invalid("This password is too easy to guess.", problems, code="PASSWORD_REFUSED")


def _used_up() -> Unauthenticated:
    return Unauthenticated(
        "This link was used or has expired.", code="LINK_USED", fix="Ask an operator for a new one."
    )
