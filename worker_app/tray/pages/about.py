"""About: version, licences, language, theme, start at login, and where things are."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl, Signal, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.autostart import Autostart
from core.desktop.link_handler import LinkHandler
from core.desktop.look import Look
from core.desktop.theme import Scheme
from core.desktop.translations import Language, tr
from core.desktop.widgets import Card, Segmented, button, column, label, line, row
from core.domain.agent_views import AgentShown
from worker_app.tray.parts import Facts, Switch, quiet, selectable, strong
from worker_app.tray.sentences import said


class AboutPage(QWidget):
    said = Signal(str)

    def __init__(self, look: Look, folder: Path, autostart: Autostart, command: list[str]) -> None:
        super().__init__()
        self._look, self._folder, self._autostart, self._command = look, folder, autostart, command
        self._shown = AgentShown()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._product_card())
        layout.addWidget(self._choices_card())
        layout.addWidget(self._licence_card())
        layout.addStretch(1)
        look.says(self, self._say)

    def _product_card(self) -> Card:
        look = self._look
        card = Card(margins=16, spacing=10)
        picture = QLabel()
        picture.setPixmap(look.icons.mark(48).pixmap(48, 48))
        words = quiet(
            look, lambda: tr("Lends this computer to a pool, when you do not need it, and shows what it earns.")
        )
        words.setWordWrap(True)
        head = row(picture, column(label(look, "HiveMind", strong=True, pixels=20), words, spacing=2), spacing=14)
        head.setStretch(1, 1)
        card.body.addLayout(head)
        card.body.addWidget(line())
        facts = Facts(look, spacing=8)
        names = {
            "version": lambda: tr("Version"),
            "engine": lambda: tr("Container engine"),
            "system": lambda: tr("System"),
            "folder": lambda: tr("Data folder"),
            "since": lambda: tr("Service runs since"),
        }
        self.facts = {name: selectable(look) for name in names}
        for name, text in names.items():
            facts.add(text, self.facts[name])
        card.body.addWidget(facts)
        open_folder = button(look, lambda: tr("Open the folder"), icon="folder", on_click=self._open)
        copy = button(look, lambda: tr("Copy diagnostics"), icon="copy", on_click=self.copy)
        card.body.addLayout(row(open_folder, copy, quiet(look, lambda: tr("without secrets")), None))
        return card

    def _choices_card(self) -> Card:
        look = self._look
        card = Card(margins=16, spacing=10)
        self.at_login = Switch(look, lambda: tr("Start at login"))
        self.at_login.show_state(self._autostart.enabled())
        self.at_login.wanted.connect(self._set_login)
        languages = Segmented(
            look,
            [
                (Language.SYSTEM.value, lambda: tr("As the system")),
                (Language.ENGLISH.value, lambda: "English"),
                (Language.CHINESE.value, lambda: "繁體中文"),
            ],
            look.languages.chosen.value,
            lambda: tr("Language"),
        )
        languages.chosen.connect(lambda key: look.use_language(Language(key)))
        schemes = Segmented(
            look,
            [
                (Scheme.SYSTEM.value, lambda: tr("As the system")),
                (Scheme.LIGHT.value, lambda: tr("Light")),
                (Scheme.DARK.value, lambda: tr("Dark")),
                (Scheme.CONTRAST.value, lambda: tr("High contrast")),
            ],
            look.theme.scheme.value,
            lambda: tr("Colours"),
        )
        schemes.chosen.connect(lambda key: look.use_scheme(Scheme(key)))
        for name, note, control in (
            (
                lambda: tr("Start at login"),
                lambda: tr("off unless you want it; needs no administrator"),
                self.at_login,
            ),
            (lambda: tr("Language"), lambda: "", languages),
            (lambda: tr("Colours"), lambda: "", schemes),
        ):
            card.body.addLayout(row(strong(look, name), quiet(look, note), None, control))
        self._choices = card
        return card

    def offer_links(self, links: LinkHandler, command: Sequence[str]) -> None:
        """Let the person choose whether this program opens hivemind: links."""
        look = self._look
        switch = self.opens_links = Switch(look, lambda: tr("Open hivemind: links"))
        switch.show_state(links.enabled())

        def choose(on: bool) -> None:
            try:
                links.enable(command) if on else links.disable()
            except OSError as error:
                self.said.emit(tr("That could not be changed: {reason}", reason=str(error)))
            switch.show_state(links.enabled())

        switch.wanted.connect(choose)
        note = quiet(look, lambda: tr("a join link that you click is put in here; you still agree first"))
        name = strong(look, lambda: tr("Open hivemind: links"))
        self._choices.body.addLayout(row(name, note, None, switch))

    def _licence_card(self) -> Card:
        look = self._look
        card = Card(margins=16, spacing=6)
        words = quiet(
            look,
            lambda: tr(
                "HiveMind is free software under the GNU General Public License 3. It uses Qt (LGPL 3),"
                " gRPC (Apache 2), pyqtgraph and NumPy (MIT, BSD) and others; docs/licences.md names each."
            ),
        )
        words.setWordWrap(True)
        card.body.addWidget(strong(look, lambda: tr("Licences"), pixels=14))
        card.body.addWidget(words)
        return card

    def show_agent(self, shown: AgentShown) -> None:
        self._shown = shown
        self._say()

    def _say(self) -> None:
        status, machine = self._shown.status, self._shown.machine
        unknown = figures.unknown()
        self.facts["version"].setText((status.version if status else "") or unknown)
        engine = machine.engine if machine is not None else ""
        self.facts["engine"].setText(engine or (said(machine.engine_problem) if machine else "") or unknown)
        self.facts["system"].setText(
            f"{platform.platform(terse=True)}, Python {platform.python_version()}, Qt {qVersion()}"
        )
        self.facts["folder"].setText(str(self._folder))
        self.facts["since"].setText(figures.stamp(status.started_ms) if status and status.started_ms else unknown)

    def _set_login(self, on: bool) -> None:
        try:
            if on:
                self._autostart.enable(self._command)
            else:
                self._autostart.disable()
        except OSError as error:
            self.said.emit(tr("It could not be changed: {reason}", reason=str(error)))
        self.at_login.show_state(self._autostart.enabled())

    def diagnostics(self) -> str:
        """Return what helps an operator: no key, no token, no link."""
        lines = [f"{name}: {value.text()}" for name, value in self.facts.items()]
        shown = self._shown
        if shown.link is not None:
            lines.append(f"link: {shown.link.phase} {shown.link.code} {shown.link.address}")
        if shown.why is not None:
            lines += [f"rule {one.rule}: {one.verdict} {one.have.code}" for one in shown.why.rows]
        return "\n".join(lines)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.diagnostics())

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
