"""People in memory, a hasher that is fast, and a writer that runs commands at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from typing import Any

from core.domain.errors import Conflict
from core.domain.user import Role, UserState
from master_app.ports.reads import Page
from master_app.ports.secrets import SecretRecord
from master_app.ports.unit_of_work import Lane
from master_app.ports.users import Credential, InviteRecord, TokenRecord, UserRecord


class MemorySecrets:
    """Repository and reads at once."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], SecretRecord] = {}

    def put(self, record: SecretRecord) -> None:
        self._records[record.owner_id, record.name] = record

    def remove(self, owner_id: str, name: str) -> bool:
        return self._records.pop((owner_id, name), None) is not None

    def remove_all(self, owner_id: str) -> None:
        for record in self.of(owner_id):
            self.remove(owner_id, record.name)

    def of(self, owner_id: str) -> Sequence[SecretRecord]:
        return sorted(
            (record for record in self._records.values() if record.owner_id == owner_id),
            key=lambda record: record.name,
        )

    secrets_of = of


class MemoryUsers:
    """Repository: keeps the rows themselves, so `save` only notes that a row is meant to be kept."""

    def __init__(self) -> None:
        self._users: dict[str, UserRecord] = {}
        self._tokens: dict[str, TokenRecord] = {}
        self._invites: dict[str, InviteRecord] = {}

    def add(self, user: UserRecord) -> None:
        if user.username and self.find(user.username) is not None:
            raise Conflict("This name is taken.", code="USERNAME_TAKEN", fix="Choose another.")
        self._users[user.user_id] = user

    def get(self, user_id: str) -> UserRecord | None:
        return self._users.get(user_id)

    def find(self, username: str) -> UserRecord | None:
        if not username:
            return None
        return next((user for user in self._users.values() if user.username == username), None)

    def save(self, user: UserRecord) -> None:
        self._users[user.user_id] = user

    def count(self, role: Role | None = None) -> int:
        return sum(
            user.state is UserState.ACTIVE and (role is None or role in user.roles)
            for user in self._users.values()
        )

    def ids_of(self, role: Role) -> Sequence[str]:
        return [
            user.user_id for user in self._users.values() if role in user.roles and user.state is UserState.ACTIVE
        ]

    def add_token(self, token: TokenRecord) -> None:
        self._tokens[token.secret_sha256] = token

    def token(self, secret_sha256: str) -> TokenRecord | None:
        return self._tokens.get(secret_sha256)

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]:
        found = [token for token in self._tokens.values() if token.user_id == user_id and not token.revoked_ms]
        return sorted(found, key=lambda token: token.token_id, reverse=True)

    def save_token(self, token: TokenRecord) -> None:
        self._tokens[token.secret_sha256] = token

    def forget_tokens(self, expired_before_ms: int, limit: int) -> int:
        ended = [
            key
            for key, token in self._tokens.items()
            if 0 < token.revoked_ms < expired_before_ms or 0 < token.expires_ms < expired_before_ms
        ][:limit]
        for key in ended:
            del self._tokens[key]
        return len(ended)

    def touch_tokens(self, used: Sequence[tuple[str, int]]) -> None:
        latest = dict(used)
        for token in self._tokens.values():
            token.last_used_ms = max(token.last_used_ms, latest.get(token.token_id, 0))

    def add_invite(self, invite: InviteRecord) -> None:
        self._invites[invite.secret_sha256] = invite

    def invite(self, secret_sha256: str) -> InviteRecord | None:
        return self._invites.get(secret_sha256)

    def invites(self) -> Sequence[InviteRecord]:
        found = [i for i in self._invites.values() if not i.revoked_ms and i.uses_left > 0]
        return sorted(found, key=lambda invite: invite.invite_id, reverse=True)

    def forget_invites(self, ended_before_ms: int) -> int:
        ended = [key for key, invite in self._invites.items() if invite.expires_ms < ended_before_ms]
        for key in ended:
            del self._invites[key]
        return len(ended)

    def save_invite(self, invite: InviteRecord) -> None:
        self._invites[invite.secret_sha256] = invite


class MemoryUserReads:
    """What readers see: copies. `users` is called for the repository, which a rollback may replace."""

    def __init__(self, users: Callable[[], MemoryUsers]) -> None:
        self._users = users
        self.asked = 0
        #: Runs once, after the row was read and before it is answered: what happens meanwhile elsewhere.
        self.meanwhile: Callable[[], object] | None = None

    def credential(self, secret_sha256: str) -> Credential | None:
        self.asked += 1
        token = self._users().token(secret_sha256)
        user = self._users().get(token.user_id) if token else None
        found = Credential(token=copy(token), user=copy(user)) if token and user else None
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return found

    def user(self, user_id: str) -> UserRecord | None:
        return copy(self._users().get(user_id))

    def find(self, username: str) -> UserRecord | None:
        return copy(self._users().find(username))

    def users(self, *, name_contains: str = "", cursor: str | None = None, limit: int = 50) -> Page[UserRecord]:
        found = sorted(
            (
                copy(user)
                for user in self._users()._users.values()
                if user.state is not UserState.DELETED
                and name_contains in user.username
                and (cursor is None or user.username > cursor)
            ),
            key=lambda user: user.username,
        )
        return Page(found[:limit], found[limit - 1].username if len(found) > limit else None)

    def with_quota(self) -> Sequence[UserRecord]:
        return [copy(user) for user in self._users()._users.values() if user.quota is not None]

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]:
        return [copy(token) for token in self._users().tokens_of(user_id)]


class QuickHasher:
    """Hashes at once; `outdated` hashes ask to be made again."""

    def __init__(self) -> None:
        self.outdated: set[str] = set()
        #: How many new hashes were asked for.
        self.made = 0

    def hash(self, password: str) -> str:
        self.made += 1
        return _quick(password)

    def verify(self, password_hash: str, password: str) -> bool:
        return bool(password_hash) and password_hash == _quick(password)

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash in self.outdated


def _quick(password: str) -> str:
    return "quick$" + hashlib.sha256(password.encode()).hexdigest()


class DirectWriter:
    """Runs each command at once in a transaction of its own."""

    def __init__(self, unit_of_work: Any) -> None:
        self._unit_of_work = unit_of_work

    def execute(self, command: Callable[[Any], Any], *, lane: Lane = Lane.PEOPLE) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            with self._unit_of_work.transaction() as uow:
                result = command(uow)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future
