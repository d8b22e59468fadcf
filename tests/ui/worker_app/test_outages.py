"""What takes the master from a node, in a real tray: it says what and since when, and is back without a hand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.agent_views import LinkView
from core.rpc.pki import node_key
from core.rpc.pki.authority import NODE_DAYS, CertificateAuthority
from tests.support.desktop import Desktop, missing, until
from tests.support.pool import Pool
from tests.ui.worker_app.test_real_tray import Worker, join_pool
from worker_app.agent.workspace import Workspace
from worker_app.tray.client import find_door

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(missing("trayer"), reason="Xvfb, trayer and xdotool are not installed"),
]
DAY_MS = 86_400_000


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(tmp_path)
    yield made
    made.close()


def link(worker: Worker) -> LinkView:
    found = worker.shown().link
    assert found is not None
    return found


def says_offline(worker: Worker) -> None:
    """The tooltip says since when and what comes next, and the agent the reason."""
    until("the tray says so", lambda: worker.places["tip"].startswith("Offline: Offline since "), 120)
    tip = worker.places["tip"]
    assert "next try in" in tip or "trying now" in tip
    assert link(worker).reason and link(worker).since_ms


def is_back(worker: Worker) -> None:
    until("it is back by itself", lambda: link(worker).phase == "live", 120)
    until("the tray says so", lambda: not worker.places["tip"].startswith("Offline"))


def test_a_silent_and_a_gone_master_are_told_and_heal_alone(desktop: Desktop, tmp_path: Path) -> None:
    desktop.host_tray()
    with Pool(tmp_path, "process") as pool:
        pool.start_master()
        pool.add_user("bob", "provider", "submitter")
        worker = Worker(desktop, tmp_path, "--minimized")
        join_pool(pool, worker)
        assert pool.master is not None

        # As when a cable is out: nothing answers, and nothing is refused either.
        pool.master.process.send_signal(signal.SIGSTOP)
        try:
            says_offline(worker)
        finally:
            pool.master.process.send_signal(signal.SIGCONT)
        is_back(worker)

        pool.master.kill()
        says_offline(worker)
        pool.start_master()
        is_back(worker)

        worker.process.terminate()


def test_a_certificate_that_ran_out_is_renewed_by_itself(desktop: Desktop, tmp_path: Path) -> None:
    desktop.host_tray()
    with Pool(tmp_path, "process") as pool:
        pool.start_master()
        pool.add_user("bob", "provider", "submitter")
        worker = Worker(desktop, tmp_path, "--minimized")
        join_pool(pool, worker)
        # The computer was off for longer than its certificate is good.
        workspace = Workspace(worker.folder)
        identity = workspace.identity()
        door = find_door(worker.folder)
        assert identity is not None and door is not None
        long_ago = time.time_ns() // 1_000_000 - (NODE_DAYS + 1) * DAY_MS
        authority = CertificateAuthority.open(pool.data_dir / "ca", long_ago)
        expired = authority.sign_node(node_key.make_request(identity.key_pem, "x"), identity.node_id, long_ago)
        os.kill(door.pid, signal.SIGKILL)
        workspace.keep_identity(replace(identity, certificate_pem=expired.pem, expires_at_ms=expired.expires_ms))

        def replaced() -> bool:
            found = find_door(worker.folder)
            return found is not None and found.pid != door.pid

        until("the tray starts another one", replaced)
        is_back(worker)
        assert link(worker).certificate_until_ms > time.time_ns() // 1_000_000 + DAY_MS
        worker.process.terminate()
