"""Memory is what the tightest control group leaves, not what the computer has."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from core.memory import Memory, measure

MIB = 1 << 20


def group(folder: Path, *, version: int, limit: str, used: int, cached: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {cached}\n")


@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_group_counts_and_cached_files_do_not(tmp_path: Path, version: int) -> None:
    root = tmp_path / "memory" if version == 1 else tmp_path
    own = tmp_path / "own"
    own.write_text("3:cpu:/x\n" + ("4:memory:/a/b\n0::/\n" if version == 1 else "0::/a/b\n"))
    group(root / "a", version=version, limit=str(100 * MIB), used=98 * MIB, cached=5 * MIB)
    group(root / "a" / "b", version=version, limit=str(64 * MIB), used=20 * MIB, cached=0)
    assert measure(tmp_path, own) == Memory(total_bytes=64 * MIB, available_bytes=7 * MIB)
    assert not measure(tmp_path, own).is_low
    group(root / "a", version=version, limit=str(100 * MIB), used=99 * MIB, cached=0)
    assert measure(tmp_path, own).is_low


def test_without_a_limit_it_is_the_computers(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/a\n")
    group(tmp_path / "a", version=2, limit="max", used=99 * MIB, cached=0)
    for groups, file in ((tmp_path, own), (tmp_path, tmp_path / "missing")):
        found = measure(groups, file)
        assert found.total_bytes == psutil.virtual_memory().total
        assert 0 < found.available_bytes < found.total_bytes
