"""Whose tasks and which images this computer takes: two small dialogs, and what the lists mean now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import button, label, row
from core.domain.agent_views import WhyView
from core.domain.images import parse_image
from core.domain.lending import MAX_LISTED
from worker_app.tray import words

_ID = Qt.ItemDataRole.UserRole


def sentences(why: WhyView) -> list[str]:
    """Return what the lists let in now, and what becomes of work that they would not; nothing without lists."""
    found = next((one.have for one in why.rows if one.rule == "lists"), None)
    if found is None:
        return []
    said = [words.line(replace(found, code=f"it_{found.code}"))]
    outside = int(found.values.get("outside", "0"))
    if outside:
        said.append(
            plural(
                outside,
                "{n} task that runs now is not on them: it finishes, and no more like it is taken.",
                "{n} tasks that run now are not on them: they finish, and no more like them is taken.",
            )
        )
    return said


class ListDialog(QDialog):
    """Its answer is `chosen`, once accepted. The safe way out is Back, and is the default."""

    def __init__(self, parent: QWidget, look: Look, title: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(440)
        self.chosen: tuple[str, ...] = ()
        self.body = QVBoxLayout(self)
        self.body.setSpacing(8)
        self.body.addWidget(label(look, text, wrap=True))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.back = button(look, lambda: tr("Back"), on_click=self.reject)
        self.take = button(look, lambda: tr("Use this list"), kind="primary", on_click=self.accept)
        self.back.setDefault(True)

    def close_with(self) -> None:
        """Put what stands below every list."""
        self.body.addWidget(self.problem)
        self.body.addLayout(row(None, self.back, self.take))

    def say_problem(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.show()


class OwnersDialog(ListDialog):
    """People that this computer has met, to tick; anybody else by the id of their account."""

    def __init__(
        self,
        parent: QWidget,
        look: Look,
        chosen: tuple[str, ...],
        known: Mapping[str, str],
        blocked: Mapping[str, str],
    ) -> None:
        text = tr(
            "Tick whose tasks may run here. Nobody ticked: anyone whom the pool lets in."
            " Blocked owners stay blocked."
        )
        super().__init__(parent, look, tr("Whose tasks"), text)
        self.people = QListWidget()
        self.people.setAccessibleName(tr("Whose tasks"))
        for owner_id in dict.fromkeys([*chosen, *known]):
            if owner_id not in blocked:
                self._add(owner_id, known.get(owner_id, owner_id), owner_id in chosen)
        self.body.addWidget(self.people)
        self.other = QLineEdit()
        self.other.setPlaceholderText(tr("Somebody else: the id of their account"))
        self.other.setAccessibleName(self.other.placeholderText())
        add = button(look, lambda: tr("Add"), on_click=self._add_other)
        self.body.addLayout(row(self.other, add))
        self.close_with()

    def _add(self, owner_id: str, name: str, ticked: bool) -> None:
        item = QListWidgetItem(name if name == owner_id else f"{name}  ({owner_id})")
        item.setData(_ID, owner_id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.people.addItem(item)

    def _items(self) -> list[QListWidgetItem]:
        return [self.people.item(at) for at in range(self.people.count())]

    def _add_other(self) -> None:
        owner_id = self.other.text().strip()
        if owner_id:
            there = next((item for item in self._items() if item.data(_ID) == owner_id), None)
            if there is not None:
                there.setCheckState(Qt.CheckState.Checked)
            else:
                self._add(owner_id, owner_id, ticked=True)
            self.other.clear()

    def accept(self) -> None:
        # What was typed and not added yet was meant.
        self._add_other()
        ticked = [str(one.data(_ID)) for one in self._items() if one.checkState() is Qt.CheckState.Checked]
        if len(ticked) > MAX_LISTED:
            self.say_problem(tr("At most {n} fit into the list.", n=MAX_LISTED))
            return
        self.chosen = tuple(ticked)
        super().accept()


class ImagesDialog(ListDialog):
    """One image a line."""

    def __init__(self, parent: QWidget, look: Look, chosen: tuple[str, ...]) -> None:
        text = tr(
            "One image a line, such as hivemind/python, python:3.12 or lab/*."
            " A name without a tag allows every tag. Nothing here: any image that the pool allows."
        )
        super().__init__(parent, look, tr("Which images"), text)
        self.lines = QPlainTextEdit("\n".join(chosen))
        self.lines.setAccessibleName(tr("Which images"))
        self.lines.setTabChangesFocus(True)
        self.body.addWidget(self.lines)
        self.close_with()

    def accept(self) -> None:
        names = tuple(dict.fromkeys(one.strip() for one in self.lines.toPlainText().splitlines() if one.strip()))
        wrong = next((one for one in names if parse_image(one) is None and not set(one) & set("*?[")), None)
        if wrong is not None:
            self.say_problem(tr("“{name}” is not the name of an image.", name=wrong))
        elif len(names) > MAX_LISTED:
            self.say_problem(tr("At most {n} fit into the list.", n=MAX_LISTED))
        else:
            self.chosen = names
            super().accept()


def ask_owners(
    parent: QWidget, look: Look, chosen: tuple[str, ...], known: Mapping[str, str], blocked: Mapping[str, str]
) -> tuple[str, ...] | None:
    """Return the list that the person made; None: it stays as it is."""
    dialog = OwnersDialog(parent, look, chosen, known, blocked)
    return dialog.chosen if dialog.exec() else None


def ask_images(parent: QWidget, look: Look, chosen: tuple[str, ...]) -> tuple[str, ...] | None:
    dialog = ImagesDialog(parent, look, chosen)
    return dialog.chosen if dialog.exec() else None
