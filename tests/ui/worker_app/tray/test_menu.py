"""The menu: pauses with their ends, the switch, and Quit's two ways while something runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.domain.agent_views import AgentAction
from core.domain.lending import UNTIL_RESUMED, Switch
from tests.support import worker_records as records
from tests.support import worker_scenes as scenes
from worker_app.tray.menu import TrayMenu

pytestmark = pytest.mark.qt


@pytest.fixture
def menu(look: Look, qtbot: QtBot) -> TrayMenu:
    made = TrayMenu(look, now_ms=lambda: records.NOW)
    qtbot.addWidget(made)
    made.show_status(scenes.STATUS)
    made.say()
    return made


def test_each_pause_says_when_it_ends(menu: TrayMenu) -> None:
    from core.desktop import figures

    assert menu.pauses[900].text() == f"Pause 15 minutes\tuntil {figures.clock(records.NOW + 900_000)}"
    assert menu.pauses[UNTIL_RESUMED].text() == "Pause until I resume"


def test_every_item_asks_for_its_own_action(menu: TrayMenu) -> None:
    asked: list[tuple[AgentAction, int]] = []
    pages: list[str] = []
    menu.asked.connect(lambda action, seconds: asked.append((action, seconds)))
    menu.wanted.connect(pages.append)
    for action in menu.pauses.values():
        action.trigger()
    for one in (menu.gpu, menu.finish, menu.quit_finish, menu.quit_back, menu.quit_plain):
        one.trigger()
    menu.lend.click()
    for one in (menu.open, menu.earnings, menu.rules):
        one.trigger()
    pauses = [(AgentAction.PAUSE, seconds) for seconds in (900, 3600, 14_400, UNTIL_RESUMED)]
    others = ["pause_gpu", "finish_then_pause", "quit_finish", "quit_give_back", "quit_give_back", "lend_off"]
    assert asked == [*pauses, *[(AgentAction(name), 0) for name in others]]
    assert pages == ["now", "earnings", "rules"]


def test_while_paused_it_counts_down_and_offers_the_way_out(menu: TrayMenu) -> None:
    menu.show_status(scenes.paused().status or scenes.STATUS)
    menu.say()
    assert menu.header.clock.text() == "42:10"
    assert not menu.header.paused.isHidden()
    assert menu.pauses[3600].text().startswith("Pause 1 hour instead")


def test_with_nothing_running_quit_is_one_plain_item(menu: TrayMenu) -> None:
    assert menu.quit_with.isVisible() and not menu.quit_plain.isVisible()
    menu.show_status(replace(scenes.STATUS, running=0))
    menu.say()
    assert menu.quit_plain.isVisible() and not menu.quit_with.isVisible()


def test_the_gpu_says_why_it_cannot_be_paused(menu: TrayMenu) -> None:
    menu.show_status(replace(scenes.STATUS, has_gpu=False))
    menu.say()
    assert not menu.gpu.isEnabled() and "no GPU here" in menu.gpu.text()


def test_switched_off_shows_off(menu: TrayMenu) -> None:
    menu.show_status(replace(scenes.STATUS, switch=Switch(is_on=False)))
    menu.say()
    assert not menu.lend.isChecked() and menu.lend.accessibleName() == "Lend this computer: off"


def test_a_menu_opens_with_the_size_that_it_keeps(menu: TrayMenu, qtbot: QtBot) -> None:
    """One that shrinks a second after it was opened moves another item under the pointer."""
    menu.show_status(replace(scenes.STATUS, switch=Switch(paused_until_ms=records.NOW + 900_000)))
    menu.popup(QPoint(0, 0))
    qtbot.waitUntil(menu.isVisible, timeout=5_000)
    qtbot.wait(50)
    menu.say()
    tall = menu.actionGeometry(menu.open).top()
    menu.hide()
    menu.show_status(replace(scenes.STATUS, switch=Switch(paused_until_ms=UNTIL_RESUMED)))
    menu.popup(QPoint(0, 0))
    opened = menu.actionGeometry(menu.open).top()
    qtbot.wait(50)
    menu.say()
    assert menu.actionGeometry(menu.open).top() == opened < tall
    menu.hide()
