"""Parts of pages: what they show, what they copy, what they refuse."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.desktop import states
from core.desktop.charts import Ring, Sparkline
from core.desktop.feedback import Banner, ErrorState, Question, Toast
from core.desktop.look import Look
from core.desktop.plots import Curve, LivePlot
from core.desktop.states import Shape, paint_shape
from core.desktop.theme import Scheme
from core.desktop.widgets import Bar, CopyField, EmptyState, Figure, Segmented, StatePill, button
from core.paths import resources

pytestmark = pytest.mark.qt


def test_a_figure_says_not_known_yet_and_never_zero(look: Look, qtbot: QtBot) -> None:
    figure = Figure(look, lambda: "Nodes online")
    qtbot.addWidget(figure)
    figure.show_value(None)
    assert "not known yet" in figure.accessibleDescription()
    figure.show_value("60", "of 64", "2 down")
    assert figure.accessibleDescription() == "60 of 64 2 down"


def test_a_secret_is_masked_and_copied_without_being_shown(look: Look, qtbot: QtBot) -> None:
    field = CopyField(look, secret=True, name=lambda: "Join link")
    qtbot.addWidget(field)
    field.show_text("hivemind://secret", "hivemind://…")
    assert field.field.text() == "hivemind://…"
    field.copy_button.click()
    assert QGuiApplication.clipboard().text() == "hivemind://secret"
    field.eye.click()
    assert field.field.text() == "hivemind://secret"


def test_a_question_waits_for_reason_and_word(look: Look, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    asked = Question(
        look, window, heading="Revoke 5 nodes?", words="…", act="Revoke 5 nodes", ask_reason=True, type_this="5"
    )
    assert not asked.act.isEnabled()
    asked.answer(reason="sold", typed="4")
    assert not asked.act.isEnabled()
    asked.answer(reason="  ", typed="5")
    assert not asked.act.isEnabled()
    asked.answer(reason="sold", typed="5")
    assert asked.act.isEnabled() and asked.reason == "sold"
    assert asked.back.isDefault()


def test_a_toast_takes_back_what_was_done(look: Look, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(400, 300)
    window.show()
    taken: list[str] = []
    toast = Toast(look, window)
    toast.say("3 nodes paused.", lambda: taken.append("back"))
    assert toast.text == "3 nodes paused."
    toast.findChildren(type(button(look)))[0].click()
    assert taken == ["back"] and toast.text == ""


def test_a_banner_is_there_only_while_it_has_something_to_say(look: Look, qtbot: QtBot) -> None:
    banner = Banner(look, lambda: "Retry now", lambda: None)
    qtbot.addWidget(banner)
    assert banner.isHidden()
    banner.say("No answer from hm01.")
    assert not banner.isHidden()
    banner.say("")
    assert banner.isHidden()


def test_a_choice_says_which_key_was_chosen(look: Look, qtbot: QtBot) -> None:
    choice = Segmented(look, [("1h", lambda: "1 h"), ("6h", lambda: "6 h")], "1h", lambda: "Window")
    qtbot.addWidget(choice)
    with qtbot.waitSignal(choice.chosen) as chosen:
        choice.button_of("6h").click()
    assert chosen.args == ["6h"] and choice.current == "6h"


def test_every_shape_leaves_ink_and_no_two_look_the_same(qapp: object) -> None:
    drawn = {}
    for shape in Shape:
        image = QImage(16, 16, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        paint_shape(painter, shape, QRectF(0, 0, 16, 16), QColor("#000000"))
        painter.end()
        drawn[shape] = bytes(image.constBits())
        assert any(drawn[shape]), shape
    assert len(set(drawn.values())) == len(Shape)


def test_every_icon_can_be_drawn_in_any_scheme(look: Look) -> None:
    names = sorted(path.stem for path in (resources() / "icons").glob("*.svg"))
    assert len(names) > 40
    for scheme in (Scheme.LIGHT, Scheme.DARK, Scheme.CONTRAST):
        look.use_scheme(scheme)
        for name in names:
            image = look.icons.pixmap(name, "text", 20).toImage()
            assert any(image.pixelColor(x, y).alpha() > 60 for x in range(20) for y in range(20)), name


def test_parts_paint_themselves_in_both_schemes(look: Look, qtbot: QtBot) -> None:
    bar, pill, spark = Bar(look), StatePill(look, states.TASK["RUNNING"]), Sparkline(look)
    empty = EmptyState(look, lambda: "No node yet.", lambda: "Make a join link")
    error = ErrorState(look, lambda: "Retry now", lambda: None)
    error.show_error("The master does not answer.", "Nothing is lost.", "MASTER_UNREACHABLE")
    bar.show_shares(0.4, 0.7)
    for value in (1.0, 5.0, 3.0):
        spark.add(value)
    for widget in (bar, pill, spark, empty, error):
        qtbot.addWidget(widget)
        widget.show()
    light = [widget.grab().toImage() for widget in (bar, pill, spark)]
    look.use_scheme(Scheme.DARK)
    dark = [widget.grab().toImage() for widget in (bar, pill, spark)]
    assert all(one != two for one, two in zip(light, dark, strict=True))


def test_a_ring_is_bounded_and_gaps_stay_gaps() -> None:
    ring = Ring(2, 100, gap_s=5)
    for second in range(300):
        ring.add(float(second), [second, None if second == 250 else 1.0])
    assert len(ring) == 100
    ring.add(400.0, [1.0, 1.0])
    times, values = ring.window(290)
    assert list(times) == [*range(290, 300), 301.5, 400.0]
    assert math.isnan(values[0][10]) and values[0][11] == 1.0
    assert ring.nearest(296.2) == (296.0, [296.0, 1.0])
    ring.clear()
    assert len(ring) == 0 and ring.nearest(1) is None


def test_a_plot_shows_its_window_and_reads_the_values_at_the_pointer(look: Look, qtbot: QtBot) -> None:
    ring = Ring(2, 600)
    plot = LivePlot(
        look, [Curve(lambda: "host", "accent", filled=True), Curve(lambda: "tasks", "text_2")], ring, window_s=60
    )
    qtbot.addWidget(plot)
    plot.resize(300, 120)
    plot.show()
    for second in range(120):
        ring.add(1_000.0 + second, [second % 50, 10.0])
    plot.set_limit(40)
    plot.refresh(1_120.0)
    plot.point_at(1_100.0)
    assert "host" in plot._reading.text() and "tasks" in plot._reading.text()
    plot.show_curve(1, False)
    plot.point_at(1_100.0)
    assert "tasks" not in plot._reading.text()
    before = plot.grab().toImage()
    plot.paused = True
    ring.add(1_121.0, [500, 500])
    plot.refresh(1_121.0)
    assert plot.grab().toImage() == before, "a paused plot stands still"
