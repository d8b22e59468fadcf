"""WireGuard configs of users: make, list, rotate, revoke. Every change is in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from core.domain.audit import audited
from core.domain.errors import NotFound, RateLimited
from core.domain.user import Action, Principal, require
from core.domain.vpn import (
    FIRST_NUMBER,
    HubState,
    VpnConfig,
    VpnHub,
    address_of,
    check_name,
    check_public_key,
    network_of,
    peer_file,
)
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.vpn import VpnReads, VpnRecord
from master_app.vpn.hub import Hub
from master_app.vpn.keys import new_key_pair

#: Stands in the file where the device's own key belongs: it never left the device.
KEY_PLACE: Final = "PUT-YOUR-PRIVATE-KEY-HERE"
MAX_LIVE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnMade:
    """A new or rotated config with its file. `has_private_key`: the master made the key; it is shown this once."""

    config: VpnConfig
    file: str = field(repr=False)
    has_private_key: bool


class VpnConfigs:
    """What doors call."""

    def __init__(
        self,
        *,
        writer: Writer,
        reads: VpnReads,
        hub: Hub,
        network: str,
        pool_name: str,
        new_id: Callable[[int], str],
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._hub = hub
        self._network = network_of(network)
        self._pool_name = pool_name
        self._new_id = new_id

    def hub(self) -> VpnHub:
        """Return what every device needs to know of the master's end."""
        return self._hub.described()

    def hub_state(self, who: Principal) -> HubState:
        """Return whether the master's end runs with today's configs."""
        require(who, Action.VPN_READ)
        return self._hub.state()

    def configs(self, who: Principal, *, of_all: bool = False) -> list[VpnConfig]:
        """Return the caller's live configs, newest first; operators may ask for everybody's."""
        require(who, Action.VPN_READ_ANY if of_all else Action.VPN_READ)
        return [self._view(record) for record in self._reads.configs(None if of_all else who.user_id)]

    def make(self, who: Principal, name: str, public_key: str = "") -> Future[VpnMade]:
        """Make a config. Empty `public_key`: the master makes the key pair and gives the private key away once."""
        require(who, Action.VPN_CHANGE)
        kept_name = check_name(name)
        private, public = ("", check_public_key(public_key)) if public_key else new_key_pair()

        def command(uow: UnitOfWork) -> VpnMade:
            if uow.vpn.live_of(who.user_id) >= MAX_LIVE:
                raise RateLimited(
                    f"You have {MAX_LIVE} VPN configs, which is as many as one user may have.",
                    retry_after_s=60,
                    code="VPN_TOO_MANY",
                    fix="Revoke one that you no longer use.",
                )
            record = VpnRecord(
                config_id=self._new_id(uow.now_ms),
                user_id=who.user_id,
                number=max(uow.vpn.last_number() + 1, FIRST_NUMBER),
                name=kept_name,
                public_key=public,
                created_ms=uow.now_ms,
            )
            config = self._view(record)
            uow.vpn.add(record)
            self._changed(uow, who, "vpn.make", record)
            return self._made(config, private)

        return self._writer.execute(command)

    def rotate(self, who: Principal, config_id: str, public_key: str = "") -> Future[VpnMade]:
        """Give a config a new key; its address stays. The old key is refused from the next hub refresh on."""
        require(who, Action.VPN_CHANGE)
        private, public = ("", check_public_key(public_key)) if public_key else new_key_pair()

        def command(uow: UnitOfWork) -> VpnMade:
            record = self._own(uow, who, config_id)
            if record.user_id != who.user_id:
                raise _no_such_config()  # an operator may revoke others' configs, not hold their keys
            record.public_key = public
            record.rotated_ms = uow.now_ms
            uow.vpn.save(record)
            self._changed(uow, who, "vpn.rotate", record)
            return self._made(self._view(record), private)

        return self._writer.execute(command)

    def revoke(self, who: Principal, config_id: str) -> Future[None]:
        """End a config for good; its address is not given to anybody else. Operators may end anybody's."""
        require(who, Action.VPN_CHANGE)

        def command(uow: UnitOfWork) -> None:
            record = self._own(uow, who, config_id)
            record.revoked_ms = uow.now_ms
            uow.vpn.save(record)
            self._changed(uow, who, "vpn.revoke", record)

        return self._writer.execute(command)

    def _own(self, uow: UnitOfWork, who: Principal, config_id: str) -> VpnRecord:
        record = uow.vpn.get(config_id)
        if record is None or record.revoked_ms or (record.user_id != who.user_id and not _may_all(who)):
            raise _no_such_config()
        return record

    def _changed(self, uow: UnitOfWork, who: Principal, action: str, record: VpnRecord) -> None:
        details = f"{record.name}, {address_of(self._network, record.number)}"
        uow.publish(audited(who, action, record.config_id, details, at_ms=uow.now_ms))
        uow.after_commit(self._hub.request)

    def _made(self, config: VpnConfig, private_key: str) -> VpnMade:
        file = peer_file(config, self.hub(), pool_name=self._pool_name, private_key=private_key or KEY_PLACE)
        return VpnMade(config=config, file=file, has_private_key=bool(private_key))

    def _view(self, record: VpnRecord) -> VpnConfig:
        return VpnConfig(
            config_id=record.config_id,
            user_id=record.user_id,
            name=record.name,
            number=record.number,
            address=address_of(self._network, record.number),
            public_key=record.public_key,
            created_ms=record.created_ms,
            rotated_ms=record.rotated_ms,
            revoked_ms=record.revoked_ms,
        )


def _may_all(who: Principal) -> bool:
    return who.may(Action.VPN_READ_ANY)


def _no_such_config() -> NotFound:
    return NotFound(
        "There is no such VPN config.", code="VPN_CONFIG_NOT_FOUND", fix="See GET /api/v1/vpn/configs for yours."
    )
