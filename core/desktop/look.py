"""What every window is given: theme, language and icons, and the promise that texts and colours stay right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import shiboken6
from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QApplication

from core.desktop.icons import Icons
from core.desktop.theme import Scheme, Theme
from core.desktop.translations import Language, Languages

E = TypeVar("E", Scheme, Language)
_SWEEP_EVERY = 512


class _Bindings:
    """Calls to make again whenever something changes, for as long as their owner lives."""

    def __init__(self) -> None:
        self._entries: list[tuple[QObject, Callable[[], object]]] = []
        self._sweep_at = _SWEEP_EVERY

    def add(self, owner: QObject, apply: Callable[[], object]) -> None:
        apply()
        self._entries.append((owner, apply))
        if len(self._entries) >= self._sweep_at:
            self._sweep()
            self._sweep_at = max(_SWEEP_EVERY, len(self._entries) * 2)

    def run(self) -> None:
        self._sweep()
        for owner, apply in list(self._entries):
            if shiboken6.isValid(owner):
                apply()

    def _sweep(self) -> None:
        self._entries = [entry for entry in self._entries if shiboken6.isValid(entry[0])]

    def __len__(self) -> int:
        self._sweep()
        return len(self._entries)


class Look(QObject):
    """Made once by a program and given to its windows."""

    def __init__(self, application: QApplication, settings: QSettings | None = None) -> None:
        super().__init__(application)
        self.settings = settings
        self.theme = Theme(application, _stored(settings, "look/scheme", Scheme, Scheme.SYSTEM))
        self.languages = Languages(application, _stored(settings, "look/language", Language, Language.SYSTEM))
        self.icons = Icons(self.theme)
        self._texts = _Bindings()
        self._colours = _Bindings()
        self.languages.changed.connect(self._texts.run)
        self.theme.changed.connect(self._colours.run)

    def says(self, owner: QObject, apply: Callable[[], object]) -> None:
        """Call `apply`, which sets texts of `owner`, now and whenever the language changes."""
        self._texts.add(owner, apply)

    def paints(self, owner: QObject, apply: Callable[[], object]) -> None:
        """Call `apply`, which sets colours or icons of `owner`, now and whenever the theme changes."""
        self._colours.add(owner, apply)

    def use_scheme(self, scheme: Scheme) -> None:
        if self.settings is not None:
            self.settings.setValue("look/scheme", scheme.value)
        self.theme.use(scheme)

    def use_language(self, language: Language) -> None:
        if self.settings is not None:
            self.settings.setValue("look/language", language.value)
        self.languages.use(language)

    @property
    def bindings(self) -> int:
        """How many texts and colours are looked after; a window that is gone leaves none."""
        return len(self._texts) + len(self._colours)


def _stored(settings: QSettings | None, key: str, kind: type[E], default: E) -> E:
    try:
        return kind(str(settings.value(key, default.value))) if settings is not None else default
    except ValueError:
        return default
