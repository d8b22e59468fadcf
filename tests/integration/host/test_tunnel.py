"""The agent's tunnel: which files are taken, that it is closed again, and what is said when it cannot be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.domain.errors import HiveMindError, Invalid
from worker_app.host.tunnel import tunnel

GOOD = "[Interface]\nPrivateKey = x\nAddress = 10.99.0.2/32\n\n[Peer]\nPublicKey = y\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="wg-quick is of Linux and macOS")


def written(folder: Path, name: str = "hm-lab.conf", text: str = GOOD, mode: int = 0o600) -> Path:
    file = folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


def stand_ins(folder: Path, monkeypatch: pytest.MonkeyPatch, *, refuses: bool = False) -> Path:
    """Put a `wg` and a `wg-quick` first on the path that write down what they are told; return where."""
    told = folder / "told"
    told.write_text("")
    bins = folder / "bin"
    bins.mkdir()
    end = "echo 'RTNETLINK answers: Operation not permitted' >&2; exit 2" if refuses else "exit 0"
    for name, tail in (("wg", '[ "$2" = "hm-up" ]'), ("wg-quick", end)):
        program = bins / name
        program.write_text(f'#!/bin/sh\necho "{name} $1" >> {told}\n{tail}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bins}{os.pathsep}{os.environ['PATH']}")
    return told


def test_a_tunnel_is_up_meanwhile_and_down_after_an_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stand_ins(tmp_path, monkeypatch)
    with pytest.raises(KeyError), tunnel(written(tmp_path)):
        assert told.read_text().splitlines() == ["wg show", "wg-quick up"]
        raise KeyError
    assert told.read_text().splitlines()[-1] == "wg-quick down"


def test_a_tunnel_of_somebody_else_is_used_and_left_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = stand_ins(tmp_path, monkeypatch)
    with tunnel(written(tmp_path, "hm-up.conf")):
        pass
    assert told.read_text().splitlines() == ["wg show"]


def test_no_file_needs_no_wireguard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with tunnel(None):
        pass


def test_without_wireguard_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HiveMindError, match="wg, which is not installed") as caught, tunnel(written(tmp_path)):
        pass
    assert caught.value.code == "VPN_NOT_INSTALLED"


def test_what_the_system_refuses_is_said_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins(tmp_path, monkeypatch, refuses=True)
    with pytest.raises(HiveMindError, match="Operation not permitted") as caught, tunnel(written(tmp_path)):
        pass
    assert "root" in caught.value.fix


@pytest.mark.parametrize("key", ["PostUp", "preup", "  POSTDOWN ", "PreDown", "SaveConfig"])
def test_a_file_that_would_run_commands_as_root_is_refused(tmp_path: Path, key: str) -> None:
    file = written(tmp_path, text=f"{GOOD}{key} = touch /tmp/owned\n")
    with pytest.raises(Invalid, match=r"Line 7 of hm-lab\.conf"), tunnel(file):
        pass


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [
        ("a name with spaces.conf", 0o600, "interface"),
        ("far-too-long-a-name.conf", 0o600, "interface"),
        ("hm.txt", 0o600, "interface"),
        ("hm.conf", 0o644, "others can read it"),
    ],
)
def test_a_file_that_is_not_taken_says_why(tmp_path: Path, name: str, mode: int, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught, tunnel(written(tmp_path, name, mode=mode)):
        pass
    assert caught.value.code == "VPN_FILE_INVALID"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"nowhere\.conf cannot be read"), tunnel(tmp_path / "nowhere.conf"):
        pass
