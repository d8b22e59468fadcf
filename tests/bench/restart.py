"""How long a master with a long queue needs after kill -9 until it schedules again, and what the queue costs.

    python -m tests.bench.restart [TASKS]

A master in a process of its own queues distinct tasks, each with its hold, and is killed by SIGKILL. Then one is
built on the same folder: opened, the hot state rebuilt, states rolled on; a node says HELLO and SYNC and gets its
first offers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from core.domain.node import NodeFacts
from core.domain.resources import GIB, Resources
from core.manifest.spec_json import spec_from_json
from master_app.ledger import settlement
from master_app.ports.tasks import BundleRecord, SubmittedTask
from master_app.ports.unit_of_work import UnitOfWork
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PoolMaster, ScriptedNode

_PORTION = 200
FACTS = NodeFacts(
    arch="x86_64",
    os="linux",
    slots=2,
    capacity=Resources(cpu_millis=2000, memory_bytes=8 * GIB, disk_bytes=100 * GIB),
)


def fill(folder: Path, count: int) -> None:
    """Queue so many tasks and die of it."""
    pool = PoolMaster(folder, ManualClock())
    pool.grant("submitter", 1_000_000_000)
    pool.node("a", connect=False)
    first = pool.task(pool.submit().task_id)
    spec_json = pool.run(lambda uow: uow.tasks.spec_json(first.task_id))
    spec = spec_from_json(spec_json)

    def portion(uow: UnitOfWork, start: int) -> None:
        for number in range(start, min(start + _PORTION, count)):
            task = replace(first, task_id=pool.master.new_id(uow.now_ms), name=f"task {number}")
            bundle = BundleRecord(bundle_id=task.bundle_id, size=1, file_count=1, blobs=(), created_ms=uow.now_ms)
            text = spec_json.replace('"plain"', f'"task {number}"')
            uow.tasks.add(SubmittedTask(task=task, spec_json=text, resolved_toml="", bundle=bundle))
            settlement.open_hold(uow, settlement.opening(task, spec))

    for start in range(1, count, _PORTION):
        pool.run(lambda uow, start=start: portion(uow, start))  # type: ignore[misc]
    print(f"{count} tasks queued; this master is {_mib():.0f} MiB", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def revive(folder: Path) -> None:
    """Build a master on what is left and wait for its first offers."""
    before, started, cpu = _mib(), time.perf_counter(), time.process_time()
    pool = PoolMaster(folder, ManualClock(wall_ms=ManualClock().wall_ms() + 60_000))
    built, built_cpu = time.perf_counter() - started, time.process_time() - cpu
    node = ScriptedNode(pool, "a", FACTS, incarnation=2)
    node.connect()
    offers = node.take()
    took = time.perf_counter() - started
    count = pool.run(lambda uow: len(uow.pool.tasks))
    assert len(offers) == FACTS.slots, offers
    print(f"| killed with {count} queued: built again | {built:.1f} s | {built_cpu:.1f} s of cpu |")
    print(f"| first offers to a node that came back | {took:.1f} s | |")
    print(f"| memory of that master | {_mib():.0f} MiB, {_mib() - before:.0f} more than an empty process | |")
    pool.stop()


def _mib() -> float:
    return float(psutil.Process().memory_info().rss) / (1 << 20)


def main() -> None:
    if sys.argv[1:2] == ["fill"]:
        fill(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["revive"]:
        revive(Path(sys.argv[2]))
    else:
        count = sys.argv[1] if len(sys.argv) > 1 else "100000"
        with tempfile.TemporaryDirectory(prefix="hivemind-bench-") as folder:
            for step in (["fill", folder, count], ["revive", folder]):
                subprocess.run([sys.executable, "-m", "tests.bench.restart", *step], check=step[0] == "revive")


if __name__ == "__main__":
    main()
