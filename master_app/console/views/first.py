"""The first screen: paste a console link, choose a master from before, or start one on this computer."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.background import Background
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.theme import Scheme
from core.desktop.translations import Language, tr
from core.desktop.widgets import (
    Card,
    Segmented,
    Text,
    button,
    caption,
    code,
    column,
    holder,
    label,
    row,
    section,
    set_tone,
    title,
)
from master_app.console.places import Place
from master_app.console.port import fingerprint

#: After the last key.
CHECK_MS = 200


class FirstScreen(QWidget):
    """`connect_wanted` carries a link and a new password; `start_wanted` the settings of a new master."""

    connect_wanted = Signal(str, str)
    open_wanted = Signal(object)
    local_wanted = Signal()
    start_wanted = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setProperty("ground", "true")
        computer = socket.gethostname()
        mark = QLabel()
        mark.setPixmap(look.icons.mark(40).pixmap(40, 40))
        heading = column(
            title(look, lambda: tr("Which pool do you look after today?")),
            label(
                look,
                lambda: tr("The console shows and steers one master. It never starts a second one by itself."),
                quiet=True,
            ),
            spacing=2,
        )
        self._background = Background(self)
        self._checks = 0
        self._problems: list[str] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(CHECK_MS)
        self._soon.timeout.connect(self._check)
        self._problem = label(look, wrap=True)
        set_tone(self._problem, "bad")
        top = row(mark, spacing=14)
        top.addLayout(heading, 1)
        languages = Segmented(
            look,
            [("en", lambda: "English"), ("zh_TW", lambda: "繁體中文")],
            look.languages.current.value,
            lambda: tr("Language"),
        )
        languages.chosen.connect(lambda key: look.use_language(Language(key)))
        look.says(languages, lambda: languages.choose(look.languages.current.value))
        schemes = Segmented(
            look,
            [("system", lambda: tr("System")), ("light", lambda: tr("Light")), ("dark", lambda: tr("Dark"))],
            look.theme.scheme.value if look.theme.scheme.value != "contrast" else "system",
            lambda: tr("Colours"),
        )
        schemes.chosen.connect(lambda key: look.use_scheme(Scheme(key)))
        top.addWidget(schemes)
        top.addWidget(languages)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 24)
        layout.setSpacing(14)
        layout.addLayout(top)
        layout.addWidget(self._problem)
        layout.addWidget(self._connect_card())
        layout.addWidget(self._start_card(computer))
        layout.addStretch(1)

    def _connect_card(self) -> QWidget:
        look, card = self._look, Card()
        self.link = QLineEdit()
        self.link.setFont(code_font())
        self.link.setPlaceholderText("hivemind://host:50052/console?…")
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        look.says(
            self.password, lambda: self.password.setPlaceholderText(tr("New password, only if you have none yet"))
        )
        look.says(self.link, lambda: self.link.setAccessibleName(tr("Console link")))
        paste = button(
            look,
            lambda: tr("Paste"),
            icon="paste",
            on_click=lambda: self.link.setText(QGuiApplication.clipboard().text()),
        )
        self.connect_button = button(
            look,
            lambda: tr("Connect"),
            on_click=lambda: self.connect_wanted.emit(self.link.text(), self.password.text()),
        )
        self.connect_button.setEnabled(False)
        self.link.textChanged.connect(lambda text: self.connect_button.setEnabled(bool(text.strip())))
        card.body.addWidget(section(look, lambda: tr("Connect to a master")))
        line = row(spacing=8)
        line.addWidget(self.link, 1)
        self.password.setMinimumWidth(300)
        for widget in (self.password, paste, self.connect_button):
            line.addWidget(widget)
        card.body.addLayout(line)
        card.body.addWidget(
            caption(
                look,
                lambda: tr("The fingerprint of the link is checked and pinned before anything is sent."),
            )
        )
        self._places = QVBoxLayout()
        self._places.setSpacing(4)
        card.body.addLayout(self._places)
        return card

    def _start_card(self, computer: str) -> QWidget:
        look, card = self._look, Card()
        card.setProperty("card", "chosen")
        self._here = QVBoxLayout()
        self.running = label(look, strong=True)
        self.open_local = button(look, lambda: tr("Open it"), kind="primary", on_click=self.local_wanted.emit)
        self._running_row = holder(row(self.running, self.open_local, None))
        self._form_widget = QWidget()
        form = QFormLayout(self._form_widget)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.pool, self.folder = QLineEdit("HiveMind"), QLineEdit()
        self.web, self.node = QLineEdit("127.0.0.1:5000"), QLineEdit("0.0.0.0:50051")
        self.control = QLineEdit("0.0.0.0:50052")
        self.public = QLineEdit()
        look.says(self.folder, lambda: self.folder.setPlaceholderText(tr("in the data folder of your user")))
        look.says(self.public, lambda: self.public.setPlaceholderText(tr("this computer's address")))
        for text, widget in (
            (lambda: tr("Pool name"), self.pool),
            (lambda: tr("Storage folder"), self.folder),
            (lambda: tr("Public name"), self.public),
            (lambda: tr("Web"), self.web),
            (lambda: tr("Nodes"), self.node),
            (lambda: tr("Control"), self.control),
        ):
            form.addRow(label(look, text, quiet=True), widget)
            _name(look, widget, text)
            widget.textChanged.connect(self._touched)
        self._checked = label(look, quiet=True, wrap=True)
        self.start = button(
            look,
            lambda: tr("Start master on {computer}", computer=computer),
            icon="play",
            kind="primary",
            on_click=self._start,
        )
        card.body.addWidget(section(look, lambda: tr("A master on this computer, {computer}", computer=computer)))
        card.body.addWidget(self._running_row)
        card.body.addWidget(self._form_widget)
        foot = row(spacing=12)
        foot.addWidget(self._checked, 1)
        foot.addWidget(self.start)
        card.body.addLayout(foot)
        look.says(self._checked, lambda: self._show_checked(self._problems))
        self.show_local(False)
        return card

    # ---- showing

    def show_local(self, running: bool) -> None:
        """A master that runs here takes the place of the form: never a second one."""
        self._running_row.setVisible(running)
        self._form_widget.setVisible(not running)
        self.start.setVisible(not running)
        self._checked.setVisible(not running)
        self.running.setText(tr("A master runs here."))
        if not running:
            self._check()

    def show_places(self, places: Sequence[Place], now_ms: int) -> None:
        while (item := self._places.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for place in places:
            words = label(self._look, place.name, strong=True)
            pin = code(f"{place.address}  {fingerprint(place.ca_sha256)}")
            used = caption(self._look, figures.moment(place.last_used_ms, now_ms))
            go = button(self._look, lambda: tr("Open"), on_click=partial(self.open_wanted.emit, place))
            self._places.addWidget(holder(row(words, pin, None, used, go)))

    @property
    def checked_words(self) -> str:
        return self._checked.text()

    def show_problem(self, words: str) -> None:
        self._problem.setText(words)
        self.start.setEnabled(True)
        self.connect_button.setEnabled(bool(self.link.text().strip()))

    def _touched(self) -> None:
        self.start.setEnabled(False)
        self._soon.start()

    def _check(self) -> None:
        """Try doors and folder, not on this thread: a disk that sleeps must not hold the window."""
        self._checks += 1
        number, doors = self._checks, [field.text() for field in (self.web, self.node, self.control)]
        folder = self.folder.text().strip()

        def found() -> list[str]:
            problems = [problem for door in doors if (problem := _port_problem(door))]
            if folder and (problem := _folder_problem(Path(folder))):
                problems.append(problem)
            return problems

        def show(problems: list[str]) -> None:
            if number == self._checks:
                self._show_checked(problems)

        self._background.run(found, show, owner=self)

    def _show_checked(self, problems: list[str]) -> None:
        self._problems = problems
        self._checked.setText("\n".join(problems) or tr("Ports are free; nothing is opened in a firewall."))
        set_tone(self._checked, "bad" if problems else "")
        self.start.setEnabled(not problems)

    def _start(self) -> None:
        self.start.setEnabled(False)
        arguments = ["--web", self.web.text(), "--node", self.node.text(), "--control", self.control.text()]
        if self.folder.text().strip():
            arguments += ["--storage", self.folder.text().strip()]
        if self.public.text().strip():
            arguments += ["--public-name", self.public.text().strip()]
        self.start_wanted.emit((self.pool.text().strip(), arguments))


def _port_problem(address: str) -> str:
    """Try the door: who cannot listen there is told before anything is started."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        return tr("{address} is not HOST:PORT", address=address)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError:
            return tr("Port {port} is in use. Nothing is changed silently: choose another.", port=port)
    return ""


def _folder_problem(folder: Path) -> str:
    """Write, read back and remove a small file where the storage is to be."""
    # One that is yet to be made is tried where it will be made.
    place = folder if folder.is_dir() else folder.parent
    if not place.is_dir():
        return tr("{folder} is not there.", folder=place)
    probe = place / ".hivemind-test"
    try:
        probe.write_bytes(b"hivemind")
        good = probe.read_bytes() == b"hivemind"
        probe.unlink()
    except OSError as error:
        return tr("{folder} cannot be written: {reason}", folder=folder, reason=error.strerror or "")
    return "" if good else tr("{folder} does not keep what is written.", folder=folder)


def _name(look: Look, widget: QWidget, text: Text) -> None:
    look.says(widget, lambda: widget.setAccessibleName(text()))
