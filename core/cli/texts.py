"""The words of the command line go through here, so that a translation needs no change of code."""

from __future__ import annotations

import gettext
from typing import Final

from core import paths

_TRANSLATION: Final = gettext.translation("hivemind-cli", paths.resources() / "i18n", fallback=True)


def _(text: str) -> str:
    """Return a text in the person's language, English where there is none."""
    return _TRANSLATION.gettext(text)
