"""Making and changing users: sign-up, roles, lock, reset, deletion. The last operator is always kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final

from core.clock import Clock
from core.domain.audit import audited
from core.domain.errors import Conflict, Forbidden, Invalid, NotFound
from core.domain.events import AuditRecorded
from core.domain.user import (
    PRACTICE_USER,
    Action,
    Principal,
    Quota,
    Role,
    SignUp,
    UserState,
    fold_username,
    password_problems,
    quota_text,
    require,
    username_problems,
)
from master_app.ledger.transfers import grant_sign_up
from master_app.ports.reads import Page
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import PasswordHasher, UserReads, UserRecord
from master_app.users.authenticate import Authenticator
from master_app.users.invitations import SIGN_UP_ROLES, take_invite, words
from master_app.users.minting import Issued, Minting
from master_app.users.rules import RulesBook
from master_app.users.sign_in import SignIn
from master_app.users.throttle import Throttle

FIRST_OPERATOR: Final = "operator"


def default_sign_up(*, loopback_only: bool) -> SignUp:
    """Return who may sign up where the operator has not said it.

    The default is closed to everybody who could not reach this computer anyway: a fresh pool listens on loopback
    alone, and there the first person must be able to start. As soon as a door is open to a network, strangers
    would get credits and run code by signing up, so then an invitation is needed.
    """
    return SignUp.OPEN if loopback_only else SignUp.INVITE


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
        rules: RulesBook,
        on_quota: Callable[[str, Quota | None], None],
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._hasher = hasher
        self._authenticator = authenticator
        self._sign_in = sign_in
        self._minting = minting
        self._clock = clock
        self._rules = rules
        self._on_quota = on_quota
        self._guesses = Throttle(limit=5, window_ms=15 * 60_000, what="wrong passwords")
        self._sign_ups = Throttle(limit=20, window_ms=3_600_000, what="new accounts from this address")

    @property
    def sign_up_mode(self) -> SignUp:
        return self._rules.now.sign_up

    def sign_up(
        self, username: str, password: str, *, origin: str = "", invite: str = "", language: str = ""
    ) -> Future[UserRecord]:
        """Make an account for whoever asks, as the pool allows, with the pool's grant."""
        mode = self._rules.now.sign_up
        if mode is SignUp.CLOSED or (mode is SignUp.INVITE and not invite):
            raise Forbidden(
                "This pool does not take new accounts without an invitation."
                if mode is SignUp.INVITE
                else "This pool does not take new accounts.",
                code="SIGN_UP_CLOSED",
                fix="Ask an operator of the pool.",
            )
        name = _checked(username, password)
        self._sign_ups.take(origin, self._clock.wall_ms())
        hashed = self._hasher.hash(password)

        def command(uow: UnitOfWork) -> UserRecord:
            roles = take_invite(uow, invite) if invite else SIGN_UP_ROLES
            user = self._add(uow, name, hashed, roles, language=language)
            uow.publish(_by(user, "user.sign_up", origin, uow.now_ms))
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
            uow.publish(audited(who, "user.add", user.user_id, words(wanted), at_ms=uow.now_ms))
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
        grant_sign_up(uow, user.user_id, self._rules.now.sign_up_grant_ucpt)
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
                uow.publish(audited(None, "user.first_operator", waiting.user_id, at_ms=uow.now_ms))
            return self._sign_in.one_use(uow, waiting)

        return self._writer.execute(command)

    def reset_link(self, who: Principal | None, username: str) -> Future[Issued]:
        """Make a one-use link with which a user sets a new password. The old one works until then."""
        if who is not None:
            require(who, Action.USER_CHANGE_ANY)

        def command(uow: UnitOfWork) -> Issued:
            user = _found(uow, username)
            uow.publish(audited(who, "password.reset_link", user.user_id, at_ms=uow.now_ms))
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
            return words(wanted)

        return self._change(who, username, "user.roles", change)

    def set_quota(self, who: Principal, username: str, quota: Quota | None) -> Future[UserRecord]:
        """Give a user bounds of its own; None: the pool's default again."""
        require(who, Action.USER_CHANGE_ANY)

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            user.quota = quota
            uow.after_commit(lambda: self._on_quota(user.user_id, quota))
            return quota_text(quota)

        return self._change(who, username, "user.quota", change)

    def lock(self, who: Principal, username: str, reason: str) -> Future[UserRecord]:
        """Refuse this user's sign-ins and tokens at once. Its tasks and nodes stay."""
        require(who, Action.USER_CHANGE_ANY)

        def change(uow: UnitOfWork, user: UserRecord) -> str:
            _keep_an_operator(uow, user)
            user.state, user.state_reason = UserState.LOCKED, reason[:200]
            _revoke_links(uow, user.user_id)
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
            uow.publish(audited(who, action, user.user_id, details, at_ms=uow.now_ms))
            return user

        return self._writer.execute(command)

    def delete_own(self, who: Principal, password: str) -> Future[None]:
        """Forget the caller: name, password, tokens. The id stays in the ledger, which stays whole.

        Refused while tasks of the user have not ended or nodes are theirs. Credits that are left are given up.
        """
        require(who, Action.ACCOUNT_CHANGE)
        row = self._reads.user(who.user_id)
        self._guesses.check(who.user_id, self._clock.wall_ms())
        if row is None or not self._hasher.verify(row.password_hash, password):
            self._guesses.count(who.user_id, self._clock.wall_ms())
            raise Forbidden("The password is wrong.", code="PASSWORD_WRONG")

        def command(uow: UnitOfWork) -> None:
            user = uow.users.get(who.user_id)
            if user is not None and user.state is not UserState.DELETED:
                self._forget(uow, who, user)

        return self._writer.execute(command)

    def delete(self, who: Principal, username: str) -> Future[None]:
        """Forget a user as they could themselves. Operators only."""
        require(who, Action.USER_CHANGE_ANY)
        return self._writer.execute(lambda uow: self._forget(uow, who, _found(uow, username)))

    def _forget(self, uow: UnitOfWork, who: Principal, user: UserRecord) -> None:
        _keep_an_operator(uow, user)
        if uow.tasks.count_live(user.user_id)[0]:
            raise Conflict("Some tasks of this user have not ended.", code="TASKS_LIVE", fix="Cancel them first.")
        if any(node.owner_id == user.user_id for node in uow.pool.nodes.values()):
            raise Conflict("Nodes of this user are in the pool.", code="NODES_LEFT", fix="Revoke them first.")
        for token in uow.users.tokens_of(user.user_id):
            token.revoked_ms = uow.now_ms
            uow.users.save_token(token)
        _revoke_links(uow, user.user_id)
        uow.secrets.remove_all(user.user_id)
        uow.notices.forget(user.user_id)
        uow.asks.forget(user.user_id)
        uow.templates.forget(user.user_id)
        user.username = user.password_hash = user.language = user.state_reason = ""
        user.state, user.roles, user.quota = UserState.DELETED, frozenset(), None
        uow.users.save(user)
        uow.after_commit(lambda: self._authenticator.forget_user(user.user_id))
        uow.after_commit(lambda: self._on_quota(user.user_id, None))
        uow.publish(audited(who, "user.delete", user.user_id, at_ms=uow.now_ms))

    def users(
        self, who: Principal, *, name_contains: str = "", cursor: str | None = None, limit: int = 50
    ) -> Page[UserRecord]:
        require(who, Action.USER_READ_ANY)
        return self._reads.users(name_contains=name_contains, cursor=cursor, limit=min(limit, 500))

    def user(self, who: Principal, username: str) -> UserRecord:
        """Return one user, by name. Operators only."""
        require(who, Action.USER_READ_ANY)
        found = self._reads.find(fold_username(username))
        if found is None:
            raise NotFound("There is no such user.", code="USER_NOT_FOUND")
        return found

    def me(self, who: Principal) -> UserRecord:
        """Return the caller's own row."""
        found = self._reads.user(who.user_id)
        if found is None:
            raise NotFound("There is no such user.", code="USER_NOT_FOUND")
        return found


def _checked(username: str, password: str) -> str:
    problems = username_problems(username) + password_problems(password, username)
    if problems:
        raise Invalid("This account cannot be made.", problems, code="ACCOUNT_REFUSED")
    return fold_username(username)


def _found(uow: UnitOfWork, username: str) -> UserRecord:
    user = uow.users.find(fold_username(username))
    if user is None or user.state is UserState.DELETED:
        raise NotFound("There is no such user.", code="USER_NOT_FOUND")
    if user.user_id == PRACTICE_USER:
        raise Forbidden("Practice tasks belong to this user; it stays as it is.", code="USER_OF_THE_POOL")
    return user


def _keep_an_operator(uow: UnitOfWork, user: UserRecord) -> None:
    is_one = Role.OPERATOR in user.roles and user.state is UserState.ACTIVE
    if is_one and uow.users.count(Role.OPERATOR) <= 1:
        raise Conflict("This is the last operator.", code="LAST_OPERATOR", fix="Make another operator first.")


def _revoke_links(uow: UnitOfWork, user_id: str) -> None:
    """Make useless the join links that lead to a user's account, or that the user made for others."""
    for link in uow.nodes.join_tokens(None):
        if user_id in (link.owner_id, link.created_by):
            link.revoked = True
            uow.nodes.save_join_token(link)


def _by(user: UserRecord, action: str, origin: str, at_ms: int) -> AuditRecorded:
    """Return the fact of what a user did to their own account before they could be signed in."""
    return AuditRecorded(
        actor_id=user.user_id, action=action, subject=user.user_id, details="", origin=origin, at_ms=at_ms
    )
