"""What was acknowledged is there after a full disk, after kill -9, and is private to its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from core.domain.errors import HiveMindError, StorageFull
from core.domain.events import TaskProgressed
from core.domain.session import LogStream
from master_app.ports.unit_of_work import Command, UnitOfWork
from tests.fakes.clock import ManualClock
from tests.support.small_disk import small_disk
from tests.support.storage import NOW_MS, Opened, a_task, new_id, submitted

ROOT = Path(__file__).resolve().parents[3]
_TEXT_BYTES = 8_000


def adding(number: int) -> Command[int]:
    task = a_task(name=f"task {number}", idempotency_key=str(number))

    def command(uow: UnitOfWork) -> int:
        uow.tasks.add(submitted(task, resolved_toml="x" * _TEXT_BYTES))
        uow.publish(TaskProgressed(task_id=task.task_id, owner_id="", at_ms=NOW_MS))
        return number

    return command


def kept(opened: Opened) -> set[int]:
    return opened.run(lambda uow: {int(task.idempotency_key) for task in uow.tasks.live()})


def test_a_disk_that_fills_in_a_batch_loses_nothing_acknowledged(tmp_path: Path, clock: ManualClock) -> None:
    with small_disk(tmp_path, 24) as disk:
        opened = Opened("", disk / "data", clock)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(12 << 20))
        acknowledged, refused = _write_until_full(opened)
        assert acknowledged and refused, "the disk never filled"
        assert all(isinstance(error, StorageFull) for error in refused.values()), set(map(type, refused.values()))
        published = len(opened.facts)
        assert published == len(acknowledged)
        assert opened.rebuilds == 1, "rebuilt only when the next command comes"
        # A full disk is still full: the next is refused too, and what is there can be read.
        assert opened.storage.task_reads.tasks(owner_id=None, limit=500).items
        ballast.unlink()
        assert opened.run(adding(1_000_000)) == 1_000_000
        assert opened.rebuilds >= 2
        assert kept(opened) == acknowledged | {1_000_000}
        opened.close()
        assert kept(opened) == acknowledged | {1_000_000}
        assert not opened.storage.unsound_accounts()
        opened.close()


def _write_until_full(opened: Opened) -> tuple[set[int], dict[int, HiveMindError]]:
    """Keep 40 commands under way, so that the disk fills in the middle of a batch of several."""
    acknowledged: set[int] = set()
    refused: dict[int, HiveMindError] = {}
    number = 0
    while not refused and number < 10_000:
        futures: dict[int, Future[int]] = {}
        for _ in range(40):
            futures[number] = opened.storage.writer.execute(adding(number))
            number += 1
        for each, future in futures.items():
            error = future.exception(60)
            if error is None:
                acknowledged.add(each)
            else:
                assert isinstance(error, HiveMindError)
                refused[each] = error
    return acknowledged, refused


def test_logs_on_a_full_disk_keep_what_was_acknowledged(tmp_path: Path, clock: ManualClock) -> None:
    with small_disk(tmp_path, 24) as disk:
        opened = Opened("", disk / "data", clock)
        logs, attempt = opened.storage.log_files, new_id(NOW_MS)
        wanted, line = 0, b"0123456789abcdef" * 4_096
        with pytest.raises(StorageFull):
            for _ in range(1_000):
                wanted, _full = logs.append(attempt, LogStream.OUT, wanted, line)
                _fill(disk)
        assert logs.size(attempt, LogStream.OUT) == wanted
        content, after = logs.read(attempt, LogStream.OUT, 0, 10 << 20)
        assert after and content == (line * 100)[: len(content)]
        (disk / "ballast").unlink()
        assert logs.append(attempt, LogStream.OUT, wanted, b"more")[0] == wanted + 4
        opened.close()


def _fill(disk: Path) -> None:
    with open(disk / "ballast", "ab") as file:
        try:
            file.write(bytes(1 << 20))
        except OSError:
            return


_CHILD = """
import sys, pathlib
from tests.fakes.clock import ManualClock
from tests.support.storage import Opened
from tests.integration.storage.test_durability import adding
opened = Opened(sys.argv[1], pathlib.Path(sys.argv[2]), ManualClock())
number = 0
while True:
    futures = [opened.storage.writer.execute(adding(number + step)) for step in range(8)]
    for future in futures:
        print(future.result(60), flush=True)
    number += 8
"""


def test_kill_9_loses_nothing_acknowledged(url: str, tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "data"
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, url, str(folder)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    acknowledged = {int(child.stdout.readline()) for _ in range(200)}
    child.send_signal(signal.SIGKILL)
    acknowledged |= {int(line) for line in child.stdout.read().split(b"\n")[:-1] if line}
    child.wait()
    child.stdout.close()
    opened = Opened(url, folder, clock)
    try:
        assert acknowledged <= kept(opened)
    finally:
        opened.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX; on Windows the folder's rights are inherited")
def test_files_are_readable_by_their_owner_alone(tmp_path: Path, clock: ManualClock) -> None:
    opened = Opened("", tmp_path / "data", clock)
    before = os.umask(0)
    try:
        opened.run(adding(1))
        opened.storage.log_files.append(new_id(NOW_MS), LogStream.ERR, 0, b"x")
        found = [opened.folder, *opened.folder.rglob("*")]
        assert {path.name for path in found} >= {"hivemind.sqlite3", "hivemind.sqlite3-wal", "logs"}
        assert [path for path in found if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)
        opened.close()
