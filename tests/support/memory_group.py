"""A memory control group of a test's own, where the system has them and lets us; it needs root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.engine import absent

ROOT = Path("/sys/fs/cgroup")
#: Takes memory in steps until its group has only this much left; says so, and waits.
_EATER = """
import pathlib, sys
limit, used, stat, leave, word = sys.argv[1:]
held = []
def left():
    cached = dict(line.split() for line in pathlib.Path(stat).read_text().splitlines())[word]
    return int(pathlib.Path(limit).read_text()) - int(pathlib.Path(used).read_text()) + int(cached)
while left() > int(leave):
    held.append(b"x" * min(8 << 20, max(1 << 16, (left() - int(leave)) // 2)))
print("full", flush=True)
sys.stdin.read()
"""


class MemoryGroup:
    def __init__(self, folder: Path, *, version: int) -> None:
        self._folder = folder
        names = ("memory.max", "memory.current", "inactive_file")
        if version == 1:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        self._limit, self._used, self._word = names

    def limit(self, size_bytes: int) -> None:
        (self._folder / self._limit).write_text(str(size_bytes))

    def take_in(self, pid: int) -> None:
        """Put a process and its threads under the limit; what it has already stays where it was counted."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    @contextmanager
    def filled_but(self, leave_bytes: int) -> Iterator[None]:
        """Have a program hold nearly all memory of the group."""
        files = [str(self._folder / name) for name in (self._limit, self._used, "memory.stat")]
        eater = subprocess.Popen(
            [sys.executable, "-c", _EATER, *files, str(leave_bytes), self._word],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert eater.stdin is not None and eater.stdout is not None
        try:
            self.take_in(eater.pid)
            assert eater.stdout.readline() == b"full\n"
            yield
        finally:
            eater.stdin.close()
            eater.wait(30)
            eater.stdout.close()


@contextmanager
def memory_group(size_bytes: int) -> Iterator[MemoryGroup]:
    """Make a group with a limit. Skips where none can be made; fails there in CI."""
    version = 1 if (ROOT / "memory" / "memory.limit_in_bytes").exists() else 2
    folder = (ROOT / "memory" if version == 1 else ROOT) / f"hivemind-test-{os.getpid()}"
    try:
        folder.mkdir()
        group = MemoryGroup(folder, version=version)
        group.limit(size_bytes)
    except OSError as error:
        if folder.exists():
            folder.rmdir()
        absent(f"no memory group can be made here: {error}")
    try:
        yield group
    finally:
        for _ in range(100):
            try:
                folder.rmdir()
                break
            except OSError:
                time.sleep(0.1)
