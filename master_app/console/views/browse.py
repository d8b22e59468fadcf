"""Choosing a folder on the master's disks. The dialog names the machine: it may not be this computer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import button, caption, column, label, row, section, set_tone
from core.domain.console_pages import FolderRows


class BrowseDialog(QDialog):
    """`asked` carries a folder to list, empty for where to begin; `chosen_path` is what was chosen, when accepted.

    With `file_name` a new file in the folder is chosen.
    """

    asked = Signal(str)

    def __init__(
        self, look: Look, parent: QWidget, machine: str, heading: str, act: str, file_name: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.resize(560, 460)
        self._found: FolderRows | None = None
        self._list = QListWidget()
        self._list.setAccessibleName(tr("Folders on {machine}", machine=machine))
        self._list.itemActivated.connect(self._enter)
        self._path = QLineEdit()
        self._path.setFont(code_font())
        self._path.setAccessibleName(tr("Folder on {machine}", machine=machine))
        self._path.returnPressed.connect(lambda: self.asked.emit(self._path.text().strip()))
        self._up = button(look, icon="arrow-up", kind="icon", tip=lambda: tr("Folder above"), on_click=self._go_up)
        self._words = caption(look, tr("Reading the disks of {machine}…", machine=machine))
        self._name: QLineEdit | None = None
        self.act = button(look, lambda: act, kind="primary", on_click=self.accept)
        self.act.setAutoDefault(False)
        self.act.setEnabled(False)
        back = button(look, lambda: tr("Back"), on_click=self.reject)
        back.setAutoDefault(False)
        above = row(self._up, spacing=8)
        above.addWidget(self._path, 1)
        parts = column(section(look, lambda: heading), above, margins=(20, 20, 20, 20))
        parts.addWidget(self._list, 1)
        parts.addWidget(self._words)
        if file_name:
            self._name = QLineEdit(file_name)
            self._name.setAccessibleName(tr("File name"))
            self._name.textChanged.connect(self._check)
            named = row(label(look, lambda: tr("File name"), quiet=True))
            named.addWidget(self._name, 1)
            parts.addLayout(named)
        parts.addLayout(row(None, back, self.act))
        self.setLayout(parts)

    @property
    def chosen_path(self) -> str:
        folder = self._found.path if self._found is not None else ""
        return joined(folder, self._name.text().strip()) if self._name is not None else folder

    def show_folders(self, found: FolderRows) -> None:
        self._found = found
        self._path.setText(found.path)
        self._up.setEnabled(bool(found.parent) and found.parent != found.path)
        self._list.clear()
        self._list.addItems(list(found.folders))
        set_tone(self._words, "")
        self._words.setText(
            tr(
                "{free} free · {n} folders",
                free=figures.size(found.free_bytes),
                n=figures.number(len(found.folders)),
            )
        )
        self._check()

    def show_problem(self, words: str) -> None:
        self._words.setText(words)
        set_tone(self._words, "bad")

    def _check(self) -> None:
        named = self._name is None or bool(self._name.text().strip())
        self.act.setEnabled(self._found is not None and named)

    def _enter(self, item: QListWidgetItem) -> None:
        if self._found is not None:
            self.asked.emit(joined(self._found.path, item.data(Qt.ItemDataRole.DisplayRole)))

    def _go_up(self) -> None:
        if self._found is not None:
            self.asked.emit(self._found.parent)


def joined(folder: str, name: str) -> str:
    """Return a path of the master's computer, which may be of another kind than this one."""
    mark = "\\" if "\\" in folder and "/" not in folder else "/"
    return f"{folder.rstrip(mark)}{mark}{name}" if name else folder
