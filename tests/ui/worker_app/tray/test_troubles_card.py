"""What is wrong, as a person reads it: four parts, in both languages; and joining anew in one step."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.desktop.translations import Language
from core.domain.agent_views import AgentShown, Line, LinkView, TrayState, Troubles
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import Unauthenticated
from core.domain.node import NodeAdmin
from core.domain.session import Hello
from core.paths import resources
from master_app.node_pool.hello import refuse_hello
from master_app.ports.node_pool import NodeRecord
from tests.arch import house
from tests.arch.house import ROOT
from tests.support import worker_scenes as scenes
from tests.support.worker_records import NOW
from worker_app.execution.engine import NO_ENGINE, START_IT
from worker_app.tray.sentences import FILE, said

if TYPE_CHECKING:
    from tests.ui.worker_app.conftest import Opened

pytestmark = pytest.mark.qt
Open = Callable[..., "Opened"]
#: Whose sentences a provider meets in the window.
SPEAKERS = (
    "worker_app/agent/troubles.py",
    "worker_app/agent/connection.py",
    "worker_app/agent/talk.py",
    "worker_app/wire/failures.py",
    "worker_app/wire/gateway.py",
    "worker_app/host/awake.py",
    "master_app/node_pool/hello.py",
    "master_app/tasks/practice.py",
)
#: What is said of an engine that cannot be used, as it stands in the sources.
ENGINE: Final = re.compile(r'^ +(?:problem|fix) = "([^"]+)"', re.M)
ENGINE_STUCK: Final = re.compile(r'EngineUnavailable\("([^"]+)", fix="([^"]+)"')
#: Nothing but holes: each of their sentences is said by itself.
HOLLOW = {"%(error)s %(error_)s", "%(fix)s %(rejoin)s"}
#: What the master says to a computer that has another's identity.
_NODE = NodeRecord(
    node_id="n",
    name="n",
    owner_id="o",
    created_ms=0,
    admin=NodeAdmin.ACTIVE,
    certificate_serial="1",
    incarnation=5,
)
SAID = refuse_hello(_NODE, "1", Hello(node_id="n", incarnation=2, boot_id="b", highest_term=0))
assert SAID is not None
MESSAGE, FIX = SAID.message, SAID.fix
REFUSED = Condition(
    code=ConditionCode.MASTER_REFUSES,
    gravity=Gravity.ALERT,
    since_ms=NOW,
    what=f"The master turns this computer away: {MESSAGE}",
    at_risk="New work, and results that the master does not have yet; they are kept here for 7 days.",
    next="It is tried again about once a minute.",
    fix=f"{FIX} Paste a new join link here, or run worker_app join LINK; that is all.",
)
MEMORY = Condition(
    code=ConditionCode.MEMORY_LOW,
    what="This computer has 30 MiB of memory left.",
    at_risk="Running attempts: the system ends programs when none is left. They would be tried again.",
    next="Work goes on as long as it can.",
    fix="End other programs, or lower memory_gb.",
)


def turned_away(*more: Condition) -> AgentShown:
    link = LinkView(phase="offline", code="DUPLICATE_IDENTITY", reason=MESSAGE, fix=FIX, refused=True)
    values = {"words": MESSAGE, "fix": FIX}
    status = replace(
        scenes.STATUS,
        state=TrayState.ERROR,
        now=Line(code="master_refused", values=values),
        then=Line(code="given_fix", values=values),
    )
    return replace(scenes.usual(), link=link, status=status, troubles=Troubles(rows=(REFUSED, *more)))


def test_every_sentence_of_agent_and_master_is_translated_and_none_is_left_over() -> None:
    tool = runpy.run_path(str(ROOT / "docs" / "tools" / "service_sentences.py"))
    space = tool["sentences"].__globals__
    space["SPEAKERS"], space["RAISERS"] = SPEAKERS, ()
    wanted = set(tool["sentences"]()) - HOLLOW
    known = json.loads((resources() / "i18n" / FILE).read_text(encoding="utf-8"))
    wanted |= {NO_ENGINE, START_IT} | set(ENGINE.findall(house.text("worker_app/execution/engine.py")))
    wanted |= {part for pair in ENGINE_STUCK.findall(house.text("worker_app/execution/calls.py")) for part in pair}
    assert wanted - set(known) == set(), f"translate them in resources/i18n/{FILE}"
    assert set(known) - wanted == set(), "nobody says these any more"
    holes = tool["re"].compile(r"%\((\w+)\)s")
    assert [each for each, words in known.items() if set(holes.findall(words)) - set(holes.findall(each))] == []


def test_all_four_parts_are_shown_in_both_languages(open_app: Open, look: Look) -> None:
    app, _ = open_app(turned_away(MEMORY))
    card = app.window.troubles
    assert card.isVisible() and card.again.isVisible()
    assert card.what.text() == REFUSED.what
    shown = {name: words.text() for name, (_, words) in card.parts.items()}
    assert shown == {"risk": REFUSED.at_risk, "next": REFUSED.next, "fix": REFUSED.fix}
    card.more.click()
    assert card.what.text() == MEMORY.what and not card.again.isVisible()
    app.look.use_language(Language.CHINESE)
    assert card.what.text() == "這台電腦只剩 30 MiB 記憶體。"
    card.more.click()
    assert card.what.text() == (
        "主控節點拒絕這台電腦：有另一台電腦使用相同身分：資料夾被複製過，或還原到較舊的狀態。"
    )
    assert card.parts["fix"][1].text() == (
        "請讓這台電腦用自己的加入連結加入。在這裡貼上新的加入連結，或執行 worker_app join LINK，這樣就好。"
    )
    # The line on top says the same, in the same words.
    assert "有另一台電腦使用相同身分" in app.window.top.now.text()
    assert said(FIX) in app.window.top.then.text()


def test_nothing_wrong_takes_no_room(open_app: Open) -> None:
    app, _ = open_app(replace(scenes.usual(), troubles=Troubles()))
    assert not app.window.troubles.isVisible()


def test_joining_anew_is_one_step_and_a_bad_link_is_told(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(turned_away())
    card = app.window.troubles
    client.error = Unauthenticated("This join link is not valid: it has expired or was used up.", code="BAD")
    card.link.setText("hivemind://pool:50052/join?ca=00&token=old")
    card.join_button.click()
    qtbot.waitUntil(lambda: "[BAD]" in card.error.text(), timeout=10_000)
    client.error = None
    card.link.setText("hivemind://pool:50052/join?ca=00&token=new")
    card.join_button.click()
    qtbot.waitUntil(lambda: card.link.text() == "", timeout=10_000)
    assert client.links[-1].endswith("token=new") and not card.error.isVisible()
    # A link that was opened outside goes the same way.
    app.window.take_link("hivemind://pool:50052/join?ca=00&token=third")
    qtbot.waitUntil(lambda: client.links[-1].endswith("token=third"), timeout=10_000)
