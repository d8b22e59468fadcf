"""The console as a program: one window a person, connected to one master, or the first screen."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from core import paths
from core.desktop.bridge import LoopThread
from core.desktop.garbage import GarbageOnThisThread
from core.desktop.look import Look
from core.desktop.single_instance import SingleInstance
from core.desktop.translations import tr
from core.domain.console_pages import SignedIn
from core.domain.errors import HiveMindError
from core.rpc.console_link import parse_console_link
from master_app.console.child import ChildMaster
from master_app.console.client import RemoteMaster, sign_in
from master_app.console.controllers.session import Session, now_ms, words_of
from master_app.console.places import Place, Places, local_endpoint, runs_here
from master_app.console.pool_window import PoolWindow
from master_app.console.port import Endpoint, FindEndpoint
from master_app.console.views.first import FirstScreen
from master_app.console.views.shell import Shell


class ConsoleApp:
    """Everything that lives as long as the window."""

    def __init__(self, application: QApplication, data_dir: Path, settings_dir: Path) -> None:
        paths.private_folder(settings_dir)
        self.data_dir = data_dir
        self.look = Look(application, QSettings(str(settings_dir / "console.ini"), QSettings.Format.IniFormat))
        self.loop = LoopThread()
        self.places = Places(settings_dir / "masters.json")
        self.shell = Shell(self.look)
        self.child: ChildMaster | None = None
        self._leaving = False
        self.session: Session | None = None
        self.pool: PoolWindow | None = None
        self.first = FirstScreen(self.look)
        self.first.connect_wanted.connect(self.connect_link)
        self.first.open_wanted.connect(self.open_place)
        self.first.local_wanted.connect(self.open_local)
        self.first.start_wanted.connect(self._start_master)
        self.shell.add_page("first", self.first)
        self.shell.closing.connect(self._closing)
        self._waiting = Session(RemoteMaster(self.loop, lambda: local_endpoint(data_dir)))

    def start(self, host: str = "") -> None:
        """Open the master of this computer if one runs, else the first screen; with `host` a pinned one."""
        self.shell.show()
        pinned = [
            place
            for place in self.places.all()
            if place.address.rpartition(":")[0] == host or place.address == host
        ]
        if host and pinned:
            self.open_place(pinned[0])
        elif not host and runs_here(self.data_dir):
            self.open_local()
        else:
            self.show_first(
                tr("There is no pinned master {host} yet: paste a console link.", host=host) if host else ""
            )

    def show_first(self, problem: str = "") -> None:
        self.first.show_places(self.places.all(), now_ms())
        self.first.show_local(runs_here(self.data_dir))
        self.first.show_problem(problem)
        self.shell.show_page("first")

    def open_local(self) -> None:
        self.open(lambda: local_endpoint(self.data_dir))

    def open_place(self, place: Place) -> None:
        self.open(place.endpoint)

    def connect_link(self, text: str, password: str) -> None:
        """Spend a console link and pin its master."""
        try:
            link = parse_console_link(text)
        except HiveMindError as error:
            self.first.show_problem(words_of(error))
            return

        def done(found: tuple[Endpoint, SignedIn]) -> None:
            endpoint, signed = found
            place = self.places.pin(endpoint, f"{link.host} ({signed.operator})", now_ms())
            self.open_place(place)

        future = self.loop.call(sign_in(link, password))
        self._waiting.ask(future, done, lambda error: self.first.show_problem(words_of(error)))

    def open(self, find: FindEndpoint) -> None:
        self.session = Session(RemoteMaster(self.loop, find), self.shell)
        self.pool = PoolWindow(self.shell, self.session)

    def _start_master(self, wish: tuple[str, list[str]]) -> None:
        pool_name, arguments = wish
        folder = paths.private_folder(self.data_dir)
        if pool_name and not (folder / "master.toml").exists():
            escaped = pool_name.replace("\\", "\\\\").replace('"', '\\"')
            paths.write_private(folder / "master.toml", f'pool_name = "{escaped}"\n'.encode())
        self.child = ChildMaster(self.data_dir, arguments, self.shell)
        self.child.ready.connect(self.open_local)
        self.child.ended.connect(self._child_ended)
        self.child.start()

    def _child_ended(self, code: int) -> None:
        if self._leaving:
            self.shell.really_close()
        if code == 0 or self.child is None:
            return
        words = "\n".join(self.child.last_lines[-12:])
        if self.session is None:
            self.first.show_problem(tr("The master did not start:") + "\n" + words)
            return
        box = QMessageBox(
            QMessageBox.Icon.Warning, "HiveMind", tr("The master has ended by itself."), parent=self.shell
        )
        box.setDetailedText(words)
        again = box.addButton(tr("Restart"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(tr("Back"), QMessageBox.ButtonRole.RejectRole)
        box.buttonClicked.connect(
            lambda chosen: self.child.start() if chosen is again and self.child is not None else None
        )
        box.open()

    def _closing(self) -> None:
        """A master that this window started is not ended silently, nor left silently."""
        if self.child is None or not self.child.running:
            self.shell.really_close()
            return
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "HiveMind",
            tr("This window started the master. Keep serving, or stop it?"),
            parent=self.shell,
        )
        keep = box.addButton(tr("Keep serving"), QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(tr("Stop the master"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(tr("Back"), QMessageBox.ButtonRole.RejectRole)

        def answer(chosen: object) -> None:
            if chosen is keep:
                self.shell.really_close()
            elif chosen is stop:
                self.leave()

        box.buttonClicked.connect(answer)
        box.open()

    def leave(self) -> None:
        """Close the window; a master that it started ends first, in its own time."""
        if self.child is None or not self.child.running:
            self.shell.really_close()
            return
        self._leaving = True
        self.child.stop()
        self.shell.setEnabled(False)
        self.shell.toast.say(tr("The master is ending…"))

    def close(self) -> None:
        if self.session is not None:
            self.session.close()
        self._waiting.close()
        self.loop.stop()


def run(data_dir: Path, host: str = "", arguments: Sequence[str] = ()) -> int:
    """Open the console and return its exit code when it is closed."""
    application = QApplication.instance() or QApplication(["hivemind", *arguments])
    assert isinstance(application, QApplication)
    application.setApplicationName("HiveMind")
    GarbageOnThisThread(application)
    settings_dir = paths.folders("master").config / "console"
    paths.private_folder(settings_dir)
    single = SingleInstance(settings_dir, f"console-{host or 'local'}".replace(":", "-"))
    if not single.claim():
        single.tell([host])
        return 0
    console = ConsoleApp(application, data_dir, settings_dir)
    single.called.connect(lambda _arguments: console.shell.raise_())
    single.called.connect(lambda _arguments: console.shell.activateWindow())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: console.leave())
    wake = QTimer()
    wake.start(200)
    wake.timeout.connect(time.time)  # lets Python see signals
    console.start(host)
    code = application.exec()
    console.close()
    single.release()
    sys.stdout.flush()
    return int(code)
