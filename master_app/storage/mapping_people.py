"""Rows and records of people, tokens and invitations."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from core.domain.user import Role, Scope, TokenKind, UserState
from master_app.ports.users import InviteRecord, TokenRecord, UserRecord
from master_app.storage.statements import Row
from master_app.storage.values import QUOTA, dump_times, load_times


def _words(values: Iterable[StrEnum]) -> str:
    return " ".join(sorted(value.value for value in values))


def user_to_row(user: UserRecord) -> Row:
    return (
        user.user_id,
        user.username,
        user.password_hash,
        _words(user.roles),
        user.state.value,
        user.state_reason,
        user.created_ms,
        user.last_login_ms,
        user.password_ms,
        user.language,
        QUOTA.dump(user.quota),
        dump_times(user.practice_asks),
    )


def row_to_user(row: Row) -> UserRecord:
    return UserRecord(
        user_id=row[0],
        username=row[1],
        password_hash=row[2],
        roles=frozenset(Role(word) for word in row[3].split()),
        state=UserState(row[4]),
        state_reason=row[5],
        created_ms=row[6],
        last_login_ms=row[7],
        password_ms=row[8],
        language=row[9],
        quota=QUOTA.load(row[10]),
        practice_asks=load_times(row[11]),
    )


def token_to_row(token: TokenRecord) -> Row:
    return (
        token.token_id,
        token.user_id,
        token.kind.value,
        token.secret_sha256,
        token.name,
        _words(token.scopes),
        token.created_ms,
        token.expires_ms,
        token.revoked_ms,
        token.last_used_ms,
        token.origin,
        token.user_agent,
    )


def row_to_token(row: Row) -> TokenRecord:
    return TokenRecord(
        token_id=row[0],
        user_id=row[1],
        kind=TokenKind(row[2]),
        secret_sha256=row[3],
        name=row[4],
        scopes=frozenset(Scope(word) for word in row[5].split()),
        created_ms=row[6],
        expires_ms=row[7],
        revoked_ms=row[8],
        last_used_ms=row[9],
        origin=row[10],
        user_agent=row[11],
    )


def invite_to_row(invite: InviteRecord) -> Row:
    return (
        invite.invite_id,
        invite.secret_sha256,
        invite.created_by,
        invite.created_ms,
        invite.expires_ms,
        _words(invite.roles),
        invite.uses_left,
        invite.revoked_ms,
    )


def row_to_invite(row: Row) -> InviteRecord:
    return InviteRecord(
        invite_id=row[0],
        secret_sha256=row[1],
        created_by=row[2],
        created_ms=row[3],
        expires_ms=row[4],
        roles=frozenset(Role(word) for word in row[5].split()),
        uses_left=row[6],
        revoked_ms=row[7],
    )
