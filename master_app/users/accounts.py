"""Making and changing users: sign-up, roles, lock, reset, deletion. The last operator is always kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.domain.errors import Conflict, Forbidden, Invalid, NotFound
from core.domain.events import AuditRecorded
from core.domain.user import (
    Action,
    Principal,
    Quota,
    Role,
    SignUp,
    UserState,
    fold_username,
    password_problems,
    require,
    username_problems,
)
from master_app.ledger.transfers import SIGN_UP_GRANT_UCPT, grant_sign_up
from master_app.ports.reads import Page
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import InviteRecord, PasswordHasher, UserReads, UserRecord
from master_app.users.authenticate import Authenticator, token_hash
from master_app.users.sign_in import Issued, Minting, SignIn
from master_app.users.throttle import Throttle

FIRST_OPERATOR: Final = "operator"
_DAY_MS: Final = 86_400_000
#: Whoever signs up may send tasks and bring nodes; only operators make operators.
SIGN_UP_ROLES: Final = frozenset({Role.SUBMITTER, Role.PROVIDER})


def default_sign_up(*, loopback_only: bool) -> SignUp:
    """Return who may sign up where the operator has not said it.

    The default is closed to everybody who could not reach this computer anyway: a fresh pool listens on loopback
    alone, and there the first person must be able to start. As soon as a door is open to a network, strangers
    would get credits and run code by signing up, so then an invitation is needed.
    """
    return SignUp.OPEN if loopback_only else SignUp.INVITE


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRules:
    mode: SignUp = SignUp.OPEN
    grant_ucpt: int = SIGN_UP_GRANT_UCPT


class UserAccounts:
    """What doors call. Methods that hash a password are slow and never run on the writer thread."""

    def __init__(
        self,
        *,
        writer: Writer,
        reads: UserReads,
        hasher: PasswordHasher,
        authenticator: Authenticator,
        sign_in: SignIn,
        minting: Minting,
        clock: Clock,
        rules: SignUpRules,
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._hasher = hasher
        self._authenticator = authenticator
        self._sign_in = sign_in
        self._minting = minting
        self._clock = clock
        self._rules = rules
        self._sign_ups = Throttle(limit=20, window_ms=3_600_000, what="new accounts from this address")

    @property
    def sign_up_mode(self) -> SignUp:
        return self._rules.mode

    def sign_up(
        self, username: str, password: str, *, origin: str = "", invite: str = "", language: str = ""
    ) -> Future[UserRecord]:
        """Make an account for whoever asks, as the pool allows, with the pool's grant."""
        if self._rules.mode is SignUp.CLOSED or (self._rules.mode is SignUp.INVITE and not invite):
            raise Forbidden(
                "This pool does not take new accounts without an invitation."
                if self._rules.mode is SignUp.INVITE
                else "This pool does not take new accounts.",
                code="SIGN_UP_CLOSED",
                fix="Ask an operator of the pool.",
            )
        name = _checked(username, password)
        self._sign_ups.take(origin, self._clock.wall_ms())
        hashed = self._hasher.hash(password)

        def command(uow: UnitOfWork) -> UserRecord:
            roles = self._take_invite(uow, invite) if invite else SIGN_UP_ROLES
            user = self._add(uow, name, hashed, roles, language=language)
            _audit(uow, user.user_id, "user.sign_up", user.user_id, "", origin)
            return user

        return self._writer.execute(command)

    def add(
        self, who: Principal | None, username: str, password: str, roles: Iterable[Role]
    ) -> Future[UserRecord]:
        """Make an account with these roles. `who` None: the owner of the data folder, at the command line."""
        if who is not None:
            require(who, Action.USER_CHANGE_ANY)
        wanted = frozenset(roles)
        if not wanted:
            raise Invalid("A user needs a role.", code="ROLES_INVALID", fix="operator, submitter or provider.")
        name = _checked(username, password)
        hashed = self._hasher.hash(password)

        def command(uow: UnitOfWork) -> UserRecord:
            user = self._add(uow, name, hashed, wanted)
            _audit(uow, _actor(who), "user.add", user.user_id, _roles(wanted), who.origin if who else "")
            return user

        return self._writer.execute(command)

    def _add(
        self, uow: UnitOfWork, name: str, hashed: str, roles: frozenset[Role], language: str = ""
    ) -> UserRecord:
        if uow.users.find(name) is not None:
            raise Conflict("This name is taken.", code="USERNAME_TAKEN", fix="Choose another.")
        user = UserRecord(
            user_id=self._minting.new_id(uow.now_ms),
            username=name,
            password_hash=hashed,
            roles=roles,
            created_ms=uow.now_ms,
            password_ms=uow.now_ms if hashed else 0,
            language=language[:20],
        )
        uow.users.add(user)
        grant_sign_up(uow, user.user_id, self._rules.grant_ucpt)
        return user

    def first_operator(self) -> Future[Issued | None]:
        """Make the first operator with a one-use login, or return None where there is one.

        The caller writes the secret to a file that only its owner can read. An operator that has never signed in
        gets a fresh link at each start, because the file of the last may be lost.
        """

        def command(uow: UnitOfWork) -> Issued | None:
            waiting = uow.users.find(FIRST_OPERATOR)
            if waiting is not None and (waiting.password_hash or waiting.last_login_ms):
                waiting = None
            if waiting is None and uow.users.count(Role.OPERATOR) > 0:
                return None
            if waiting is None:
                waiting = self._add(uow, FIRST_OPERATOR, "", frozenset(Role))
                _audit(uow, "", "user.first_operator", waiting.user_id, "", "")
            return self._sign_in.one_use(uow, waiting)

        return self._writer.execute(command)

    def reset_link(self, who: Principal | None, username: str) -> Future[Issued]:
        """Make a one-use link with which a user sets a new password. The old one works until then."""
        if who is not None:
            require(who, Action.USER_CHANGE_ANY)

        def command(uow: UnitOfWork) -> Issued:
            user = _found(uow, username)
            _audit(uow, _actor(who), "password.reset_link", user.user_id, "", who.origin if who else "")
            return self._sign_in.one_use(uow, user)

        return self._writer.execute(command)

    def set_roles(self, who: Principal, username: str, roles: Iterable[Role]) -> Future[UserRecord]:
        require(who, Action.USER_CHANGE_ANY)
        wanted = frozenset(roles)
        if not wanted:
            raise Invalid("A user needs a role.", code="ROLES_INVALID", fix="operator, submitter or provider.")

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            if Role.OPERATOR not in wanted:
                _keep_an_operator(uow, user)
            user.roles = wanted
            return _roles(wanted)

        return self._change(who, username, "user.roles", change)

    def set_quota(self, who: Principal, username: str, quota: Quota | None) -> Future[UserRecord]:
        """Give a user bounds of its own; None: the pool's default again."""
        require(who, Action.USER_CHANGE_ANY)

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            user.quota = quota
            return str(quota)

        return self._change(who, username, "user.quota", change)

    def lock(self, who: Principal, username: str, reason: str) -> Future[UserRecord]:
        """Refuse this user's sign-ins and tokens at once. Its tasks and nodes stay."""
        require(who, Action.USER_CHANGE_ANY)

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            _keep_an_operator(uow, user)
            user.state, user.state_reason = UserState.LOCKED, reason[:200]
            return user.state_reason

        return self._change(who, username, "user.lock", change)

    def unlock(self, who: Principal, username: str) -> Future[UserRecord]:
        require(who, Action.USER_CHANGE_ANY)

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            user.state, user.state_reason = UserState.ACTIVE, ""
            return ""

        return self._change(who, username, "user.unlock", change)

    def _change(
        self,
        who: Principal,
        username: str,
        action: str,
        change: Callable[[UnitOfWork, UserRecord], str],
    ) -> Future[UserRecord]:
        def command(uow: UnitOfWork) -> UserRecord:
            user = _found(uow, username)
            details = change(uow, user)
            uow.users.save(user)
            uow.after_commit(lambda: self._authenticator.forget_user(user.user_id))
            _audit(uow, who.user_id, action, user.user_id, details, who.origin)
            return user

        return self._writer.execute(command)

    def delete_own(self, who: Principal, password: str) -> Future[None]:
        """Forget the caller: name, password, tokens. The id stays in the ledger, which stays whole.

        Refused while tasks of the user have not ended. Credits that are left are given up.
        """
        require(who, Action.ACCOUNT_CHANGE)
        row = self._reads.user(who.user_id)
        if row is None or not self._hasher.verify(row.password_hash, password):
            raise Forbidden("The password is wrong.", code="PASSWORD_WRONG")

        def command(uow: UnitOfWork) -> None:
            user = uow.users.get(who.user_id)
            if user is None or user.state is UserState.DELETED:
                return
            _keep_an_operator(uow, user)
            if uow.tasks.count_live(user.user_id)[0]:
                raise Conflict("Some of your tasks have not ended.", code="TASKS_LIVE", fix="Cancel them first.")
            for token in uow.users.tokens_of(user.user_id):
                token.revoked_ms = uow.now_ms
                uow.users.save_token(token)
            uow.secrets.remove_all(user.user_id)
            user.username = user.password_hash = user.language = user.state_reason = ""
            user.state, user.roles = UserState.DELETED, frozenset()
            uow.users.save(user)
            uow.after_commit(lambda: self._authenticator.forget_user(user.user_id))
            _audit(uow, user.user_id, "user.delete", user.user_id, "", who.origin)

        return self._writer.execute(command)

    def invite(
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
        if not wanted or not 0 < uses <= 10_000 or not 0 < lifetime_ms <= 366 * _DAY_MS:
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
            uow.users.add_invite(invite)
            _audit(uow, who.user_id, "user.invite", invite.invite_id, _roles(wanted), who.origin)
            return secret, invite

        return self._writer.execute(command)

    @staticmethod
    def _take_invite(uow: UnitOfWork, secret: str) -> frozenset[Role]:
        invite = uow.users.invite(token_hash(secret))
        if invite is None or invite.revoked_ms or invite.uses_left <= 0 or invite.expires_ms <= uow.now_ms:
            raise Forbidden(
                "This invitation was used or has expired.", code="INVITE_USED", fix="Ask for another one."
            )
        invite.uses_left -= 1
        uow.users.save_invite(invite)
        return invite.roles

    def users(
        self, who: Principal, *, name_contains: str = "", cursor: str | None = None, limit: int = 50
    ) -> Page[UserRecord]:
        require(who, Action.USER_READ_ANY)
        return self._reads.users(name_contains=name_contains, cursor=cursor, limit=min(limit, 500))


def _checked(username: str, password: str) -> str:
    problems = username_problems(username) + password_problems(password, username)
    if problems:
        raise Invalid("This account cannot be made.", problems, code="ACCOUNT_REFUSED")
    return fold_username(username)


def _found(uow: UnitOfWork, username: str) -> UserRecord:
    user = uow.users.find(fold_username(username))
    if user is None or user.state is UserState.DELETED:
        raise NotFound("There is no such user.", code="USER_NOT_FOUND")
    return user


def _keep_an_operator(uow: UnitOfWork, user: UserRecord) -> None:
    is_one = Role.OPERATOR in user.roles and user.state is UserState.ACTIVE
    if is_one and uow.users.count(Role.OPERATOR) <= 1:
        raise Conflict("This is the last operator.", code="LAST_OPERATOR", fix="Make another operator first.")


def _actor(who: Principal | None) -> str:
    return who.user_id if who else ""


def _roles(roles: frozenset[Role]) -> str:
    return ", ".join(sorted(roles))


def _audit(uow: UnitOfWork, actor_id: str, action: str, subject: str, details: str, origin: str) -> None:
    uow.publish(
        AuditRecorded(
            actor_id=actor_id, action=action, subject=subject, details=details, origin=origin, at_ms=uow.now_ms
        )
    )
