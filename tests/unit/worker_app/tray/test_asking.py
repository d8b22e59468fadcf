"""What the command line asks a running agent, over its real door on loopback."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.domain.agent_views import AgentShown, LinkView, Troubles
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import Conflict, NotFound
from core.domain.session import Receipt
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import make_brief, make_offer
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
    for ask in (asking.look, asking.retry, partial(asking.go_the_way, say=lambda _: None)):
        with pytest.raises(NotFound, match="No agent runs"):
            await ask(tmp_path)
    (tmp_path / "agent.json").write_text('{"pid": 1, "doors": {"agent": "127.0.0.1:1"}, "token": "t"}')
    for ask in (asking.look, asking.retry, partial(asking.go_the_way, say=lambda _: None)):
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


async def test_practising_tells_each_stage_and_what_it_earned(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and isinstance(opened.rig.runtime, FakeRuntime)
        folder, told = announced(tmp_path, opened), list[str]()
        engine = await opened.rig.runtime.probe()
        opened.desk.machine.engine = replace(engine, ok=False, problem="it is gone")
        opened.desk.publish()
        with pytest.raises(Conflict, match="Nothing to practise with: it is gone"):
            await asking.go_the_way(folder, lambda _: None)
        opened.desk.machine.engine = engine
        opened.desk.publish()
        opened.rig.runtime.script("p1", FakeOutcome())
        practising = opened.desk.practising

        async def stage(wanted: str) -> None:
            while practising.view.stage != wanted:
                await opened.second()

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            way = group.create_task(asking.go_the_way(folder, lambda view: told.append(view.stage)))
            await stage("waiting")
            offer = make_offer("p1", "practice-task")
            opened.rig.master.offer(make_brief("practice-task"), offer)
            await opened.rig.until(lambda: "p1" in opened.rig.master.terminal)  # type: ignore[union-attr]
            practising.view = replace(practising.view, attempt_id="p1")
            opened.desk.book.ended(offer, None, "practice", opened.rig.master.terminal["p1"])
            await stage("settling")
            receipt = Receipt(attempt_id="p1", ucpt=150_000, reason="PAID")
            opened.desk.book.received((receipt,), opened.clock.wall_ms())
            await stage("paid")
        assert told[-1] == "paid" and set(told) <= {"asking", "waiting", "running", "settling", "paid"}
        assert asking.stage_words(way.result()) == "paid: 0.15 CPT, from the pool's mint"
