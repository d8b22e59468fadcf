"""Reasons folded, a log that is read, a task dragged, days of money, folders of the master, notices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.desktop.translations import Language
from core.domain.console import ConditionRow, WhyRow
from core.domain.console_pages import DayRow, FolderRows
from master_app.console.models.why_rows import folded, why_columns
from master_app.console.views.browse import BrowseDialog, joined
from master_app.console.views.day_bars import DayBars
from master_app.console.views.log_view import LogView
from master_app.console.views.notices import Notices
from master_app.console.views.queue_table import priority_between
from master_app.console.views.shell import Shell, pool_word
from tests.fakes.console_sample import SampleMaster

pytestmark = pytest.mark.qt


def why(name: str, rule: str, needed: str, available: str, permanent: bool = False) -> WhyRow:
    return WhyRow(node_id=name, node_name=name, rule=rule, needed=needed, available=available, permanent=permanent)


def test_nodes_that_refuse_alike_are_one_row_and_what_could_help_comes_first(look: Look) -> None:
    rows = [why(f"ec21-{n:02}", "gpus", "1 GPU", "0 GPU", True) for n in range(34)]
    rows += [why("ws-02", "memory", "16 GB", "9.5 GB"), why("ws-05", "memory", "16 GB", "12.8 GB")]
    classes = folded(rows)
    said = [[column.text(row) for column in why_columns()] for row in classes]
    assert said == [
        ["ws-02 and 1 more", "2", "Memory", "16 GB", "at most 12.8 GB"],
        ["ec21-00 and 33 more", "34", "GPU", "1 GPU", "0 GPU"],
    ]
    look.use_language(Language.CHINESE)
    assert why_columns()[2].text(classes[0]) == "記憶體"
    look.use_language(Language.ENGLISH)


def test_a_log_follows_its_end_until_somebody_reads(look: Look, qtbot: QtBot) -> None:
    log = LogView(look)
    qtbot.addWidget(log)
    log.resize(500, 200)
    log.show()
    log.clear("Subtask 3")
    log.add(b"".join(b"line %d\n" % n for n in range(200)))
    bar = log.text.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    QTest.keyClick(log.text, Qt.Key.Key_PageUp)
    at = bar.value()
    log.add(b"\x1b[31mred\x1b[0m\nand more\n")
    assert bar.value() == at and log._new.text() == "2 new lines"
    assert "\x1b" not in log.text.toPlainText() and "red\nand more" in log.text.toPlainText()
    QTest.keyClick(log.text, Qt.Key.Key_End)
    assert bar.value() == bar.maximum() and not log._new.isVisible()


def test_a_log_is_searched_and_a_letter_in_two_pieces_stays_whole(look: Look, qtbot: QtBot) -> None:
    log = LogView(look)
    qtbot.addWidget(log)
    log.show()
    log.clear("Subtask 3")
    letter = "準".encode()
    log.add(b"loss 0.1\n" + letter[:1])
    log.add(letter[1:] + b"\nloss 0.2\nLoss 0.3\n")
    assert "準" in log.text.toPlainText()
    log.search.setText("loss")
    assert log.hits.text() == "3 hits"
    places = []
    for _ in range(4):
        QTest.keyClick(log.search, Qt.Key.Key_Return)
        places.append(log.text.textCursor().blockNumber())
    assert places == [0, 2, 3, 0], "it goes round"


def test_a_dropped_task_gets_a_number_between_its_new_neighbours() -> None:
    tasks = [replace(SampleMaster().task(0), priority=number) for number in (70, 60, 60, 100, 0)]
    assert priority_between(tasks[0], tasks[1]) == 61
    assert priority_between(tasks[1], tasks[2]) == 60
    assert priority_between(None, tasks[0]) == 71
    assert priority_between(None, tasks[3]) == 100
    assert priority_between(tasks[1], None) == 59
    assert priority_between(tasks[4], None) == 0


def test_a_day_of_money_is_chosen_by_mouse_and_keyboard_and_let_go(look: Look, qtbot: QtBot) -> None:
    bars = DayBars(look)
    qtbot.addWidget(bars)
    bars.resize(600, 112)
    bars.show()
    days = [DayRow(at_ms=n * 86_400_000, income_ucpt=n * 10**6, spend_ucpt=5 * 10**6) for n in range(1, 31)]
    bars.show_days(days)
    QTest.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(599, 40))
    assert bars.day == days[-1]
    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert bars.day == days[-2]
    QTest.keyClick(bars, Qt.Key.Key_Escape)
    assert bars.day is None
    assert not bars.grab().isNull()


def test_folders_of_another_machine_are_walked_and_a_new_file_is_named(look: Look, qtbot: QtBot) -> None:
    shell = Shell(look)
    qtbot.addWidget(shell)
    dialog = BrowseDialog(look, shell, "hm01", "Back up on hm01", "Back up", "pool.backup")
    asked: list[str] = []
    dialog.asked.connect(asked.append)
    assert not dialog.act.isEnabled()
    dialog.show_folders(FolderRows(path="/mnt", parent="/", folders=("nas", "usb"), free_bytes=10**12))
    dialog._list.itemActivated.emit(dialog._list.item(1))
    assert asked == ["/mnt/usb"]
    dialog.show_folders(FolderRows(path="/mnt/usb", parent="/mnt", folders=(), free_bytes=10**12))
    assert dialog.chosen_path == "/mnt/usb/pool.backup" and dialog.act.isEnabled()
    dialog._up.click()
    assert asked[-1] == "/mnt"
    dialog.show_problem("cannot be read")
    assert dialog._words.text() == "cannot be read"
    assert joined("C:\\pool", "a") == "C:\\pool\\a" and joined("C:\\", "a") == "C:\\a"


def test_only_what_is_new_and_needs_a_person_is_told(look: Look, qtbot: QtBot) -> None:
    shell = Shell(look)
    qtbot.addWidget(shell)
    notices = Notices(look, shell, pool_word)
    first = SampleMaster().overview()
    notices.see(first)
    notices.see(first)
    assert notices.told == []
    alert = ConditionRow(
        code="LEDGER",
        subject="pool",
        gravity="alert",
        what="The ledger does not fit.",
        at_risk="",
        next="",
        fix="",
        since_ms=1,
    )
    notices.see(replace(first, conditions=(*first.conditions, alert)))
    assert notices.told == ["The ledger does not fit."]
    waiting = first.nodes["PENDING"] + 1
    notices.see(replace(first, nodes={**first.nodes, "PENDING": waiting}))
    assert notices.told[1:] == [f"{waiting} nodes wait for approval"]
    notices.switch(False)
    notices.see(replace(first, tasks={**first.tasks, "HELD": 9}))
    assert len(notices.told) == 2
