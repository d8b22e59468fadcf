"""People: roles, what each role may do, tokens, quotas, and the rules for names and passwords.

`PERMISSIONS` is the one table of who may do what. Services ask `require(principal, action)`; doors do not decide.
A thing of somebody else is not Forbidden but NotFound: that check is the service's own, by owner.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.domain.errors import Forbidden, Problem, QuotaExceeded

#: The user that practice tasks belong to: locked from the start, so that nobody ever signs in as it.
PRACTICE_USER: Final = "000000000000000000PRACT1CE"


class Role(StrEnum):
    """What a user is for. One user may be all three."""

    #: Runs the pool.
    OPERATOR = "operator"
    #: Sends tasks.
    SUBMITTER = "submitter"
    #: Owns nodes.
    PROVIDER = "provider"


class Scope(StrEnum):
    """What a token may be used for; never more than its user's roles allow."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    NODES_READ = "nodes:read"
    NODES_WRITE = "nodes:write"
    MONEY_READ = "money:read"
    MONEY_SEND = "money:send"
    #: WireGuard configs of one's own.
    VPN = "vpn"
    #: Password, tokens, sessions, export, deletion.
    ACCOUNT = "account"
    ADMIN = "admin"


ALL_SCOPES: Final = frozenset(Scope)


class Action(StrEnum):
    """Everything that somebody may or may not do."""

    TASK_SUBMIT = "task.submit"
    TASK_READ = "task.read"
    TASK_CONTROL = "task.control"
    TASK_READ_ANY = "task.read_any"
    TASK_CONTROL_ANY = "task.control_any"
    NODE_READ = "node.read"
    NODE_JOIN = "node.join"
    NODE_CONTROL = "node.control"
    NODE_CONTROL_ANY = "node.control_any"
    MONEY_READ = "money.read"
    MONEY_SEND = "money.send"
    MONEY_READ_ANY = "money.read_any"
    MONEY_GRANT = "money.grant"
    RATES_SET = "rates.set"
    ACCOUNT_READ = "account.read"
    ACCOUNT_CHANGE = "account.change"
    USER_READ_ANY = "user.read_any"
    USER_CHANGE_ANY = "user.change_any"
    INVITE = "user.invite"
    AUDIT_READ = "audit.read"
    SETTINGS_CHANGE = "settings.change"
    VPN_READ = "vpn.read"
    VPN_CHANGE = "vpn.change"
    VPN_READ_ANY = "vpn.read_any"
    METRICS_READ = "metrics.read"


@dataclass(frozen=True, slots=True)
class Permission:
    """Any one of the roles, and the scope."""

    roles: frozenset[Role]
    scope: Scope


_EVERYBODY = frozenset(Role)
_OPERATOR = frozenset({Role.OPERATOR})
_SUBMITTER = frozenset({Role.SUBMITTER, Role.OPERATOR})
_PROVIDER = frozenset({Role.PROVIDER, Role.OPERATOR})

PERMISSIONS: Final[Mapping[Action, Permission]] = {
    Action.TASK_SUBMIT: Permission(_SUBMITTER, Scope.TASKS_WRITE),
    Action.TASK_READ: Permission(_EVERYBODY, Scope.TASKS_READ),
    Action.TASK_CONTROL: Permission(_SUBMITTER, Scope.TASKS_WRITE),
    Action.TASK_READ_ANY: Permission(_OPERATOR, Scope.TASKS_READ),
    Action.TASK_CONTROL_ANY: Permission(_OPERATOR, Scope.TASKS_WRITE),
    Action.NODE_READ: Permission(_EVERYBODY, Scope.NODES_READ),
    Action.NODE_JOIN: Permission(_PROVIDER, Scope.NODES_WRITE),
    Action.NODE_CONTROL: Permission(_PROVIDER, Scope.NODES_WRITE),
    Action.NODE_CONTROL_ANY: Permission(_OPERATOR, Scope.NODES_WRITE),
    Action.MONEY_READ: Permission(_EVERYBODY, Scope.MONEY_READ),
    Action.MONEY_SEND: Permission(_EVERYBODY, Scope.MONEY_SEND),
    Action.MONEY_READ_ANY: Permission(_OPERATOR, Scope.MONEY_READ),
    Action.MONEY_GRANT: Permission(_OPERATOR, Scope.ADMIN),
    Action.RATES_SET: Permission(_OPERATOR, Scope.ADMIN),
    # Whoever is signed in may know who that is, whatever the token is for.
    Action.ACCOUNT_READ: Permission(_EVERYBODY, Scope.ACCOUNT),
    Action.ACCOUNT_CHANGE: Permission(_EVERYBODY, Scope.ACCOUNT),
    Action.USER_READ_ANY: Permission(_OPERATOR, Scope.ADMIN),
    Action.USER_CHANGE_ANY: Permission(_OPERATOR, Scope.ADMIN),
    Action.INVITE: Permission(_OPERATOR, Scope.ADMIN),
    Action.AUDIT_READ: Permission(_OPERATOR, Scope.ADMIN),
    Action.SETTINGS_CHANGE: Permission(_OPERATOR, Scope.ADMIN),
    Action.VPN_READ: Permission(_EVERYBODY, Scope.VPN),
    Action.VPN_CHANGE: Permission(_EVERYBODY, Scope.VPN),
    Action.VPN_READ_ANY: Permission(_OPERATOR, Scope.VPN),
    # What a scraper holds may read figures of the pool and nothing else.
    Action.METRICS_READ: Permission(_OPERATOR, Scope.NODES_READ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, proven. `token_id` names the token, session or door that proved it; it is no secret."""

    user_id: str
    username: str
    roles: frozenset[Role]
    scopes: frozenset[Scope] = ALL_SCOPES
    token_id: str = ""
    #: Where from: an address, or "console".
    origin: str = ""

    @property
    def is_operator(self) -> bool:
        return Role.OPERATOR in self.roles

    def may(self, action: Action) -> bool:
        """Tell whether roles and scopes both allow the action (on the principal's own things)."""
        permission = PERMISSIONS[action]
        return permission.scope in self.scopes and not permission.roles.isdisjoint(self.roles)


def require(who: Principal, action: Action) -> None:
    """Raise Forbidden, saying what is missing, unless `who` may do `action`."""
    permission = PERMISSIONS[action]
    if permission.roles.isdisjoint(who.roles):
        wanted = " or ".join(role.value for role in Role if role in permission.roles)
        raise Forbidden(
            f"This needs the role {wanted}.", code="ROLE_MISSING", fix="Ask an operator of the pool for that role."
        )
    if permission.scope not in who.scopes:
        raise Forbidden(
            f"This token lacks the scope {permission.scope.value}.",
            code="SCOPE_MISSING",
            fix="Make a token with that scope, or sign in.",
        )


class UserState(StrEnum):
    ACTIVE = "ACTIVE"
    #: By an operator: cannot sign in, its tokens are refused; its tasks and nodes stay.
    LOCKED = "LOCKED"
    #: The name and all personal data are gone; the id stays in the ledger.
    DELETED = "DELETED"


class SignUp(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class TokenKind(StrEnum):
    #: Made by a login through the API; lives hours, can be refreshed.
    LOGIN = "login"
    #: Of a browser; named by its cookie.
    SESSION = "session"
    #: Made by the user for a script.
    API = "api"
    #: Good for one sign-in, or one new password: first operator, reset link, console link.
    ONE_USE = "one_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Bounds of one user; None is no bound."""

    queued_tasks: int | None = 10_000
    queued_subtasks: int | None = 20_000_000
    storage_bytes: int | None = 1 << 40
    running_cpu_millis: int | None = None
    spend_day_ucpt: int | None = None


NO_QUOTA: Final = Quota(queued_tasks=None, queued_subtasks=None, storage_bytes=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaUse:
    """What a user has now, or wants in addition."""

    queued_tasks: int = 0
    queued_subtasks: int = 0
    storage_bytes: int = 0
    running_cpu_millis: int = 0
    spend_day_ucpt: int = 0


def _count(value: int) -> str:
    return f"{value:,}"


def _gigabytes(value: int) -> str:
    return f"{value / 1_000_000_000:,.2f} GB"


def _cores(value: int) -> str:
    return f"{value / 1000:g}"


def _credits(value: int) -> str:
    return f"{value / 1_000_000:,.2f} CPT"


_MORE: Final = "or ask an operator of the pool for a larger quota"
#: Field -> how its amounts read, what they are of, and what to do where it is used up.
QUOTA_WORDS: Final[Mapping[str, tuple[Callable[[int], str], str, str]]] = {
    "queued_tasks": (_count, "tasks that have not ended", f"Wait until some end, cancel some, {_MORE}."),
    "queued_subtasks": (
        _count,
        "subtasks of tasks that have not ended",
        f"Wait until some tasks end, send fewer pieces, {_MORE}.",
    ),
    "storage_bytes": (
        _gigabytes,
        "of bundles and results",
        f"Give up results that you no longer need, {_MORE}.",
    ),
    "running_cpu_millis": (_cores, "cores at once", f"Ask for fewer cores a subtask, {_MORE}."),
    "spend_day_ucpt": (_credits, "a day (UTC)", f"Wait until tomorrow, {_MORE}."),
}


def quota_text(quota: Quota | None) -> str:
    """Return a quota in words, for the audit log."""
    if quota is None:
        return "the pool's default"
    bounds = ((name, getattr(quota, name), shown) for name, (shown, _, _) in QUOTA_WORDS.items())
    return ", ".join(
        f"{name} {'without bound' if bound is None else shown(bound)}" for name, bound, shown in bounds
    )


def check_quota(quota: Quota, use: QuotaUse, more: QuotaUse, *, whose: str = "Your quota") -> None:
    """Raise QuotaExceeded, naming the bound, when `use` and `more` together pass the quota."""
    for name, (shown, words, fix) in QUOTA_WORDS.items():
        bound, used, wanted = getattr(quota, name), getattr(use, name), getattr(more, name)
        if bound is not None and wanted > 0 and used + wanted > bound:
            raise QuotaExceeded(
                f"{whose} is {shown(bound)} {words}; {shown(used)} are used and this needs {shown(wanted)} more.",
                quota=name,
                bound=bound,
                used=used,
                wanted=wanted,
                fix=fix,
            )


MIN_PASSWORD: Final = 8
#: Hashing a password costs time and memory; nobody types a longer one.
MAX_PASSWORD: Final = 256
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")
_RESERVED = frozenset({"system", "mint", "fees", "hold", "pool", "hivemind", "me", "practice"})
#: The first of every list of leaked passwords that are long enough to pass the other rules.
_COMMON = frozenset(
    {
        *("12345678", "123456789", "1234567890", "87654321", "0987654321", "11111111", "00000000", "12341234"),
        *("password", "password1", "password12", "password123", "passw0rd", "p@ssw0rd", "qwertyui", "qwertyuiop"),
        *("qwerty12", "qwerty123", "1q2w3e4r", "1qaz2wsx", "q1w2e3r4", "iloveyou", "sunshine", "princess"),
        *("football", "baseball", "superman", "trustno1", "letmein1", "welcome1", "adminadmin", "changeme"),
        *("abcd1234", "abc12345", "asdfghjk", "zxcvbnm1", "administrator", "hivemind"),
    }
)


def fold_username(username: str) -> str:
    """Return the form in which a name is kept and found: names that look alike are one name."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def username_problems(username: str) -> list[Problem]:
    """Return what is wrong with a name that somebody wants; empty: nothing."""
    folded = fold_username(username)
    if not _USERNAME.fullmatch(folded):
        return [
            Problem(
                code="USERNAME_INVALID",
                reason="A user name has 1 to 40 letters a-z, digits, dots, hyphens and underscores, and starts "
                "and ends with a letter or digit.",
                fix="Choose a name such as mei-lin.",
                key="username",
            )
        ]
    if folded in _RESERVED:
        return [
            Problem(
                code="USERNAME_RESERVED", reason="This name is reserved.", fix="Choose another.", key="username"
            )
        ]
    return []


def password_problems(password: str, username: str = "") -> list[Problem]:
    """Return what is wrong with a new password; empty: nothing. Length counts, not kinds of characters."""
    found: list[tuple[str, str, str]] = []
    if len(password) < MIN_PASSWORD:
        found.append(
            (
                "PASSWORD_SHORT",
                f"It has {len(password)} of at least {MIN_PASSWORD} characters.",
                "Use a few words.",
            )
        )
    elif len(password) > MAX_PASSWORD:
        found.append(("PASSWORD_LONG", f"It has more than {MAX_PASSWORD} characters.", "Use a shorter one."))
    else:
        plain = password.casefold()
        name = fold_username(username)
        if plain in _COMMON or len(set(plain)) < 3:
            found.append(("PASSWORD_COMMON", "It is among the first that anybody tries.", "Use a few words."))
        elif name and len(plain.replace(name, "")) < 4:
            found.append(("PASSWORD_IS_NAME", "It is little more than the user name.", "Use a few words."))
    return [Problem(code=code, reason=reason, fix=fix, key="password") for code, reason, fix in found]
