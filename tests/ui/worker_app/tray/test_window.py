"""The window on scenes: pages, keys, the line on top, an agent that goes, and the language at run time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.desktop.feedback import Question
from core.desktop.translations import Language
from core.domain.agent_views import AgentAction, Containers, Line, Sample
from core.domain.errors import Conflict
from tests.support import worker_records as records
from tests.support import worker_scenes as scenes
from tests.support.scene_client import SceneClient
from worker_app.tray.courier import Courier
from worker_app.tray.faces import TRAY, TrayIcons
from worker_app.tray.navigation import PAGES
from worker_app.tray.pages.container import ContainerCard, SmallContainer
from worker_app.tray.parts import Elided
from worker_app.tray.top_line import TopLine
from worker_app.tray.tray import Tray

if TYPE_CHECKING:
    from tests.ui.worker_app.conftest import Opened

pytestmark = pytest.mark.qt
Open = Callable[..., "Opened"]


def asked(client: SceneClient) -> list[str]:
    return [action.value for action, _, _ in client.asked]


def test_what_runs_is_shown_whole(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual())
    (card,) = app.window.now.cards.values()
    assert isinstance(card, ContainerCard)
    assert card.name.whole() == "render-yushan"
    assert card.promise.whole() == "No network. 0 bytes left. Reads none of your files."
    qtbot.waitUntil(lambda: app.window.now.log.toPlainText().count("\n") == 4, timeout=10_000)
    assert "1 task, because you have been away" in app.window.top.now.text()


def test_a_process_of_ones_own_is_never_called_isolated(open_app: Open) -> None:
    view = replace(scenes.WORKING, network="host", isolated=False)
    shown = replace(scenes.usual(), containers=Containers(rows=(view,)))
    app, _ = open_app(shown)
    (card,) = app.window.now.cards.values()
    assert isinstance(card, ContainerCard) and "NOT ISOLATED" in card.promise.whole()


def test_a_reading_that_failed_alone_is_not_known_yet(open_app: Open) -> None:
    view = replace(scenes.WORKING, cpu_percent=-1.0, memory_bytes=-1)
    app, _ = open_app(replace(scenes.usual(), containers=Containers(rows=(view,))))
    (card,) = app.window.now.cards.values()
    assert isinstance(card, ContainerCard)
    assert "not known yet" in card.bars["cpu"]._value.text()
    assert "12 GB" in card.bars["gpu_memory"]._value.text()


def test_above_two_containers_become_rows_and_one_stays_open(open_app: Open) -> None:
    app, _ = open_app(scenes.overfull())
    kinds = [type(card) for card in app.window.now.cards.values()]
    assert kinds.count(ContainerCard) == 1 and kinds.count(SmallContainer) == 11
    app.window.now._choose("01H00003")
    assert isinstance(app.window.now.cards["01H00003"], ContainerCard)


def test_idle_says_the_rule_its_time_and_what_would_change_it(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.idle())
    why = app.window.now.why
    assert why.heading.text().startswith("You used this computer 2 min 12 s ago.")
    assert why.count.text() == "2:12 / 10:00"
    why._change(Line(code="start_now"))
    qtbot.waitUntil(lambda: asked(client) == ["start_now"], timeout=5_000)


def test_keys_open_pages_and_samples_are_asked_for_on_one_only(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual())
    for place, name in enumerate(PAGES, start=1):
        qtbot.keyClick(app.window, getattr(Qt.Key, f"Key_{place}"), Qt.KeyboardModifier.ControlModifier)
        app.window.show_page(name)
        assert app.window.page == name
        assert app.courier._samples == (name == "now")


def test_the_switch_asks_and_shows_only_what_is(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    app.window.side.switch.click()
    qtbot.waitUntil(lambda: asked(client) == ["lend_off"], timeout=5_000)


def test_offline_makes_retry_the_one_primary_action(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.offline(), "connection")
    assert app.window.top.act_button.text() == "Retry now"
    app.window.top.act_button.click()
    qtbot.waitUntil(lambda: asked(client) == ["retry_now"], timeout=5_000)
    assert "Running work may go on until" in app.window.top.now.text()
    assert app.window.connection.waiting["updates"][0].text() == "3"  # type: ignore[attr-defined]


def test_an_agent_that_goes_is_said_and_its_last_values_stay(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual())
    app.courier.left.emit()
    assert app.window.top.now.text() == "The worker service is being started…"
    assert not app.window.top.act_button.isEnabled()
    assert app.window.now.cards


def test_stopping_asks_with_return_as_the_way_out(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    app.window.now._ask_block(scenes.WORKING)
    question = app.window.findChild(Question)
    assert question is not None and question.back.isDefault()
    assert client.asked == []
    question.act.click()
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.BLOCK_OWNER, 0, "01HRENDER41")], timeout=5_000)


def test_an_error_is_said_in_the_agents_words(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    client.error = Conflict("It is just ending.")
    app.window.side.switch.click()
    qtbot.waitUntil(lambda: app.window.toast.text == "It is just ending.", timeout=5_000)


def test_the_language_changes_while_it_is_open(open_app: Open) -> None:
    app, _ = open_app(scenes.idle())
    app.look.use_language(Language.CHINESE)
    assert app.window.windowTitle() == "HiveMind 工作節點"
    assert app.window.now.why.heading.text().startswith("你在 2 分 12 秒前用過這台電腦")
    app.look.use_language(Language.ENGLISH)
    assert app.window.windowTitle() == "HiveMind Worker"


def test_charts_keep_a_gap_and_a_failed_reading(open_app: Open) -> None:
    app, _ = open_app(scenes.usual())
    load = app.window.now.load
    load.fill(records.samples(600), 1)
    times, values = load.plots["cpu"][1].ring.window(0)
    assert values[0].size == times.size and (values[0] != values[0]).sum() == 1
    load.take(Sample(at_ms=records.NOW + 1000, host_cpu=5.0))
    assert load._values["gpu"][0].text() == ""


def test_a_narrow_window_has_icons_with_names_as_tooltips(open_app: Open) -> None:
    app, _ = open_app(scenes.usual())
    app.window.resize(840, 600)
    app.window.side.show_narrow(True)
    assert app.window.nav.item(0).text() == "" and app.window.nav.item(0).toolTip() == "Now"


def test_the_tray_says_state_reason_and_earnings(open_app: Open) -> None:
    app, _ = open_app(scenes.usual())
    assert isinstance(app.tray, Tray) and isinstance(app.courier, Courier)
    tip = app.tray.tip()
    assert tip.startswith("Working: 1 task, because") and tip.endswith("Today +32.73 CPT")
    icons = TrayIcons()
    pictures = {
        bytes(icons.icon(state, dark=dark).pixmap(16, 16).toImage().bits())
        for state in TRAY
        for dark in (False, True)
    }
    assert len(pictures) == 12


def test_the_top_line_without_a_tray_has_pauses_and_quit(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    assert isinstance(app.window.top, TopLine)
    menu = app.window.top.pause_menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == [
        "Pause 15 minutes",
        "Pause 1 hour",
        "Pause 4 hours",
        "Pause until I resume",
        "Finish current, then pause",
        "Pause the GPU only",
        "Quit…",
    ]
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.PAUSE, 900, "")], timeout=5_000)


def test_what_does_not_fit_is_cut_and_whole_in_the_tooltip(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.overfull())
    card = next(one for one in app.window.now.cards.values() if isinstance(one, ContainerCard))
    assert isinstance(card.name, Elided)
    qtbot.waitUntil(lambda: card.name.text() != card.name.whole(), timeout=5_000)
    assert card.name.toolTip() == card.name.whole()
