"""Whose tasks and which images: chosen in small dialogs, kept with the rules, said in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.desktop.translations import Language
from core.domain.agent_views import Line, RuleRow
from tests.support import worker_scenes as scenes
from worker_app.tray.pages import allowed
from worker_app.tray.pages.allowed import ImagesDialog, OwnersDialog

pytestmark = pytest.mark.qt
KNOWN = {"u-me": "wenhan", "u-mei": "mei", "u-bad": "bad"}


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_owners_are_ticked_by_name_and_others_added_by_id(look: Look, parent: QWidget) -> None:
    dialog = OwnersDialog(parent, look, ("u-gone",), KNOWN, {"u-bad": "bad"})
    texts = [dialog.people.item(at).text() for at in range(dialog.people.count())]
    # One who is blocked is not offered; one whose name is forgotten still stands in the list.
    assert texts == ["u-gone", "wenhan  (u-me)", "mei  (u-mei)"]
    dialog.people.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.people.item(2).setCheckState(Qt.CheckState.Checked)
    dialog.other.setText(" u-new ")
    dialog.accept()
    assert dialog.chosen == ("u-mei", "u-new")


def test_an_image_that_is_none_is_told_and_nothing_is_taken(look: Look, parent: QWidget) -> None:
    dialog = ImagesDialog(parent, look, ("python:3.12",))
    dialog.lines.setPlainText("python:3.12\nNot An Image\nlab/*")
    dialog.accept()
    assert not dialog.chosen and "Not An Image" in dialog.problem.text()
    dialog.lines.setPlainText("python:3.12\n\nlab/*\npython:3.12")
    dialog.accept()
    assert dialog.chosen == ("python:3.12", "lab/*")


def test_the_lists_are_kept_with_the_rules_and_survive_a_preset(
    open_app: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client = open_app(scenes.idle(), "rules")  # type: ignore[operator]
    page = app.window.rules
    qtbot.waitUntil(lambda: page._kept is not None, timeout=10_000)
    monkeypatch.setattr(allowed, "ask_owners", lambda *_: ("u-mei",))
    monkeypatch.setattr(allowed, "ask_images", lambda *_: ("lab/*", "python"))
    page.owners.click()
    page.images.click()
    assert (page.owners.text(), page.images.text(), page.changes) == ("only 1 owner…", "only 2 images…", 2)
    page._use_preset(page._kept.presets[0].preset)
    assert page.rules.owners_allowed == ("u-mei",)
    page.apply()
    qtbot.waitUntil(lambda: client.rules_now.images_allowed == ("lab/*", "python"), timeout=5_000)


def test_what_the_lists_mean_now_is_said(look: Look) -> None:
    values = {"owners": "2", "images": "0", "outside": "1"}
    why = scenes.why()
    listed = replace(why, rows=(*why.rows, RuleRow(rule="lists", have=Line(code="takes_owners", values=values))))
    assert allowed.sentences(why) == []
    assert allowed.sentences(listed) == [
        "It takes only tasks of the 2 owners on your list.",
        "1 task that runs now is not on them: it finishes, and no more like it is taken.",
    ]
    look.use_language(Language.CHINESE)
    assert allowed.sentences(listed)[0] == "只接名單上 2 位提交者的任務。"
    look.use_language(Language.ENGLISH)
