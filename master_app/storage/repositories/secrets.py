"""Secrets of users, as sealed bytes. Written at once: they are few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select

from master_app.ports.secrets import SecretRecord
from master_app.storage.statements import Sql
from master_app.storage.tables.users import user_secrets

_OF: Final = (
    select(user_secrets).where(user_secrets.c.owner_id == bindparam("owner")).order_by(user_secrets.c.name)
)
_REMOVE: Final = user_secrets.delete().where(
    user_secrets.c.owner_id == bindparam("owner"), user_secrets.c.name == bindparam("secret")
)
_REMOVE_ALL: Final = user_secrets.delete().where(user_secrets.c.owner_id == bindparam("owner"))


def row_to_secret(row: Sequence[object]) -> SecretRecord:
    owner_id, name, sealed, changed_ms = row
    assert isinstance(sealed, bytes | memoryview) and isinstance(changed_ms, int)
    return SecretRecord(owner_id=str(owner_id), name=str(name), sealed=bytes(sealed), changed_ms=changed_ms)


class SqlSecrets:
    """See the port."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, record: SecretRecord) -> None:
        row = (record.owner_id, record.name, record.sealed, record.changed_ms)
        self._sql.upsert_many(user_secrets, [row])

    def remove(self, owner_id: str, name: str) -> bool:
        return self._sql.run(_REMOVE, (owner_id, name)) > 0

    def remove_all(self, owner_id: str) -> None:
        self._sql.run(_REMOVE_ALL, (owner_id,))

    def of(self, owner_id: str) -> Sequence[SecretRecord]:
        return [row_to_secret(row) for row in self._sql.rows(_OF, (owner_id,))]
