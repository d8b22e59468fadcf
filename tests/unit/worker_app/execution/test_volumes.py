"""Tars of ours hold what they should and nothing outside."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from core.domain.errors import EngineUnavailable
from tests.support.sandboxes import local_file
from worker_app.execution.volumes import check_inside, file_tar, folder_tar


def test_files_become_read_only_with_their_folders(tmp_path: Path) -> None:
    files = [
        local_file(tmp_path, "a/b/run.sh", b"x" * 1000, mode=0o755),
        local_file(tmp_path, "a/" + "長" * 100, b""),
    ]
    counted: list[int] = []
    content = b"".join(file_tar(files, counted.append))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        entries = {entry.name: (entry.mode, entry.size) for entry in tar}
    assert entries == {
        "a": (0o755, 0),
        "a/b": (0o755, 0),
        "a/b/run.sh": (0o555, 1000),
        "a/" + "長" * 100: (0o444, 0),
    }
    assert sum(counted) == 1000


def test_folders_have_their_owner() -> None:
    with tarfile.open(fileobj=io.BytesIO(folder_tar([("run", 10001), ("src", 0)]))) as tar:
        assert [(entry.name, entry.uid) for entry in tar] == [("run", 10001), ("src", 0)]


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "a//b", "a\0"])
def test_a_path_that_leaves_the_volume_is_refused(path: str) -> None:
    with pytest.raises(EngineUnavailable):
        check_inside(path)
