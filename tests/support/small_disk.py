"""A real disk that is nearly full: a small ext4 in a file, else a size-limited tmpfs; both need root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_mib: int, files: int = 0) -> Iterator[Path]:
    """Give a folder on a disk of its own of this size, which takes at most this many files (0: plenty).

    Skips where none can be mounted; fails there in CI.
    """
    mounted = folder / "disk"
    mounted.mkdir(parents=True)
    problem = _mount(folder / "image", mounted, size_mib, files)
    if problem:
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    try:
        yield mounted
    finally:
        # Lazily: a test that failed may have left files open on it.
        subprocess.run(["umount", "-l", mounted], check=False)


def _mount(image: Path, mounted: Path, size_mib: int, files: int) -> str:
    if os.name != "posix" or os.geteuid() != 0:
        return "a small disk can only be mounted by root"
    if shutil.which("mkfs.ext4"):
        with open(image, "wb") as file:
            file.truncate(size_mib << 20)
        limit = ["-N", str(files)] if files else []
        made = subprocess.run(
            ["mkfs.ext4", "-q", "-m", "0", *limit, image],
            capture_output=True,
            check=False,
        )
        done = subprocess.run(["mount", "-o", "loop", image, mounted], capture_output=True, check=False)
        if made.returncode == 0 and done.returncode == 0:
            return ""
    options = f"size={size_mib}m" + (f",nr_inodes={files}" if files else "")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mounted)]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stderr.decode() if done.returncode else ""
