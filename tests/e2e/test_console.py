"""The console on a real master: a task goes in by the dialog and comes up in the queue; a restart is survived."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from pathlib import Path

import pytest

from tests.support.console_master import remote, served_master
from tests.support.pool import Pool

pytestmark = pytest.mark.qt


def test_submit_by_the_dialog_then_survive_a_restart_of_the_master(  # noqa: PLR0915 (one story)
    qtbot: object, tmp_path: Path
) -> None:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from core.desktop.bridge import LoopThread
    from core.desktop.look import Look
    from master_app.bootstrap import build_master
    from master_app.console.client import RemoteMaster
    from master_app.console.controllers.session import Session
    from master_app.console.pool_window import PoolWindow
    from master_app.console.views.dialogs import SubmitDialog
    from master_app.console.views.shell import Shell
    from master_app.daemon import Daemon
    from master_app.folder import DataFolder

    assert isinstance(qtbot, QtBot)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("main.py", "print('hello')\n")
        made.writestr("hivemind.toml", '[task]\nname = "by-hand"\n')
    (tmp_path / "task.zip").write_bytes(content.getvalue())
    with served_master(tmp_path / "data") as master, remote(master):
        loop = LoopThread()
        look = Look(application, QSettings(str(tmp_path / "c.ini"), QSettings.Format.IniFormat))
        shell = Shell(look)
        shell.show()
        session = Session(RemoteMaster(loop, master.endpoint, interval_ms=300))
        window = PoolWindow(shell, session)
        qtbot.waitUntil(lambda: session.live, timeout=20_000)
        window.acts.submit()
        dialog = shell.findChild(SubmitDialog)
        assert dialog is not None
        dialog.path.setText(str(tmp_path / "task.zip"))
        dialog.send.click()
        qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=20_000)
        shell.show_page("queue")
        qtbot.waitUntil(lambda: window.tasks.model.rowCount() == 1, timeout=20_000)
        row = window.tasks.model.row_at(0)
        assert row is not None and row.name == "by-hand"
        window.queue.table.setCurrentIndex(window.tasks.model.index(0, 0))
        qtbot.waitUntil(lambda: window.detail.why is not None, timeout=20_000)
        assert "No node has joined" in window.queue.detail._why_words.text()
        master.daemon.stop()
        qtbot.waitUntil(lambda: bool(shell.banner.text), timeout=30_000)
        assert window.tasks.model.rowCount() == 1, "what was known stays"
        master.daemon = Daemon(master.settings, DataFolder(master.root), build_master)
        master.daemon.start()
        session.master.retry_now()
        qtbot.waitUntil(lambda: session.live and not shell.banner.text, timeout=40_000)
        assert window.tasks.model.rowCount() == 1
        session.close()
        shell.really_close()
        qtbot.wait(50)
        loop.stop()


@pytest.mark.skipif(os.name == "nt", reason="no process can be held there")
def test_a_master_that_hangs_is_said_and_found_again_by_itself(qtbot: object, tmp_path: Path) -> None:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from core.desktop.bridge import LoopThread
    from core.desktop.look import Look
    from master_app.console.client import RemoteMaster
    from master_app.console.controllers.session import Session
    from master_app.console.places import local_endpoint
    from master_app.console.pool_window import PoolWindow
    from master_app.console.views.shell import Shell

    assert isinstance(qtbot, QtBot)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    with Pool(tmp_path, "process") as pool:
        pool.start_master()
        assert pool.master is not None
        loop = LoopThread()
        shell = Shell(Look(application, QSettings(str(tmp_path / "c.ini"), QSettings.Format.IniFormat)))
        shell.show()
        find = lambda: local_endpoint(pool.data_dir)  # noqa: E731
        session = Session(RemoteMaster(loop, find, interval_ms=300, silence_s=3.0))
        window = PoolWindow(shell, session)
        qtbot.waitUntil(lambda: session.live and session.overview is not None, timeout=30_000)
        pool.master.process.send_signal(signal.SIGSTOP)
        try:
            qtbot.waitUntil(lambda: "No answer" in shell.banner.text, timeout=30_000)
            for page in ("queue", "map", "ledger", "overview"):
                shell.show_page(page)
                qtbot.wait(50)
            assert window.overview.isVisible(), "pages turn while it hangs"
        finally:
            pool.master.process.send_signal(signal.SIGCONT)
        qtbot.waitUntil(lambda: session.live and not shell.banner.text, timeout=60_000)
        session.close()
        shell.really_close()
        qtbot.wait(50)
        loop.stop()
