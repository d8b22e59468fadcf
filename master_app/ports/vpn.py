"""What `master_app.vpn` needs kept, and how it reaches the system's WireGuard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class VpnRecord:
    """One config's row. Rows are never deleted: their numbers, and so their addresses, stay used."""

    config_id: str
    user_id: str
    number: int
    name: str
    public_key: str
    created_ms: int
    rotated_ms: int = 0
    revoked_ms: int = 0


class VpnRepository(Protocol):
    """Of one unit of work."""

    def add(self, record: VpnRecord) -> None:
        """Raises Conflict (code VPN_KEY_TAKEN) when another config has the public key."""

    def get(self, config_id: str) -> VpnRecord | None: ...

    def save(self, record: VpnRecord) -> None:
        """Raises Conflict like `add`."""

    def live_of(self, user_id: str) -> int:
        """Return how many configs of a user are not revoked."""

    def last_number(self) -> int:
        """Return the largest number ever given, 0 before the first."""


class VpnReads(Protocol):
    def configs(self, user_id: str | None = None) -> Sequence[VpnRecord]:
        """Return the configs that are not revoked, newest first; None: of everybody."""

    def peers(self) -> Sequence[VpnRecord]:
        """Return the configs that the hub lets in: not revoked, of users that are active; oldest first."""


class WireGuard(Protocol):
    """The system's WireGuard. Calls block for at most some seconds and raise OSError with a reason for people."""

    def apply(self, interface: str, quick_file: str, sync_text: str) -> None:
        """Make the interface run with these peers: bring it up where it is not, else change only what differs."""
