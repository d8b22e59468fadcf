"""English and Traditional Chinese, switched while windows are open.

English is in the sources: `tr("Submit a task…")`, `tr("Cancel {name}", name=...)`, `plural(n, "{n} node",
"{n} nodes")`, and `mark(...)` for texts in tables that `tr` is given later. `.ci/translations.py` collects them
into `resources/i18n/<part>_zh_TW.ts` and compiles those to `.qm`; a test tells when one is missing.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTranslator, Signal

from core.paths import resources

logger = logging.getLogger(__name__)
CONTEXT: Final = "HiveMind"
#: Catalogues in the order in which they are asked, last first.
PARTS: Final = ("core", "console", "tray")


class Language(StrEnum):
    SYSTEM = "system"
    ENGLISH = "en"
    CHINESE = "zh_TW"


def tr(text: str, /, **values: object) -> str:
    """Return the text in the language in use, with its named places filled in."""
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def plural(n: int, one: str, many: str, /, **values: object) -> str:
    """Return `one` or `many` by English rules; Chinese has one form, that of `many`."""
    translated = QCoreApplication.translate(CONTEXT, many)
    if translated == many and n == 1:
        translated = one
    return translated.format(n=QLocale().toString(n), **values)


def mark(text: str) -> str:
    """Return the text as it is: it is collected here and translated where it is shown."""
    return text


class Languages(QObject):
    """Which language is in use. `changed` comes when texts have to be said anew."""

    changed = Signal()

    def __init__(self, application: QCoreApplication, language: Language = Language.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._translators: list[QTranslator] = []
        self._chosen = language
        self._current = Language.ENGLISH
        self._switch()

    @property
    def chosen(self) -> Language:
        return self._chosen

    @property
    def current(self) -> Language:
        """English or Chinese, never SYSTEM."""
        return self._current

    def use(self, language: Language) -> None:
        self._chosen = language
        before = self._current
        self._switch()
        if self._current is not before:
            self.changed.emit()

    def _switch(self) -> None:
        wanted = self._chosen
        if wanted is Language.SYSTEM:
            chinese = QLocale.system().language() is QLocale.Language.Chinese
            wanted = Language.CHINESE if chinese else Language.ENGLISH
        self._current = wanted
        for translator in self._translators:
            self._application.removeTranslator(translator)
        self._translators = []
        if wanted is Language.CHINESE:
            QLocale.setDefault(QLocale(QLocale.Language.Chinese, QLocale.Country.Taiwan))
            loaded = [_load(part, self) for part in PARTS]
            self._translators = [translator for translator in loaded if translator is not None]
            for translator in self._translators:
                self._application.installTranslator(translator)
        else:
            QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))


def _load(part: str, owner: QObject) -> QTranslator | None:
    file = resources() / "i18n" / f"{part}_zh_TW.qm"
    if not file.is_file():
        return None
    translator = QTranslator(owner)
    if not translator.load(str(file)):
        logger.warning("a translation cannot be read", extra={"file": str(file)})
        return None
    return translator
