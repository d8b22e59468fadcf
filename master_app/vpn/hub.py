"""The master's end of the VPN: a file that is always true, and the interface where the master may set it up.

`request` is called after each commit that changed a config, and now and then by a timer; what did not change is
not written again.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.domain.vpn import HUB_NUMBER, HubState, VpnConfig, VpnHub, address_of, hub_file, network_of
from master_app.ports.vpn import VpnReads, WireGuard
from master_app.vpn.keys import public_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """Where the hub is. `endpoint` is HOST:PORT as devices reach it; `folder` is where its file is kept."""

    network: str
    endpoint: Callable[[], str]
    listen_port: int
    interface: str
    folder: Path


class Hub:
    """`wireguard` None: the master keeps the file and says the command. Methods may be called on any thread."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        private_key: str,
        reads: VpnReads,
        wireguard: WireGuard | None,
        threads: Executor,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._private_key = private_key
        self._reads = reads
        self._wireguard = wireguard
        self._threads = threads
        self._now_ms = now_ms
        self._network = network_of(settings.network)
        self._lock = threading.Lock()
        self._wanted = False
        self._running = False
        self._written = ""
        self._state = HubState(peers=0, changed_ms=0, command=self._command())

    @property
    def file(self) -> Path:
        return self._settings.folder / f"{self._settings.interface}.conf"

    def described(self) -> VpnHub:
        return VpnHub(
            public_key=public_of(self._private_key),
            endpoint=self._settings.endpoint(),
            address=address_of(self._network, HUB_NUMBER),
            network=str(self._network),
        )

    def state(self) -> HubState:
        with self._lock:
            return self._state

    def request(self) -> None:
        """Refresh soon, on another thread; requests that come meanwhile are one."""
        with self._lock:
            self._wanted = True
            if self._running:
                return
            self._running = True
        try:
            self._threads.submit(self._run)
        except RuntimeError:  # the master is closing; its next start refreshes
            with self._lock:
                self._running = False

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._running = False
                    return
                self._wanted = False
            try:
                self.refresh()
            except Exception:
                logger.exception("the VPN hub could not be brought up to date; it is tried again within a minute")

    def refresh(self) -> HubState:
        """Write the hub's file and apply it; returns, and keeps, how that went. One at a time: `_run` calls it."""
        configs = [
            self._peer(record.config_id, record.number, record.public_key) for record in self._reads.peers()
        ]
        address = f"{address_of(self._network, HUB_NUMBER)}/{self._network.prefixlen}"
        port = self._settings.listen_port
        quick = hub_file(self._private_key, port, configs, address=address)
        state = self.state()
        if quick != self._written:
            paths.write_private(paths.private_folder(self._settings.folder) / self.file.name, quick.encode())
            state = HubState(peers=len(configs), changed_ms=self._now_ms(), command=self._command())
            self._written = quick
        if self._wireguard is not None:
            state = self._apply(self._wireguard, hub_file(self._private_key, port, configs), state)
        with self._lock:
            self._state = state
        return state

    def _apply(self, wireguard: WireGuard, sync_text: str, state: HubState) -> HubState:
        try:
            wireguard.apply(self._settings.interface, str(self.file), sync_text)
        except OSError as error:
            if str(error) != state.problem:
                logger.warning("the VPN hub does not run with today's configs", extra={"reason": str(error)})
            return HubState(
                peers=state.peers, changed_ms=state.changed_ms, problem=str(error), command=self._command()
            )
        return HubState(peers=state.peers, changed_ms=state.changed_ms, applied_ms=self._now_ms())

    def _peer(self, config_id: str, number: int, public_key: str) -> VpnConfig:
        return VpnConfig(
            config_id=config_id,
            user_id="",
            name="",
            number=number,
            address=address_of(self._network, number),
            public_key=public_key,
            created_ms=0,
        )

    def _command(self) -> str:
        return f"wg-quick up {self.file}"


def with_port(host: str, port: int) -> str:
    """Return HOST:PORT with an IPv6 host in brackets; a host that names a port already keeps it."""
    try:
        bare = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host if ":" in host else f"{host}:{port}"
    return f"[{bare}]:{port}" if bare.version == 6 else f"{bare}:{port}"
