"""Lines of a log that follow until one scrolls up; stderr and warnings are told by word and weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from core.desktop import figures
from core.desktop.fonts import code_font
from core.desktop.look import Look
from core.domain.agent_views import LogLine

MAX_BLOCKS: Final = 2000
_HEAVY: Final = frozenset({"err", "warning", "error", "critical"})


class LogView(QPlainTextEdit):
    """Shows newest lines; each call gives all that is to be shown, only what is new is added."""

    def __init__(self, look: Look, *, bare: bool = False) -> None:
        super().__init__()
        self._look = look
        self._seen: tuple[LogLine, ...] = ()
        self.setReadOnly(True)
        self.setMaximumBlockCount(MAX_BLOCKS)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(code_font())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        if bare:
            self.setStyleSheet("QPlainTextEdit { border: none; background: transparent; padding: 0; }")
        look.paints(self, self._again)

    @property
    def follows(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 2

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        """Show these lines; what stands there already is left alone."""
        after = tuple(lines)
        if after == self._seen:
            return
        new = self._new(after)
        if new is None:
            self.clear()
            new = after
        self._seen = after
        stays = not self.follows
        place = self.verticalScrollBar().value()
        self._append(new)
        self.verticalScrollBar().setValue(place if stays else self.verticalScrollBar().maximum())

    def _new(self, after: tuple[LogLine, ...]) -> tuple[LogLine, ...] | None:
        """Return the lines that come after those that are shown; None: begin anew."""
        if not self._seen:
            return None
        last = self._seen[-1]
        for place in range(len(after) - 1, -1, -1):
            if after[place] == last and after[: place + 1] == self._seen[-(place + 1) :]:
                return after[place + 1 :]
        return None

    def _append(self, lines: Sequence[LogLine]) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        faint, plain = QTextCharFormat(), QTextCharFormat()
        faint.setForeground(QColor(self._look.theme.tokens.text_2))
        plain.setForeground(QColor(self._look.theme.tokens.text))
        heavy = QTextCharFormat(plain)
        heavy.setFontWeight(QFont.Weight.Bold)
        cursor.beginEditBlock()
        for line in lines:
            if self.document().characterCount() > 1:
                cursor.insertBlock()
            cursor.insertText(f"{figures.clock(line.at_ms, seconds=True)}  ", faint)
            cursor.insertText(f"{line.stream:<4} ", heavy if line.stream in _HEAVY else faint)
            cursor.insertText(f" {line.text}", plain)
        cursor.endEditBlock()

    def _again(self) -> None:
        lines, self._seen = self._seen, ()
        self.clear()
        self.show_lines(lines)
