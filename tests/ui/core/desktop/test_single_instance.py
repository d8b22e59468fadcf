"""The second start raises the first; start at login is there only when asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.desktop.autostart import DesktopEntry, LaunchAgent, autostart
from core.desktop.single_instance import SingleInstance

pytestmark = pytest.mark.qt

SECOND = """
import sys
from pathlib import Path
from core.desktop.single_instance import SingleInstance
second = SingleInstance(Path(sys.argv[1]), "console")
print("claimed" if second.claim() else f"told {second.tell(['--connect', 'hm01'])}")
"""


def test_a_second_start_tells_the_first_what_it_was_called_with(tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path, "console")
    assert first.claim()
    process = subprocess.Popen([sys.executable, "-c", SECOND, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with qtbot.waitSignal(first.called, timeout=20_000) as called:
        pass
    assert called.args == [["--connect", "hm01"]]
    assert process.communicate(timeout=20)[0].strip() == "told True"
    first.release()


def test_a_place_that_was_given_back_can_be_taken(tmp_path: Path, qapp: object) -> None:
    first, second = SingleInstance(tmp_path, "console"), SingleInstance(tmp_path, "console")
    assert first.claim()
    assert not second.claim()
    first.release()
    assert second.claim()
    second.release()


def test_start_at_login_is_written_and_removed(tmp_path: Path) -> None:
    entry = autostart("hivemind-worker", "HiveMind", platform="linux", environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert isinstance(entry, DesktopEntry) and not entry.enabled()
    entry.enable(["/opt/hive mind/worker", "--minimized"])
    assert entry.enabled()
    assert "Exec='/opt/hive mind/worker' --minimized" in entry.file.read_text(encoding="utf-8")
    entry.disable()
    assert not entry.enabled()


def test_start_at_login_on_a_mac_is_a_launch_agent(tmp_path: Path) -> None:
    agent = autostart("hivemind-worker", "HiveMind", platform="darwin", environ={"HOME": str(tmp_path)})
    assert isinstance(agent, LaunchAgent)
    agent.enable(["/Applications/HiveMind", "--minimized"])
    assert b"--minimized" in agent.file.read_bytes() and agent.enabled()
    agent.disable()
    assert not agent.enabled()
