"""Tables: a view with the habits that people expect, and models whose rows change where they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.desktop.cells import FACE, KEY, REASON, SHARE, STRONG, TONE, Cell, ProgressCell, StateCell
from core.desktop.fonts import row_height, ui_font
from core.desktop.look import Look
from core.desktop.states import Face

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[R]):
    """One column: how a row's cell is said, and how it is painted. `sort` is the master's word for it."""

    name: str
    heading: Callable[[], str]
    text: Callable[[R], str]
    width: int = 120
    sort: str = ""
    right: bool = False
    strong: bool = False
    face: Callable[[R], Face | None] | None = None
    reason: Callable[[R], str] | None = None
    share: Callable[[R], float | None] | None = None
    tone: Callable[[R], str] | None = None
    tip: Callable[[R], str] | None = None
    code: bool = False


class RowModel(QAbstractTableModel, Generic[R]):
    """Rows of which some may not be loaded yet (None). `wanted` asks for the rows that are on screen.

    Rows are told apart by their key, so that `update_rows` changes them where they stand.
    """

    wanted = Signal(int, int)
    #: True where rows can be dragged to another place; what that means is for the view to say.
    drags = False

    def __init__(self, columns: Sequence[Column[R]], key: Callable[[R], Hashable]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self._key = key
        self._rows: list[R | None] = []
        self._places: dict[Hashable, int] = {}

    # ---- for controllers

    def set_rows(self, rows: Sequence[R]) -> None:
        """Show these rows. Where their keys stand as before, only what changed is painted again."""
        if [self._key(row) for row in rows] == [self._key(row) if row is not None else None for row in self._rows]:
            self.update_rows(rows)
            return
        self.beginResetModel()
        self._rows = list(rows)
        self._index()
        self.endResetModel()

    def set_count(self, count: int) -> None:
        """Say how many rows there are; those that are not loaded are empty until they are."""
        if count < len(self._rows):
            self.beginRemoveRows(QModelIndex(), count, len(self._rows) - 1)
            del self._rows[count:]
            self._index()
            self.endRemoveRows()
        elif count > len(self._rows):
            self.beginInsertRows(QModelIndex(), len(self._rows), count - 1)
            self._rows.extend([None] * (count - len(self._rows)))
            self.endInsertRows()

    def put(self, offset: int, rows: Sequence[R]) -> None:
        """Fill loaded rows in from `offset` on. Emits one change for each block that differs."""
        changed = []
        for place, row in enumerate(rows, start=offset):
            if place < len(self._rows) and self._rows[place] != row:
                self._rows[place] = row
                changed.append(place)
        if changed:
            self._index()
            self._emit(changed)

    def update_rows(self, rows: Sequence[R]) -> list[R]:
        """Change rows that are here, where they stand; return those that are not here."""
        changed, strange = [], []
        for row in rows:
            place = self._places.get(self._key(row))
            if place is None:
                strange.append(row)
            elif self._rows[place] != row:
                self._rows[place] = row
                changed.append(place)
        self._emit(sorted(changed))
        return strange

    def row_at(self, place: int) -> R | None:
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def place_of(self, key: Hashable) -> int | None:
        return self._places.get(key)

    def loaded(self) -> list[R]:
        return [row for row in self._rows if row is not None]

    def say_again(self) -> None:
        """The language changed: headings and cells are said anew, nothing moves."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        if self._rows:
            self._emit([0, len(self._rows) - 1], whole=True)

    # ---- for Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        found = super().flags(index)
        if self.drags:
            found |= Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled
        return found

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].heading()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight) if column.right else None
        if row is None:
            if role == Qt.ItemDataRole.DisplayRole and index.column() == 0:
                return "…"
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return column.tip(row) if column.tip is not None else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._accessible(column, row)
            case _ if role == FACE:
                return column.face(row) if column.face is not None else None
            case _ if role == REASON:
                return column.reason(row) if column.reason is not None else ""
            case _ if role == SHARE:
                return column.share(row) if column.share is not None else None
            case _ if role == TONE:
                return column.tone(row) if column.tone is not None else "text"
            case _ if role == STRONG:
                return column.strong
            case _ if role == KEY:
                return self._key(row)
        return None

    def _accessible(self, column: Column[R], row: R) -> str:
        face = column.face(row) if column.face is not None else None
        parts = [column.heading(), face.text if face is not None else "", column.text(row)]
        return " ".join(part for part in parts if part)

    def _index(self) -> None:
        self._places = {self._key(row): place for place, row in enumerate(self._rows) if row is not None}

    def _emit(self, places: Sequence[int], *, whole: bool = False) -> None:
        """Emit one `dataChanged` for each contiguous block of places."""
        last = len(self.columns) - 1
        start: int | None = None
        for order, place in enumerate(places):
            start = place if start is None else start
            following = places[order + 1] if order + 1 < len(places) else None
            if following != place + 1 and not (whole and following is not None):
                self.dataChanged.emit(self.index(start, 0), self.index(place, last))
                start = None


class Table(QTableView):
    """Rows are chosen whole, Ctrl+C copies them, Enter or a double click opens, columns are remembered."""

    opened = Signal(object)
    sort_wanted = Signal(str, bool)

    def __init__(self, look: Look, model: RowModel[Any], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._name, self.rows = look, name, model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for place, column in enumerate(model.columns):
            delegate = StateCell if column.face and not column.share else ProgressCell if column.share else Cell
            self.setItemDelegateForColumn(place, delegate(look, self))
            self.setColumnWidth(place, column.width)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSortIndicatorShown(False)
        header.sectionClicked.connect(self._sort)
        self._sorted: tuple[str, bool] = ("", False)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(KEY)))
        look.says(self, self._said)
        look.paints(self, self.viewport().update)
        self._restore()
        header.sectionResized.connect(lambda *_: self._keep())
        header.sectionMoved.connect(lambda *_: self._keep())

    def chosen_keys(self) -> list[Any]:
        """Return the keys of the selected rows, in their order."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [key for place in places if (key := self.rows.index(place, 0).data(KEY)) is not None]

    def choose(self, keys: Sequence[Hashable]) -> None:
        """Select the rows with these keys, without scrolling."""
        selection = self.selectionModel()
        selection.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for key in keys:
            place = self.rows.place_of(key)
            if place is not None:
                selection.select(self.rows.index(place, 0), flags)
                selection.setCurrentIndex(self.rows.index(place, 0), QItemSelectionModel.SelectionFlag.NoUpdate)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.as_text())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.currentIndex().siblingAtColumn(0).data(KEY))
        else:
            super().keyPressEvent(event)

    def as_text(self) -> str:
        """Return the selected rows as tab-separated lines, columns as they stand on screen."""
        header = self.horizontalHeader()
        order = sorted(range(len(self.rows.columns)), key=header.visualIndex)
        lines = []
        for index in sorted(self.selectionModel().selectedRows(), key=lambda found: found.row()):
            row = self.rows.row_at(index.row())
            if row is not None:
                lines.append("\t".join(plain(self.rows.columns[place], row) for place in order))
        return "\n".join(lines)

    def visible_places(self) -> tuple[int, int]:
        """Return the first row on screen and the one after the last."""
        height = max(1, self.verticalHeader().defaultSectionSize())
        first = self.verticalScrollBar().value() // height
        return first, min(self.rows.rowCount(), first + self.viewport().height() // height + 2)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if dy:
            self.rows.wanted.emit(*self.visible_places())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.rows.wanted.emit(*self.visible_places())

    def show_sort(self, key: str, descending: bool) -> None:
        """Show by which column the master has sorted."""
        self._sorted = (key, descending)
        header = self.horizontalHeader()
        for place, column in enumerate(self.rows.columns):
            if column.sort == key and key:
                order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
                header.setSortIndicator(place, order)
                header.setSortIndicatorShown(True)
                return
        header.setSortIndicatorShown(False)

    def _sort(self, place: int) -> None:
        key = self.rows.columns[place].sort
        if key:
            was, descending = self._sorted
            self.show_sort(key, not descending if was == key else False)
            self.sort_wanted.emit(*self._sorted)

    def _said(self) -> None:
        self.rows.say_again()
        self.verticalHeader().setDefaultSectionSize(row_height(ui_font()))

    def _keep(self) -> None:
        if self._look.settings is not None:
            self._look.settings.setValue(f"tables/{self._name}", self.horizontalHeader().saveState())

    def _restore(self) -> None:
        state = self._look.settings.value(f"tables/{self._name}") if self._look.settings is not None else None
        if state is not None and self.horizontalHeader().count() == len(self.rows.columns):
            self.horizontalHeader().restoreState(state)


def plain(column: Column[R], row: R) -> str:
    """Return a cell as people would type it: a state by its word and reason, a share in percent."""
    face = column.face(row) if column.face is not None and column.share is None else None
    text = column.text(row)
    parts = [face.text if face is not None else "", text, column.reason(row) if column.reason is not None else ""]
    words = " ".join(part for part in parts if part)
    return words.replace("\t", " ").replace("\n", " ")


def to_csv(columns: Sequence[Column[R]], rows: Sequence[R]) -> str:
    """Return rows as CSV with a heading. Cells that a spreadsheet would run as a formula are quoted apart."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.heading() for column in columns])
    for row in rows:
        cells = [plain(column, row) for column in columns]
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "@") else cell for cell in cells])
    return out.getvalue()
