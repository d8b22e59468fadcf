"""How cells of tables are painted: state with its reason, progress, figures at the right edge."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.desktop import figures
from core.desktop.fonts import row_height, ui_font
from core.desktop.look import Look
from core.desktop.states import Face, paint_shape

#: Roles beyond Qt's own.
FACE: Final = Qt.ItemDataRole.UserRole + 1
REASON: Final = Qt.ItemDataRole.UserRole + 2
SHARE: Final = Qt.ItemDataRole.UserRole + 3
KEY: Final = Qt.ItemDataRole.UserRole + 4
TONE: Final = Qt.ItemDataRole.UserRole + 5
STRONG: Final = Qt.ItemDataRole.UserRole + 6
_PAD: Final = 8
Index = QModelIndex | QPersistentModelIndex


class Cell(QStyledItemDelegate):
    """Paints the text of a cell in its tone, with the row's ground, so that all cells of a row agree."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width() + 2 * _PAD, row_height(ui_font()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        self._ground(painter, option, index)
        box: QRect = option.rect.adjusted(_PAD, 0, -_PAD, -1)  # type: ignore[attr-defined]
        self._content(painter, box, index)
        painter.restore()

    def _content(self, painter: QPainter, box: QRect, index: Index) -> None:
        painter.setFont(ui_font(strong=bool(index.data(STRONG))))
        painter.setPen(self._colour(index))
        right = index.data(Qt.ItemDataRole.TextAlignmentRole)
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        self._text(painter, box, str(index.data() or ""), side)

    @staticmethod
    def _text(
        painter: QPainter, box: QRect, text: str, side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft
    ) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)

    def _colour(self, index: Index) -> QColor:
        return self._look.theme.color(str(index.data(TONE) or "text"))

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._look.theme
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, theme.chosen() if selected else theme.color("surface"))
        painter.setPen(theme.color("border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if selected and index.column() == 0:
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), theme.color("accent"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))


class StateCell(Cell):
    """Shape, word and reason in one column: a state without its reason makes people click."""

    def _content(self, painter: QPainter, box: QRect, index: Index) -> None:
        face = index.data(FACE)
        if not isinstance(face, Face):
            super()._content(painter, box, index)
            return
        colour = self._look.theme.tint(face.tint)
        paint_shape(painter, face.shape, QRectF(box.left(), box.center().y() - 5, 11, 11), colour)
        painter.setFont(ui_font())
        painter.setPen(colour)
        words = face.text
        left = box.adjusted(18, 0, 0, 0)
        self._text(painter, left, words)
        reason = str(index.data(REASON) or "")
        used = painter.fontMetrics().horizontalAdvance(words) + 10
        if reason and left.width() > used + 24:
            painter.setPen(self._look.theme.color("text_2"))
            painter.setFont(ui_font(12))
            self._text(painter, left.adjusted(used, 0, 0, 0), reason)


class ProgressCell(Cell):
    """A bar with its percent, in the colour of the state."""

    def _content(self, painter: QPainter, box: QRect, index: Index) -> None:
        share = index.data(SHARE)
        if share is None:
            painter.setPen(self._look.theme.color("text_2"))
            self._text(painter, box, figures.unknown())
            return
        face = index.data(FACE)
        colour = self._look.theme.tint(face.tint) if isinstance(face, Face) else self._look.theme.color("accent")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width = max(20, min(60, box.width() - 46))
        bar = QRectF(box.left(), box.center().y() - 2, width, 5)
        painter.setBrush(self._look.theme.color("surface_2"))
        painter.drawRoundedRect(bar, 2.5, 2.5)
        if share > 0:
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(2.0, width * share), 5), 2.5, 2.5)
        painter.setFont(ui_font(12))
        painter.setPen(self._look.theme.color("text"))
        self._text(painter, box, figures.percent(share), Qt.AlignmentFlag.AlignRight)
