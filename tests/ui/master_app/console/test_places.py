"""Masters that were pinned are kept owner-only; the local one is found by its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.desktop.translations import tr
from core.domain.errors import StorageUnavailable
from master_app.console.child import ChildMaster
from master_app.console.places import Places, local_endpoint, runs_here
from master_app.console.port import Endpoint, fingerprint
from master_app.console.views.first import FirstScreen
from tests.support.console_master import served_master

pytestmark = pytest.mark.qt


def test_a_pinned_master_is_found_again_with_its_authority(tmp_path: Path) -> None:
    places = Places(tmp_path / "masters.json")
    assert places.all() == []
    endpoint = Endpoint(address="hm01:50052", ca_pem=b"pem", token="secret", ca_sha256="7f2c" * 16)
    places.pin(endpoint, "vslab", 5)
    places.pin(endpoint, "vslab pool", 9)
    (found,) = places.all()
    assert (found.name, found.endpoint()) == ("vslab pool", endpoint)
    assert "secret" not in repr(found)
    if os.name == "posix":
        assert (tmp_path / "masters.json").stat().st_mode & 0o077 == 0
    places.forget("hm01:50052")
    assert places.all() == []
    assert fingerprint("7f2c91a0" + "0" * 48 + "44be0d17") == "7F2C 91A0 … 44BE 0D17"


def test_the_master_of_this_computer_is_found_by_its_folder(tmp_path: Path) -> None:
    assert not runs_here(tmp_path)
    with pytest.raises(StorageUnavailable):
        local_endpoint(tmp_path)
    with served_master(tmp_path) as master:
        assert runs_here(tmp_path)
        assert local_endpoint(tmp_path) == master.endpoint()


def test_the_first_screen_refuses_taken_ports_and_never_starts_a_second_master(
    look: Look, qtbot: QtBot, tmp_path: Path
) -> None:
    first = FirstScreen(look)
    qtbot.addWidget(first)
    first.show()
    with served_master(tmp_path) as master:
        first.web.setText(master.endpoint().address)
        qtbot.waitUntil(lambda: "in use" in first._checked.text())
        assert not first.start.isEnabled()
        first.show_local(True)
        assert not first.start.isVisible() and first.open_local.isVisible()
    first.show_local(False)
    first.web.setText("127.0.0.1:0")
    first.folder.setText(str(tmp_path / "none" / "below"))
    qtbot.waitUntil(lambda: "is not there" in first._checked.text())
    first.folder.setText(str(tmp_path))
    first.node.setText("127.0.0.1:0")
    first.control.setText("127.0.0.1:0")
    qtbot.waitUntil(first.start.isEnabled)
    assert first._checked.text() == tr("Ports are free; nothing is opened in a firewall.")


def test_a_child_master_starts_and_its_end_is_noticed(qtbot: QtBot, tmp_path: Path) -> None:
    doors = ["--web", "127.0.0.1:0", "--node", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    child = ChildMaster(tmp_path / "data", doors)
    with qtbot.waitSignal(child.ready, timeout=60_000):
        child.start()
    second = ChildMaster(tmp_path / "data", doors)
    with qtbot.waitSignal(second.ended, timeout=60_000) as ended:
        second.start()
    assert ended.args != [0]
    assert any("already running" in line for line in second.last_lines)
    assert child.running, "what a second one says does not disturb the first"
    process = child._process
    assert process is not None
    with qtbot.waitSignal(child.ended, timeout=60_000) as ended:
        child.stop()
    assert ended.args == [0]
    assert process.returncode == 0, "it ended by itself: nothing ended it"
    log = (tmp_path / "data" / "logs" / "master.log").read_text()
    assert "stopping" in log


def test_a_master_that_keeps_serving_is_the_same_process(qtbot: QtBot, tmp_path: Path) -> None:
    doors = ["--web", "127.0.0.1:0", "--node", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    child = ChildMaster(tmp_path / "data", doors)
    with qtbot.waitSignal(child.ready, timeout=60_000):
        child.start()
    before = local_endpoint(tmp_path / "data")
    assert child._process is not None
    process = child._process
    shiboken6.delete(child)
    try:
        assert process.poll() is None
        assert local_endpoint(tmp_path / "data") == before, "nobody has to sign in anew"
    finally:
        process.terminate()
        assert process.wait(60) == 0
