"""People, their tokens and invitations (only hashes of them), and what they entrust for their tasks (sealed)."""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from master_app.storage.tables.base import BY_KEY, binary, integer, metadata, text

users = Table(
    "users",
    metadata,
    text("user_id", key=True),
    text("username"),
    text("password_hash"),
    text("roles"),
    text("state"),
    text("state_reason"),
    integer("created_ms"),
    integer("last_login_ms"),
    integer("password_ms"),
    text("language"),
    text("quota"),
    text("practice_asks"),
    **BY_KEY,
)
Index(
    "ix_users_username",
    users.c.username,
    unique=True,
    sqlite_where=sql("username <> ''"),
    postgresql_where=sql("username <> ''"),
)

tokens = Table(
    "tokens",
    metadata,
    text("token_id", key=True),
    text("user_id"),
    text("kind"),
    text("secret_sha256"),
    text("name"),
    text("scopes"),
    integer("created_ms"),
    integer("expires_ms"),
    integer("revoked_ms"),
    integer("last_used_ms"),
    text("origin"),
    text("user_agent"),
    **BY_KEY,
)
Index("ix_tokens_secret", tokens.c.secret_sha256, unique=True)
Index("ix_tokens_user", tokens.c.user_id, tokens.c.token_id)

invites = Table(
    "invites",
    metadata,
    text("invite_id", key=True),
    text("secret_sha256"),
    text("created_by"),
    integer("created_ms"),
    integer("expires_ms"),
    text("roles"),
    integer("uses_left"),
    integer("revoked_ms"),
    **BY_KEY,
)
Index("ix_invites_secret", invites.c.secret_sha256, unique=True)

#: The key to `sealed` stands in a file outside the database.
user_secrets = Table(
    "user_secrets",
    metadata,
    text("owner_id", key=True),
    text("name", key=True),
    binary("sealed"),
    integer("changed_ms"),
    **BY_KEY,
)
