"""The window around the pages: navigation, one page, a line when the master is lost, the status bar."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QLabel, QMainWindow, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.desktop import figures, states
from core.desktop.feedback import Banner, Toast
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import ShapeMark, button, label, line, row
from core.domain.console import Overview, PoolInfo
from master_app.console.models.sentences import said
from master_app.console.port import Link, LinkState

NAV_WIDE, NAV_NARROW = 184, 52
NARROW_BELOW = 1100
PAGES = ("overview", "map", "queue", "ledger", "users", "join", "events", "settings")


class Shell(QMainWindow):
    """`closing` is asked before the window goes; whoever answers calls `really_close`."""

    page_shown = Signal(str)
    closing = Signal()
    retry = Signal()
    submit = Signal()
    refresh = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._closing_now = False
        self._pool: PoolInfo | None = None
        self._link: Link | None = None
        self._word = "unknown"
        self.setWindowIcon(look.icons.mark(64))
        self.setMinimumSize(760, 520)
        self.resize(1440, 900)
        self.pages: dict[str, QWidget] = {}
        self._nav: dict[str, QPushButton] = {}
        self._counts: dict[str, QLabel] = {}
        self.stack = QStackedWidget()
        self.first_holder = QStackedWidget()
        self.banner = Banner(look, lambda: tr("Retry now"), self.retry.emit)
        self._side = self._make_side()
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.banner)
        right.addWidget(self.stack, 1)
        middle = row(self._side, spacing=0)
        middle.addLayout(right, 1)
        body = QVBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(middle, 1)
        body.addWidget(self._make_status())
        central = QWidget()
        central.setLayout(body)
        self.setCentralWidget(central)
        self.toast = Toast(look, central)
        self._clock = QTimer(self)
        self._clock.setInterval(1_000)
        self._clock.timeout.connect(self._say_link)
        self._clock.start()
        self._shortcuts()
        look.says(self, self._say_all)
        if look.settings is not None and look.settings.value("window/geometry") is not None:
            self.restoreGeometry(look.settings.value("window/geometry"))

    def _make_side(self) -> QFrame:
        look, side = self.look, QFrame()
        side.setProperty("side", "true")
        side.setFixedWidth(NAV_WIDE)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(2)
        texts: dict[str, Callable[[], str]] = {
            "overview": lambda: tr("Overview"),
            "map": lambda: tr("Node map"),
            "queue": lambda: tr("Queue"),
            "ledger": lambda: tr("Ledger"),
            "users": lambda: tr("Users"),
            "join": lambda: tr("Join a node"),
            "events": lambda: tr("Events"),
            "settings": lambda: tr("Settings"),
        }
        for key in PAGES:
            if key == "settings":
                layout.addWidget(line())
                send = button(
                    look, lambda: tr("Submit a task…"), icon="submit", kind="bare", on_click=self.submit.emit
                )
                send.setIconSize(QSize(20, 20))
                self._shape(send)
                self._nav["submit"] = send
                layout.addWidget(send)
                layout.addStretch(1)
            made = QPushButton()
            made.setCheckable(True)
            made.setAutoExclusive(True)
            made.setProperty("kind", "bare")
            made.setIconSize(QSize(20, 20))
            self._shape(made)
            look.paints(made, partial(_set_icon, look, made, key))
            made.clicked.connect(lambda _checked=False, key=key: self.show_page(key))
            count = label(look, quiet=True, pixels=11)
            made.setLayout(row(None, count, margins=(0, 0, 8, 0)))
            self._nav[key], self._counts[key] = made, count
            self._texts = texts
            layout.addWidget(made)
        return side

    def _shape(self, made: QPushButton) -> None:
        def paint() -> None:
            tokens = self.look.theme.tokens
            made.setStyleSheet(
                "QPushButton { text-align: left; padding: 7px 8px; border-radius: 6px; border: none; }"
                f"QPushButton:hover {{ background: {tokens.surface_2}; }}"
                f"QPushButton:focus {{ border: 2px solid {tokens.accent}; padding: 5px 6px; }}"
                f"QPushButton:checked {{ background: {self.look.theme.chosen().name()}; font-weight: 600; }}"
            )

        self.look.paints(made, paint)

    def _make_status(self) -> QFrame:
        look, bar = self.look, QFrame()
        bar.setProperty("status", "true")
        self._mark = ShapeMark(look, states.POOL["unknown"], 11)
        self._state = label(look, strong=True, pixels=12)
        self._delay = label(look, quiet=True, pixels=12)
        self._web = QPushButton()
        self._web.setProperty("kind", "link")
        self._web.setFont(code_font(11))
        self._web.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._web.text())))
        self._copy = button(
            look,
            icon="copy",
            kind="bare",
            tip=lambda: tr("Copy the web address"),
            on_click=lambda: QGuiApplication.clipboard().setText(self._web.text()),
        )
        self._figures = label(look, pixels=12)
        self._error = label(look, pixels=12)
        bar.setLayout(
            row(
                self._mark,
                self._state,
                line(upright=True),
                self._delay,
                line(upright=True),
                self._web,
                self._copy,
                None,
                self._figures,
                line(upright=True),
                self._error,
                margins=(16, 3, 16, 3),
            )
        )
        return bar

    def _shortcuts(self) -> None:
        for number, key in enumerate(PAGES, start=1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda key=key: self.show_page(key))
        for keys, act in (
            ("Ctrl+,", lambda: self.show_page("settings")),
            ("F5", self.refresh.emit),
            ("Ctrl+Q", self.close),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(act)

    # ---- pages

    def add_page(self, key: str, page: QWidget) -> None:
        self.pages[key] = page
        self.stack.addWidget(page)

    def show_page(self, key: str) -> None:
        page = self.pages.get(key)
        if page is None:
            return
        self.stack.setCurrentWidget(page)
        if key in self._nav and self._nav[key].isCheckable():
            self._nav[key].setChecked(True)
        self._side.setVisible(key != "first")
        for each in (self._web, self._copy, self._figures, self._error):
            each.setVisible(key != "first")
        self.page_shown.emit(key)

    # ---- showing

    def show_pool(self, pool: PoolInfo) -> None:
        self._pool = pool
        self._web.setText(pool.web)
        self._say_title()

    def show_link(self, link: Link) -> None:
        self._link = link
        self._say_link()
        self._say_title()

    def show_overview(self, found: Overview) -> None:
        self._word = pool_word(found)
        total = sum(found.nodes.values())
        away = ("DOWN", "DISCONNECTED", "SUSPECT", "NEW", "PENDING")
        online = total - sum(found.nodes.get(state, 0) for state in away)
        live = sum(found.tasks.values())
        self._figures.setText(
            tr(
                "Nodes {online} / {total}   Queue {tasks} tasks, {ready} ready   "
                "{rate} subtasks/min   Storage {share}",
                online=figures.number(online),
                total=figures.number(total),
                tasks=figures.number(live),
                ready=figures.number(found.ready),
                rate=figures.number(found.per_minute, 1),
                share=figures.percent(found.storage_used / found.storage_total if found.storage_total else 0),
            )
        )
        worst = said(found.conditions[0].what) if found.conditions else ""
        shown = self._error.fontMetrics().elidedText(worst, Qt.TextElideMode.ElideRight, 320)
        self._error.setText(shown)
        self._error.setToolTip(worst)
        counts = {
            "map": total,
            "queue": live,
            "join": found.nodes.get("PENDING", 0),
            "overview": len(found.conditions),
        }
        for key, count in counts.items():
            self._counts[key].setText(figures.number(count) if count else "")
        self._say_title()
        self._say_link()

    def _say_all(self) -> None:
        narrow = self._side.width() <= NAV_NARROW
        for key, text in self._texts.items():
            self._nav[key].setText("" if narrow else f"  {text()}")
            self._nav[key].setToolTip(text() if narrow else "")
            self._nav[key].setAccessibleName(text())
        self._nav["submit"].setText("" if narrow else f"  {tr('Submit a task…')}")
        self._say_title()
        self._say_link()

    def _say_title(self) -> None:
        if self._pool is None:
            self.setWindowTitle(f"HiveMind — {tr('not connected')}")
            return
        word = states.POOL[self._word].text
        self.setWindowTitle(
            tr("{state}, {pool} on {host}", state=word, pool=self._pool.pool_name, host=self._pool.computer)
        )

    def _say_link(self) -> None:
        link = self._link
        live = link is not None and link.state is LinkState.LIVE
        face = states.POOL[self._word if live else "unknown"]
        self._mark.show_state(face)
        self._state.setText(face.text)
        if link is None:
            self._delay.setText("")
            self.banner.say("")
            return
        name = self._pool.computer if self._pool is not None else tr("the master")
        since = figures.clock(link.since_ms, seconds=True)
        if link.state is LinkState.LIVE:
            delay = tr("Live · {ms} ms", ms=round(link.delay_ms or 0))
            self._delay.setText(delay)
            self.banner.say("")
        elif link.state is LinkState.LOST:
            left_s = max(0, (link.next_try_ms - time.time_ns() // 1_000_000 + 999) // 1000)
            self._delay.setText(tr("No answer"))
            self.banner.say(
                tr("No answer from {name} since {time}. Nodes work on. Next try in ", name=name, time=since)
                + plural(left_s, "{n} second.", "{n} seconds.")
            )
        elif link.state is LinkState.REFUSED:
            self._delay.setText(tr("Refused"))
            # Its own words are in the catalogue of the windows, those of a master in the one of its sentences.
            self.banner.say(said(tr(link.words)))
        else:
            self._delay.setText(tr("Connecting…"))
            self.banner.say("")

    # ---- the window itself

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wanted = NAV_NARROW if self.width() < NARROW_BELOW else NAV_WIDE
        if self._side.width() != wanted:
            self._side.setFixedWidth(wanted)
            for count in self._counts.values():
                count.setVisible(wanted == NAV_WIDE)
            QTimer.singleShot(0, self._say_all)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.look.settings is not None:
            self.look.settings.setValue("window/geometry", self.saveGeometry())
        if self._closing_now:
            event.accept()
            return
        event.ignore()
        self.closing.emit()

    def really_close(self) -> None:
        self._closing_now = True
        self.close()


def pool_word(found: Overview) -> str:
    """Return the one word for the pool."""
    if any(condition.gravity == "alert" for condition in found.conditions):
        return "degraded"
    if found.running:
        return "busy"
    return "waiting" if found.ready else "idle"


def _set_icon(look: Look, made: QPushButton, name: str) -> None:
    made.setIcon(look.icons.icon(name, "text_2", 20))
