"""WireGuard configs as doors and the hub read them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core.domain.user import UserState
from master_app.ports.vpn import VpnRecord
from master_app.storage.readers import Readers
from master_app.storage.repositories.vpn import row_to_record
from master_app.storage.tables.users import users
from master_app.storage.tables.vpn import vpn_configs


class SqlVpnReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def configs(self, user_id: str | None = None) -> Sequence[VpnRecord]:
        query = select(vpn_configs).where(vpn_configs.c.revoked_ms == 0).order_by(vpn_configs.c.config_id.desc())
        if user_id is not None:
            query = query.where(vpn_configs.c.user_id == user_id)
        return [row_to_record(tuple(row)) for row in self._readers.rows(query)]

    def peers(self) -> Sequence[VpnRecord]:
        query = (
            select(vpn_configs)
            .join(users, users.c.user_id == vpn_configs.c.user_id)
            .where(vpn_configs.c.revoked_ms == 0, users.c.state == UserState.ACTIVE.value)
            .order_by(vpn_configs.c.number)
        )
        return [row_to_record(tuple(row)) for row in self._readers.rows(query)]
