"""WireGuard configs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, select, text

from core.domain.errors import Conflict
from master_app.ports.vpn import VpnRecord
from master_app.storage.statements import Row, Sql, insert_of, update_of
from master_app.storage.tables.vpn import vpn_configs

_ADD: Final = insert_of(vpn_configs)
_SAVE: Final = update_of(vpn_configs, [column.name for column in vpn_configs.c if not column.primary_key])
_GET: Final = select(vpn_configs).where(vpn_configs.c.config_id == bindparam("config_id"))
_BY_KEY: Final = select(vpn_configs.c.config_id).where(vpn_configs.c.public_key == bindparam("public_key"))
_LIVE: Final = (
    select(func.count())
    .select_from(vpn_configs)
    .where(vpn_configs.c.user_id == bindparam("user_id"), text("revoked_ms = 0"))
)
_LAST: Final = select(func.max(vpn_configs.c.number))


def record_to_row(record: VpnRecord) -> Row:
    return (
        record.config_id,
        record.user_id,
        record.number,
        record.name,
        record.public_key,
        record.created_ms,
        record.rotated_ms,
        record.revoked_ms,
    )


def row_to_record(row: Row) -> VpnRecord:
    return VpnRecord(
        config_id=row[0],
        user_id=row[1],
        number=row[2],
        name=row[3],
        public_key=row[4],
        created_ms=row[5],
        rotated_ms=row[6],
        revoked_ms=row[7],
    )


class SqlVpn:
    """See the port. Rows are rare: each is written at once."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(self, record: VpnRecord) -> None:
        self._check_key(record)
        self._sql.run(_ADD, record_to_row(record))

    def get(self, config_id: str) -> VpnRecord | None:
        row = self._sql.row(_GET, (config_id,))
        return None if row is None else row_to_record(row)

    def save(self, record: VpnRecord) -> None:
        self._check_key(record)
        row = record_to_row(record)
        self._sql.run(_SAVE, (*row[1:], row[0]))

    def live_of(self, user_id: str) -> int:
        row = self._sql.row(_LIVE, (user_id,))
        assert row is not None
        return int(row[0])

    def last_number(self) -> int:
        row = self._sql.row(_LAST)
        return int(row[0] or 0) if row is not None else 0

    def _check_key(self, record: VpnRecord) -> None:
        row = self._sql.row(_BY_KEY, (record.public_key,))
        if row is not None and row[0] != record.config_id:
            raise Conflict(
                "This public key belongs to another VPN config.",
                code="VPN_KEY_TAKEN",
                fix="Make a new key pair for each device: wg genkey.",
            )
