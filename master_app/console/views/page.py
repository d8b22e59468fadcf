"""What all pages share: a head with title and tools, and a way to fill a table from pages."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QLabel, QLayout, QLineEdit, QSplitter, QVBoxLayout, QWidget

from core.desktop.look import Look
from core.desktop.tables import RowModel, to_csv
from core.desktop.translations import tr
from core.desktop.widgets import Text, caption, row, title

PAD = 16


class Page(QWidget):
    """`head` holds the title at the left and tools at the right; `body` is what is below."""

    def __init__(self, look: Look, heading: Text) -> None:
        super().__init__()
        self.look = look
        self.setProperty("ground", "true")
        self.note = caption(look)
        self.head = row(title(look, heading), 4, self.note, None, margins=(PAD, 12, PAD, 8))
        self.body = QVBoxLayout()
        self.body.setContentsMargins(PAD, 0, PAD, PAD)
        self.body.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.head)
        layout.addLayout(self.body, 1)

    def add_tools(self, *tools: QWidget | QLayout) -> None:
        for tool in tools:
            if isinstance(tool, QLayout):
                self.head.addLayout(tool)
            else:
                self.head.addWidget(tool)

    def shown(self) -> None:
        """The page came to the front."""


def search_field(look: Look, hint: Text, page: QWidget) -> QLineEdit:
    """Return a field that Ctrl+F of the page goes to."""
    field = QLineEdit()
    field.setClearButtonEnabled(True)
    field.setMinimumWidth(210)
    look.says(field, lambda: field.setPlaceholderText(hint()))
    look.says(field, lambda: field.setAccessibleName(hint()))
    shortcut = QShortcut(QKeySequence.StandardKey.Find, page)
    shortcut.activated.connect(field.setFocus)
    return field


def kept_split(look: Look, split: QSplitter, name: str, sizes: list[int]) -> None:
    """Give a splitter its first sizes, and later those that the person left it with."""
    split.setHandleWidth(12)
    split.setChildrenCollapsible(False)
    split.setSizes(sizes)
    settings = look.settings
    if settings is None:
        return
    kept = settings.value(f"splits/{name}")
    if kept is not None:
        split.restoreState(kept)
        split.setHandleWidth(12)
    split.splitterMoved.connect(lambda *_: settings.setValue(f"splits/{name}", split.saveState()))


def export_rows(page: QWidget, model: RowModel[object], name: str) -> Path | None:
    """Ask for a file and write what is loaded as CSV."""
    chosen, _ = QFileDialog.getSaveFileName(page, tr("Export CSV"), f"{name}.csv", "CSV (*.csv)")
    if not chosen:
        return None
    path = Path(chosen)
    path.write_text(to_csv(model.columns, model.loaded()), encoding="utf-8-sig")
    return path


def plain_note(note: QLabel, text: str) -> None:
    if note.text() != text:
        note.setText(text)
