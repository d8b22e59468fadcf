"""No-op subtasks a second through everything but containers, and the latency of a single one.

    python -m tests.bench.noop [COUNT]

Master daemon and agent are processes of their own with a real mutual-TLS session between them, durable on both
sides (synchronous=FULL); the sandbox is the in-process fake. One node with 2 slots.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from core.domain.events import TaskStateChanged
from core.domain.operations import NewJoinLink, NewUser, OperatorIdentity
from core.domain.task import TERMINAL_TASK_STATES
from core.domain.user import Principal, Role
from master_app.bootstrap import build_master
from master_app.daemon import Daemon
from master_app.folder import DataFolder
from master_app.settings import MasterSettings
from tests.bench.zips import noop_zip

CONSOLE = OperatorIdentity(user_id="", name="console", local=True)


def main() -> None:
    """Run once and print a table row for each figure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="hivemind-bench-") as folder:
        run(Path(folder), count)


def run(root: Path, count: int) -> None:
    folder = DataFolder(root / "master")
    with folder:
        daemon = Daemon(
            MasterSettings(web="127.0.0.1:0", node="127.0.0.1:0", control="127.0.0.1:0"), folder, build_master
        )
        daemon.start()
        master = daemon.master
        ann = master.operations.add_user(
            CONSOLE, NewUser(name="ann", roles=("submitter",), password="correct horse")
        )
        master.operations.add_user(
            CONSOLE, NewUser(name="bob", roles=("provider",), password="correct horse")
        ).result()
        link = master.operations.create_join_link(CONSOLE, NewJoinLink(owner="bob")).result().link
        agent = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.noop_agent", str(root / "agent"), "2"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert agent.stdin is not None and agent.stdout is not None
        agent.stdin.write(f"{link}\n".encode())
        agent.stdin.close()
        agent.stdout.readline()
        who = Principal(user_id=ann.result(), username="ann", roles=frozenset({Role.SUBMITTER}))
        try:
            measure(daemon, who, root, count, psutil.Process(agent.pid))
        finally:
            agent.terminate()
            agent.wait(60)
            daemon.stop()


def measure(daemon: Daemon, who: Principal, root: Path, count: int, agent: psutil.Process) -> None:
    master = daemon.master
    for size in (200, count):
        path = noop_zip(root / f"{size}.zip", size)
        before = [_cpu_s(process) for process in (psutil.Process(), agent)]
        task_id, seconds = _one(daemon, who, path)
        spent = [_cpu_s(process) - then for process, then in zip((psutil.Process(), agent), before, strict=True)]
        view = master.storage.task_reads.task(task_id, owner_id=None)
        assert view is not None and view.state.value == "SUCCEEDED", view
        cpu = ", ".join(
            f"{name} {used / size * 1e6:.0f}" for name, used in zip(("master", "agent"), spent, strict=True)
        )
        print(f"| {size} no-op subtasks | {size / seconds:,.0f} a second | cpu us each: {cpu} |", flush=True)
    single = noop_zip(root / "single.zip", 1)
    times = sorted(_one(daemon, who, single)[1] for _ in range(30))
    print(f"| one no-op, submitted -> SUCCEEDED | p50 {times[15] * 1000:.1f} ms | p90 {times[27] * 1000:.1f} ms |")
    million = noop_zip(root / "million.zip", 1_000_000)
    prepared = master.intake.prepare(who, million, {})
    started = time.perf_counter()
    submitted = master.intake.submit(who, prepared).result()
    print(f"| submit 1,000,000 subtasks | {(time.perf_counter() - started) * 1000:.1f} ms | |")
    master.control.cancel(who, submitted.task_id).result()
    print(f"| ledger | {master.operations.verify_ledger(CONSOLE).result()} | |")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _one(daemon: Daemon, who: Principal, path: Path) -> tuple[str, float]:
    """Submit and wait for the end as a face would: told by the bus after the commit, not by asking each moment."""
    master = daemon.master
    prepared = master.intake.prepare(who, path, {})
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def note(fact: TaskStateChanged) -> None:
        if fact.target in TERMINAL_TASK_STATES:
            ended.put(fact.task_id)

    with master.bus.subscribe(TaskStateChanged, note):
        started = time.perf_counter()
        submitted = master.intake.submit(who, prepared).result()
        while ended.get(timeout=300) != submitted.task_id:
            pass
        return submitted.task_id, time.perf_counter() - started


if __name__ == "__main__":
    main()
