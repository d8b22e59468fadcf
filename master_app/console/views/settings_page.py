"""Settings: how the console looks, what the master's file says, and the master's doctor."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.theme import Scheme
from core.desktop.tokens import Tint
from core.desktop.translations import Language, mark, tr
from core.desktop.widgets import Card, Segmented, ShapeMark, button, caption, holder, label, row, section, set_tone
from core.domain.console_pages import DoctorRows, SettingRows
from master_app.console.models.sentences import said
from master_app.console.views.page import Page, kept_split

RESULTS = {
    "passed": Face(Shape.TICK, Tint.GOOD, mark("Passed")),
    "failed": Face(Shape.CROSS, Tint.BAD, mark("Stops work")),
    "todo": Face(Shape.DIAMOND, Tint.NEEDS, mark("To do")),
    "unknown": Face(Shape.CIRCLE, Tint.WAITING, mark("Not known")),
}
CHECKS = {
    "database": mark("Database"),
    "disk": mark("Disk"),
    "memory": mark("Memory"),
    "clock": mark("Clock"),
    "ledger": mark("Ledger"),
    "files": mark("Stored files"),
    "certificate": mark("Certificate"),
    "node_door": mark("Door of the nodes"),
    "control_door": mark("Door of consoles"),
    "web_door": mark("Web door"),
    "public_name": mark("Public name"),
    "backup": mark("Last backup"),
}

SETTINGS = {
    "pool_name": mark("Pool name"),
    "public_name": mark("Public name"),
    "web": mark("Web door"),
    "node": mark("Door of the nodes"),
    "control": mark("Door of consoles"),
    "storage": mark("Storage folder"),
    "sign_up": mark("Sign-up: open, invite or closed"),
    "sign_up_grant": mark("Sign-up grant, CPT"),
    "retention_days": mark("Results kept, days"),
    "images_allowed": mark("Images allowed"),
    "package_index": mark("Package index"),
    "fill": mark("Fill: spread or pack"),
    "log_level": mark("Log level"),
    "vpn_network": mark("VPN network"),
    "vpn_endpoint": mark("VPN endpoint"),
    "vpn_port": mark("VPN port"),
    "vpn_apply": mark("VPN applied here"),
}


class SettingsPage(Page):
    """`save_wanted` carries what was changed."""

    save_wanted = Signal(object)
    doctor_wanted = Signal()
    #: Carries the folder of now and what takes the chosen one.
    browse_wanted = Signal(str, object)
    diagnostics_wanted = Signal()
    notices_wanted = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__(look, lambda: tr("Settings"))
        self._fields: dict[str, QLineEdit] = {}
        self._stored: dict[str, str] = {}
        self.add_tools(
            button(look, lambda: tr("Copy diagnostics"), icon="copy", on_click=self.diagnostics_wanted.emit),
        )
        left, right = self._master_card(), Card()
        self._looks(right)
        right.body.addSpacing(12)
        again = button(look, lambda: tr("Check again"), icon="refresh", on_click=self.doctor_wanted.emit)
        right.body.addLayout(row(section(look, lambda: tr("Master doctor")), None, again))
        self._doctor = QVBoxLayout()
        self._doctor.setSpacing(6)
        right.body.addLayout(self._doctor)
        right.body.addStretch(1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(right)
        kept_split(look, split, "settings", [640, 520])
        self.body.addWidget(split, 1)

    def _master_card(self) -> QWidget:
        look, card = self.look, Card()
        self._form = QFormLayout()
        area = QScrollArea()
        area.setWidgetResizable(True)
        inner = holder(self._form)
        inner.setProperty("clear", "true")
        area.setWidget(inner)
        self._problem = label(look, wrap=True)
        set_tone(self._problem, "bad")
        self.save = button(look, lambda: tr("Save"), kind="primary", on_click=self._save)
        self.save.setEnabled(False)
        card.body.addWidget(section(look, lambda: tr("The master's settings")))
        card.body.addWidget(
            caption(look, lambda: tr("Checked before they are saved. They hold from the master's next start."))
        )
        card.body.addWidget(area, 1)
        card.body.addWidget(self._problem)
        card.body.addLayout(row(None, self.save))
        return card

    def _looks(self, card: Card) -> None:
        look = self.look
        schemes = Segmented(
            look,
            [
                ("system", lambda: tr("System")),
                ("light", lambda: tr("Light")),
                ("dark", lambda: tr("Dark")),
                ("contrast", lambda: tr("High contrast")),
            ],
            look.theme.scheme.value,
            lambda: tr("Colours"),
        )
        schemes.chosen.connect(lambda key: look.use_scheme(Scheme(key)))
        languages = Segmented(
            look,
            [("system", lambda: tr("System")), ("en", lambda: "English"), ("zh_TW", lambda: "繁體中文")],
            look.languages.chosen.value,
            lambda: tr("Language"),
        )
        languages.chosen.connect(lambda key: look.use_language(Language(key)))
        card.body.addWidget(section(look, lambda: tr("This window")))
        card.body.addLayout(row(label(look, lambda: tr("Colours"), quiet=True), schemes, None))
        card.body.addLayout(row(label(look, lambda: tr("Language"), quiet=True), languages, None))
        self._notices = QCheckBox()
        self._notices.toggled.connect(self.notices_wanted)
        look.says(
            self._notices, lambda: self._notices.setText(tr("Icon in the tray, and notices when you are needed"))
        )
        card.body.addWidget(self._notices)

    def show_notices(self, on: bool) -> None:
        self._notices.setChecked(on)

    def show_settings(self, found: SettingRows) -> None:
        self._problem.setText("")
        for setting in found.rows:
            field = self._fields.get(setting.name)
            if field is None:
                field = QLineEdit()
                field.setAccessibleName(setting.name)
                field.textChanged.connect(self._check)
                self._fields[setting.name] = field
                self._form.addRow(self._named(setting.name), self._line(setting.name, field))
            self._stored[setting.name] = setting.value
            field.setText(setting.value)
            field.setPlaceholderText(setting.standard)
            field.setToolTip(tr("Waits for a restart of the master.") if setting.waits_for_restart else "")
        self._check()

    def _named(self, name: str) -> QLabel:
        """The setting in words; its name in the file stands in the tip."""
        made = label(self.look, lambda: tr(SETTINGS[name]) if name in SETTINGS else name, quiet=True)
        made.setToolTip(name)
        return made

    def _line(self, name: str, field: QLineEdit) -> QWidget:
        """A folder can be chosen on the master's disks."""
        if name != "storage":
            return field
        look = self.look
        browse = button(
            look,
            icon="folder",
            kind="icon",
            tip=lambda: tr("Browse the master's disks…"),
            on_click=lambda: self.browse_wanted.emit(field.text(), field.setText),
        )
        line = row(spacing=6)
        line.addWidget(field, 1)
        line.addWidget(browse)
        return holder(line)

    def show_problem(self, words: str) -> None:
        self._problem.setText(words)

    def show_doctor(self, found: DoctorRows) -> None:
        while (item := self._doctor.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for check in found.rows:
            face = RESULTS.get(check.result, RESULTS["unknown"])
            name = label(self.look, tr(CHECKS.get(check.check, check.check)))
            value = label(self.look, said(check.value) or face.text, quiet=True, wrap=True)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line = row(ShapeMark(self.look, face), name)
            line.addWidget(value, 1)
            self._doctor.addWidget(holder(line))
            if check.fix and check.result != "passed":
                fix = label(self.look, said(check.fix), quiet=True, pixels=11, wrap=True)
                self._doctor.addWidget(holder(row(21, fix, spacing=0)))

    def _changed(self) -> dict[str, str]:
        return {name: field.text() for name, field in self._fields.items() if field.text() != self._stored[name]}

    def _check(self) -> None:
        self.save.setEnabled(
            bool(self._fields) and len(self._stored) == len(self._fields) and bool(self._changed())
        )

    def _save(self) -> None:
        self.save_wanted.emit(self._changed())
