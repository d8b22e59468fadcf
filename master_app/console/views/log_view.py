"""A log as people read one: it follows its end until somebody reads, it is searched, and it is bounded."""

from __future__ import annotations

import codecs
import re
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import button, caption, row
from core.domain.console_near import LogHits
from master_app.console.views.log_hits import LogHitList

MAX_LINES: Final = 50_000
MAX_MARKS: Final = 400
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")


class LogView(QWidget):
    """Call `clear` when another log is opened and `add` with what came. Enter and F3 go to the next hit.

    `whole_wanted` asks the master to search all of it: words, and from which byte on.
    """

    whole_wanted = Signal(str, object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._size = self._unseen = self._searched = 0
        self._what = ""
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(code_font())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMaximumBlockCount(MAX_LINES)
        look.says(self.text, lambda: self.text.setAccessibleName(tr("Log")))
        self.note = caption(look)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(220)
        look.says(self.search, lambda: self.search.setPlaceholderText(tr("Search in the log")))
        look.says(self.search, lambda: self.search.setAccessibleName(tr("Search in the log")))
        self.hits = caption(look)
        self._make_whole()
        self.follow = button(
            look, lambda: tr("Follow"), icon="follow", tip=lambda: tr("Stay at the end as lines come")
        )
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._followed)
        self._wrap = button(look, icon="wrap", kind="icon", tip=lambda: tr("Wrap long lines"))
        self._wrap.setCheckable(True)
        self._wrap.toggled.connect(self._wrapped)
        self._new = button(look, lambda: "", kind="link", on_click=lambda: self.follow.setChecked(True))
        self._new.hide()
        self.tools = row(
            self.note,
            None,
            self._new,
            self.hits,
            self.whole,
            self.search,
            self._wrap,
            self.follow,
            margins=(8, 4, 0, 0),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self.tools)
        layout.addWidget(self.found)
        layout.addWidget(self.text, 1)
        self.search.textChanged.connect(self._mark_all)
        self.search.returnPressed.connect(self.next_hit)
        for keys, act in (("F3", self.next_hit), ("Shift+F3", lambda: self.next_hit(back=True))):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.search.setFocus)
        self.text.installEventFilter(self)
        self.text.verticalScrollBar().actionTriggered.connect(lambda _action: self._scrolled())
        look.says(self, self._say)

    def _make_whole(self) -> None:
        look = self._look
        self.whole = button(look, lambda: tr("Search all of it"), kind="link", on_click=self._search_whole)
        self.whole.hide()
        self.found = LogHitList(look)
        self.found.more_wanted.connect(lambda: self.whole_wanted.emit(self.search.text(), self._searched))

    def clear(self, what: str) -> None:
        """Begin another log; `what` says whose it is."""
        self._decoder.reset()
        self._what, self._size, self._unseen = what, 0, 0
        self.text.clear()
        self.follow.setChecked(True)
        self._say()

    def show_hits(self, found: LogHits) -> None:
        """Add what the master found in a part of the log; what is left of it is searched on."""
        self._searched = found.searched
        self.found.add(found.hits, found.searched, found.size)

    def show_place(self, what: str, content: bytes) -> None:
        """Show another part of the log, beginning where a hit is; nothing is followed there."""
        self.clear(what)
        self.follow.setChecked(False)
        self.add(content)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.next_hit()

    def _search_whole(self) -> None:
        if self.search.text():
            self.found.begin()
            self.whole_wanted.emit(self.search.text(), 0)

    def add(self, content: bytes) -> None:
        """Show what came. What is being read or selected does not move."""
        self._size += len(content)
        words = _ESCAPES.sub("", self._decoder.decode(content)).replace("\r\n", "\n").replace("\r", "\n")
        bar = self.text.verticalScrollBar()
        at = bar.value()
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(words)
        if self.follow.isChecked():
            bar.setValue(bar.maximum())
        else:
            bar.setValue(at)
            self._unseen += words.count("\n")
        if self.search.text():
            self._mark_all()
        self._say()

    def next_hit(self, *, back: bool = False) -> None:
        words = self.search.text()
        if not words:
            return
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        self.follow.setChecked(False)
        if not self.text.find(words, flags):
            start = QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start
            self.text.moveCursor(start)
            self.text.find(words, flags)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scrolling up leaves the end; the End key comes back to it."""
        if event.type() is QEvent.Type.Wheel:
            self._scrolled()
        elif event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_PageUp, Qt.Key.Key_Home):
                self.follow.setChecked(False)
            elif event.key() == Qt.Key.Key_End:
                self.follow.setChecked(True)
        return False

    def _scrolled(self) -> None:
        bar = self.text.verticalScrollBar()
        self.follow.setChecked(bar.sliderPosition() >= bar.maximum())

    def _followed(self, follows: bool) -> None:
        if follows:
            self._unseen = 0
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._say()

    def _wrapped(self, wraps: bool) -> None:
        mode = QPlainTextEdit.LineWrapMode
        self.text.setLineWrapMode(mode.WidgetWidth if wraps else mode.NoWrap)

    def _mark_all(self) -> None:
        """Mark the hits and count them; above a few hundred the rest is found one by one."""
        words = self.search.text()
        self.whole.setVisible(bool(words) and bool(self._what))
        marks: list[QTextEdit.ExtraSelection] = []
        cursor = QTextCursor(self.text.document())
        while words and len(marks) < MAX_MARKS:
            cursor = self.text.document().find(words, cursor)
            if cursor.isNull():
                break
            mark = QTextEdit.ExtraSelection()
            mark.cursor = cursor  # type: ignore[attr-defined]
            ground = QColor(self._look.theme.color("honey"))
            ground.setAlphaF(0.35)
            mark.format.setBackground(ground)  # type: ignore[attr-defined]
            marks.append(mark)
        self.text.setExtraSelections(marks)
        more = "+" if len(marks) == MAX_MARKS else ""
        self.hits.setText(plural(len(marks), "{n}{more} hit", "{n}{more} hits", more=more) if words else "")

    def _say(self) -> None:
        if self._what:
            size = figures.size(self._size) if self._size else tr("no output yet")
            self.note.setText(f"{self._what} · {size}")
        else:
            self.note.setText(tr("Choose an attempt to read its log."))
        self._new.setVisible(self._unseen > 0)
        self._new.setText(plural(self._unseen, "{n} new line", "{n} new lines"))
