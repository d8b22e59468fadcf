"""People as doors read them: at each request, without waiting for the writer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core.domain.user import UserState
from master_app.ports.reads import Page
from master_app.ports.secrets import SecretRecord
from master_app.ports.users import Credential, TokenRecord, UserRecord
from master_app.storage.mapping_people import row_to_token, row_to_user
from master_app.storage.readers import Readers, page_size
from master_app.storage.repositories.secrets import row_to_secret
from master_app.storage.tables.users import tokens, user_secrets, users


class SqlUserReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def credential(self, secret_sha256: str) -> Credential | None:
        row = self._readers.row(
            select(tokens, users)
            .join(users, users.c.user_id == tokens.c.user_id)
            .where(tokens.c.secret_sha256 == secret_sha256)
        )
        if row is None:
            return None
        count = len(tokens.c)
        return Credential(token=row_to_token(tuple(row[:count])), user=row_to_user(tuple(row[count:])))

    def user(self, user_id: str) -> UserRecord | None:
        row = self._readers.row(select(users).where(users.c.user_id == user_id))
        return None if row is None else row_to_user(tuple(row))

    def find(self, username: str) -> UserRecord | None:
        if not username:
            return None
        row = self._readers.row(select(users).where(users.c.username == username))
        return None if row is None else row_to_user(tuple(row))

    def users(self, *, name_contains: str = "", cursor: str | None = None, limit: int = 50) -> Page[UserRecord]:
        size = page_size(limit)
        query = select(users).where(users.c.state != UserState.DELETED.value)
        if name_contains:
            query = query.where(users.c.username.contains(name_contains.casefold(), autoescape=True))
        if cursor is not None:
            query = query.where(users.c.username > cursor)
        rows = [
            row_to_user(tuple(row)) for row in self._readers.rows(query.order_by(users.c.username).limit(size + 1))
        ]
        return Page(rows[:size], rows[size - 1].username if len(rows) > size else None)

    def with_quota(self) -> Sequence[UserRecord]:
        return [row_to_user(tuple(row)) for row in self._readers.rows(select(users).where(users.c.quota != ""))]

    def tokens_of(self, user_id: str) -> Sequence[TokenRecord]:
        rows = self._readers.rows(
            select(tokens)
            .where(tokens.c.user_id == user_id, tokens.c.revoked_ms == 0)
            .order_by(tokens.c.token_id.desc())
        )
        return [row_to_token(tuple(row)) for row in rows]

    def secrets_of(self, owner_id: str) -> Sequence[SecretRecord]:
        rows = self._readers.rows(
            select(user_secrets).where(user_secrets.c.owner_id == owner_id).order_by(user_secrets.c.name)
        )
        return [row_to_secret(tuple(row)) for row in rows]
