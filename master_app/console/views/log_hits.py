"""What the master found in a whole log: lines, each of which leads to its place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import button, caption, row
from core.domain.console_near import LogHit

MOST_HITS = 1_000


class LogHitList(QWidget):
    """`place_wanted` carries the byte of a hit; `more_wanted` asks for the next part of the log."""

    place_wanted = Signal(object)
    more_wanted = Signal()
    closed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._searched = self._size = 0
        self.list = QListWidget()
        self.list.setFont(code_font())
        self.list.setUniformItemSizes(True)
        self.list.setMaximumHeight(140)
        look.says(self.list, lambda: self.list.setAccessibleName(tr("Hits in the whole log")))
        self.list.itemActivated.connect(self._go)
        self.list.itemClicked.connect(self._go)
        self._note = caption(look)
        self.more = button(look, lambda: tr("Search on"), kind="link", on_click=self.more_wanted.emit)
        close = button(look, icon="close", kind="icon", tip=lambda: tr("Close the hits"), on_click=self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row(self._note, self.more, None, close, margins=(8, 0, 8, 0)))
        layout.addWidget(self.list)
        look.says(self, self._say)
        self.hide()

    def begin(self) -> None:
        self.list.clear()
        self._searched = self._size = 0
        self.show()
        self._note.setText(tr("The master searches…"))
        self.more.hide()

    def add(self, hits: tuple[LogHit, ...], searched: int, size: int) -> None:
        for hit in hits:
            item = QListWidgetItem(hit.text)
            item.setData(Qt.ItemDataRole.UserRole, hit.offset)
            self.list.addItem(item)
        self._searched, self._size = searched, size
        self._say()

    @property
    def full(self) -> bool:
        return self.list.count() >= MOST_HITS

    def _say(self) -> None:
        count = self.list.count()
        words = plural(count, "{n} line in the whole log", "{n} lines in the whole log")
        left = self._size - self._searched
        if left > 0:
            words = plural(count, "{n} line in the first {size}", "{n} lines in the first {size}",
                           size=figures.size(self._searched))  # fmt: skip
        self._note.setText(words)
        self.more.setVisible(left > 0 and not self.full)

    def _go(self, item: QListWidgetItem) -> None:
        self.place_wanted.emit(item.data(Qt.ItemDataRole.UserRole))

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
