"""A task whose zip and result are large, and how much memory master and agent use while it goes through."""

from __future__ import annotations

import os
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.client.client import HiveMind

PIECE = os.urandom(1 << 20)
MANIFEST = """schema = 1
[task]
name = "big"
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "copy.py"]
timeout = "30m"
[resources]
cpu_cores = 1.0
memory_gb = 0.25
disk_gb = {disk_gb}
[outputs]
required = ["out/big"]
max_mb = {max_mb}
"""
PROGRAM = """import shutil
with open("big", "rb") as source, open("out/big", "wb") as target:
    target.write(b"result\\n")
    shutil.copyfileobj(source, target, 1 << 20)
"""


@dataclass
class Use:
    """Memory that a process holds for itself, and the most that it grew by since the start of the watch."""

    name: str
    before_bytes: int
    peak_bytes: int = 0

    @property
    def grown_mib(self) -> float:
        return max(0, self.peak_bytes - self.before_bytes) / (1 << 20)


def private_bytes(pid: int) -> int:
    """Return the resident memory of a process without files that are only mapped; 0 when it is gone."""
    try:
        info = psutil.Process(pid).memory_info()
        return int(info.rss - info.shared)
    except psutil.Error:
        return 0


@contextmanager
def watched(**pids: int) -> Iterator[Sequence[Use]]:
    """Measure processes a few times a second for as long as the block runs."""
    uses = [Use(name, private_bytes(pid)) for name, pid in pids.items()]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for use, pid in zip(uses, pids.values(), strict=True):
                use.peak_bytes = max(use.peak_bytes, private_bytes(pid))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield uses
    finally:
        over.set()
        thread.join(5)


@dataclass
class Took:
    """Seconds of each part of the way."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started


def write_big_zip(path: Path, mib: int) -> int:
    """Write a zip with one file of `mib` MiB that no packer makes smaller; return that file's size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("hivemind.toml", MANIFEST.format(disk_gb=mib / 1024 * 2 + 1, max_mb=mib + 1))
        archive.writestr("copy.py", PROGRAM)
        with archive.open("big", "w", force_zip64=True) as target:
            for number in range(mib):
                target.write(number.to_bytes(8, "big") + PIECE[8:])
    return mib << 20


def run_big_task(client: HiveMind, folder: Path, mib: int, timeout_s: float) -> Took:
    """Send it, wait for it and fetch the result; raise AssertionError when that is not the same file again."""
    took = Took()
    size = write_big_zip(folder / "big.zip", mib)
    with took.part("upload and submit"):
        task_id = client.submit(folder / "big.zip").task_id
    with took.part("run on the node, with transfer in and out"):
        task = client.wait(task_id, timeout_s=timeout_s)
    assert task.state == "SUCCEEDED", task
    with took.part("download the result"):
        client.download_result(task_id, folder / "result.zip")
    with zipfile.ZipFile(folder / "result.zip") as archive:
        (name,) = archive.namelist()
        assert archive.getinfo(name).file_size == size + len(b"result\n")
        with archive.open(name) as result:
            assert result.read(7) == b"result\n"
            for number in range(mib):
                assert result.read(1 << 20) == number.to_bytes(8, "big") + PIECE[8:], f"piece {number} differs"
    return took
