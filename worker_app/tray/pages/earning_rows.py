"""The list of earnings: one attempt a row, its reservation or reason below its name, amounts at the right edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import paint_shape
from core.desktop.translations import plural, tr
from core.domain.earning_views import EarningRow
from core.domain.resources import GIB
from worker_app.tray import words
from worker_app.tray.faces import MONEY

Index = QModelIndex | QPersistentModelIndex
ROW_PX: Final = 42


def about(row_: EarningRow) -> str:
    """Return the second line of an attempt: what it had reserved and how long, or why it was paid nothing."""
    if row_.money == "unpaid" or row_.reason == "PAID_TO_CHECKPOINT":
        return words.pay(row_.reason)
    limits = row_.resources
    parts = [
        plural(limits.cpu_millis // 1000 or 1, "{n} core", "{n} cores"),
        tr("{n} GB", n=figures.number(limits.memory_bytes / GIB, 2)),
    ]
    if limits.gpus:
        parts.append(tr("{n} GPU", n=limits.gpus))
    parts.append(figures.duration(row_.ran_ms))
    return tr(", ").join(parts)


class EarningsModel(QAbstractTableModel):
    """Rows that came so far; the view asks for more at their end."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.rows: list[EarningRow] = []
        look.says(self, self.say_again)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        one = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return one
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return (
                figures.clock(one.ended_ms or one.started_ms),
                f"{one.task_name} / {one.index + 1}, {about(one)}",
                MONEY[one.money].text,
                figures.cpt(one.ucpt),
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{figures.stamp(one.ended_ms or one.started_ms)}\n{about(one)}"
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return (tr("Time"), tr("Task / subtask"), tr("State"), tr("CPT"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == 3 else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def set_rows(self, rows: Sequence[EarningRow]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def add_rows(self, rows: Sequence[EarningRow]) -> None:
        if rows:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
            self.rows += rows
            self.endInsertRows()

    def say_again(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 3))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 3)


class TwoLines(QStyledItemDelegate):
    """Task above, its reservation or reason below; state by shape; amounts at the right edge."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, tokens = self._look.theme, self._look.theme.tokens
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        one = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.fillRect(rect, theme.chosen() if chosen else theme.color("surface"))
        painter.setPen(theme.color("border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if chosen and index.column() == 0:
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), theme.color("accent"))
        box = rect.adjusted(10, 0, -8, -1)
        unpaid = one.money == "unpaid"
        painter.setPen(QColor(tokens.text_2))
        painter.setFont(ui_font())
        middle = Qt.AlignmentFlag.AlignVCenter
        if index.column() == 0:
            painter.drawText(box, middle, str(index.data()))
        elif index.column() == 1:
            self._task(painter, box, one, chosen)
        elif index.column() == 2:
            face = MONEY[one.money]
            colour = QColor(tokens.tint(face.tint))
            paint_shape(painter, face.shape, QRectF(box.left(), box.center().y() - 5, 11, 11), colour)
            painter.setPen(colour)
            painter.drawText(box.adjusted(18, 0, 0, 0), middle, face.text)
        else:
            painter.setFont(ui_font(strong=not unpaid))
            painter.setPen(QColor(tokens.text_2 if unpaid else tokens.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, str(index.data()))
        painter.restore()

    def _task(self, painter: QPainter, box: QRect, one: EarningRow, chosen: bool) -> None:
        tokens = self._look.theme.tokens
        painter.setFont(ui_font(strong=chosen))
        painter.setPen(QColor(tokens.text))
        elide = Qt.TextElideMode.ElideRight
        name = painter.fontMetrics().elidedText(f"{one.task_name} / {one.index + 1}", elide, box.width())
        painter.drawText(box.adjusted(0, 4, 0, -box.height() // 2), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(ui_font(11))
        painter.setPen(QColor(tokens.text_2))
        text = painter.fontMetrics().elidedText(about(one), elide, box.width())
        painter.drawText(box.adjusted(0, box.height() // 2, 0, -4), Qt.AlignmentFlag.AlignVCenter, text)
