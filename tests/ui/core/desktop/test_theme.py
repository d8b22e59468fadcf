"""Colours: readable on their grounds, and all of them change together."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget

from core.desktop import tokens
from core.desktop.look import Look
from core.desktop.theme import Scheme
from core.desktop.tokens import Tint, Tokens, blend, contrast, load_rgb

pytestmark = pytest.mark.qt

SCHEMES = {
    "light": tokens.LIGHT,
    "dark": tokens.DARK,
    "clear": tokens.CONTRAST_LIGHT,
    "clear dark": tokens.CONTRAST_DARK,
}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
def test_text_and_states_can_be_read_on_every_ground(scheme: Tokens) -> None:
    for ground in (scheme.bg, scheme.surface, scheme.surface_2):
        for front in (scheme.text, scheme.text_2, scheme.accent):
            assert contrast(front, ground) >= 4.5, (front, ground)
        for tint in Tint:
            assert contrast(scheme.tint(tint), ground) >= 3.9, (tint, ground)
    assert contrast(scheme.on_accent, scheme.accent) >= 4.5


def test_high_contrast_has_more_of_it() -> None:
    assert contrast(tokens.CONTRAST_LIGHT.text_2, tokens.CONTRAST_LIGHT.surface) > 12
    assert contrast(tokens.CONTRAST_DARK.border, tokens.CONTRAST_DARK.surface) > 12


def test_load_goes_from_dark_blue_to_yellow_and_grows_lighter_all_the_way() -> None:
    shades = [contrast("#{:02X}{:02X}{:02X}".format(*load_rgb(step / 20)), "#000000") for step in range(21)]
    assert shades == sorted(shades)
    assert load_rgb(-1) == load_rgb(0) == (0, 0x22, 0x4E)
    assert load_rgb(2) == (0xFE, 0xE8, 0x38)


def test_blend_is_between_its_two_colours() -> None:
    assert blend("#FFFFFF", "#000000", 0) == "#000000"
    assert blend("#FFFFFF", "#000000", 1) == "#FFFFFF"
    assert blend("#FF0000", "#0000FF", 0.5) == "#800080"


def test_a_switch_reaches_palette_style_sheet_and_whoever_paints(look: Look) -> None:
    widget = QWidget()
    seen: list[str] = []
    look.paints(widget, lambda: seen.append(look.theme.tokens.bg))
    look.use_scheme(Scheme.DARK)
    assert seen == [tokens.LIGHT.bg, tokens.DARK.bg]
    assert QApplication.palette().color(QPalette.ColorRole.Window).name().upper() == tokens.DARK.bg
    look.use_scheme(Scheme.DARK)
    assert len(seen) == 2, "nothing changed"
    assert look.settings is not None and look.settings.value("look/scheme") == "dark"


def test_a_window_that_is_gone_leaves_nothing_behind(look: Look) -> None:
    before = look.bindings
    widget = QWidget()
    look.says(widget, lambda: widget.setWindowTitle("x"))
    assert look.bindings == before + 1
    import shiboken6

    shiboken6.delete(widget)
    assert look.bindings == before
