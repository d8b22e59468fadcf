"""Earnings: figures, days, every attempt with its reason, and each amount explained. Pending is in no total."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import Card, Segmented, button, column, label, line, row
from core.domain.agent_views import AgentShown
from core.domain.earning_views import Earnings
from worker_app.tray.courier import Courier
from worker_app.tray.pages.day_bars import DayBars
from worker_app.tray.pages.earning_rows import ROW_PX, EarningsModel, TwoLines
from worker_app.tray.pages.explanation import Explanation
from worker_app.tray.parts import HoneyMark, quiet, small, strong

_RANGES: Final = {"1": 1, "7": 7, "30": 30, "0": 0}
_WIDTHS: Final = (52, 0, 86, 80)


class _Pending(QWidget):
    """A figure on hatched ground: it is not yours yet."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        look.paints(self, self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        honey = QColor(self._look.theme.tokens.honey)
        honey.setAlphaF(0.16)
        painter.setPen(Qt.PenStyle.NoPen)
        for left in range(-self.height(), self.width(), 12):
            for offset in range(4):
                painter.setPen(honey)
                painter.drawLine(left + offset, self.height(), left + offset + self.height(), 0)


class EarningsPage(QWidget):
    """Reads when it is looked at, when money came, and when a range or a day is chosen."""

    back_to_list = Signal()

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self._found = Earnings()
        self._day = ""
        self._next = ""
        self._told = (-1, -1)
        self._seen = False
        self.model = EarningsModel(look)
        self.ranges = Segmented(
            look,
            [
                ("1", lambda: tr("Today")),
                ("7", lambda: tr("7 d")),
                ("30", lambda: tr("30 d")),
                ("0", lambda: tr("All")),
            ],
            "30",
            lambda: tr("Days"),
        )
        self.ranges.chosen.connect(lambda _key: self._choose_day(""))
        self.bars = DayBars(look)
        self.bars.chosen.connect(self._choose_day)
        self.explanation = Explanation(look)
        self.explanation.setFixedWidth(350)
        self.explanation.hide()
        self.explanation.closed.connect(self._close_explanation)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._figures_card())
        layout.addWidget(self._days_card(), 1)
        lower = row(self._list_card(), self.explanation, spacing=10)
        lower.setStretch(0, 1)
        layout.addLayout(lower, 3)
        look.says(self, self._say)

    def _figures_card(self) -> Card:
        card = Card(margins=0, spacing=0)
        self.figures: dict[str, tuple[QWidget, QWidget, QWidget]] = {}
        parts = row(spacing=0)
        names = {
            "today": lambda: tr("Today, posted"),
            "pending": lambda: tr("Pending"),
            "week": lambda: tr("7 days"),
            "month": lambda: tr("30 days"),
            "all": lambda: tr("All"),
        }
        for name, text in names.items():
            big = 26 if name == "today" else 20
            value, note = label(self._look, strong=True, pixels=big), small(self._look)
            head = row(spacing=6)
            if name == "today":
                head.addWidget(HoneyMark(self._look, 12))
            title = small(self._look, text)
            head.addWidget(title)
            head.addStretch(1)
            unit = small(self._look, lambda: tr("CPT"))
            holder = _Pending(self._look) if name == "pending" else QWidget()
            amount_row = row(value, unit, None, spacing=6)
            amount_row.setAlignment(unit, Qt.AlignmentFlag.AlignBottom)
            holder.setLayout(column(head, amount_row, note, spacing=2, margins=(14, 10, 10, 10)))
            if parts.count():
                parts.addWidget(line(upright=True))
            parts.addWidget(holder, 5 if name == "today" else 4)
            self.figures[name] = (title, value, note)
        card.body.addLayout(parts)
        return card

    def _days_card(self) -> Card:
        card = Card(margins=12, spacing=4)
        self.forecast = small(self._look)
        legend = small(self._look, lambda: tr("solid: posted, hatched: pending"))
        head = row(strong(self._look, lambda: tr("Per day"), pixels=14), self.ranges, legend, None, self.forecast)
        card.body.addLayout(head)
        card.body.addWidget(self.bars, 1)
        return card

    def _list_card(self) -> Card:
        card = Card(margins=0, spacing=0)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setItemDelegate(TwoLines(self._look, self.table))
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.table.horizontalHeader()
        for place, width in enumerate(_WIDTHS):
            if width:
                self.table.setColumnWidth(place, width)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.verticalScrollBar().valueChanged.connect(self._near_end)
        self.table.clicked.connect(lambda index: self.open_row(index.row()))
        self.table.activated.connect(lambda index: self.open_row(index.row()))
        self.table.selectionModel().currentRowChanged.connect(self._moved)
        self.empty = quiet(
            self._look, lambda: tr("Every attempt that runs here will be listed, paid or not, with its reason.")
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.count = small(self._look)
        export = button(self._look, lambda: tr("Export…"), icon="download", kind="link", on_click=self._ask_export)
        card.body.addWidget(self.table, 1)
        card.body.addWidget(self.empty, 1)
        card.body.addWidget(line())
        card.body.addLayout(row(self.count, None, export, margins=(14, 6, 12, 6)))
        return card

    # ------------------------------------------------------------ what is shown

    def show_agent(self, shown: AgentShown) -> None:
        status = shown.status
        if status is None:
            return
        told = (status.today_posted_ucpt, status.pending_ucpt)
        if self._seen and told != self._told:
            self.read()
        self._told = told

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        if seen:
            self.read()

    def read(self) -> None:
        """Ask for figures, days and the first page."""
        days, day = _RANGES[self.ranges.current], self._day
        self._courier.ask(
            lambda client: client.earnings(days=days, day=day), self.show_found, lambda _error: None, owner=self
        )

    def show_found(self, found: Earnings) -> None:
        self._found, self._next = found, found.next
        kept = self.chosen()
        self.model.set_rows(found.rows)
        if kept:
            self._select(kept)
        self._say()

    def chosen(self) -> str:
        place = self.table.currentIndex().row()
        return self.model.rows[place].attempt_id if 0 <= place < len(self.model.rows) else ""

    def _select(self, attempt_id: str) -> None:
        for place, one in enumerate(self.model.rows):
            if one.attempt_id == attempt_id:
                blocked = self.table.selectionModel().blockSignals(True)
                self.table.selectRow(place)
                self.table.selectionModel().blockSignals(blocked)

    def _say(self) -> None:
        found = self._found
        values = {
            "today": (
                found.today_ucpt,
                tr("yesterday to this hour {amount}", amount=figures.cpt(found.yesterday_ucpt)),
            ),
            "pending": (found.pending_ucpt, tr("posted when the task ends")),
            "week": (found.week_ucpt, tr("posted only")),
            "month": (found.month_ucpt, _paused(found.days_paused)),
            "all": (found.all_ucpt, plural(found.receipts, "{n} receipt", "{n} receipts")),
        }
        for name, (ucpt, note) in values.items():
            _, value, under = self.figures[name]
            value.setText(figures.cpt(ucpt))  # type: ignore[attr-defined]
            under.setText(note)  # type: ignore[attr-defined]
        running = sum(one.ucpt for one in found.rows if one.money == "running")
        self.bars.show_days(found.days, running)
        self.forecast.setText(_forecast(found))
        rows = bool(self.model.rows)
        self.table.setVisible(rows)
        self.empty.setVisible(not rows)
        total = max(found.total, len(self.model.rows))
        where = tr("of this day") if self._day else tr("newest first")
        self.count.setText(tr("{n} of {total}, {where}", n=len(self.model.rows), total=total, where=where))

    def _choose_day(self, day: str) -> None:
        self._day = day
        self.read()

    def _near_end(self, value: int) -> None:
        if self._next and value >= self.table.verticalScrollBar().maximum() - 3:
            cursor, self._next = self._next, ""
            days, day = _RANGES[self.ranges.current], self._day
            self._courier.ask(
                lambda client: client.earnings(days=days, day=day, cursor=cursor), self._more, owner=self
            )

    def _more(self, found: Earnings) -> None:
        self._next = found.next
        self.model.add_rows(found.rows)
        self._say()

    # ------------------------------------------------------------ one amount

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        if self.explanation.isVisible() and current.isValid():
            self.open_row(current.row())

    def open_row(self, place: int) -> None:
        self.explain(self.model.rows[place].attempt_id)

    def explain(self, attempt_id: str) -> None:
        """Show how an amount came about."""

        def show(found) -> None:  # type: ignore[no-untyped-def]
            self.explanation.show_found(found)
            self.explanation.show()
            self._select(attempt_id)

        self._courier.ask(lambda client: client.explain(attempt_id), show, lambda _error: None, owner=self)

    def _close_explanation(self) -> None:
        self.explanation.hide()
        self.table.setFocus()

    # ------------------------------------------------------------ export

    def _ask_export(self) -> None:
        kinds = "CSV (*.csv);;JSON (*.json)"
        name, _ = QFileDialog.getSaveFileName(self, tr("Export"), "earnings.csv", kinds)
        if name:
            self.export(Path(name))

    def export(self, file: Path) -> None:
        """Write the rows that are listed, by the file's ending as JSON or CSV."""
        names: tuple[str, ...] = (
            "attempt_id",
            "task_name",
            "index",
            "owner_name",
            "state",
            "money",
            "reason",
            "started_ms",
        )
        names += ("ended_ms", "ran_ms", "ucpt")
        records = [{name: getattr(one, name) for name in names} for one in self.model.rows]
        if file.suffix == ".json":
            file.write_text(json.dumps(records, indent=1, ensure_ascii=False), encoding="utf-8")
            return
        out = io.StringIO()
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(records)
        file.write_text(out.getvalue(), encoding="utf-8-sig")


def _paused(days: int) -> str:
    return plural(days, "{n} day paused by you", "{n} days paused by you") if days else tr("posted only")


def _forecast(found: Earnings) -> str:
    if not found.forecast_days:
        return tr("Forecast: needs 14 days of this computer's own history")
    low, high = (
        figures.number(ucpt / figures.MICRO, 1) for ucpt in (found.forecast_low_ucpt, found.forecast_high_ucpt)
    )
    return tr("Forecast 7 d: {low}–{high} CPT, by the last {n} d", low=low, high=high, n=found.forecast_days)
