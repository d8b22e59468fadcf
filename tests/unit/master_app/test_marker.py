"""A storage folder is known by the file on its disk; an empty mount point is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.errors import StorageUnavailable
from master_app.marker import MARKER_FILE, check_storage, is_there


def test_the_first_start_marks_it_and_later_ones_know_it_also_elsewhere(tmp_path: Path) -> None:
    data, storage = tmp_path / "data", tmp_path / "storage"
    data.mkdir()
    check_storage(data, storage)
    check_storage(data, storage)
    assert is_there(data, storage)
    storage.rename(tmp_path / "moved")
    check_storage(data, tmp_path / "moved")


def test_a_mount_point_without_its_disk_is_refused_and_left_alone(tmp_path: Path) -> None:
    data, storage = tmp_path / "data", tmp_path / "storage"
    data.mkdir()
    check_storage(data, storage)
    storage.rename(tmp_path / "disk")
    storage.mkdir()
    assert not is_there(data, storage)
    with pytest.raises(StorageUnavailable) as refused:
        check_storage(data, storage)
    assert refused.value.code == "STORAGE_NOT_MOUNTED"
    assert str(storage) in refused.value.message and "not mounted" in refused.value.message
    assert list(storage.iterdir()) == []


def test_the_storage_of_another_master_is_not_taken(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    check_storage(tmp_path / "one", tmp_path / "storage")
    with pytest.raises(StorageUnavailable) as refused:
        check_storage(tmp_path / "two", tmp_path / "storage")
    assert refused.value.code == "STORAGE_OF_ANOTHER" and MARKER_FILE in refused.value.fix
