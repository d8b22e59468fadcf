"""Folders and files of a program belong to its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import paths
from core.domain.errors import StorageUnavailable

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX modes")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_one_data_folder_holds_everything_of_a_side_by_side_run(tmp_path: Path) -> None:
    found = paths.folders("master", data_dir=tmp_path / "a")
    assert {found.data, found.config} == {tmp_path / "a"}
    assert found.cache.parent == found.logs.parent == tmp_path / "a"


def test_master_and_worker_of_one_user_do_not_share_folders() -> None:
    master, worker = paths.folders("master"), paths.folders("worker")
    assert master.data != worker.data
    assert master.logs != worker.logs


@posix
def test_private_folder_is_closed_to_others_also_when_it_was_open(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert _mode(paths.private_folder(folder)) == 0o700
    assert _mode(paths.private_folder(tmp_path / "x" / "new")) == 0o700


def test_private_folder_in_the_place_of_a_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(StorageUnavailable) as caught:
        paths.private_folder(tmp_path / "file")
    assert caught.value.code == "FOLDER_UNUSABLE"
    assert caught.value.fix


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(StorageUnavailable) as caught:
        paths.private_folder(folder)
    assert caught.value.code == "FOLDER_NOT_OURS"


@posix
def test_private_file_is_owner_only_and_replaces_the_old_one_whole(tmp_path: Path) -> None:
    file = tmp_path / "master.json"
    file.write_bytes(b"old and longer")
    file.chmod(0o644)
    paths.write_private(file, b"new")
    assert (file.read_bytes(), _mode(file)) == (b"new", 0o600)
    assert os.listdir(tmp_path) == ["master.json"]


def test_failed_write_leaves_the_old_file_and_no_scrap(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "inside").write_bytes(b"")
    with pytest.raises(OSError):
        paths.write_private(target, b"new")
    assert os.listdir(tmp_path) == ["folder"]


def test_program_is_this_python_in_a_checkout() -> None:
    command = paths.program("worker_app", executable=Path("/usr/bin/python3"), frozen=False)
    assert command == (str(Path("/usr/bin/python3")), "-m", "worker_app")


def test_program_with_a_window_is_the_windowed_twin_when_frozen() -> None:
    agent = Path("/opt/HiveMind/hivemind-agent.exe")
    command = paths.program("worker_app", window=True, executable=agent, frozen=True, windows=True)
    assert command == (str(agent.with_name("HiveMind-Worker.exe")),)


def test_program_is_the_console_twin_when_frozen() -> None:
    folder = Path("/opt/HiveMind")
    on_windows = paths.program("master_app", executable=folder / "HiveMind-Master.exe", frozen=True, windows=True)
    elsewhere = paths.program("worker_app", executable=folder / "HiveMind-Worker", frozen=True, windows=False)
    assert on_windows == (str(folder / "hivemind-masterd.exe"),)
    assert elsewhere == (str(folder / "hivemind-agent"),)


def test_resources_are_found_in_a_checkout() -> None:
    assert (paths.resources() / "images" / "catalogue.toml").is_file()
