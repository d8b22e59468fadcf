"""The whole window on sample data: every page, what a person does there, and what the master is asked for."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.allocator import look_at_all_again
from core.desktop.feedback import Question
from core.desktop.look import Look
from core.desktop.theme import Scheme
from core.desktop.translations import Language
from core.domain.operations import NewJoinLink, NodeAction, TaskAction
from master_app.console.client import NOT_THE_PINNED_ONE
from master_app.console.controllers.session import Session
from master_app.console.pool_window import PoolWindow
from master_app.console.port import Link, LinkState
from master_app.console.views.dialogs import SubmitDialog
from master_app.console.views.shell import PAGES, Shell
from tests.fakes.console_sample import SampleMaster

pytestmark = pytest.mark.qt


class Opened:
    """A window on sample data, on screen as far as offscreen goes."""

    def __init__(self, look: Look, qtbot: QtBot, size: str = "usual") -> None:
        self.master = SampleMaster(size)
        self.shell = Shell(look)
        qtbot.addWidget(self.shell, before_close_func=lambda shell: shell.really_close())
        self.shell.show()
        self.session = Session(self.master)
        self.pool = PoolWindow(self.shell, self.session)
        qtbot.waitUntil(lambda: self.session.overview is not None and self.session.pool is not None)

    def question(self) -> Question:
        found = [each for each in self.shell.findChildren(Question) if each.isVisible()]
        assert len(found) == 1
        return found[0]


@pytest.fixture
def opened(look: Look, qtbot: QtBot) -> Iterator[Opened]:
    made = Opened(look, qtbot)
    yield made
    made.session.close()


@pytest.mark.parametrize("size", ["empty", "usual", "overfull"])
def test_every_page_can_be_shown_in_both_languages_and_schemes(look: Look, qtbot: QtBot, size: str) -> None:
    made = Opened(look, qtbot, size)
    pictures = set()
    for scheme, language in ((Scheme.LIGHT, Language.ENGLISH), (Scheme.DARK, Language.CHINESE)):
        look.use_scheme(scheme)
        look.use_language(language)
        for page in PAGES:
            made.shell.show_page(page)
            qtbot.wait(20)
            image = made.shell.grab().toImage()  # kept: its bits are only lent
            pictures.add(hash(bytes(image.constBits())))
    assert len(pictures) == 2 * len(PAGES), "two pages look the same"
    made.session.close()


def test_the_title_says_state_pool_and_machine(opened: Opened) -> None:
    assert opened.shell.windowTitle() == "Busy, vslab pool on hm01"


def test_keys_lead_to_pages_and_search(opened: Opened, qtbot: QtBot) -> None:
    opened.shell.activateWindow()
    opened.shell.show_page("queue")
    assert opened.shell.stack.currentWidget() is opened.pool.queue
    qtbot.waitUntil(lambda: opened.pool.tasks.model.rowCount() == 13)


def test_a_task_is_opened_with_its_grid_attempts_reasons_and_log(opened: Opened, qtbot: QtBot) -> None:
    pool = opened.pool
    opened.shell.show_page("queue")
    qtbot.waitUntil(lambda: pool.tasks.model.rowCount() == 13)
    pool.queue.table.setCurrentIndex(pool.tasks.model.index(1, 0))
    qtbot.waitUntil(lambda: pool.queue.detail.attempts.rowCount() == 60)
    assert pool.detail.task is not None and pool.detail.task.name == "typhoon-ensemble-1"
    assert pool.queue.detail.why.rowCount() == 4
    pool.queue.detail.attempt_table.opened.emit("attempt0003")
    qtbot.waitUntil(lambda: b"epoch 43" in pool.detail.log)
    assert "epoch 43" in pool.queue.detail.log.text.toPlainText()


def test_cancelling_names_the_tasks_and_needs_a_reason(opened: Opened, qtbot: QtBot) -> None:
    pool = opened.pool
    opened.shell.show_page("queue")
    qtbot.waitUntil(lambda: pool.tasks.model.rowCount() == 13)
    pool.queue.table.choose(["task000000", "task000001"])
    pool.queue._want(TaskAction.CANCEL)
    question = opened.question()
    assert question.windowTitle() == "Cancel 2 tasks?"
    question.answer(reason="sent twice")
    question.act.click()
    asked = [act for act in opened.master.acts if act[0] == "act_on_task"]
    assert asked == [
        ("act_on_task", "task000000", TaskAction.CANCEL, "sent twice"),
        ("act_on_task", "task000001", TaskAction.CANCEL, "sent twice"),
    ]


def test_many_nodes_are_chosen_and_drained_with_a_reason(opened: Opened, qtbot: QtBot) -> None:
    pool = opened.pool
    opened.shell.show_page("map")
    qtbot.waitUntil(lambda: len(pool.map.view.scene.tiles) == 64)
    pool.map.search.setText("site=rack-a load>50")
    matched = pool.map.view.matched
    assert matched and all(opened.session.tiles[each].load > 0.5 for each in matched)
    pool.map._take.click()
    assert pool.map.view.chosen == matched
    pool.map.wanted.emit(NodeAction.DRAIN, sorted(matched))
    question = opened.question()
    question.answer(reason="new power supply")
    question.act.click()
    drained = {act[1] for act in opened.master.acts if act[0] == "act_on_node"}
    assert drained == matched


def test_revoking_asks_to_type_the_count_and_pausing_can_be_taken_back(opened: Opened, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(opened.session.tiles) == 64)
    opened.pool.map.wanted.emit(NodeAction.REVOKE, ["node00001", "node00002"])
    question = opened.question()
    question.answer(reason="sold", typed="3")
    assert not question.act.isEnabled()
    question.reject()
    opened.pool.map.wanted.emit(NodeAction.PAUSE, ["node00001"])
    assert "paused" in opened.shell.toast.text
    opened.shell.toast._undo.click()
    assert [act[2] for act in opened.master.acts if act[0] == "act_on_node"] == [
        NodeAction.PAUSE,
        NodeAction.RESUME,
    ]


def test_a_node_is_found_by_the_mouse_and_keeps_its_place_when_it_changes(opened: Opened, qtbot: QtBot) -> None:
    view = opened.pool.map.view
    opened.shell.show_page("map")
    qtbot.waitUntil(lambda: len(view.scene.boxes) == 64)
    view.fit()
    box = view.scene.boxes["node00007"]
    place = view._offset + box.center() * view.scale
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert view.chosen == {"node00007"}
    changed = replace(opened.session.tiles["node00007"], load=0.99, running=4)
    assert opened.master.sink is not None
    opened.master.sink(("node", "node00007"), changed)
    qtbot.waitUntil(lambda: view.scene.tiles["node00007"].running == 4)
    assert view.scene.boxes["node00007"] == box and view.chosen == {"node00007"}
    before = view.scale
    view.zoom(2, QPointF(10, 10))
    assert view.scale == before * 2
    assert not view.picture().isNull()


def test_a_join_link_is_made_masked_counted_down_and_shown_as_a_code(opened: Opened, qtbot: QtBot) -> None:
    join = opened.pool.join
    opened.shell.show_page("join")
    join.owner.setText("chen")
    join.labels.setText("site=lab, gpu=yes")
    join.make.click()
    qtbot.waitUntil(lambda: bool(join.field.text))
    wish = opened.master.acts[-1][1]
    assert isinstance(wish, NewJoinLink)
    assert (wish.owner, dict(wish.labels)) == ("chen", {"site": "lab", "gpu": "yes"})
    assert "abcdefgh" not in join.field.field.text()
    assert "Expires in" in join._left.text()
    join._qr_button.click()
    assert not join._qr.pixmap().isNull()
    join._qr_button.click()
    assert join._qr.pixmap().isNull()
    assert join.pending.rowCount() > 0


def test_an_amount_is_explained_and_the_ledger_verified(opened: Opened, qtbot: QtBot) -> None:
    page = opened.pool.ledger_page
    opened.shell.show_page("ledger")
    qtbot.waitUntil(lambda: page.transfers.rows.rowCount() == 240)
    page.transfers.setCurrentIndex(page.transfers.rows.index(3, 0))
    qtbot.waitUntil(lambda: "metering" in page._words.text())
    page.verify_wanted.emit()
    qtbot.waitUntil(lambda: "48,249" in page._verdict.text())


def test_a_task_is_checked_and_sent_from_the_dialog(opened: Opened, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "task.zip"
    path.write_bytes(b"PK")
    opened.pool.acts.submit()
    dialog = opened.shell.findChild(SubmitDialog)
    assert dialog is not None and not dialog.send.isEnabled()
    dialog.path.setText(str(path))
    dialog.check.click()
    qtbot.waitUntil(lambda: "256 subtasks" in dialog._words.text())
    dialog.send.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert [act[3] for act in opened.master.acts if act[0] == "submit"] == [True, False]


def test_a_lost_master_is_said_and_found_again(opened: Opened, qtbot: QtBot) -> None:
    shell, sink = opened.shell, opened.master.sink
    assert sink is not None
    now_ms = time.time_ns() // 1_000_000
    sink(("link",), Link(state=LinkState.LOST, since_ms=now_ms, next_try_ms=now_ms + 8_000))
    qtbot.waitUntil(lambda: "No answer from hm01" in shell.banner.text)
    assert "Nodes work on" in shell.banner.text
    shell.banner.action.click()
    assert opened.master.retried == 1
    assert opened.pool.live.rowCount() == 13, "what was known stays"
    sink(("link",), Link(state=LinkState.LIVE, since_ms=now_ms, delay_ms=3))
    qtbot.waitUntil(lambda: shell.banner.text == "")


def test_a_master_that_is_not_the_pinned_one_is_refused_in_the_words_of_the_window(
    opened: Opened, look: Look, qtbot: QtBot
) -> None:
    shell, sink = opened.shell, opened.master.sink
    assert sink is not None
    sink(("link",), Link(state=LinkState.REFUSED, since_ms=1, words=NOT_THE_PINNED_ONE, code="CA_MISMATCH"))
    qtbot.waitUntil(lambda: "Nothing was sent" in shell.banner.text)
    look.use_language(Language.CHINESE)
    assert "沒有送出任何資料" in shell.banner.text
    assert shell.windowTitle().endswith("hm01") or "hm01" in shell.windowTitle()
    look.use_language(Language.ENGLISH)


def test_what_was_said_before_a_change_of_language_is_said_anew(opened: Opened, look: Look, qtbot: QtBot) -> None:
    figures = opened.shell._figures
    assert "Nodes" in figures.text()
    look.use_language(Language.CHINESE)
    assert "線上節點" in figures.text() and "快滿了" in opened.shell._error.toolTip()
    look.use_language(Language.ENGLISH)
    assert "Nodes" in figures.text()


def test_values_update_without_moving_selection_or_scroll(look: Look, qtbot: QtBot) -> None:
    made = Opened(look, qtbot, "overfull")
    made.shell.show_page("queue")
    table, model = made.pool.queue.table, made.pool.tasks.model
    qtbot.waitUntil(lambda: model.rowCount() == 100_000)
    qtbot.waitUntil(lambda: table.verticalScrollBar().maximum() > 0)
    table.scrollTo(model.index(50_000, 0), table.ScrollHint.PositionAtTop)
    qtbot.waitUntil(lambda: model.row_at(50_000) is not None)
    table.setCurrentIndex(model.index(50_001, 0))
    at = table.verticalScrollBar().value()
    assert made.master.sink is not None
    for number in range(200):
        made.master.sink(("task", f"task{number + 50_000:06}"), number)
    qtbot.wait(400)
    assert table.verticalScrollBar().value() == at
    assert table.currentIndex().row() == 50_001
    made.session.close()


def test_geometry_is_kept(look: Look, qtbot: QtBot) -> None:
    shell = Shell(look)
    qtbot.addWidget(shell)
    shell.resize(777, 555)
    shell.show()
    shell.really_close()
    again = Shell(look)
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (777, 555)


def test_a_narrow_window_shows_icons_alone(look: Look, qtbot: QtBot) -> None:
    shell = Shell(look)
    qtbot.addWidget(shell)
    shell.add_page("overview", QWidget())
    shell.show()
    shell.resize(900, 600)
    qtbot.waitUntil(lambda: shell._nav["map"].text() == "")
    assert shell._nav["map"].toolTip() == "Node map"


def test_a_large_pool_is_not_looked_through_for_garbage_while_its_window_is_open(look: Look, qtbot: QtBot) -> None:
    look_at_all_again()
    made = Opened(look, qtbot, "overfull")
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 2 * len(made.session.tiles) > 10_000, timeout=30_000)
    made.session.close()
    assert gc.get_freeze_count() == 0
