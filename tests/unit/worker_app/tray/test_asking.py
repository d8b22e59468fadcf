"""What the command line asks a running agent, over its real door on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain.agent_views import AgentShown, LinkView, Troubles
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import NotFound
from tests.support.desks import OpenDesk, open_desk
from worker_app.tray import asking

AWAY = Condition(
    code=ConditionCode.MASTER_AWAY,
    gravity=Gravity.ALERT,
    what="The master cannot be reached since 03:00.",
    at_risk="2 attempts run on until 03:10.",
    next="The next try is in 12 s.",
    fix="Look whether this computer has a network.",
)


def announced(folder: Path, opened: OpenDesk) -> Path:
    content = {"pid": 1, "doors": {"agent": opened.server.address}, "token": opened.server.token}
    (folder / "agent.json").write_text(json.dumps(content))
    return folder


async def test_the_door_tells_what_is_wrong_and_when_it_is_over(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        folder = announced(tmp_path, opened)
        assert opened.troubles is not None
        opened.troubles.report("agent", [AWAY])
        await opened.second()
        shown = await asking.look(folder)
        assert shown.troubles is not None
        [found] = shown.troubles.rows
        assert (found.code, found.gravity, found.at_risk) == (AWAY.code, AWAY.gravity, AWAY.at_risk)
        assert found.since_ms > 0
        words = asking.described(shown)
        for part in (AWAY.what, f"At risk: {AWAY.at_risk}", f"Next: {AWAY.next}", AWAY.fix, "since ", "node one"):
            assert part in words
        opened.troubles.report("agent", [])
        await opened.second()
        assert "Nothing is wrong." in asking.described(await asking.look(folder))


async def test_retry_now_dials_at_once_and_says_what_came_of_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        link = await asking.retry(announced(tmp_path, opened))
        assert link.phase == "live"
        assert asking.link_words(link).startswith("connected since ")


async def test_without_an_agent_both_say_so(tmp_path: Path) -> None:
    for ask in (asking.look, asking.retry):
        with pytest.raises(NotFound, match="No agent runs"):
            await ask(tmp_path)
    (tmp_path / "agent.json").write_text('{"pid": 1, "doors": {"agent": "127.0.0.1:1"}, "token": "t"}')
    for ask in (asking.look, asking.retry):
        with pytest.raises(NotFound, match="No agent runs"):
            await ask(tmp_path)


def test_a_link_that_is_away_says_why_and_when_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 100_000 * 1_000_000)
    link = LinkView(phase="offline", since_ms=40_000, next_try_ms=112_000, reason="No route.", waiting_results=3)
    assert asking.link_words(link) == "not connected since 00:00:40 UTC: No route. Next try in 12 s."
    assert "kept      3 results" in asking.described(AgentShown(link=link, troubles=Troubles()))


def test_the_file_of_conditions_is_read_without_the_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conditions.json").write_text("[]")
    assert asking.conditions(tmp_path, as_json=False) == 0
    assert "Nothing is wrong." in capsys.readouterr().out
    row = {"code": "MASTER_AWAY", "gravity": "alert", "what": "A.", "at_risk": "B.", "next": "C.", "since_ms": 1}
    (tmp_path / "conditions.json").write_text(json.dumps([row]))
    assert asking.conditions(tmp_path, as_json=False) == 1
    assert "At risk: B." in capsys.readouterr().out
