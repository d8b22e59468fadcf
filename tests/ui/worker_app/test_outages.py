"""What takes the master from a node, in a real tray: it says what and since when, and is back without a hand."""

from __future__ import annotations

import os
import signal
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction, AgentStatus, LinkView
from core.rpc.pki import node_key
from core.rpc.pki.authority import NODE_DAYS, CertificateAuthority
from tests.support.desktop import Desktop, missing, until
from tests.support.fake_nvml import two_gpus
from tests.support.pool import Pool
from tests.ui.worker_app.test_real_tray import Worker, join_pool
from worker_app.agent.workspace import Workspace
from worker_app.tray.client import AgentClient, find_door

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(missing("trayer"), reason="Xvfb, trayer and xdotool are not installed"),
]
DAY_MS = 86_400_000
__all__ = ["two_gpus"]


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


def end(worker: Worker) -> None:
    """The agent outlives its tray: it is asked to end by itself."""
    worker.process.kill()
    worker.process.wait()
    worker.ask(lambda client: client.act(AgentAction.QUIT_GIVE_BACK))
    until("the agent ends", lambda: find_door(worker.folder) is None)


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

        end(worker)


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
        end(worker)


ONE_TASK = """\
schema = 1
[task]
name = "short"
[run]
command = ["python3", "main.py"]
allow_process = true
"""


PROGRAM = """\
import pathlib, time
while not pathlib.Path(WANTED).exists():
    time.sleep(0.1)
"""


def waiting_bundle(folder: Path, *, until_there: Path) -> Path:
    """A task of one subtask, which ends when that file is there."""
    with zipfile.ZipFile(folder / "short.zip", "w") as bundle:
        bundle.writestr("hivemind.toml", ONE_TASK)
        bundle.writestr("main.py", PROGRAM.replace("WANTED", repr(str(until_there))))
    return folder / "short.zip"


def test_the_gpu_alone_is_paused_and_what_runs_is_finished_before_a_pause(
    desktop: Desktop, tmp_path: Path, two_gpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(two_gpus))
    desktop.host_tray()
    with Pool(tmp_path, "process") as pool:
        pool.start_master()
        pool.add_user("bob", "provider", "submitter")
        worker = Worker(desktop, tmp_path, "--minimized")
        join_pool(pool, worker)

        def status() -> AgentStatus:
            found = worker.shown().status
            assert found is not None
            return found

        # Whoever moves the mouse is there: the GPU is lent then too.
        async def lend_the_gpu_always(client: AgentClient) -> None:
            rules = (await client.rules()).rules
            await client.set_rules(replace(rules, in_use=replace(rules.in_use, gpu=True, slots=2)))

        worker.ask(lend_the_gpu_always)
        until("its GPUs are known", lambda: status().has_gpu and status().gpu_allowed)
        with HiveMind(pool.url) as client:
            client.login("bob", pool.password)

            def as_the_master_sees_it() -> str:
                return str(next(iter(client.nodes())).raw["owner_state"])

            worker.open_menu()
            worker.click("Pause the GPU only")
            until("only the GPU is paused", lambda: status().switch.gpu_paused and status().state.value == "ready")
            until("the tooltip says so", lambda: "The GPU is paused." in worker.places["tip"])
            until("the master knows", lambda: as_the_master_sees_it() == "GPU_PAUSED")
            worker.open_menu()
            worker.choose_by_keyboard("Pause the GPU only")
            until("the GPU is lent again", lambda: not status().switch.gpu_paused)
            until("the master knows that too", lambda: as_the_master_sees_it() == "AVAILABLE")

            bundle = waiting_bundle(tmp_path, until_there=tmp_path / "enough")
            first = client.submit(bundle).task_id
            until("the subtask runs", lambda: status().running == 1, 120)
            worker.open_menu()
            worker.choose_by_keyboard("Finish current, then pause")
            until("it says what it does", lambda: "Finishing 1 task, then it pauses" in worker.places["tip"])
            second = client.submit(bundle).task_id
            (tmp_path / "enough").touch()
            assert client.wait(first, timeout_s=60).state == "SUCCEEDED"
            until("then it is paused", lambda: status().switch.paused_until_ms == -1)
            assert status().running == 0 and client.task(second).state != "SUCCEEDED"
            until("the tray says so", lambda: worker.places["tip"].startswith("Paused"))
            worker.open_menu()
            worker.click("Resume now")
            assert client.wait(second, timeout_s=60).state == "SUCCEEDED"
        end(worker)
