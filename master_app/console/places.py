"""Which masters this person knows: the one of this computer, and those that were pinned before."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core import paths
from core.domain.errors import StorageUnavailable
from master_app.console.port import Endpoint
from master_app.folder import DataFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A remote master as it was pinned: another authority at its address is refused."""

    name: str
    address: str
    ca_sha256: str
    ca_pem: str
    token: str = field(repr=False)
    last_used_ms: int = 0

    def endpoint(self) -> Endpoint:
        return Endpoint(
            address=self.address,
            ca_pem=base64.b64decode(self.ca_pem),
            token=self.token,
            ca_sha256=self.ca_sha256,
        )


class Places:
    """Kept in one owner-only file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> Sequence[Place]:
        """Return them, the last used first; a file that cannot be read is as if it were not there."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            places = [Place(**entry) for entry in found["places"]]
        except (OSError, ValueError, TypeError, KeyError):
            return []
        return sorted(places, key=lambda place: -place.last_used_ms)

    def pin(self, endpoint: Endpoint, name: str, now_ms: int) -> Place:
        """Remember a master after a sign-in."""
        pem = base64.b64encode(endpoint.ca_pem).decode()
        place = Place(
            name=name,
            address=endpoint.address,
            ca_sha256=endpoint.ca_sha256,
            ca_pem=pem,
            token=endpoint.token,
            last_used_ms=now_ms,
        )
        self._write([place, *[each for each in self.all() if each.address != place.address]])
        return place

    def forget(self, address: str) -> None:
        self._write([each for each in self.all() if each.address != address])

    def _write(self, places: Sequence[Place]) -> None:
        paths.private_folder(self._file.parent)
        content = {"places": [asdict(place) for place in places[:50]]}
        paths.write_private(self._file, json.dumps(content, indent=1).encode())


def local_endpoint(data_dir: Path) -> Endpoint:
    """Return how the master of this data folder is reached; raises StorageUnavailable when none runs."""
    found = DataFolder(data_dir).running() if data_dir.is_dir() else None
    if found is None or "control" not in found["doors"]:
        raise StorageUnavailable("No master runs on this computer.", code="MASTER_NOT_RUNNING")
    try:
        ca_pem = (data_dir / "ca" / "ca.pem").read_bytes()
    except OSError as error:
        raise StorageUnavailable("The master's certificate cannot be read.", code="CA_UNREADABLE") from error
    return Endpoint(address=found["doors"]["control"], ca_pem=ca_pem, token=found["token"])


def runs_here(data_dir: Path) -> bool:
    try:
        local_endpoint(data_dir)
    except StorageUnavailable:
        return False
    return True
