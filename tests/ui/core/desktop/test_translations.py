"""Two languages, switched while windows are open; numbers and times follow."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale

from core.desktop import figures, states
from core.desktop.look import Look
from core.desktop.translations import Language, plural, tr
from core.desktop.widgets import label

pytestmark = pytest.mark.qt


def test_a_label_changes_its_language_while_it_is_shown(look: Look) -> None:
    shown = label(look, lambda: tr("not known yet"))
    assert shown.text() == "not known yet"
    look.use_language(Language.CHINESE)
    assert shown.text() == "尚無資料"
    look.use_language(Language.ENGLISH)
    assert shown.text() == "not known yet"


def test_english_counts_and_chinese_does_not(look: Look) -> None:
    assert plural(1, "{n} hour ago", "{n} hours ago") == "1 hour ago"
    assert plural(2000, "{n} hour ago", "{n} hours ago") == "2,000 hours ago"
    look.use_language(Language.CHINESE)
    assert plural(1, "{n} hour ago", "{n} hours ago") == "1 小時前"


@pytest.mark.parametrize(
    ("made", "english", "chinese"),
    [
        (lambda: figures.percent(0.553), "55 %", "55%"),
        (lambda: figures.percent(0.9999), "99 %", "99%"),
        (lambda: figures.duration(45_000), "45 s", "45 秒"),
        (lambda: figures.duration(8_040_000), "2 h 14 min", "2 小時 14 分"),
        (lambda: figures.size(1_739_461_754), "1.6 GB", "1.6 GB"),
        (lambda: figures.size(512), "512 B", "512 B"),
        (lambda: figures.cpt(2_864_600_000), "2,864.6", "2,864.6"),
        (lambda: figures.cpt(-1, sign=True), "−0.000001", "−0.000001"),
        (lambda: figures.cpt(16_525_000, sign=True), "+16.525", "+16.525"),
        (lambda: figures.number(41.60, 1), "41.6", "41.6"),
        (lambda: figures.number(42.0, 1), "42", "42"),
        (lambda: figures.cores(1500), "1.5", "1.5"),
        (lambda: figures.ago(0, 185_000), "3 minutes ago", "3 分鐘前"),
        (lambda: states.NODE["DRAINING"].text, "Draining", "收尾中"),
    ],
)
def test_figures_are_said_as_the_language_does(look: Look, made: object, english: str, chinese: str) -> None:
    assert callable(made)
    assert made() == english
    look.use_language(Language.CHINESE)
    assert made() == chinese


def test_the_locale_follows(look: Look) -> None:
    look.use_language(Language.CHINESE)
    assert QLocale().language() is QLocale.Language.Chinese


def test_what_a_person_should_hear_first_of_a_node() -> None:
    def said(
        admin: str = "ACTIVE", health: str = "READY", owner: str = "AVAILABLE", quarantined: bool = False
    ) -> str:
        return states.node_state(admin=admin, health=health, owner_state=owner, quarantined=quarantined)

    assert said() == "READY"
    assert said(admin="DRAINING", health="DOWN") == "DRAINING"
    assert said(admin="PAUSED", health="DISCONNECTED") == "DISCONNECTED"
    assert said(quarantined=True, owner="SNOOZED") == "QUARANTINE"
    assert said(owner="SNOOZED") == "SNOOZED"
