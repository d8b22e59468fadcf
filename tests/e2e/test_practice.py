"""The first start with a real master, agent and container: from the join link to the first explained earning."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction, PracticeView, SetupStep, WhyView
from core.domain.lending import Preset
from core.domain.rewards import DEFAULT_RULE, reward
from tests.e2e.test_owner_returns import ask, shown
from tests.support.pool import Pool, wait_for
from worker_app.tray.client import AgentClient, find_door

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]
#: The promise: from the last step to the explained amount.
PROMISE_S = 120


def first_start(pool: Pool, name: str) -> Path:
    """Go through the steps as the window does. The strictest preset: nothing may run while somebody is there."""
    folder = pool.folder / name
    command = [*pool._worker_program, "run", "--data-dir", str(folder), "--runtime", "docker"]
    pool.agents[name] = pool._program(name, command)
    pool.agents[name].ready()
    wait_for("the door opens", lambda: find_door(folder) is not None)
    link = pool.admin("join-link", "--owner", "bob", "--name", name)
    consent = ask(folder, lambda client: client.join(link))
    assert (consent.operator, consent.owner_name, consent.sign_up) == ("operator", "bob", "open")
    wait_for("the engine is seen", lambda: bool((m := shown(folder).machine) and m.engine_ok))

    async def finish(client: AgentClient) -> None:
        await client.act(AgentAction.CONSENT)
        await client.act(AgentAction.DOCTOR_DONE)
        found = await client.rules()
        await client.set_rules(next(one for one in found.presets if one.preset is Preset.QUIET))
        await client.act(AgentAction.RULES_DONE)

    ask(folder, finish)
    return folder


def practice(folder: Path) -> PracticeView:
    status = shown(folder).status
    assert status is not None
    return status.practice


def test_the_first_earning_is_explained_within_two_minutes_and_only_once(pool: Pool) -> None:
    folder = first_start(pool, "desk")
    began = time.monotonic()
    seen: list[str] = []

    def is_over() -> bool:
        view = practice(folder)
        if view.stage not in seen:
            seen.append(view.stage)
        return view.stage in ("paid", "failed", "before")

    wait_for("it is paid", is_over, PROMISE_S)
    view = practice(folder)
    assert (view.stage, view.words) == ("paid", ""), seen
    assert "running" in seen
    assert time.monotonic() - began < PROMISE_S
    explained = ask(folder, lambda client: client.explain(view.attempt_id))
    assert explained.row.owner_name == "practice"
    assert explained.posted_ucpt == explained.computed_ucpt == view.ucpt > 0
    assert explained.ticks and reward(explained.ticks, explained.row.resources, DEFAULT_RULE) == view.ucpt
    status = shown(folder).status
    assert status is not None and status.setup is SetupStep.PRACTICE
    ask(folder, lambda client: client.act(AgentAction.PRACTICE_DONE))
    # Nobody is known to be away here, so under the owner's own rules nothing runs any more.
    wait_for("the rules hold again", lambda: not (shown(folder).why or WhyView()).runs)

    second = first_start(pool, "laptop")
    wait_for("the second computer is told so", lambda: practice(second).stage == "before")
    with HiveMind(pool.url) as bob:
        bob.login("bob", pool.password)
        assert [one.attempt_id for one in ask(second, lambda client: client.earnings(days=1)).rows] == []
        names = {node.name for node in bob.nodes()}
        assert names == {"desk", "laptop"}
        ask(second, lambda client: client.act(AgentAction.LEAVE))
        wait_for("the master struck it out", lambda: {node.name for node in bob.nodes()} == {"desk"})
    wait_for("it is nobody's node", lambda: not (second / "identity.json").exists())
    assert (second / "earnings.db").exists()
