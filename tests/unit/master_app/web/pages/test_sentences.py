"""Every sentence that a service can say, in the reader's language."""

from __future__ import annotations

import re
import runpy
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from core.domain.node import NodeAdmin, NodeHealth, NodeOwner
from core.domain.task import HeldCode, TaskState
from master_app.scheduling import feasibility
from master_app.web.pages import sentences, words
from master_app.web.pages.language import LANGUAGE_COOKIE, begin_languages
from tests.arch.house import ROOT

HOLE = re.compile(r"%\((\w+)\)s")
HAN = re.compile("[\u4e00-\u9fff]")
#: What stays Latin in Chinese: names, units, keys, commands (the style's rule 12), each as it is written.
LATIN = re.compile(
    r"""pip freeze . Out-File -Encoding utf8|hivemind secret set|wg-quick up|apt install [\w-]+|"""
    r"""when =|timeout =|https://|[\w.]+@[\w.]+|Webhook|"""
    r"""`[^`]*`|"[^"]*"|\[[^]]*\]|\{[^}]*\}|[\w.-]*[_/=.][\w./=-]*|HiveMind|Windows|PowerShell|Python|Docker|Linux|"""
    r"""WireGuard|VPN|API|CPT|CPU|GPU|ZIP|UTF-?\d*|UTC|Unicode|NFC|TOML|KiB|GiB|GB|Deflate|wheel|pip|Idempotency-Key|"""
    r"""x86-64|a-z|CP950|GET|PUT|mei-lin|laptop|out|checkpoint|item|index|true|false|command|files|items|mode|chunk|"""
    r"""params|schema|operator|submitter|provider|ca|token|owner|SHA-256""",
    re.A,
)
CHINESE = sentences.catalogue()


def templates() -> list[str]:
    return list(runpy.run_path(str(ROOT / "docs" / "tools" / "service_sentences.py"))["sentences"]())


@pytest.fixture
def app() -> Flask:
    app = Flask("words", root_path=str(Path(sentences.__file__).parent.parent))
    begin_languages(app)
    return app


@pytest.fixture
def zh(app: Flask) -> Iterator[None]:
    with app.test_request_context(headers={"Cookie": f"{LANGUAGE_COOKIE}=zh_Hant_TW"}):
        yield


def filled(template: str) -> str:
    return template % {name: f"7{place}" for place, name in enumerate(HOLE.findall(template))}


def test_services_have_much_to_say_and_all_of_it_is_in_the_catalogue() -> None:
    assert len(templates()) > 400
    assert set(templates()) == set(CHINESE), "run python docs/tools/catalogue.py and translate what it prints"


@pytest.mark.usefixtures("zh")
def test_every_sentence_is_chinese_but_for_names() -> None:
    wrong = {}
    for template in templates():
        text = sentences.said(filled(template))
        rest = LATIN.sub("", text)
        if re.search("[A-Za-z]{2}", rest) or (HAN.search(CHINESE[template]) and not HAN.search(text)):
            wrong[template] = text
    assert wrong == {}


@pytest.mark.usefixtures("zh")
def test_a_sentence_is_known_again_whatever_fills_it() -> None:
    wrong = {}
    for template, words_ in CHINESE.items():
        holes = {name: f"7{place}" for place, name in enumerate(HOLE.findall(template))}
        if sum(letter.isalpha() for letter in HOLE.sub("", template)) < 8:
            continue  # pieces that stand in the holes of others
        if sentences.said(template % holes) != words_ % holes:
            wrong[template % holes] = sentences.said(template % holes)
    assert wrong == {}


@pytest.mark.usefixtures("zh")
@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "None of 9 nodes takes it now. The commonest reason: slots (7).",
            "9 台節點現在都不能接。最常見的原因：空位（7 台）。",
        ),
        (
            "32 of 33 waiting tasks: slots: needs 1 free slot, has 0 of 8 slots free.",
            "33 個等待中的任務裡有 32 個：空位：需要 1 個空位，現有 8 個中有 0 個空位。",
        ),
        ("owner: needs AVAILABLE, has IN_USE", "電腦的擁有者：需要 可用，現有 電腦使用中"),
        ("requirements.txt is not UTF-8 text.", "requirements.txt：不是 UTF-8 文字。"),
        ("This task is RUNNING.", "這個任務目前是「執行中」。"),
        ("lower memory_gb to 6.2 (node rs-ws-01)", "把 memory_gb 降到 6.2（節點 rs-ws-01）"),
        (
            "Too many failed sign-ins of this user. Try again in 20 s.",
            "這位使用者的登入失敗次數太多。請在 20 秒後再試。",
        ),
        ("what nobody says", "what nobody says"),
    ],
)
def test_what_stands_in_a_sentence_is_said_too(sentence: str, wanted: str) -> None:
    assert sentences.said(sentence) == wanted


@pytest.mark.usefixtures("zh")
@pytest.mark.parametrize(
    "hostile",
    [
        " is a" * 60 + "; it must be a" * 60 + " to a" * 60 + ".",
        "a is " + "b " * 300 + "; " * 300 + "are used and this needs " * 60,
        "a " * 3000 + "." * 3000,
        "Held: " * 500,
    ],
    ids=["many-ways", "more-ways", "deep", "same-again"],
)
def test_what_was_written_to_be_slow_or_deep_holds_nothing_up(hostile: str) -> None:
    """Failure messages and file names come from anybody, and a page that reads them must not stop the master."""
    began = time.process_time()
    sentences.said(hostile)
    assert time.process_time() - began < 2


def test_english_readers_get_words_for_codes(app: Flask) -> None:
    with app.test_request_context():
        assert sentences.said("owner: needs AVAILABLE, has IN_USE").endswith("has In use by its owner")


def test_every_rule_state_and_hold_has_a_word() -> None:
    rules = {
        rule.name
        for group in vars(feasibility).values()
        if isinstance(group, tuple)
        for rule in group
        if isinstance(rule, feasibility.Rule)
    }
    assert rules and rules <= set(words.RULES)
    assert set(words.HELD) >= set(HeldCode) and set(words.TASK) == set(TaskState)
    assert (set(words.NODE_ADMIN), set(words.NODE_HEALTH), set(words.NODE_OWNER)) == (
        set(NodeAdmin),
        set(NodeHealth),
        set(NodeOwner),
    )
