"""Calling `wg` and `wg-quick`. The real ones run in tests/e2e/test_vpn.py; here, programs that fail on demand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from master_app.vpn.wireguard import SystemWireGuard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs of this test are shell scripts")


def put(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_what_is_not_installed_is_named_with_the_fix(programs: Path) -> None:
    with pytest.raises(OSError, match="wg is not installed: apt install wireguard-tools"):
        SystemWireGuard().apply("hm0", "/x/hm0.conf", "")


def test_an_interface_that_is_not_there_is_brought_up(programs: Path, tmp_path: Path) -> None:
    put(programs, "wg", "exit 1")
    put(programs, "wg-quick", f'echo "$@" > {tmp_path}/called')
    SystemWireGuard().apply("hm0", "/x/hm0.conf", "text")
    assert (tmp_path / "called").read_text() == "up /x/hm0.conf\n"


def test_one_that_runs_is_changed_without_taking_it_down(programs: Path, tmp_path: Path) -> None:
    put(
        programs,
        "wg",
        f'[ "$1" = show ] || {{ echo "$1 $2" > {tmp_path}/called; /bin/cp "$3" {tmp_path}/given; }}',
    )
    put(programs, "wg-quick", "exit 9")
    SystemWireGuard().apply("hm0", "/x/hm0.conf", "peers")
    assert (tmp_path / "called").read_text() == "syncconf hm0\n"
    assert (tmp_path / "given").read_text() == "peers"


def test_the_systems_own_last_words_are_told(programs: Path) -> None:
    put(programs, "wg", "exit 1")
    put(programs, "wg-quick", "echo first >&2; echo 'RTNETLINK answers: Operation not permitted' >&2; exit 2")
    with pytest.raises(OSError, match="wg-quick up: RTNETLINK answers: Operation not permitted"):
        SystemWireGuard().apply("hm0", "/x/hm0.conf", "")
