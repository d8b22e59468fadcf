"""The table of tasks, in which a task can be dragged to where it should stand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractItemView

from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.domain.views import TaskView

HIGHEST = 100


class QueueTable(Table):
    """`moved` carries (task id, priority): the number that brings it to where it was dropped."""

    moved = Signal(str, int)

    def __init__(self, look: Look, model: RowModel[TaskView]) -> None:
        super().__init__(look, model, "queue")
        model.drags = True
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)

    def dropEvent(self, event: QDropEvent) -> None:
        keys = self.chosen_keys()
        under = self.indexAt(event.position().toPoint())
        place = under.row() if under.isValid() else self.rows.rowCount()
        if self.dropIndicatorPosition() is QAbstractItemView.DropIndicatorPosition.BelowItem:
            place += 1
        # The rows do not move here: the master says where a task stands.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        if event.source() is self and keys:
            self.drop(keys, place)

    def drop(self, task_ids: list[str], place: int) -> None:
        """Ask for these tasks to stand above what stands at `place` now."""
        above, below = self.rows.row_at(place - 1), self.rows.row_at(place)
        for task_id in task_ids:
            self.moved.emit(task_id, priority_between(above, below))


def priority_between(above: TaskView | None, below: TaskView | None) -> int:
    """Return a priority that stands between two tasks; among equals the older goes first."""
    if below is None:
        return max(0, above.priority - 1) if above is not None else HIGHEST // 2
    over = min(HIGHEST, below.priority + 1)
    return over if above is None else max(below.priority, min(over, above.priority))
