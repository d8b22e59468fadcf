"""A master that is killed with 100,000 subtasks queued: how long until it schedules again?

    python -m tests.bench.restart [--tasks 100000]

Two queues are tried: as many distinct tasks of one subtask, each with its hold, and one task of as many subtasks.
Counted is from the start of the program to the first attempt that a node accepted after it; the node is a real
agent with real containers. Memory is what the process has then beyond a master with an empty queue.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
import zipfile
from contextlib import closing
from pathlib import Path

import psutil

from core.client.client import HiveMind
from core.clock import SystemClock
from core.domain.ids import UlidFactory
from core.domain.ledger import Code, Transfer, user_account
from core.manifest.spec_json import spec_from_json
from master_app.bootstrap import build_master
from master_app.ledger import settlement
from master_app.ports.tasks import BundleRecord, SubmittedTask
from master_app.ports.unit_of_work import UnitOfWork
from master_app.settings import MasterSettings
from tests.support.pool import Pool, engine_answers, wait_for

AT_ONCE = 500
MANIFEST = """schema = 1
[task]
name = "queued"
[image]
ref = "hivemind/minimal"
[run]
command = ["/bin/sleep", "5"]
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    count = parser.parse_args().tasks
    if not engine_answers():
        print("No container engine answers here.", file=sys.stderr)
        return 2
    for what, tasks, subtasks in (("distinct tasks", count, 1), ("subtasks of one task", 1, count)):
        folder = Path(tempfile.mkdtemp(prefix="hivemind-restart-"))
        try:
            found = measure(folder, tasks, subtasks)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(
            f"{count:,} {what}: ready in {found.ready_s:.1f} s, scheduling again in {found.scheduling_s:.1f} s, "
            f"{found.more_mib:.0f} MiB more than an empty queue; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    return 0


@dataclasses.dataclass(frozen=True, slots=True)
class Restart:
    ready_s: float
    scheduling_s: float
    more_mib: float


def measure(folder: Path, tasks: int, subtasks: int) -> Restart:
    with Pool(folder, "docker") as pool:
        pool.start_master()
        empty_mib = resident_mib(pool)
        pool.add_user("ann", "submitter")
        pool.add_user("bob", "provider")
        with HiveMind(pool.url) as ann:
            ann.login("ann", pool.password)
            with zipfile.ZipFile(folder / "t.zip", "w") as archive:
                split = f'[split]\nmode = "count"\ncount = {subtasks}\n'
                archive.writestr("hivemind.toml", MANIFEST + split)
            task_id = ann.submit(folder / "t.zip").task_id
        assert pool.master is not None
        pool.master.stop()
        multiply(pool.data_dir, task_id, tasks - 1)
        pool.start_master()
        pool.start_agent("node-1", "bob").ready()
        wait_for("the first attempt", lambda: accepted(pool) >= 1, 120)
        pool.master.kill()
        began = time.monotonic()
        since_ms = time.time_ns() // 1_000_000
        pool.start_master()
        ready_s = time.monotonic() - began
        wait_for("an attempt after it", lambda: accepted(pool, since_ms) >= 1, 120)
        return Restart(ready_s, time.monotonic() - began, resident_mib(pool) - empty_mib)


def resident_mib(pool: Pool) -> float:
    assert pool.master is not None
    return float(psutil.Process(pool.master.process.pid).memory_info().rss) / (1 << 20)


def multiply(data_dir: Path, task_id: str, more: int) -> None:
    """Queue copies of a task, through the master's own writer."""
    master = build_master(MasterSettings(), data_dir, SystemClock())
    new_id = UlidFactory(secrets.randbits)

    def grant(uow: UnitOfWork) -> None:
        task = uow.tasks.get(task_id)
        assert task is not None
        amount = Transfer(
            transfer_id=new_id(uow.now_ms),
            debit="mint",
            credit=user_account(task.owner_id),
            amount_ucpt=10**15,
            code=Code.GRANT_OPERATOR,
            at_ms=uow.now_ms,
        )
        uow.ledger.append([amount])

    try:
        master.storage.writer.execute(grant).result(60)
        for first in range(0, more, AT_ONCE):
            number = min(AT_ONCE, more - first)

            def command(uow: UnitOfWork, number: int = number) -> None:
                task = uow.tasks.get(task_id)
                assert task is not None
                text = uow.tasks.spec_json(task_id)
                spec = spec_from_json(text)
                # Known already: the copies name the same bundle.
                bundle = BundleRecord(
                    bundle_id=task.bundle_id, size=0, file_count=0, blobs=(), created_ms=uow.now_ms
                )
                for _ in range(number):
                    copy = dataclasses.replace(task, task_id=new_id(uow.now_ms), idempotency_key="")
                    uow.tasks.add(SubmittedTask(task=copy, spec_json=text, resolved_toml="", bundle=bundle))
                    settlement.open_hold(uow, settlement.opening(copy, spec))

            master.storage.writer.execute(command).result(60)
    finally:
        master.close()


def accepted(pool: Pool, since_ms: int = 0) -> int:
    with closing(sqlite3.connect(f"file:{pool.data_dir / 'hivemind.sqlite3'}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM attempts WHERE offered_ms > ? AND state <> 'OFFERED'"
        return int(connection.execute(query, (since_ms,)).fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
