"""What the master says, in the language of the window: `said(condition.what)`.

Sentences that people also meet on pages are in the catalogue of the pages, of which only the file is read here;
those for operators alone are in `resources/i18n/operator_zh_TW.json`. A test tells when one is missing.
"""

from __future__ import annotations

import gettext
import json
import logging
from functools import cache
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLocale

from core.desktop import states
from core.desktop.sentences import Sentences
from core.desktop.translations import tr
from core.paths import resources
from master_app.console.models.rules import RULES

logger = logging.getLogger(__name__)
PAGES: Final = Path(__file__).parents[2] / "web" / "translations" / "zh_Hant_TW" / "LC_MESSAGES" / "messages.mo"
OPERATOR_FILE: Final = "operator_zh_TW.json"
#: Holes that hold a sentence, or a piece of one. The others hold names and numbers, and stay as they are.
NESTED: Final = frozenset(
    (
        *("ask", "available", "bound", "error", "more", "needed", "pair", "problem", "reason", "refusal", "state"),
        *("summary", "verb", "verdicts", "wait", "wanted", "what", "whose", "words", "wrong"),
    )
)


def said(sentence: str) -> str:
    """Return a sentence of the master in the language in use."""
    if not sentence or QLocale().language() is not QLocale.Language.Chinese:
        return sentence
    found = _chinese().said(sentence)
    if found != sentence:
        return found
    # Two or three sentences in one: each by itself.
    parts = sentence.split(". ")
    if len(parts) == 1:
        return sentence
    whole = [part if part.endswith(".") else f"{part}." for part in parts]
    spoken = [_chinese().said(part) for part in whole]
    return "".join(part if part[-1] == "。" else f"{part} " for part in spoken).strip()


@cache
def _chinese() -> Sentences:
    catalogue: dict[str, str] = {}
    try:
        with PAGES.open("rb") as stream:
            pages = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
        for key, words in pages.items():
            context, mark, template = key.partition("\x04") if isinstance(key, str) else ("", "", "")
            if mark and context == "service":
                catalogue[template] = words
        catalogue |= json.loads((resources() / "i18n" / OPERATOR_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        logger.warning("the master's sentences cannot be translated", exc_info=True)
    return Sentences(catalogue, NESTED, _code)


def _code(value: str) -> str:
    for faces in (states.TASK, states.NODE, states.ATTEMPT):
        if value in faces:
            return faces[value].text
    return tr(RULES[value]) if value in RULES else ""
