"""What agent and master say to a provider, in the language of the window: `said(condition.what)`.

They speak English; `resources/i18n/provider_zh_TW.json` holds the template of each sentence. A test tells when
one is missing.
"""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from typing import Final

from PySide6.QtCore import QLocale

from core.desktop.sentences import Sentences
from core.paths import resources

logger = logging.getLogger(__name__)
FILE: Final = "provider_zh_TW.json"
#: Holes that hold a sentence, or a piece of one.
NESTED: Final = frozenset({"what", "reason", "awake_problem", "write_problem", "whose"})
_END: Final = re.compile(r"(?<=[.]) ")


def said(sentence: str) -> str:
    """Return a sentence in the language in use; what nobody here says comes back as it is."""
    if not sentence or QLocale().language() is not QLocale.Language.Chinese:
        return sentence
    found = _chinese().said(sentence)
    if found != sentence:
        return found
    # Two or three in one: each by itself.
    return "".join(_spoken(part) for part in _END.split(sentence)).strip()


def _spoken(part: str) -> str:
    words = _chinese().said(part)
    return words if words[-1:] == "。" else f"{words} "


@cache
def _chinese() -> Sentences:
    try:
        catalogue = json.loads((resources() / "i18n" / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        logger.warning("no Chinese for what the agent says", extra={"reason": str(error)})
        catalogue = {}
    return Sentences(catalogue, NESTED)
