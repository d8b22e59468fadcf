"""The tray app: one a person, a client of the agent that it starts when none runs. Opened by `__main__` alone."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from core.desktop.autostart import autostart
from core.desktop.garbage import GarbageOnThisThread
from core.desktop.link_handler import link_handler
from core.desktop.look import Look
from core.desktop.single_instance import SingleInstance
from core.domain.agent_views import AgentAction, AgentShown
from core.domain.errors import HiveMindError
from worker_app.tray.courier import Client, Courier
from worker_app.tray.keeper import Keeper
from worker_app.tray.tray import Tray
from worker_app.tray.window import Surroundings, WorkerWindow

#: How long a tray host may take to come up after login before the window stands in for it.
TRAY_WAIT_MS = 8000
_LOOK_MS = 500
#: How long an agent that was told to give work back is waited for.
QUIT_WAIT_MS = 40_000
#: How long a session that ends is held up: systems end what takes longer than about five seconds.
SESSION_WAIT_MS = 4_500


@dataclass(frozen=True, slots=True)
class Options:
    """How it was called."""

    folder: Path
    #: Starts the agent.
    agent_command: Sequence[str]
    #: Starts this program at login.
    login_command: Sequence[str]
    minimized: bool = False
    link: str = ""
    #: Opens a hivemind: link, which comes as its last argument; empty: not offered.
    link_command: Sequence[str] = ()


class WorkerApp(QObject):
    """Window, tray and agent, put together."""

    def __init__(
        self,
        application: QApplication,
        options: Options,
        *,
        find: Callable[[], Client | None] | None = None,
        settings: QSettings | None = None,
    ) -> None:
        super().__init__(application)
        self._application = application
        self._options = options
        self.keeper = Keeper(options.folder, options.agent_command)
        self.look = Look(
            application, settings or QSettings(str(options.folder / "tray.ini"), QSettings.Format.IniFormat)
        )
        self.courier = Courier(find or self.keeper.find, self)
        around = Surroundings(
            options.folder,
            autostart("hivemind-worker", "HiveMind Worker"),
            list(options.login_command),
            self._has_tray,
            link_handler("hivemind-worker-links", "HiveMind Worker", "hivemind") if options.link_command else None,
            list(options.link_command),
        )
        self.window = WorkerWindow(self.look, self.courier, around)
        self.tray = Tray(self.look, self)
        self.tray.asked.connect(self._asked)
        self.tray.wanted.connect(self.open)
        self.window.quit_wanted.connect(self.quit)
        self.window.hidden.connect(self.tray.say_hidden)
        self.courier.came.connect(self.tray.show_agent)
        self.courier.left.connect(self._gone)
        self._quitting = False
        self._looked_ms = 0
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._looking.timeout.connect(self._look_for_tray)

    def start(self) -> None:
        """Show what is to be shown, and go to the agent."""
        self._application.setQuitOnLastWindowClosed(False)
        if self._has_tray():
            self.tray.show()
        else:
            self._looking.start()
        if not self._options.minimized:
            self.window.raise_it()
        if self._options.link:
            self.window.take_link(self._options.link)
        self.courier.start()

    def called(self, arguments: list[str]) -> None:
        """A second start: it raises this one, and a link that it was given is taken."""
        link = next((one for one in arguments if one.startswith("hivemind:")), "")
        self.window.raise_it()
        if link:
            self.window.take_link(link)

    def open(self, page: str) -> None:
        self.window.raise_it()
        self.window.show_page(page)

    # ------------------------------------------------------------ the tray host

    @staticmethod
    def _has_tray() -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    def _look_for_tray(self) -> None:
        """After login the host may come later than we do; without one the window is the way in."""
        self._looked_ms += _LOOK_MS
        if self._has_tray():
            self._looking.stop()
            self.tray.show()
        elif self._looked_ms >= TRAY_WAIT_MS and self._options.minimized and not self.window.isVisible():
            self.window.raise_it()

    # ------------------------------------------------------------ actions

    def _asked(self, action: AgentAction, seconds: int) -> None:
        if action in (AgentAction.QUIT_FINISH, AgentAction.QUIT_GIVE_BACK):
            self.quit("finish" if action is AgentAction.QUIT_FINISH else "give_back")
        else:
            self.courier.act(action, self.window.say_error, seconds=seconds)

    def _gone(self) -> None:
        if self._quitting:
            self._end()
            return
        self.tray.show_gone()
        self.window.show_gone()

    def quit(self, how: str) -> None:
        """finish: what runs ends first; give_back: now; window: the agent goes on without us."""
        self.keeper.wanted = False
        if how == "window" or not self.courier.is_here:
            self._end()
            return
        action = AgentAction.QUIT_FINISH if how == "finish" else AgentAction.QUIT_GIVE_BACK
        self._quitting = True
        self.courier.act(action, self._could_not_quit)
        if how == "give_back":
            self.window.hide()
            QTimer.singleShot(QUIT_WAIT_MS, self, self._end)

    def session_ends(self) -> None:
        """The person logs out, or the computer shuts down: an agent that we started has its work given back first.

        One that runs as a service hears of a shutdown itself, and a session that ends is nothing to it.
        """
        if not self.keeper.is_parent or not self.courier.is_here:
            return
        self.courier.act(AgentAction.SYSTEM_ENDS, lambda _error: None)
        loop = QEventLoop()

        def look(shown: AgentShown) -> None:
            if _is_given_back(shown):
                loop.quit()

        self.courier.came.connect(look)
        self.courier.left.connect(loop.quit)
        QTimer.singleShot(SESSION_WAIT_MS, loop, loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        self.courier.came.disconnect(look)
        self.courier.left.disconnect(loop.quit)

    def _could_not_quit(self, error: BaseException) -> None:
        self._quitting = False
        self.keeper.wanted = True
        if isinstance(error, HiveMindError):
            self.window.say_error(error)

    def _end(self) -> None:
        self.tray.hide()
        self.window.close_for_good()
        self.courier.stop()
        self._application.quit()

    @property
    def shown(self) -> AgentShown:
        return self.courier.shown


def _is_given_back(shown: AgentShown) -> bool:
    status = shown.status
    return status is not None and status.now.code == "quitting_shutdown" and not status.running


def run(options: Options) -> int:
    """Open the tray app and return its exit code; a second start only raises the first."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName("HiveMind Worker")
    application.setDesktopFileName("hivemind-worker")
    GarbageOnThisThread(application)
    single = SingleInstance(options.folder, "tray", application)
    if not single.claim():
        single.tell([options.link] if options.link else [])
        return 0
    app = WorkerApp(application, options)
    single.called.connect(app.called)
    # Direct: the system waits while this runs, and no longer.
    application.commitDataRequest.connect(lambda _manager: app.session_ends(), Qt.ConnectionType.DirectConnection)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.quit("window"))
    # Python hears signals only between two of its own instructions; Qt would sleep through them.
    breath = QTimer(application)
    breath.start(300)
    breath.timeout.connect(lambda: None)
    app.start()
    code = application.exec()
    single.release()
    return int(code)
