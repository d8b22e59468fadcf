"""No-op subtasks a second through everything but containers, and the latency of a single one.

    python -m tests.bench.noop [COUNT]

Master daemon and agent are processes of their own with a real mutual-TLS session between them, durable on both
sides (synchronous=FULL); the sandbox is the in-process fake. One node with 2 slots.
"""

from __future__ import annotations

import queue
import sys
import tempfile
import time
from pathlib import Path

import psutil

from core.domain.events import TaskStateChanged
from core.domain.task import TERMINAL_TASK_STATES
from tests.bench._rig import CONSOLE, Rig, cpu_s, running_agent, running_master
from tests.bench._zips import noop_zip


def main() -> None:
    """Run once and print a table row for each figure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="hivemind-bench-") as folder:
        run(Path(folder), count)


def run(root: Path, count: int) -> None:
    with running_master(root) as rig, running_agent(rig) as agent:
        measure(rig, count, agent)


def measure(rig: Rig, count: int, agent: psutil.Process) -> None:
    master, who, root = rig.daemon.master, rig.ann, rig.root
    for size in (200, count):
        path = noop_zip(root / f"{size}.zip", size)
        before = [cpu_s(process) for process in (psutil.Process(), agent)]
        task_id, seconds = _one(rig, path)
        spent = [cpu_s(process) - then for process, then in zip((psutil.Process(), agent), before, strict=True)]
        view = master.storage.task_reads.task(task_id, owner_id=None)
        assert view is not None and view.state.value == "SUCCEEDED", view
        cpu = ", ".join(
            f"{name} {used / size * 1e6:.0f}" for name, used in zip(("master", "agent"), spent, strict=True)
        )
        print(f"| {size} no-op subtasks | {size / seconds:,.0f} a second | cpu us each: {cpu} |", flush=True)
    single = noop_zip(root / "single.zip", 1)
    times = sorted(_one(rig, single)[1] for _ in range(30))
    print(f"| one no-op, submitted -> SUCCEEDED | p50 {times[15] * 1000:.1f} ms | p90 {times[27] * 1000:.1f} ms |")
    million = noop_zip(root / "million.zip", 1_000_000)
    prepared = master.intake.prepare(who, million, {})
    started = time.perf_counter()
    submitted = master.intake.submit(who, prepared).result()
    print(f"| submit 1,000,000 subtasks | {(time.perf_counter() - started) * 1000:.1f} ms | |")
    master.control.cancel(who, submitted.task_id).result()
    print(f"| ledger | {master.operations.verify_ledger(CONSOLE).result()} | |")


def _one(rig: Rig, path: Path) -> tuple[str, float]:
    """Submit and wait for the end as a face would: told by the bus after the commit, not by asking each moment."""
    master = rig.daemon.master
    prepared = master.intake.prepare(rig.ann, path, {})
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def note(fact: TaskStateChanged) -> None:
        if fact.target in TERMINAL_TASK_STATES:
            ended.put(fact.task_id)

    with master.bus.subscribe(TaskStateChanged, note):
        started = time.perf_counter()
        submitted = master.intake.submit(rig.ann, prepared).result()
        while ended.get(timeout=300) != submitted.task_id:
            pass
        return submitted.task_id, time.perf_counter() - started


if __name__ == "__main__":
    main()
