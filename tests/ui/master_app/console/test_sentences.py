"""What the master says is Chinese in a Chinese window: every sentence that an operator can be shown."""

from __future__ import annotations

import json
import re
import runpy
import time
from collections.abc import Iterator

import pytest

from core.desktop.look import Look
from core.desktop.sentences import Sentences
from core.desktop.translations import Language
from core.domain.console_pages import AuditRow
from core.domain.errors import NotFound
from core.domain.operations import NodeAction
from core.paths import resources
from master_app.console.controllers.session import words_of
from master_app.console.models.audit_words import DEEDS, deed, details
from master_app.console.models.sentences import OPERATOR_FILE, said
from tests.arch.house import ROOT

pytestmark = pytest.mark.qt
#: Whose sentences are for operators, beside those of the pages.
SPEAKERS = (
    "master_app/vitals.py",
    "master_app/node_pool/conditions.py",
    "master_app/checkup.py",
    "master_app/ledger/explain.py",
)


@pytest.fixture
def chinese(look: Look) -> Iterator[None]:
    look.use_language(Language.CHINESE)
    yield
    look.use_language(Language.ENGLISH)


RAISERS = ("master_app/node_pool/labels.py", "master_app/console_near.py")


def test_every_deed_of_the_audit_log_has_its_words(chinese: None) -> None:
    rooms = ("users", "node_pool", "tasks", "ledger", "notices", "vpn", "operations.py", "checkup.py")
    found = {f"node.{action.value}" for action in NodeAction}
    for room in rooms:
        place = ROOT / "master_app" / room
        for file in [place] if place.is_file() else place.rglob("*.py"):
            found |= set(
                re.findall(r'(?:audited|of_owner|_by|note)\(\s*\w+,\s*"([a-z_]+(?:\.[a-z_]+)?)"', file.read_text())
            )
            found |= set(re.findall(r'(?:action|audit)="([a-z_]+(?:\.[a-z_]+)?)"', file.read_text()))
    assert found - set(DEEDS) == set(), "say them in models/audit_words.py"
    assert len(found) > 40


@pytest.mark.parametrize(
    ("action", "text", "wanted"),
    [
        ("task.cancel", "sent twice", ("取消任務", "sent twice")),
        ("join_link.create", "uses=3", ("建立加入連結", "可加入 3 台節點")),
        ("task.retry", "failed", ("重試任務", "失敗的部分")),
        ("user.roles", "operator, provider", ("變更角色", "管理員, 提供者")),
        ("user.roles", "to operator", ("變更角色", "to operator")),
        ("some.new", "x", ("some.new", "x")),
    ],
)
def test_the_audit_log_is_chinese(chinese: None, action: str, text: str, wanted: tuple[str, str]) -> None:
    row = AuditRow(
        sequence=1, at_ms=0, actor="", action=action, subject="", subject_name="", details=text, origin=""
    )
    assert (deed(row), details(row)) == wanted


def test_every_sentence_for_operators_has_its_translation_and_none_is_left_over() -> None:
    tool = runpy.run_path(str(ROOT / "docs" / "tools" / "service_sentences.py"))
    of_pages = set(tool["sentences"]())
    space = tool["sentences"].__globals__
    space["SPEAKERS"], space["RAISERS"] = SPEAKERS, RAISERS
    wanted = set(tool["sentences"]()) - of_pages
    known = json.loads((resources() / "i18n" / OPERATOR_FILE).read_text(encoding="utf-8"))
    assert wanted - set(known) == set(), f"translate them in resources/i18n/{OPERATOR_FILE}"
    assert set(known) - wanted == set(), "nobody says these any more"
    holes = tool["re"].compile(r"%\((\w+)\)s")
    assert [each for each, words in known.items() if set(holes.findall(words)) - set(holes.findall(each))] == []


@pytest.mark.parametrize(
    ("english", "wanted"),
    [
        ("The disk with /data is nearly full: 118 GB are left.", "/data 所在的磁碟快滿了：只剩 118 GB。"),
        ("Nothing yet.", "目前沒有影響。"),
        ("127.0.0.1:5000, this computer only", "127.0.0.1:5000，只限這台電腦"),
        ("There is no such user.", "沒有這位使用者。"),
        ("16.525 CPT. What the attempt earned by its metering.", "16.525 CPT. 這次嘗試依計量所得。"),
        ("words that nobody says", "words that nobody says"),
        ("", ""),
    ],
)
def test_sentences_are_known_again_by_their_words(chinese: None, english: str, wanted: str) -> None:
    assert said(english) == wanted


def test_an_english_window_shows_them_as_they_are_said(look: Look) -> None:
    assert said("Nothing yet.") == "Nothing yet."


def test_a_refusal_is_said_with_what_to_do(chinese: None) -> None:
    words = words_of(NotFound("There is no such user.", code="USER_NOT_FOUND"))
    assert words == "沒有這位使用者。 [USER_NOT_FOUND]"


def test_a_sentence_in_a_sentence_is_said_too_and_a_name_is_not() -> None:
    catalogue = {"Held: %(reason)s": "已擱置：%(reason)s", "no money": "沒有餘額", "for %(name)s": "給 %(name)s"}
    sentences = Sentences(catalogue, ("reason",), lambda code: "執行中" if code == "RUNNING" else "")
    assert sentences.said("Held: no money") == "已擱置：沒有餘額"
    assert sentences.said("for no money") == "給 no money"
    assert sentences.said("Held: RUNNING") == "已擱置：執行中"


def test_a_sentence_that_was_written_to_be_slow_does_not_hold_the_window() -> None:
    template = "%(name)s is %(value)s%(unit)s; it must be %(low)s to %(high)s%(unit)s."
    sentences = Sentences({template: template})
    began = time.process_time()
    sentences.said(" is a" * 60 + "; it must be a" * 60 + " to a" * 60)
    assert time.process_time() - began < 2
    assert sentences.said("slots is 9 GB; it must be 1 to 4 GB.") == "slots is 9 GB; it must be 1 to 4 GB."
