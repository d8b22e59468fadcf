"""People, their tokens and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select, text

from core.domain.errors import Conflict
from core.domain.user import Role, UserState
from master_app.ports.users import InviteRecord, TokenRecord, UserRecord
from master_app.storage.mapping_people import (
    invite_to_row,
    row_to_invite,
    row_to_token,
    row_to_user,
    token_to_row,
    user_to_row,
)
from master_app.storage.statements import Sql, constant, insert_of, update_of
from master_app.storage.tables.users import invites, tokens, users

_ADD: Final = insert_of(users)
_SAVE: Final = update_of(users, [column.name for column in users.c if not column.primary_key])
_GET: Final = select(users).where(users.c.user_id == bindparam("user_id"))
_FIND: Final = select(users).where(users.c.username == bindparam("username"))
_ROLES: Final = select(users.c.user_id, users.c.roles).where(users.c.state == constant(UserState.ACTIVE.value))

_ADD_TOKEN: Final = insert_of(tokens)
_SAVE_TOKEN: Final = update_of(tokens, [column.name for column in tokens.c if not column.primary_key])
_TOKEN: Final = select(tokens).where(tokens.c.secret_sha256 == bindparam("secret"))
_TOKENS_OF: Final = (
    select(tokens)
    .where(tokens.c.user_id == bindparam("user_id"), text("revoked_ms = 0"))
    .order_by(tokens.c.token_id.desc())
)
_ENDED: Final = (
    select(tokens.c.token_id)
    .where(
        (tokens.c.expires_ms.between(constant(1), bindparam("expired_before")))
        | (tokens.c.revoked_ms.between(constant(1), bindparam("revoked_before")))
    )
    .limit(bindparam("limit"))
)
_FORGET: Final = tokens.delete().where(tokens.c.token_id == bindparam("key_token_id"))
_TOUCH: Final = (
    tokens.update()
    .values(last_used_ms=bindparam("new_used"))
    .where(tokens.c.token_id == bindparam("key_token_id"), tokens.c.last_used_ms < bindparam("used"))
)

_ADD_INVITE: Final = insert_of(invites)
_SAVE_INVITE: Final = update_of(invites, [column.name for column in invites.c if not column.primary_key])
_INVITE: Final = select(invites).where(invites.c.secret_sha256 == bindparam("secret"))
_INVITES: Final = (
    select(invites).where(text("uses_left > 0 AND revoked_ms = 0")).order_by(invites.c.invite_id.desc())
)
_ENDED_INVITES: Final = select(invites.c.invite_id).where(invites.c.expires_ms < bindparam("ended_before"))
_FORGET_INVITE: Final = invites.delete().where(invites.c.invite_id == bindparam("key_invite_id"))


class SqlUsers:
    """See the port. Users that were saved are written once, at `flush`; tokens and invitations at once."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._users: dict[str, UserRecord] = {}
        self._changed: dict[str, UserRecord] = {}
        self._tokens: dict[str, TokenRecord] = {}
        self._invites: dict[str, InviteRecord] = {}

    def begin(self) -> None:
        self._users.clear()
        self._changed.clear()
        self._tokens.clear()
        self._invites.clear()

    def flush(self) -> None:
        if self._changed:
            rows = [user_to_row(user) for user in self._changed.values()]
            self._sql.run_many(_SAVE, [(*row[1:], row[0]) for row in rows])
            self._changed.clear()

    @property
    def changed_count(self) -> int:
        return len(self._changed)

    def add(self, user: UserRecord) -> None:
        if user.username and self.find(user.username) is not None:
            raise Conflict("This user name is taken.", code="USERNAME_TAKEN", fix="Choose another.")
        self._sql.run(_ADD, user_to_row(user))
        self._users[user.user_id] = user

    def get(self, user_id: str) -> UserRecord | None:
        found = self._users.get(user_id)
        if found is None:
            row = self._sql.row(_GET, (user_id,))
            if row is not None:
                found = self._users[user_id] = row_to_user(row)
        return found

    def find(self, username: str) -> UserRecord | None:
        if not username:
            return None
        self.flush()
        row = self._sql.row(_FIND, (username,))
        return None if row is None else self._users.setdefault(row[0], row_to_user(row))

    def save(self, user: UserRecord) -> None:
        self._users[user.user_id] = user
        self._changed[user.user_id] = user

    def count(self, role: Role | None = None) -> int:
        self.flush()
        rows = self._sql.rows(_ROLES)
        return len(rows) if role is None else sum(role.value in row[1].split() for row in rows)

    def ids_of(self, role: Role) -> Sequence[str]:
        self.flush()
        return [row[0] for row in self._sql.rows(_ROLES) if role.value in row[1].split()]

    def add_token(self, token: TokenRecord) -> None:
        self._sql.run(_ADD_TOKEN, token_to_row(token))
        self._tokens[token.token_id] = token

    def token(self, secret_sha256: str) -> TokenRecord | None:
        row = self._sql.row(_TOKEN, (secret_sha256,))
        return None if row is None else self._same_token(row_to_token(row))

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]:
        return [self._same_token(row_to_token(row)) for row in self._sql.rows(_TOKENS_OF, (user_id,))]

    def save_token(self, token: TokenRecord) -> None:
        row = token_to_row(token)
        self._sql.run(_SAVE_TOKEN, (*row[1:], row[0]))
        self._tokens[token.token_id] = token

    def forget_tokens(self, expired_before_ms: int, limit: int) -> int:
        # BETWEEN is inclusive; what ended exactly then stays.
        last = expired_before_ms - 1
        ended = self._sql.rows(_ENDED, (last, last, limit))
        self._sql.run_many(_FORGET, ended)
        for (token_id,) in ended:
            self._tokens.pop(token_id, None)
        return len(ended)

    def touch_tokens(self, used: Sequence[tuple[str, int]]) -> None:
        self._sql.run_many(_TOUCH, [(used_ms, token_id, used_ms) for token_id, used_ms in used])
        for token_id, used_ms in used:
            token = self._tokens.get(token_id)
            if token is not None:
                token.last_used_ms = max(token.last_used_ms, used_ms)

    def add_invite(self, invite: InviteRecord) -> None:
        self._sql.run(_ADD_INVITE, invite_to_row(invite))
        self._invites[invite.invite_id] = invite

    def invite(self, secret_sha256: str) -> InviteRecord | None:
        row = self._sql.row(_INVITE, (secret_sha256,))
        return None if row is None else self._invites.setdefault(row[0], row_to_invite(row))

    def invites(self) -> Sequence[InviteRecord]:
        return [self._invites.setdefault(row[0], row_to_invite(row)) for row in self._sql.rows(_INVITES)]

    def forget_invites(self, ended_before_ms: int) -> int:
        ended = self._sql.rows(_ENDED_INVITES, (ended_before_ms,))
        self._sql.run_many(_FORGET_INVITE, ended)
        for (invite_id,) in ended:
            self._invites.pop(invite_id, None)
        return len(ended)

    def save_invite(self, invite: InviteRecord) -> None:
        row = invite_to_row(invite)
        self._sql.run(_SAVE_INVITE, (*row[1:], row[0]))
        self._invites[invite.invite_id] = invite

    def _same_token(self, token: TokenRecord) -> TokenRecord:
        return self._tokens.setdefault(token.token_id, token)
