"""Bundles for benches."""

from __future__ import annotations

import zipfile
from pathlib import Path

_MANIFEST = """schema = 1
[task]
name = "noop"
[image]
ref = "hivemind/minimal"
[run]
command = ["true"]
timeout = "1m"
[resources]
cpu_cores = {cores}
memory_gb = 0.0625
disk_gb = 0.01
[split]
mode = "count"
count = {count}
"""


def noop_zip(path: Path, count: int, *, cores: float = 0.1) -> Path:
    """Write a task of `count` subtasks that do nothing."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hivemind.toml", _MANIFEST.format(count=count, cores=cores))
    return path
