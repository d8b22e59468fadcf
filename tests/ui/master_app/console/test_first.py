"""The first screen: what it tries before a master is started."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from master_app.console.views.first import FirstScreen


def test_a_storage_folder_yet_to_be_made_is_tried_where_it_will_be(
    look: Look, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    first = FirstScreen(look)
    qtbot.addWidget(first)
    for field in (first.web, first.node, first.control):
        field.setText("127.0.0.1:0")
    first.folder.setText(str(disk / "new"))
    qtbot.waitUntil(first.start.isEnabled)
    assert list(disk.iterdir()) == [], "the test left nothing"

    def refused(path: Path, data: bytes) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "write_bytes", refused)
    first.folder.setText(str(disk / "other"))
    qtbot.waitUntil(lambda: os.strerror(errno.EROFS) in first.checked_words)
    assert not first.start.isEnabled()
