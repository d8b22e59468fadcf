"""Light, dark or high contrast: as the person or the system says, switched while windows are open."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from core.desktop import tokens as schemes
from core.desktop.fonts import ui_font
from core.desktop.stylesheet import stylesheet
from core.desktop.tokens import Tint, Tokens, blend
from core.paths import resources


class Scheme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "contrast"


_ROLES: Final = {
    QPalette.ColorRole.Window: "bg",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "surface_2",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "surface",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "bad",
    QPalette.ColorRole.ToolTipBase: "surface",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "text_3",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Midlight: "surface_2",
    QPalette.ColorRole.Light: "surface",
    QPalette.ColorRole.Shadow: "border",
}


def palette_of(tokens: Tokens) -> QPalette:
    """Return the palette that says the same as the tokens, for what the style itself paints."""
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(role, QColor(getattr(tokens, name)))
    disabled = QColor(tokens.text_3)
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, disabled)
    return palette


class Theme(QObject):
    """The colours that are in use. `changed` comes after all of them have changed."""

    changed = Signal()

    def __init__(self, application: QApplication, scheme: Scheme = Scheme.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._scheme = scheme
        application.setStyle("Fusion")
        application.setFont(ui_font())
        for kind in ("QAbstractItemView", "QMenu", "QMessageBox", "QTipLabel"):
            # Windows has faces of its own for these, which stand before the application's. The stub wants bytes.
            application.setFont(ui_font(), kind)  # type: ignore[arg-type]
        self._tokens = self._wanted()
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def scheme(self) -> Scheme:
        """What the person chose."""
        return self._scheme

    @property
    def tokens(self) -> Tokens:
        """What that means now."""
        return self._tokens

    def use(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._refresh()

    def color(self, name: str) -> QColor:
        """Return a token by its name (`surface_2`, `accent`)."""
        return QColor(getattr(self._tokens, name))

    def tint(self, tint: Tint) -> QColor:
        return QColor(self._tokens.tint(tint))

    def wash(self, colour: str, share: float = 0.12) -> QColor:
        """Return the pale ground that text of this colour stands on."""
        return QColor(blend(colour, self._tokens.surface, share))

    def chosen(self) -> QColor:
        """Return the ground of a selected row."""
        return QColor(blend(self._tokens.accent, self._tokens.surface, 0.2 if self._tokens.dark else 0.14))

    def _wanted(self) -> Tokens:
        system_dark = self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        match self._scheme:
            case Scheme.LIGHT:
                return schemes.LIGHT
            case Scheme.DARK:
                return schemes.DARK
            case Scheme.CONTRAST:
                return schemes.CONTRAST_DARK if system_dark else schemes.CONTRAST_LIGHT
            case Scheme.SYSTEM:
                return schemes.DARK if system_dark else schemes.LIGHT

    def _system_changed(self) -> None:
        if self._scheme in (Scheme.SYSTEM, Scheme.CONTRAST):
            self._refresh()

    def _refresh(self) -> None:
        wanted = self._wanted()
        if wanted == self._tokens:
            return
        self._tokens = wanted
        self._apply()
        self.changed.emit()

    def _apply(self) -> None:
        arrow = "chevron-down-light.svg" if self._tokens.dark else "chevron-down-dark.svg"
        self._application.setPalette(palette_of(self._tokens))
        chevron = (resources() / "icons" / "qss" / arrow).as_posix()
        self._application.setStyleSheet(stylesheet(self._tokens, chevron))
