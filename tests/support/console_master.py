"""A real master with its doors open, in this process, and a console's client on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.desktop.bridge import LoopThread
from core.domain.operations import NewUser
from master_app.bootstrap import build_master
from master_app.console.client import RemoteMaster
from master_app.console.port import Endpoint
from master_app.daemon import Daemon
from master_app.folder import DataFolder
from master_app.settings import MasterSettings

PASSWORD = "a long enough passphrase 7"


@dataclass
class ServedMaster:
    """`daemon` can be stopped and started again on the same folder and ports."""

    root: Path
    settings: MasterSettings
    daemon: Daemon

    def endpoint(self) -> Endpoint:
        """What a console of this computer reads in the data folder."""
        found = DataFolder(self.root).running()
        assert found is not None
        ca = (self.root / "ca" / "ca.pem").read_bytes()
        return Endpoint(address=found["doors"]["control"], ca_pem=ca, token=found["token"])


@contextmanager
def served_master(root: Path, **settings: Any) -> Iterator[ServedMaster]:
    wanted = MasterSettings(
        web="127.0.0.1:0", node="127.0.0.1:0", control="127.0.0.1:0", pool_name="test pool", **settings
    )
    folder = DataFolder(root)
    with folder:
        daemon = Daemon(wanted, folder, build_master)
        daemon.start()
        made = ServedMaster(root, wanted, daemon)
        try:
            yield made
        finally:
            made.daemon.stop()


@contextmanager
def remote(master: ServedMaster) -> Iterator[RemoteMaster]:
    """A client of it, with an operator named `olga`."""
    loop = LoopThread()
    client = RemoteMaster(loop, master.endpoint, interval_ms=300)
    client.add_user(NewUser(name="olga", roles=("operator", "submitter", "provider"), password=PASSWORD)).result(
        30
    )
    try:
        yield client
    finally:
        client.close()
        loop.stop()
