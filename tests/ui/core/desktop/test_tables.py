"""Tables: rows change where they stand, and nothing that a person chose moves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from core.desktop import states
from core.desktop.cells import FACE, SHARE
from core.desktop.look import Look
from core.desktop.tables import Column, RowModel, Table, to_csv

pytestmark = pytest.mark.qt


@dataclass(frozen=True)
class Row:
    key: str
    state: str = "RUNNING"
    share: float | None = 0.5


def columns() -> list[Column[Row]]:
    return [
        Column(name="name", heading=lambda: "Name", text=lambda row: row.key, sort="name", strong=True),
        Column(
            name="state",
            heading=lambda: "State",
            text=lambda row: "",
            face=lambda row: states.TASK[row.state],
            reason=lambda row: "why",
        ),
        Column(name="progress", heading=lambda: "Progress", text=lambda row: "", share=lambda row: row.share),
    ]


def model() -> RowModel[Row]:
    return RowModel(columns(), key=lambda row: row.key)


def test_rows_are_updated_where_they_stand(qtbot: QtBot) -> None:
    rows = model()
    rows.set_rows([Row("a"), Row("b"), Row("c")])
    changes: list[tuple[int, int]] = []
    rows.dataChanged.connect(lambda first, last, _roles: changes.append((first.row(), last.row())))
    with qtbot.assertNotEmitted(rows.modelReset):
        strange = rows.update_rows([Row("a", share=0.6), Row("b", share=0.7), Row("x")])
        rows.set_rows([Row("a", share=0.6), Row("b", share=0.7), Row("c", share=0.9)])
    assert strange == [Row("x")]
    assert changes == [(0, 1), (2, 2)]
    assert rows.index(0, 2).data(SHARE) == 0.6
    assert rows.index(1, 1).data(FACE) is states.TASK["RUNNING"]


def test_rows_that_are_not_loaded_yet_are_empty_and_asked_for(look: Look, qtbot: QtBot) -> None:
    rows = model()
    table = Table(look, rows, "test")
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    rows.set_count(1_000)
    assert rows.index(500, 0).data() == "…"
    qtbot.waitUntil(lambda: table.verticalScrollBar().maximum() > 0)
    with qtbot.waitSignal(rows.wanted) as asked:
        table.scrollTo(rows.index(500, 0), Table.ScrollHint.PositionAtTop)
    first, last = asked.args
    assert first <= 500 < last and last - first < 30
    rows.put(500, [Row("r500")])
    assert rows.index(500, 0).data() == "r500"
    rows.set_count(10)
    assert rows.rowCount() == 10 and rows.place_of("r500") is None


def test_selection_and_scroll_survive_updates(look: Look, qtbot: QtBot) -> None:
    rows = model()
    table = Table(look, rows, "test")
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.show()
    rows.set_rows([Row(f"r{number}") for number in range(200)])
    table.scrollTo(rows.index(100, 0), Table.ScrollHint.PositionAtTop)
    table.choose(["r101", "r103"])
    at = table.verticalScrollBar().value()
    assert at > 0
    for step in range(20):
        rows.update_rows([Row(f"r{number}", share=step / 20) for number in range(200)])
    assert table.chosen_keys() == ["r101", "r103"]
    assert table.verticalScrollBar().value() == at


def test_copy_gives_the_selected_rows_as_they_stand_on_screen(look: Look, qtbot: QtBot) -> None:
    rows = model()
    table = Table(look, rows, "test")
    qtbot.addWidget(table)
    rows.set_rows([Row("a"), Row("b", state="FAILED")])
    table.choose(["b"])
    table.horizontalHeader().moveSection(1, 0)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Failed why\tb\t"


def test_sorting_is_the_masters_and_the_header_shows_it(look: Look, qtbot: QtBot) -> None:
    rows = model()
    table = Table(look, rows, "test")
    qtbot.addWidget(table)
    asked: list[tuple[str, bool]] = []
    table.sort_wanted.connect(lambda key, down: asked.append((key, down)))
    header = table.horizontalHeader()
    header.sectionClicked.emit(0)
    header.sectionClicked.emit(0)
    header.sectionClicked.emit(1)  # the master cannot sort by it
    assert asked == [("name", False), ("name", True)]
    assert header.sortIndicatorSection() == 0


def test_columns_are_remembered(look: Look, qtbot: QtBot) -> None:
    table = Table(look, model(), "kept")
    qtbot.addWidget(table)
    table.horizontalHeader().resizeSection(0, 321)
    again = Table(look, model(), "kept")
    qtbot.addWidget(again)
    assert again.horizontalHeader().sectionSize(0) == 321


def test_csv_has_headings_and_no_cell_that_a_spreadsheet_would_run() -> None:
    lines = to_csv(columns(), [Row("=cmd()"), Row("plain")]).splitlines()
    assert lines == ["Name,State,Progress", "'=cmd(),Running why,", "plain,Running why,"]
