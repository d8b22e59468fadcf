"""How fast the one writer is: dispatch, accept, finish and payment of subtasks, durable, through the real unit
of work.

    python -m tests.bench.writer [--size 128] [--subtasks 40000] [--folder DIR]

Each subtask is dispatched (attempt and reservation row), accepted, won by compare-and-set, ended with one tick of
metering, and paid by a transfer that is chained into the ledger. Commands are sets of `--size` subtasks; 16 of
them are under way at a time, as from several nodes.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from core.clock import SystemClock
from core.domain.attempt import AttemptState
from core.domain.ids import SubtaskKey, UlidFactory
from core.domain.ledger import Code, Transfer, hold_account, payment_id, user_account
from core.domain.resources import GIB, Resources
from core.domain.rewards import Tick, reward
from core.domain.subtask import SubtaskState
from master_app.ports.tasks import (
    AttemptRecord,
    BundleRecord,
    SubmittedTask,
    SubtaskRecord,
    TaskRecord,
)
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.storage.storage import open_storage

new_id: Final = UlidFactory(secrets.randbits)
TASK: Final = new_id(1_700_000_000_000)
OWNER: Final = new_id(1_700_000_000_000)
PROVIDER: Final = new_id(1_700_000_000_000)
NODE: Final = new_id(1_700_000_000_000)
TICKS: Final = (Tick(duration_ms=900, cpu_percent=55.5, memory_percent=20.25),)
RESOURCES: Final = Resources(cpu_millis=1000, memory_bytes=GIB)


def submit(uow: UnitOfWork) -> None:
    """One task of a million subtasks, and money for all of it."""
    task = TaskRecord(
        task_id=TASK, owner_id=OWNER, name="bench", created_ms=uow.now_ms, bundle_id="b" * 64, subtask_count=10**6
    )
    bundle = BundleRecord(bundle_id="b" * 64, size=1, file_count=1, blobs=("c" * 64,), created_ms=uow.now_ms)
    uow.tasks.add(SubmittedTask(task=task, spec_json="{}", resolved_toml="", bundle=bundle))
    owner, hold = user_account(OWNER), hold_account(TASK)
    amount, now_ms = 10**14, uow.now_ms
    uow.ledger.append(
        [
            Transfer(
                transfer_id="grant",
                debit="mint",
                credit=owner,
                amount_ucpt=amount,
                code=Code.GRANT_OPERATOR,
                at_ms=now_ms,
            ),
            Transfer(
                transfer_id="hold", debit=owner, credit=hold, amount_ucpt=amount, code=Code.HOLD_OPEN, at_ms=now_ms
            ),
        ]
    )


def dispatch(size: int) -> Callable[[UnitOfWork], list[str]]:
    def command(uow: UnitOfWork) -> list[str]:
        task = uow.tasks.get(TASK)
        assert task is not None
        first, now_ms = task.next_index, uow.now_ms
        task.next_index += size
        task.active += size
        task.live_attempts += size
        uow.tasks.save(task)
        attempts = [
            AttemptRecord(
                attempt_id=new_id(now_ms),
                task_id=TASK,
                index=index,
                node_id=NODE,
                term=uow.term,
                epoch=1,
                generation=1,
                number=1,
                state=AttemptState.OFFERED,
                memory_bytes=GIB,
                offered_ms=now_ms,
            )
            for index in range(first, first + size)
        ]
        uow.subtasks.put_many(
            [
                SubtaskRecord(task_id=TASK, index=index, state=SubtaskState.ACTIVE, epoch=1)
                for index in range(first, first + size)
            ]
        )
        uow.attempts.add_many(attempts)
        return [attempt.attempt_id for attempt in attempts]

    return command


def accept(attempt_ids: Sequence[str]) -> Callable[[UnitOfWork], Sequence[str]]:
    def command(uow: UnitOfWork) -> Sequence[str]:
        found = uow.attempts.get_many(attempt_ids)
        uow.attempts.put_states(
            [
                (attempt.attempt_id, AttemptState.ACCEPTED, 0)
                for attempt in found.values()
                if attempt.state is AttemptState.OFFERED
            ]
        )
        return attempt_ids

    return command


def finish(attempt_ids: Sequence[str]) -> Callable[[UnitOfWork], Sequence[str]]:
    def command(uow: UnitOfWork) -> Sequence[str]:
        task, now_ms, rule = uow.tasks.get(TASK), uow.now_ms, uow.ledger.rule()
        assert task is not None
        attempts = list(uow.attempts.get_many(attempt_ids).values())
        keys = {attempt.attempt_id: SubtaskKey(TASK, attempt.index) for attempt in attempts}
        subtasks = uow.subtasks.get_many(list(keys.values()))
        uow.subtasks.win([(keys[attempt.attempt_id], 1, attempt.attempt_id) for attempt in attempts])
        hold, provider = hold_account(TASK), user_account(PROVIDER)
        amount = reward(TICKS, RESOURCES, rule)
        uow.ledger.posted([payment_id(attempt.attempt_id) for attempt in attempts])
        uow.ledger.append(
            [
                Transfer(
                    transfer_id=payment_id(attempt.attempt_id),
                    debit=hold,
                    credit=provider,
                    amount_ucpt=amount,
                    code=Code.ATTEMPT_PAID,
                    at_ms=now_ms,
                    task_id=TASK,
                    index=attempt.index,
                    attempt_id=attempt.attempt_id,
                    rule_version=rule.version,
                    actor_id=OWNER,
                )
                for attempt in attempts
            ]
        )
        uow.subtasks.put_many(
            [
                replace(
                    subtasks[keys[attempt.attempt_id]], state=SubtaskState.SUCCEEDED, winner=attempt.attempt_id
                )
                for attempt in attempts
            ]
        )
        uow.attempts.end_many(
            [
                replace(
                    attempt,
                    state=AttemptState.SUCCEEDED,
                    started_ms=now_ms,
                    ended_ms=now_ms,
                    ticks=TICKS,
                    exit_code=0,
                    paid_ucpt=amount,
                )
                for attempt in attempts
            ]
        )
        task.succeeded += len(attempts)
        task.active -= len(attempts)
        task.live_attempts -= len(attempts)
        task.paid_ucpt += amount * len(attempts)
        uow.tasks.save(task)
        return attempt_ids

    return command


def throughput(writer: Writer, subtasks: int, size: int, under_way: int = 16) -> float:
    """Return subtasks a second from dispatch to payment."""
    steps: deque[tuple[int, Future[Any]]] = deque()
    sent = done = 0
    start = time.perf_counter()
    while done < subtasks:
        while sent < subtasks and len(steps) < under_way:
            steps.append((0, writer.execute(dispatch(size), lane=Lane.INNER)))
            sent += size
        step, future = steps.popleft()
        attempt_ids = future.result()
        if step == 2:
            done += len(attempt_ids)
        else:
            command = accept(attempt_ids) if step == 0 else finish(attempt_ids)
            steps.append((step + 1, writer.execute(command, lane=Lane.NODES)))
    return done / (time.perf_counter() - start)


def lone_latency_us(writer: Writer, count: int = 400) -> list[float]:
    """Return how long single commands that write one row took, one at a time, sorted."""

    def touch(uow: UnitOfWork) -> None:
        task = uow.tasks.get(TASK)
        assert task is not None
        uow.tasks.save(task)

    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        writer.execute(touch).result()
        times.append((time.perf_counter_ns() - start) / 1000)
    return sorted(times)


def fsync_us(folder: Path, count: int = 200) -> float:
    """Return the median time of writing and syncing one page: the floor of a commit."""
    path = folder / "floor"
    times = []
    with open(path, "wb", buffering=0) as file:
        file.write(bytes(4096 * count))
        os.fsync(file.fileno())
        for number in range(count):
            start = time.perf_counter_ns()
            file.seek(number * 4096)
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append((time.perf_counter_ns() - start) / 1000)
    path.unlink()
    return statistics.median(times)


def raw_commit_us(folder: Path, count: int = 300) -> float:
    """Return the median commit of one row by the bare driver, WAL and FULL: the floor of a lone command."""
    connection = sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (b) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")
        times.append((time.perf_counter_ns() - start) / 1000)
    connection.close()
    return statistics.median(times)


def measure(url: str, folder: Path, subtasks: int, size: int) -> tuple[float, list[float], int]:
    storage = open_storage(
        url, data_dir=folder, publish=lambda _facts, _number: None, rebuild=lambda _uow: None, clock=SystemClock()
    )
    try:
        first = storage.writer.commit_number
        storage.writer.execute(submit).result()
        latency = lone_latency_us(storage.writer)
        rate = throughput(storage.writer, subtasks, size)
        return rate, latency, storage.writer.commit_number - first
    finally:
        storage.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Throughput and latency of the writer.")
    parser.add_argument("--size", type=int, nargs="*", default=[1, 16, 64, 128, 256])
    parser.add_argument("--subtasks", type=int, default=40_000)
    parser.add_argument("--folder", type=Path, help="where the database is made; default: the temporary folder")
    parser.add_argument("--url", default="", help="a PostgreSQL to use instead of SQLite; must be empty")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        page, commit = fsync_us(Path(name)), raw_commit_us(Path(name))
    print(f"write + fsync of a page: {page:.0f} us; raw commit: {commit:.0f} us")
    for size in options.size:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            rate, latency, commits = measure(options.url, Path(name), options.subtasks, size)
        middle, late = latency[len(latency) // 2], latency[len(latency) * 99 // 100]
        print(
            f"sets of {size:3}: {rate:6.0f} subtasks/s, {1e6 / rate:5.1f} us each, {commits} commits; lone"
            f" command p50 {middle:.0f} us, p99 {late:.0f} us"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
