"""Every line that the agent can send has words in both languages; a newer agent's code is shown as it is."""

from __future__ import annotations

import re

import pytest

from core.desktop.look import Look
from core.desktop.translations import Language
from core.domain.agent_views import Line
from tests.arch.house import text
from worker_app.execution.engine import NO_ENGINE, START_IT
from worker_app.tray import words

pytestmark = pytest.mark.qt


def codes_of(path: str) -> set[str]:
    """Return the codes that a file of the agent writes as they stand."""
    return set(re.findall(r'Line\(code="([a-z_]+)"', text(path)))


def test_every_code_of_the_agent_has_a_sentence() -> None:
    sent = codes_of("worker_app/agent/sentences.py") | codes_of("worker_app/agent/owner_rules.py")
    assert sent - set(words.SENTENCES) - {"cell"} == set()


def test_every_rule_has_a_name_and_a_refusal() -> None:
    rules = set(re.findall(r'rule="([a-z]+)"', text("worker_app/agent/owner_rules.py")))
    assert rules and rules <= set(words.RULES)
    refusing = rules - {"master", "lists"}
    assert {f"refused_{rule}" for rule in refusing} <= set(words.SENTENCES)
    assert {f"idle_{rule}" for rule in refusing - {"switch", "schedule"}} <= set(words.SENTENCES)


def test_values_are_formatted_by_the_unit_in_their_name(look: Look) -> None:
    line = Line(code="paused_until", values={"until_ms": "1795444320000", "left_s": "2520"})
    assert re.fullmatch(r"Paused by you until \d\d:32 \(42 min left\)\.", words.line(line))
    assert words.line(Line(code="finishing", values={"count": "1"})) == "Finishing 1 task, then it pauses."
    assert words.line(Line(code="finishing", values={"count": "3"})) == "Finishing 3 tasks, then it pauses."


def test_the_same_line_in_chinese(look: Look) -> None:
    look.use_language(Language.CHINESE)
    assert words.line(Line(code="working_by_hand", values={"count": "2"})) == "2 個任務，因為你按了立即開始。"


def test_unknown_idle_time_has_its_own_refusal(look: Look) -> None:
    line = Line(code="refused_idle", values={"idle_s": "600", "have": "idle_unknown"})
    assert "whether you are there" in words.line(line)


def test_what_is_not_known_here_is_shown_rather_than_hidden(look: Look) -> None:
    assert words.line(Line(code="brand_new", values={"x": "5"})) == "brand_new 5"
    assert words.line(Line(code="working_away")) == words.SENTENCES["working_away"]
    assert words.line(Line()) == ""


def test_a_stopped_engine_is_told_with_what_mends_it_in_both_languages(look: Look) -> None:
    now, then = (
        Line(code="engine_problem", values={"words": NO_ENGINE}),
        Line(code="engine_next_fix", values={"fix": START_IT}),
    )
    assert words.line(now) == "No tasks are taken: Docker is not running."
    assert words.line(then).startswith("Start Docker; on Windows and macOS that is Docker Desktop.")
    look.use_language(Language.CHINESE)
    assert words.line(now) == "暫時不接任務：Docker 沒有啟動。"
    assert words.line(then).startswith("請啟動 Docker；")
    look.use_language(Language.ENGLISH)
