"""Small dialogs: a task to submit, a grant, a user, roles."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Text, button, caption, column, label, row, section, set_tone
from core.domain.console import SubmitReply


class SubmitDialog(QDialog):
    """`check_wanted` carries (path, fields); `send_wanted` (path, fields, key)."""

    check_wanted = Signal(object, object)
    send_wanted = Signal(object, object, str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._key = secrets.token_hex(16)
        self.resize(620, 520)
        look.says(self, lambda: self.setWindowTitle(tr("Submit a task")))
        self.path, self.name, self.priority, self.cap = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        look.says(self.path, lambda: self.path.setPlaceholderText(tr("A zip with the program and its data")))
        browse = button(look, lambda: tr("Browse…"), icon="folder", on_click=self._browse)
        form = QFormLayout()
        chosen = row(spacing=8)
        chosen.addWidget(self.path, 1)
        chosen.addWidget(browse)
        form.addRow(label(look, lambda: tr("Zip"), quiet=True), chosen)
        for text, field, hint in (
            (lambda: tr("Name"), self.name, ""),
            (lambda: tr("Priority"), self.priority, "50"),
            (lambda: tr("Cap, CPT"), self.cap, ""),
        ):
            field.setPlaceholderText(hint)
            form.addRow(label(look, text, quiet=True), field)
            _name(look, field, text)
        look.says(self.path, lambda: self.path.setAccessibleName(tr("Zip")))
        self._words = label(look, wrap=True)
        self._manifest = QPlainTextEdit()
        self._manifest.setReadOnly(True)
        self._manifest.setFont(code_font())
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self.check = button(look, lambda: tr("Check and quote"), on_click=self._check)
        self.send = button(look, lambda: tr("Submit task"), icon="submit", kind="primary", on_click=self._send)
        back = button(look, lambda: tr("Back"), on_click=self.reject)
        back.setAutoDefault(False)
        self.check.setDefault(True)
        self.setLayout(
            column(
                section(look, lambda: tr("Submit a task")),
                form,
                self._words,
                self._bar,
                caption(look, lambda: tr("What the task is, in full")),
                self._manifest,
                row(None, back, self.check, self.send),
                margins=(20, 20, 20, 20),
            )
        )
        self.path.textChanged.connect(self._ready)
        self._ready()

    def fields(self) -> dict[str, str]:
        given = {"task_name": self.name.text(), "priority": self.priority.text(), "max_credits": self.cap.text()}
        return {name: text.strip() for name, text in given.items() if text.strip()}

    def show_progress(self, sent: int, total: int) -> None:
        self._bar.setVisible(True)
        self._bar.setMaximum(100)
        self._bar.setValue(round(100 * sent / total) if total else 0)

    def show_checked(self, found: SubmitReply) -> None:
        quote = tr(
            "{n} subtasks · estimate {low}–{high} CPT",
            n=figures.number(found.subtask_count),
            low=figures.cpt(found.low_ucpt),
            high=figures.cpt(found.high_ucpt),
        )
        self._words.setText("\n".join((f"{found.name}: {quote}", *found.advice[:4])))
        set_tone(self._words, "good")
        self._manifest.setPlainText(found.manifest)
        self._idle()

    def show_problem(self, words: str) -> None:
        self._words.setText(words)
        set_tone(self._words, "bad")
        self._idle()

    def _idle(self) -> None:
        self._bar.hide()
        self._ready()

    def _ready(self) -> None:
        there = Path(self.path.text().strip()).is_file()
        self.check.setEnabled(there)
        self.send.setEnabled(there)

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, tr("Choose a zip"), "", "ZIP (*.zip)")
        if chosen:
            self.path.setText(chosen)

    def _check(self) -> None:
        self.check.setEnabled(False)
        self.check_wanted.emit(Path(self.path.text().strip()), self.fields())

    def _send(self) -> None:
        self.send.setEnabled(False)
        self.send_wanted.emit(Path(self.path.text().strip()), self.fields(), self._key)


class FormDialog(QDialog):
    """A few lines to fill in, and what then happens."""

    def __init__(
        self,
        look: Look,
        parent: QWidget,
        heading: str,
        act: str,
        lines: Sequence[tuple[str, str, bool]],
        words: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.setMinimumWidth(420)
        self.key = secrets.token_hex(16)
        self.fields: list[QLineEdit] = []
        form = QFormLayout()
        for text, given, hidden in lines:
            field = QLineEdit(given)
            field.setAccessibleName(text)
            if hidden:
                field.setEchoMode(QLineEdit.EchoMode.Password)
            form.addRow(label(look, text, quiet=True), field)
            field.textChanged.connect(self._check)
            self.fields.append(field)
        self.act = button(look, lambda: act, kind="primary", on_click=self.accept)
        back = button(look, lambda: tr("Back"), on_click=self.reject)
        # Return sends what was filled in: nothing is destroyed here.
        self.act.setDefault(True)
        back.setAutoDefault(False)
        parts = column(section(look, lambda: heading), margins=(20, 20, 20, 20))
        if words:
            parts.addWidget(label(look, words, quiet=True, wrap=True))
        parts.addLayout(form)
        parts.addLayout(row(None, back, self.act))
        self.setLayout(parts)
        self._check()

    def values(self) -> list[str]:
        return [field.text().strip() for field in self.fields]

    def _check(self) -> None:
        self.act.setEnabled(all(self.values()))


class RolesDialog(QDialog):
    """Which of the three roles a user has."""

    def __init__(
        self, look: Look, parent: QWidget, username: str, roles: Sequence[str], names: Callable[[str], str]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Roles of {name}", name=username))
        self._boxes = {}
        body = column(section(look, lambda: tr("Roles of {name}", name=username)), margins=(20, 20, 20, 20))
        for role in ("operator", "submitter", "provider"):
            box = QCheckBox(names(role))
            box.setChecked(role in roles)
            self._boxes[role] = box
            body.addWidget(box)
        act = button(look, lambda: tr("Save"), kind="primary", on_click=self.accept)
        body.addLayout(row(None, button(look, lambda: tr("Back"), on_click=self.reject), act))
        self.setLayout(body)

    def roles(self) -> tuple[str, ...]:
        return tuple(role for role, box in self._boxes.items() if box.isChecked())


def _name(look: Look, widget: QWidget, text: Text) -> None:
    look.says(widget, lambda: widget.setAccessibleName(text()))
