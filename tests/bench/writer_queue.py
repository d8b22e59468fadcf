"""What a long queue costs: memory and time for distinct queued tasks, one task of a million, and a restart.

python -m tests.bench.writer_queue [--tasks 100000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from core.clock import SystemClock
from master_app.ports.tasks import SubmittedTask
from master_app.ports.unit_of_work import UnitOfWork
from master_app.storage.storage import Storage, open_storage
from tests.support.storage import a_task, submitted

MIB = 1 << 20
_SPEC_BYTES = 2_000


def opened(folder: Path) -> Storage:
    return open_storage(
        "",
        data_dir=folder,
        publish=lambda _facts, _number: None,
        rebuild=lambda _uow: None,
        clock=SystemClock(),
    )


def resident_mib() -> float:
    return float(psutil.Process().memory_info().rss) / MIB


def adding(tasks: Sequence[SubmittedTask]) -> Callable[[UnitOfWork], None]:
    def command(uow: UnitOfWork) -> None:
        for task in tasks:
            uow.tasks.add(task)

    return command


def a_submission(number: int) -> SubmittedTask:
    spec = f'{{"name": "task {number}", "padding": "{"x" * _SPEC_BYTES}"}}'
    return submitted(a_task(name=f"task {number}", bundle_id=f"{number:064x}"), spec_json=spec)


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory and time of a long queue.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        storage = opened(Path(name))
        storage.writer.execute(lambda uow: None).result()
        before, start = resident_mib(), time.perf_counter()
        million = submitted(a_task(subtask_count=10**6))
        storage.writer.execute(adding([million])).result()
        took_ms = (time.perf_counter() - start) * 1000
        print(f"one task of 1,000,000 subtasks: {took_ms:.1f} ms, {resident_mib() - before:.1f} MiB more")
        before, start = resident_mib(), time.perf_counter()
        for first in range(0, options.tasks, 50):
            portion = [a_submission(number) for number in range(first, min(first + 50, options.tasks))]
            storage.writer.execute(adding(portion)).result()
        took = time.perf_counter() - start
        print(
            f"{options.tasks} distinct tasks: {took:.1f} s, {options.tasks / took:.0f}/s,"
            f" {resident_mib() - before:.1f} MiB more"
        )
        storage.close()
        before, start = resident_mib(), time.perf_counter()
        storage = opened(Path(name))
        count = storage.writer.execute(lambda uow: sum(1 for _ in uow.tasks.live())).result()
        print(
            f"restart, {count} live tasks gone through: {time.perf_counter() - start:.2f} s,"
            f" {resident_mib() - before:.1f} MiB more"
        )
        storage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
