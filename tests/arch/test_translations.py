"""Every text of the windows is there in Traditional Chinese, and what is compiled is what the catalogues say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.arch.house import ROOT, tool

translations = tool("translations")
PARTS = sorted(translations.wanted())


@pytest.mark.parametrize("part", PARTS)
def test_every_text_is_translated_and_none_is_left_over(part: str) -> None:
    wanted = set(translations.wanted()[part])
    known = translations.translated(part)
    assert {text for text in wanted if not known.get(text)} == set(), (
        "run: python .ci/translations.py, then fill in"
    )
    assert set(known) - wanted == set(), "run: python .ci/translations.py"


@pytest.mark.parametrize("part", PARTS)
def test_a_translation_has_the_places_of_its_text(part: str) -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)", text))

    wrong = {
        text: words
        for text, words in translations.translated(part).items()
        if words and places(words) - places(text) != set()
    }
    assert wrong == {}


@pytest.mark.qt
@pytest.mark.parametrize("part", PARTS)
def test_the_compiled_catalogue_is_fresh(part: str, tmp_path: Path) -> None:
    translations.compile_catalogue(part, tmp_path / "fresh.qm")
    compiled = translations.I18N / f"{part}_zh_TW.qm"
    assert (tmp_path / "fresh.qm").read_bytes() == compiled.read_bytes(), "run: python .ci/translations.py"


def test_what_the_pages_and_the_services_below_them_say_is_translated() -> None:
    """Whoever words an error anew meets this at once, not when a Chinese reader meets English."""
    catalogue = runpy.run_path(str(ROOT / "docs" / "tools" / "catalogue.py"))
    absent = catalogue["missing"](catalogue["updated"]())
    assert absent == [], "run: python docs/tools/catalogue.py, then fill in"
