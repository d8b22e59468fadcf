"""How much memory this program may still use: of the computer, or of the control group that it is confined to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import psutil

LOW_BYTES: Final = 200 << 20
_GROUPS: Final = Path("/sys/fs/cgroup")
_OWN: Final = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    total_bytes: int
    available_bytes: int

    @property
    def is_low(self) -> bool:
        """Tell whether the system may soon end programs."""
        return self.available_bytes < min(LOW_BYTES, self.total_bytes // 20)


def measure(groups: Path = _GROUPS, own: Path = _OWN) -> Memory:
    """Return the tightest of what holds for this program. Reads a few small files."""
    computer = psutil.virtual_memory()
    total, available = int(computer.total), int(computer.available)
    for limit, used in _limits(groups, own):
        total = min(total, limit)
        if limit < computer.total:
            available = min(available, max(0, limit - used))
    return Memory(total_bytes=total, available_bytes=available)


def _limits(groups: Path, own: Path) -> Iterator[tuple[int, int]]:
    """Yield limit and use of each control group that this program is in, from the inside out."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            names = ("memory.max", "memory.current", "inactive_file")
            root = groups
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            root = groups / "memory"
        else:
            continue
        inside = PurePosixPath(path.lstrip("/"))
        for folder in (inside, *inside.parents):
            found = _read(root / folder, *names)
            if found is not None:
                yield found


def _read(folder: Path, limit_file: str, used_file: str, reclaimable: str) -> tuple[int, int] | None:
    try:
        limit = int((folder / limit_file).read_text())
        used = int((folder / used_file).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None  # no limit ("max"), or no such group as seen from here
    # Pages of files that were read once are given back before anybody is ended.
    return limit, used - int(stat.get(reclaimable, 0))
