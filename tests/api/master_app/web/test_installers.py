"""Which installers of the operator's folder are offered, and what is told of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from core.domain.errors import NotFound
from master_app.web.installers import Installers, pieces

WINDOWS = "HiveMind-Worker-0.10.0-Setup.exe"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        WINDOWS,
        "HiveMind-Worker-0.9.0-Setup.exe",
        "HiveMind-Master-0.9.0-Setup.exe",
        "hivemind-worker_0.9.0_amd64.deb",
        "HiveMind-Worker-0.11.0-Setup.exe.part",
        "secrets.txt",
    ):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "hivemind-master_9.9_amd64.deb").mkdir()
    return tmp_path


def test_the_newest_of_each_program_and_system_is_offered_and_nothing_else(folder: Path) -> None:
    found = Installers(folder).offered()
    assert [(one.program, one.system, one.name) for one in found] == [
        ("worker", "windows", WINDOWS),
        ("worker", "debian", "hivemind-worker_0.9.0_amd64.deb"),
        ("master", "windows", "HiveMind-Master-0.9.0-Setup.exe"),
    ]
    assert found[0].size == len(WINDOWS)
    assert found[0].sha256 == hashlib.sha256(WINDOWS.encode()).hexdigest()
    assert b"".join(pieces(found[0], 3, 4)) == WINDOWS[3:7].encode()


def test_a_file_that_was_replaced_is_hashed_again(folder: Path) -> None:
    installers = Installers(folder)
    before = installers.find(WINDOWS)
    (folder / WINDOWS).write_bytes(b"x" * before.size)
    os.utime(folder / WINDOWS, ns=(1, 1))
    assert installers.find(WINDOWS).sha256 == hashlib.sha256(b"x" * before.size).hexdigest()


@pytest.mark.parametrize("name", ["secrets.txt", "../web.key", "HiveMind-Worker-0.9.0-Setup.exe", ""])
def test_no_other_file_can_be_had_by_name(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Installers(folder).find(name)


def test_a_pool_without_the_folder_offers_nothing(tmp_path: Path) -> None:
    assert Installers(tmp_path / "none").offered() == []
    assert Installers(None).offered() == []
