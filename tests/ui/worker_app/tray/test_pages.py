"""Earnings, rules, the week, connection, log, about, and the first start, each by what a person does there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from core.desktop.link_handler import LinkHandler
from core.desktop.look import Look
from core.domain.agent_views import AgentAction, SetupStep
from core.domain.earning_views import EarningDay, Earnings
from core.domain.errors import Unauthenticated
from core.domain.lending import FULL, HOURS, REST, WHEN_AWAY, OnEnter, Preset, Situation
from tests.support import worker_records as records
from tests.support import worker_scenes as scenes
from worker_app.tray.pages.about import AboutPage
from worker_app.tray.pages.connection import HopsView
from worker_app.tray.pages.consent import ConsentView
from worker_app.tray.pages.day_bars import DayBars, why_day
from worker_app.tray.pages.doctor import DoctorView
from worker_app.tray.pages.earning_rows import EarningsModel, about
from worker_app.tray.pages.explanation import Explanation
from worker_app.tray.pages.log_view import LogView
from worker_app.tray.pages.practice import PracticePage
from worker_app.tray.pages.presets import PresetCards
from worker_app.tray.pages.setup import SetupPage
from worker_app.tray.pages.timeline import Timeline
from worker_app.tray.pages.week_grid import WeekGrid

if TYPE_CHECKING:
    from tests.ui.worker_app.conftest import Opened

pytestmark = pytest.mark.qt
Open = Callable[..., "Opened"]


# ------------------------------------------------------------ earnings


def test_pending_is_never_in_a_total_and_unpaid_rows_keep_their_reason(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual(), "earnings")
    page = app.window.earnings
    qtbot.waitUntil(lambda: len(page.model.rows) == 8, timeout=10_000)
    assert page.figures["today"][1].text() == "32.73"  # type: ignore[attr-defined]
    assert page.figures["pending"][1].text() == "12.2265"  # type: ignore[attr-defined]
    assert about(page.model.rows[4]) == "0 CPT: preparing"
    assert "110–170 CPT, by the last 28 d" in page.forecast.text()


def test_an_amount_is_explained_to_its_last_digit(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual(), "earnings")
    page = app.window.earnings
    qtbot.waitUntil(lambda: bool(page.model.rows), timeout=10_000)
    page.open_row(1)
    qtbot.waitUntil(lambda: not page.explanation.isHidden(), timeout=10_000)
    assert page.explanation.total.text() == "15.408 CPT"
    assert page.explanation.verdict.text().endswith("agrees")


def test_a_posted_amount_that_differs_is_said_with_both_numbers(look: Look, qtbot: QtBot) -> None:
    from dataclasses import replace

    shown = Explanation(look)
    qtbot.addWidget(shown)
    shown.show_found(replace(records.explained(), posted_ucpt=15_000_000))
    assert shown.verdict.text().startswith("Posted 15 CPT, by the ticks here 15.408 CPT")


def test_nothing_earned_yet_says_what_will_be_here(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.empty(), "earnings")
    client.found = Earnings()
    app.window.earnings.show_found(client.found)
    assert not app.window.earnings.empty.isHidden()
    assert "needs 14 days" in app.window.earnings.forecast.text()


def test_rows_are_exported_as_they_are_listed(open_app: Open, qtbot: QtBot, tmp_path: Path) -> None:
    app, _ = open_app(scenes.usual(), "earnings")
    qtbot.waitUntil(lambda: bool(app.window.earnings.model.rows), timeout=10_000)
    app.window.earnings.export(tmp_path / "e.json")
    app.window.earnings.export(tmp_path / "e.csv")
    assert [row["ucpt"] for row in json.loads((tmp_path / "e.json").read_text())][:2] == [12_226_500, 15_108_000]
    assert (tmp_path / "e.csv").read_text(encoding="utf-8-sig").count("\n") >= 8


def test_a_day_without_earnings_wears_its_reason(look: Look, qtbot: QtBot) -> None:
    bars = DayBars(look)
    qtbot.addWidget(bars)
    days = (EarningDay(day="2026-11-22", why="paused"), EarningDay(day="2026-11-23", posted_ucpt=1_000_000))
    bars.show_days(days, 500_000)
    bars.resize(400, 120)
    assert "paused by you" in bars.tip(days[0])
    chosen: list[str] = []
    bars.chosen.connect(chosen.append)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(120, 60))
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(120, 60))
    assert chosen == ["2026-11-22", ""]
    assert why_day(EarningDay(day="2026-11-22", why="heat")).text == "rules kept it from running"


def test_more_rows_are_added_without_moving_the_others(look: Look) -> None:
    model = EarningsModel(look)
    rows = records.earnings().rows
    model.set_rows(rows[:3])
    model.add_rows(rows[3:])
    assert model.rowCount() == 8 and model.index(4, 3).data() == "0"


# ------------------------------------------------------------ rules


def test_changes_are_tried_counted_undone_and_applied(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.idle(), "rules")
    page = app.window.rules
    qtbot.waitUntil(lambda: page.rules.week == scenes.WEEK, timeout=10_000)
    assert page.apply_button.isHidden()
    page.profiles.idle.setValue(5)
    qtbot.waitUntil(lambda: page.changes == 1, timeout=5_000)
    assert page.apply_button.text() == "Apply 1 change"
    page.grid.fill(QRect(18, 0, 5, 2), FULL)
    assert page.changes == 2
    page.take_back()
    assert page.changes == 1 and page.rules.week == scenes.WEEK
    page.apply()
    qtbot.waitUntil(lambda: page.changes == 0, timeout=5_000)
    assert client.rules_now.idle_minutes == 5


def test_the_line_answers_for_the_rules_as_they_are_edited(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.idle(), "rules")
    page = app.window.rules
    qtbot.waitUntil(lambda: page.rules.week == scenes.WEEK, timeout=10_000)
    assert "no, because it has to be idle for 10 min" in page.verdict.text()
    page.presets.cards[Preset.FULL].picked.emit()
    qtbot.waitUntil(lambda: page.verdict.text().endswith("yes, now."), timeout=5_000)
    assert page.rules.preset is Preset.FULL


def test_a_preset_keeps_what_is_the_owners_own(open_app: Open, qtbot: QtBot) -> None:
    from dataclasses import replace

    app, client = open_app(scenes.idle(), "rules")
    client.rules_now = replace(client.rules_now, programs=("blender",), disk_gb=99.0)
    page = app.window.rules
    page.read()
    qtbot.waitUntil(lambda: page.rules.programs == ("blender",), timeout=10_000)
    page._use_preset(Preset.QUIET)
    assert (page.rules.programs, page.rules.disk_gb) == (("blender",), 99.0)
    assert page.rules.in_use.on_enter is OnEnter.STOP


def test_a_heat_that_cannot_be_read_offers_no_ceiling(open_app: Open) -> None:
    app, _ = open_app(scenes.empty(), "rules")
    app.window.rules.show_agent(scenes.empty())
    assert app.window.rules.ceiling.isHidden()
    assert app.window.rules.ceiling_name.whole() == "Heat, no sensor"
    assert app.window.rules.ceiling_name.toolTip() == "Temperature: cannot be read on this computer"
    assert app.window.rules.duty.isVisibleTo(app.window.rules)
    assert not app.window.rules.profiles.rows[Situation.AWAY].gpu.isEnabled()


def test_leaving_with_changes_asks(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.idle(), "rules")
    page = app.window.rules
    qtbot.waitUntil(lambda: page.rules.week == scenes.WEEK, timeout=10_000)
    page.wish_idle_minutes(5)
    app.window.show_page("now")
    assert app.window.page == "rules"
    page.discard()
    app.window.show_page("now")
    assert app.window.page == "now"


def test_the_week_is_painted_by_mouse_and_by_keyboard(look: Look, qtbot: QtBot) -> None:
    grid = WeekGrid(look)
    qtbot.addWidget(grid)
    grid.resize(560, 200)
    grid.show_week(WHEN_AWAY * HOURS, records.NOW)
    grid.brush = FULL
    start, end = (grid.cell_box(*cell).center().toPoint() for cell in ((2, 18), (4, 22)))
    qtbot.mousePress(grid, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(grid, end)
    qtbot.mouseRelease(grid, Qt.MouseButton.LeftButton, pos=end)
    assert grid.week.count(FULL) == 15 and grid.week[2 * 24 + 18] == FULL and grid.week[4 * 24 + 22] == FULL
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    qtbot.keyClick(grid, Qt.Key.Key_1)
    assert grid.week[5 * 24 + 22] == REST
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert grid.week[24:48] == grid.week[4 * 24 : 5 * 24]
    assert grid.accessibleName() == "Tue 22:00: full"


# ------------------------------------------------------------ connection, log, about


def test_where_it_broke_is_told_by_word_not_by_colour_alone(look: Look, qtbot: QtBot) -> None:
    hops, line = HopsView(look), Timeline(look)
    qtbot.addWidget(hops)
    qtbot.addWidget(line)
    hops.show_hops(records.HOPS)
    assert hops.accessibleName().endswith("Master: no answer in 10 s")
    shown = scenes.offline()
    assert shown.link is not None and shown.containers is not None
    line.show_link(shown.link, shown.containers.rows, records.NOW)
    assert line.sizeHint().height() > Timeline(look).sizeHint().height()


def test_a_log_follows_until_one_scrolls_up(look: Look, qtbot: QtBot) -> None:
    from dataclasses import replace

    view = LogView(look)
    qtbot.addWidget(view)
    view.resize(300, 80)
    view.show()
    lines = [replace(records.LOG[0], at_ms=records.NOW + n, text=f"line {n}") for n in range(60)]
    view.show_lines(lines[:50])
    assert view.follows
    view.verticalScrollBar().setValue(0)
    view.show_lines(lines)
    assert view.verticalScrollBar().value() == 0
    assert view.toPlainText().count("\n") == 59 and view.toPlainText().endswith("line 59")


def test_the_log_is_filtered(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.usual(), "log")
    page = app.window.log
    qtbot.waitUntil(lambda: "connected node=desk" in page.view.toPlainText(), timeout=10_000)
    page.search.setText("RETRY")
    assert page.view.toPlainText().count("\n") == 0 and "retry_now" in page.view.toPlainText()


class Login:
    def __init__(self) -> None:
        self.on = False

    def enabled(self) -> bool:
        return self.on

    def enable(self, command: object) -> None:
        self.on = True

    def disable(self) -> None:
        self.on = False


def test_start_at_login_is_off_until_asked_for(look: Look, qtbot: QtBot, tmp_path: Path) -> None:
    login = Login()
    page = AboutPage(look, tmp_path, login, ["worker", "--minimized"])
    qtbot.addWidget(page)
    assert not page.at_login.isChecked()
    page.at_login.click()
    assert login.on and page.at_login.isChecked()
    page.show_agent(scenes.usual())
    assert "rule idle: passes" in page.diagnostics() and "token" not in page.diagnostics()


def test_links_are_opened_here_only_when_asked(look: Look, qtbot: QtBot, tmp_path: Path) -> None:
    page = AboutPage(look, tmp_path, Login(), ["worker"])
    qtbot.addWidget(page)
    links = LinkHandler("links", "HiveMind", "hivemind", {"HOME": str(tmp_path)})
    page.offer_links(links, ["worker", "--link"])
    assert not page.opens_links.isChecked()
    page.opens_links.click()
    assert links.enabled() and page.opens_links.isChecked()
    page.opens_links.click()
    assert not links.enabled() and not page.opens_links.isChecked()


# ------------------------------------------------------------ first start


def test_a_link_is_spent_at_once_and_its_refusal_is_said(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.setup(SetupStep.JOIN))
    page = app.window.setup_page
    assert isinstance(page, SetupPage) and app.window.whole.currentWidget() is page
    assert not page.next.isEnabled()
    client.error = Unauthenticated("The join link has expired.", code="LINK_EXPIRED", fix="Ask for a new one.")
    page.link.setText(" hivemind://x/join?ca=1&token=2 ")
    page.next.click()
    qtbot.waitUntil(lambda: "LINK_EXPIRED" in page.error.text(), timeout=5_000)
    assert client.links == ["hivemind://x/join?ca=1&token=2"] and page.next.isEnabled()


@pytest.mark.parametrize(
    ("step", "action"), [(SetupStep.CONSENT, AgentAction.CONSENT), (SetupStep.RULES, AgentAction.RULES_DONE)]
)
def test_each_step_goes_on_by_its_one_button(
    open_app: Open, qtbot: QtBot, step: SetupStep, action: AgentAction
) -> None:
    app, client = open_app(scenes.setup(step))
    page = app.window.setup_page
    qtbot.waitUntil(lambda: step is SetupStep.CONSENT or page._rules is not None, timeout=5_000)
    if step is SetupStep.RULES:
        assert isinstance(page.presets, PresetCards)
        page.presets.cards[Preset.QUIET].picked.emit()
    page.next.click()
    qtbot.waitUntil(lambda: client.asked == [(action, 0, "")], timeout=5_000)
    if step is SetupStep.RULES:
        assert client.rules_now.preset is Preset.QUIET


def test_the_consent_says_can_cannot_and_what_remains(look: Look, qtbot: QtBot) -> None:
    view = ConsentView(look)
    qtbot.addWidget(view)
    view.show_consent(records.CONSENT)
    assert view.heading.text() == "Lend this computer to Taipei Makers Pool?"
    assert view.values["fingerprint"].text().startswith("7B2E 91C4 0DF8 5A36\nE1B7")
    assert view.values["who"].text() == "members whom the operator invited"


def test_the_doctor_opens_the_first_that_needs_a_person(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.setup(SetupStep.DOCTOR))
    doctor = app.window.setup_page.doctor
    assert isinstance(doctor, DoctorView)
    qtbot.waitUntil(lambda: len(doctor.checks) == len(records.CHECKS), timeout=10_000)
    qtbot.waitUntil(lambda: not doctor._running, timeout=10_000)
    opened = [name for name, row in doctor._rows.items() if not row.fix.isHidden()]
    assert opened == ["permission"] and not doctor.passed
    assert doctor._rows["permission"].command.text == "sudo usermod -aG docker $USER"
    assert not app.window.setup_page.next.isEnabled()
    app.window.setup_page.skip.click()
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.DOCTOR_DONE, 0, "")], timeout=5_000)


def test_the_practice_shows_how_far_it_is_and_does_not_propose_to_skip_it(open_app: Open) -> None:
    app, _ = open_app(scenes.practice("running"))
    setup = app.window.setup_page
    page = setup.practice
    assert isinstance(page, PracticePage)
    assert app.window.whole.currentWidget() is setup and setup.stack.currentWidget() is page
    assert page.stations[2].words.text() == "42 % done" and not page.bar.isHidden()
    assert page.stations[3].words.text() == "" and page.amount.isHidden()
    assert (setup.next.text(), setup.next.property("kind")) == ("Do not wait for it", "")


def test_the_first_earning_is_explained_by_one_click(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.practice("paid"))
    setup = app.window.setup_page
    assert setup.practice.amount.text() == "0.022812 CPT"
    assert (setup.next.text(), setup.next.property("kind")) == ("Done", "primary")
    setup.practice.why.click()
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.PRACTICE_DONE, 0, "")], timeout=5_000)
    app.window.show_agent(scenes.usual())
    qtbot.waitUntil(lambda: app.window.page == "earnings", timeout=5_000)
    qtbot.waitUntil(lambda: not app.window.earnings.explanation.isHidden(), timeout=5_000)


def test_an_agent_that_was_started_anew_is_asked_again(open_app: Open, qtbot: QtBot) -> None:
    _, client = open_app(scenes.practice(""))
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.PRACTISE, 0, "")], timeout=5_000)


def test_without_a_sensor_the_rules_offer_a_duty_instead_of_a_ceiling(open_app: Open, qtbot: QtBot) -> None:
    app, _ = open_app(scenes.empty(), "rules")
    page = app.window.rules
    qtbot.waitUntil(lambda: page._kept is not None, timeout=5_000)
    assert page.ceiling.isHidden() and not page.duty.isHidden()
    page.duty.activated.emit(2)
    assert page.rules.duty_percent == 50 and page.changes == 1
