"""A node from near, its labels, a task's charts, a log searched by the master, files that are saved here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.domain.console_near import LabelChange
from master_app.console.views.label_dialog import LabelDialog, parsed
from master_app.console.views.map_graph import rate_words
from master_app.console.views.task_tabs import inside
from tests.ui.master_app.console.test_windows import Opened

pytestmark = pytest.mark.qt


@pytest.fixture
def opened(look: Look, qtbot: QtBot) -> Iterator[Opened]:
    made = Opened(look, qtbot)
    yield made
    made.session.close()


def busy_node(opened: Opened) -> str:
    return str(next(tile.node_id for tile in opened.master.tiles if tile.running > 1))


def test_a_chosen_node_shows_its_attempts_and_opens_their_logs(opened: Opened, qtbot: QtBot) -> None:
    page = opened.pool.map
    opened.shell.show_page("map")
    node_id = busy_node(opened)
    page.view.choose([node_id])
    qtbot.waitUntil(lambda: page.node.rows.rowCount() > 4)
    running = next(tile.running for tile in opened.master.tiles if tile.node_id == node_id)
    assert [page.node.rows.row_at(n).live for n in range(running + 1)] == [True] * running + [False]  # type: ignore[union-attr]
    assert "Reports every 1 s" in page.node._facts.text()
    page.node.table.opened.emit("attempt0000")
    qtbot.waitUntil(lambda: opened.shell.stack.currentWidget() is opened.pool.queue)
    assert opened.pool.detail.attempt_id == "attempt0000"
    assert opened.pool.queue.detail.tabs.currentIndex() == 1


def test_a_node_is_asked_for_near_only_while_it_is_looked_at(opened: Opened, qtbot: QtBot) -> None:
    page = opened.pool.map
    asked: list[str] = []
    page.near_wanted.connect(asked.append)
    opened.shell.show_page("map")
    page._refresh_side()
    assert asked == [], "nobody is chosen"
    page.view.choose([busy_node(opened)])
    page._refresh_side()
    assert len(asked) == 2
    opened.shell.show_page("queue")
    page._refresh_side()
    assert len(asked) == 2, "the map is not seen"


def test_labels_of_one_node_are_edited_and_of_many_are_added(opened: Opened, qtbot: QtBot) -> None:
    page = opened.pool.map
    opened.shell.show_page("map")
    page.view.choose(["node00001"])
    page.labels_wanted.emit(["node00001"])
    qtbot.waitUntil(lambda: bool(opened.shell.findChildren(LabelDialog)))
    dialog = opened.shell.findChildren(LabelDialog)[-1]
    assert dialog.put.text() == "site=rack-b" and not dialog.act.isEnabled()
    dialog.put.setText("site")
    assert "is not key=value" in dialog._problem.text() and not dialog.act.isEnabled()
    dialog.put.setText("floor=2, gpu=a100")
    dialog.act.click()
    page.labels_wanted.emit(["node00001", "node00002"])
    both = opened.shell.findChildren(LabelDialog)[-1]
    both.put.setText("site=a")
    both.remove.setText("gpu")
    both.act.click()
    assert [act[1] for act in opened.master.acts if act[0] == "label_nodes"] == [
        LabelChange(node_ids=("node00001",), put={"floor": "2", "gpu": "a100"}, remove=("site",)),
        LabelChange(node_ids=("node00001", "node00002"), put={"site": "a"}, remove=("gpu",)),
    ]


def test_the_charts_of_a_task_show_what_was_metered_and_what_runs(opened: Opened, qtbot: QtBot) -> None:
    pool = opened.pool
    opened.shell.show_page("queue")
    qtbot.waitUntil(lambda: pool.tasks.model.rowCount() == 13)
    pool.queue.table.setCurrentIndex(pool.tasks.model.index(0, 0))
    pane = pool.queue.detail
    pane.tabs.setCurrentWidget(pane.use)
    qtbot.waitUntil(lambda: len(pane.use.plots[0].ring) == 61)
    assert "now: CPU" in pane.use._words.text()
    pool.queue.table.setCurrentIndex(pool.tasks.model.index(1, 0))
    assert pool.detail.task is not None and pool.detail.task.task_id == "task000001"


def test_a_log_is_searched_by_the_master_and_a_hit_leads_to_its_place(opened: Opened, qtbot: QtBot) -> None:
    pool = opened.pool
    opened.shell.show_page("queue")
    qtbot.waitUntil(lambda: pool.tasks.model.rowCount() == 13)
    pool.queue.table.setCurrentIndex(pool.tasks.model.index(0, 0))
    log = pool.queue.detail.log
    qtbot.waitUntil(lambda: pool.queue.detail.attempts.rowCount() == 60)
    pool.queue.detail.open_log("attempt0003")
    qtbot.waitUntil(lambda: "epoch 30" in log.text.toPlainText())
    log.search.setText("epoch 31")
    log.whole.click()
    qtbot.waitUntil(lambda: log.found.list.count() == 1)
    assert "in the first" in log.found._note.text()
    log.found.more.click()
    qtbot.waitUntil(lambda: ("find_in_log", "epoch 31", 600) in opened.master.acts)
    log.found.place_wanted.emit(31)
    qtbot.waitUntil(
        lambda: log.text.toPlainText().startswith("  loss") or "epoch 30" not in log.text.toPlainText()
    )
    assert not log.follow.isChecked()
    log.follow.click()
    qtbot.waitUntil(lambda: "epoch 30" in log.text.toPlainText())


def test_files_of_a_result_are_saved_one_after_another(opened: Opened, qtbot: QtBot, tmp_path: Path) -> None:
    pool = opened.pool
    opened.shell.show_page("queue")
    qtbot.waitUntil(lambda: pool.tasks.model.rowCount() == 13)
    pool.queue.table.setCurrentIndex(pool.tasks.model.index(0, 0))
    files = pool.queue.detail.files
    qtbot.waitUntil(lambda: files.files.rowCount() == 30)
    rows = [files.files.row_at(n) for n in range(2)]
    files.save_wanted.emit([(row, inside(tmp_path, row.name)) for row in rows if row is not None])
    qtbot.waitUntil(lambda: sum(act[0] == "save_file" for act in opened.master.acts) == 2)
    targets = [act[3] for act in opened.master.acts if act[0] == "save_file"]
    assert targets == [tmp_path / "0" / "scan.png", tmp_path / "1" / "figures" / "dice.csv"]
    qtbot.waitUntil(files.save.isEnabled)


def test_a_name_never_leaves_the_folder_that_was_chosen(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "/etc/passwd", "0/../x", "..\\..\\x", "C:\\x"):
        assert tmp_path in inside(tmp_path, name).resolve().parents, name


def test_small_words(look: Look) -> None:
    assert parsed(" a=b , c = d=e,") == ({"a": "b", "c": "d=e"}, "")
    assert parsed("a=")[1] == "a="
    assert (rate_words(12_400_000), rate_words(250_000_000)) == ("12.4 MB/s", "250 MB/s")
