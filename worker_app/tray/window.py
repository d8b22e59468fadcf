"""The worker's window: navigation, the line on top, the switch, and the pages. Closing it hides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QStackedWidget,
    QWidget,
)

from core.desktop.autostart import Autostart
from core.desktop.feedback import Question, Toast
from core.desktop.link_handler import LinkHandler
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import column, row
from core.domain.agent_views import AgentAction, AgentShown, Consent, Line, SetupStep
from worker_app.tray.courier import Courier
from worker_app.tray.navigation import PAGES, Navigation
from worker_app.tray.pages.about import AboutPage
from worker_app.tray.pages.connection import ConnectionPage
from worker_app.tray.pages.doctor import DoctorView
from worker_app.tray.pages.earnings import EarningsPage
from worker_app.tray.pages.log import LogPage
from worker_app.tray.pages.now import NowPage
from worker_app.tray.pages.rules import RulesPage
from worker_app.tray.pages.setup import SetupPage
from worker_app.tray.top_line import TopLine
from worker_app.tray.troubles_card import TroublesCard

_NARROW: Final = 900


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the window is given besides the agent."""

    folder: Path
    autostart: Autostart
    #: What starts this program at login.
    command: list[str]
    #: Whether there is a tray to hide in; without one closing asks.
    has_tray: Callable[[], bool]
    #: None: this system was told at installation who opens hivemind: links.
    links: LinkHandler | None = None
    #: What opens a link, which comes as its last argument.
    link_command: Sequence[str] = ()


class WorkerWindow(QMainWindow):
    """`quit_wanted` carries how: give_back, or window (the agent goes on); `hidden` comes when it was closed."""

    quit_wanted = Signal(str)
    hidden = Signal()

    def __init__(self, look: Look, courier: Courier, around: Surroundings) -> None:
        super().__init__()
        self._look, self._courier, self._around = look, courier, around
        self._shown = AgentShown()
        self._closing = False
        # Full HD at 200 % leaves less than 540 pixels of height; what does not fit scrolls.
        self.setMinimumSize(820, 440)
        self.resize(QSize(980, 680).boundedTo(self.screen().availableSize() - QSize(0, 40)))
        self.setWindowIcon(look.icons.mark(64))
        look.says(self, lambda: self.setWindowTitle(tr("HiveMind Worker")))
        self.top = TopLine(look)
        self.top.asked.connect(lambda action, seconds: courier.act(action, self.say_error, seconds=seconds))
        self.top.quit_asked.connect(self.ask_quit)
        self.toast = Toast(look, self)
        self.troubles = TroublesCard(look, courier)
        self.troubles.joined.connect(self._joined_anew)
        self._make_pages()
        self.side = Navigation(look)
        self.side.chosen.connect(self.show_page)
        self.side.lend.connect(self._lend)
        self.nav = self.side.nav
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        self._shell = self._make_shell()
        self.setup_page = SetupPage(look, courier)
        self.setup_page.finished.connect(self._set_up)
        self.whole = QStackedWidget()
        self.whole.addWidget(self._shell)
        self.whole.addWidget(self.setup_page)
        self.setCentralWidget(self.whole)
        self._keys()
        courier.came.connect(self.show_agent)
        courier.left.connect(self.show_gone)
        self._restore()
        self.side.choose("now")

    def _make_pages(self) -> None:
        look, courier, around = self._look, self._courier, self._around
        self.now = NowPage(look, courier)
        self.earnings = EarningsPage(look, courier)
        self.rules = RulesPage(look, courier)
        self.connection = ConnectionPage(look, courier)
        self.log = LogPage(look, courier, around.folder)
        self.about = AboutPage(look, around.folder, around.autostart, around.command)
        if around.links is not None:
            self.about.offer_links(around.links, around.link_command)
        self.doctor = DoctorView(look, courier)
        self.pages: dict[str, Any] = {
            "now": self.now,
            "earnings": self.earnings,
            "rules": self.rules,
            "connection": self.connection,
            "log": self.log,
            "about": self.about,
            "doctor": self.doctor,
        }
        self.now.explain.connect(self.explain)
        self.now.show_rules.connect(self._wish)
        self.now.show_log.connect(self._show_log)
        self.now.show_doctor.connect(lambda: self.show_page("doctor"))
        self.connection.show_doctor.connect(lambda: self.show_page("doctor"))
        self.connection.join_wanted.connect(lambda: self._show_setup(True))
        self.about.said.connect(self._say)
        self.rules.said.connect(self._say)

    def _make_shell(self) -> QWidget:
        shell = QWidget()
        right = column(self.top, self.troubles, self.stack, spacing=10, margins=(16, 12, 16, 14))
        right.setStretch(2, 1)
        layout = row(self.side, spacing=0)
        layout.addLayout(right)
        layout.setStretch(1, 1)
        shell.setLayout(layout)
        return shell

    def _keys(self) -> None:
        for place, name in enumerate(PAGES, start=1):
            QShortcut(QKeySequence(f"Ctrl+{place}"), self, partial(self.show_page, name))
        QShortcut(QKeySequence("F5"), self, self.refresh)
        QShortcut(QKeySequence("Ctrl+R"), self, lambda: self._courier.act(AgentAction.RETRY_NOW))
        QShortcut(QKeySequence.StandardKey.Quit, self, self.ask_quit)
        QShortcut(QKeySequence("Ctrl+W"), self, self.close)
        QShortcut(QKeySequence("Esc"), self, self.earnings.explanation.hide)

    # ------------------------------------------------------------ the agent

    def show_agent(self, shown: AgentShown) -> None:
        """Show a snapshot. A window that nobody sees is left as it was."""
        self._shown = shown
        if not self.isVisible():
            return
        status = shown.status
        if status is None:
            return
        self.setup_page.show_agent(shown)
        wants_setup = status.setup not in (SetupStep.DONE, SetupStep.JOIN)
        if wants_setup or (status.setup is SetupStep.JOIN and not self._has_history(shown)):
            self._show_setup(True)
        elif status.setup is SetupStep.DONE:
            self._show_setup(False)
        self.top.show_status(status)
        self.troubles.show_troubles(shown.troubles)
        self.side.show_status(status)
        for page in self.pages.values():
            if hasattr(page, "show_agent"):
                page.show_agent(shown)

    @staticmethod
    def _has_history(shown: AgentShown) -> bool:
        """A computer that was in a pool before keeps its earnings in sight; it is not made new again."""
        return shown.last is not None and bool(shown.last.attempt_id)

    def show_gone(self, since_ms: int = 0, again_s: int = 0) -> None:
        """The agent went: keep what stands there, say since when and what is done about it."""
        if since_ms:
            values = {"since_ms": str(since_ms), "next_s": str(again_s)}
            self.top.say_gone(Line(code="agent_gone", values=values))
        else:
            self.top.say_gone(Line(code="agent_starts"))

    def _say(self, text: str) -> None:
        self.toast.say(text)

    def _joined_anew(self, consent: Consent) -> None:
        self._say(tr("Joined {pool} as {name}.", pool=consent.pool_name, name=consent.node_name))

    def say_error(self, error: BaseException) -> None:
        self.toast.say(getattr(error, "message", "") or str(error), tone="bad")

    # ------------------------------------------------------------ pages

    @property
    def page(self) -> str:
        return next(name for name, page in self.pages.items() if page is self.stack.currentWidget())

    def show_page(self, name: str) -> None:
        """Show a page; the doctor has no place of its own in the navigation."""
        if self.page == "rules" and name != "rules" and self.rules.changes and not self._leave_rules(name):
            return
        self._show_setup(False)
        if name in PAGES:
            self.side.choose(name)
        self._see(False)
        self.stack.setCurrentWidget(self.pages[name])
        # The rules have a line of their own: what these rules, not yet applied, would do.
        self.top.setVisible(name != "rules")
        self._see(self.isVisible())
        if self._shown.status is not None:
            self.show_agent(self._shown)
        if self._look.settings is not None and name in PAGES:
            self._look.settings.setValue("window/page", name)

    def _leave_rules(self, name: str) -> bool:
        """Ask about rules that are not applied yet. True: go on at once."""
        question = Question(
            self._look,
            self,
            heading=tr("Leave without applying?"),
            words=tr("Your changes to the rules are not applied yet."),
            act=tr("Discard them"),
        )

        def go() -> None:
            self.rules.discard()
            self.show_page(name)

        question.accepted.connect(go)
        question.rejected.connect(lambda: self.show_page("rules"))
        question.open()
        return False

    def _lend(self, on: bool) -> None:
        self._courier.act(AgentAction.LEND_ON if on else AgentAction.LEND_OFF, self.say_error)

    def _see(self, seen: bool) -> None:
        name = self.page
        page = self.pages[name]
        if hasattr(page, "set_seen"):
            page.set_seen(seen and self.whole.currentWidget() is self._shell)
        self._courier.want_samples(seen and name == "now")

    def refresh(self) -> None:
        """F5: read again."""
        self._see(True)

    def _set_up(self, attempt_id: str) -> None:
        if attempt_id:
            self.explain(attempt_id)
        else:
            self.show_page("now")

    def explain(self, attempt_id: str) -> None:
        self.show_page("earnings")
        self.earnings.explain(attempt_id)

    def _show_log(self, attempt_id: str) -> None:
        self.show_page("log")
        self.log.choose(attempt_id)

    def _wish(self, minutes: int) -> None:
        self.show_page("rules")
        if minutes:
            # The page reads the rules that hold when it is opened; the change comes on top of them.
            QTimer.singleShot(250, self, lambda: self.rules.wish_idle_minutes(minutes))

    def _show_setup(self, wanted: bool) -> None:
        target: QWidget = self.setup_page if wanted else self._shell
        if self.whole.currentWidget() is not target:
            self.whole.setCurrentWidget(target)
            self.setup_page.set_seen(wanted and self.isVisible())

    def take_link(self, link: str) -> None:
        """A join link was opened outside: show where it goes and spend it."""
        if self._shown.link is not None and self._shown.link.refused:
            self._show_setup(False)
            self.troubles.take_link(link)
            return
        self._show_setup(True)
        self.setup_page.take_link(link)

    # ------------------------------------------------------------ coming and going

    def raise_it(self) -> None:
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_agent(self._shown)
        self._see(True)
        self.setup_page.set_seen(self.whole.currentWidget() is self.setup_page)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._see(False)
        self.setup_page.set_seen(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.side.show_narrow(self.width() < _NARROW)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing:
            event.accept()
        elif self._around.has_tray():
            event.ignore()
            self._keep()
            self.hide()
            self.hidden.emit()
        else:
            event.ignore()
            self.ask_close()

    def close_for_good(self) -> None:
        self._closing = True
        self._keep()
        self.close()

    def ask_close(self) -> None:
        """No tray: closing asks whether the work goes on without a window."""
        question = Question(
            self._look,
            self,
            heading=tr("Close the window?"),
            words=tr("This desktop has no tray to hide in. The worker can go on without a window, or quit too."),
            act=tr("Keep running without a window"),
            danger=False,
        )
        question.accepted.connect(lambda: self.quit_wanted.emit("window"))
        question.open()

    def ask_quit(self) -> None:
        """The same question as the menu's: with nothing running it just quits."""
        running = self._shown.status.running if self._shown.status is not None else 0
        if not running:
            self.quit_wanted.emit("give_back")
            return
        question = Question(
            self._look,
            self,
            heading=tr("Quit while tasks run?"),
            words=tr(
                "Give the work back now with its checkpoint, or choose “Finish current, then quit” in the tray."
            ),
            act=tr("Give back and quit"),
        )
        question.accepted.connect(lambda: self.quit_wanted.emit("give_back"))
        question.open()

    def _keep(self) -> None:
        if self._look.settings is not None:
            self._look.settings.setValue("window/geometry", self.saveGeometry())

    def _restore(self) -> None:
        settings = self._look.settings
        geometry = settings.value("window/geometry") if settings is not None else None
        if geometry is not None:
            self.restoreGeometry(geometry)
