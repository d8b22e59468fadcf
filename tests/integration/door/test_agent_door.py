"""The local door over real gRPC on loopback: a snapshot, then changes; actions that hold; a token that guards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.agent_views import AgentAction, AgentShown, SetupStep, TrayState
from core.domain.errors import Conflict, HiveMindError, NotFound, Unauthenticated
from core.domain.lending import FULL, HOURS, UNTIL_RESUMED, Preset
from core.domain.node import NodeOwner
from core.domain.session import LogStream, Refused
from core.pb import agent_pb2
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import make_brief, make_offer
from tests.support.desks import OpenDesk, open_desk
from worker_app.agent.conditions import Conditions
from worker_app.agent.desk import ENDING_LIMIT_MS
from worker_app.door.agent_door import AgentDoor
from worker_app.door.local_server import LocalServer
from worker_app.tray.client import AgentAway, AgentClient, Door, find_door


async def first(client: AgentClient) -> AgentShown:
    async for shown in client.watch(samples=True):
        return shown
    raise AssertionError("nothing came")


async def test_a_wrong_token_opens_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        stranger = AgentClient(Door(opened.server.address, "guessed", 0))
        with pytest.raises(Unauthenticated):
            await stranger.rules()
        with pytest.raises(HiveMindError):
            await first(stranger)
        await stranger.close()


async def test_no_agent_is_said_as_such(tmp_path: Path) -> None:
    nobody = AgentClient(Door("127.0.0.1:1", "x", 0))
    with pytest.raises(AgentAway):
        await nobody.rules()
    await nobody.close()
    assert find_door(tmp_path) is None


def test_the_door_is_found_in_its_file(tmp_path: Path) -> None:
    content = {"pid": 7, "state": "live", "doors": {"agent": "127.0.0.1:5"}, "token": "t"}
    (tmp_path / "agent.json").write_text(json.dumps(content))
    assert find_door(tmp_path) == Door("127.0.0.1:5", "t", 7)


async def test_who_watches_gets_a_whole_snapshot_then_changes(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        stream = opened.client.watch(samples=True)
        shown = await anext(stream)
        assert shown.status is not None and shown.status.state is TrayState.READY
        assert shown.link is not None and shown.link.phase == "live"
        assert shown.why is not None and len(shown.why.rows) == 10
        assert shown.machine is not None and shown.machine.cores > 0
        await opened.client.act(AgentAction.PAUSE, seconds=UNTIL_RESUMED)
        codes: list[str] = []
        while "paused" not in codes:
            shown = await anext(stream)
            assert shown.status is not None
            codes.append(shown.status.now.code)


async def test_the_switch_reaches_the_master_and_survives_a_restart(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await opened.client.act(AgentAction.LEND_OFF)
        assert opened.rig is not None
        assert opened.rig.performer.state.work.owner.state is NodeOwner.SNOOZED
    async with open_desk(tmp_path) as opened:
        assert (await first(opened.client)).status.switch.is_on is False  # type: ignore[union-attr]


async def test_a_pause_ends_on_time_by_itself(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await opened.client.act(AgentAction.PAUSE, seconds=5)
        for _ in range(4):
            await opened.second()
        assert opened.desk.choices.now.switch.paused_until_ms
        await opened.second()
        assert opened.desk.choices.now.switch.paused_until_ms == 0
        assert opened.desk.decision is not None and opened.desk.decision.runs


async def _work(opened: OpenDesk, attempt_id: str = "a1") -> None:
    assert opened.rig is not None
    runtime = opened.rig.runtime
    assert isinstance(runtime, FakeRuntime)
    runtime.script(attempt_id, FakeOutcome(until_cancelled=True, output=b"hello\n"))
    opened.rig.master.offer(make_brief(), make_offer(attempt_id))
    await opened.rig.until(lambda: attempt_id in runtime.ran)


async def test_what_runs_is_shown_with_its_log_and_can_be_stopped(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await _work(opened)
        opened.desk.output_tail.output("a1", LogStream.OUT, b"hello\n")
        await opened.second()
        shown = await first(opened.client)
        assert shown.containers is not None and shown.status is not None
        (view,) = shown.containers.rows
        assert (view.attempt_id, view.owner_name, view.network) == ("a1", "Owner", "none")
        assert shown.status.state is TrayState.WORKING
        lines, total = await opened.client.log("a1")
        assert [line.text for line in lines][-1] == "hello" and total >= 1
        await opened.client.act(AgentAction.STOP_TASK, attempt_id="a1")
        assert opened.rig is not None
        assert (await opened.rig.master.ended("a1")).reason == "owner"
        with pytest.raises(NotFound):
            await opened.client.act(AgentAction.STOP_TASK, attempt_id="a1")


async def test_never_again_from_this_owner_can_be_undone(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await _work(opened)
        await opened.client.act(AgentAction.BLOCK_OWNER, attempt_id="a1")
        assert opened.rig is not None
        await opened.rig.master.ended("a1")
        assert (await opened.client.rules()).owners_blocked == {"owner": "Owner"}
        opened.rig.master.offer(make_brief(), make_offer("a2"))
        assert (await opened.rig.master.ended("a2")).reason == "owner_not_allowed"
        await opened.client.act(AgentAction.UNBLOCK_OWNER, owner_id="owner")
        assert (await opened.client.rules()).owners_blocked == {}


async def test_returning_to_the_computer_freezes_within_a_second(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await _work(opened)
        opened.senses.now = Conditions(idle_s=0.0, idle_source="test")
        await opened.second()
        shown = await first(opened.client)
        assert shown.containers is not None and shown.containers.rows[0].yielding == "frozen"
        assert shown.status is not None and shown.status.frozen == 1
        await opened.client.act(AgentAction.START_NOW)
        opened.senses.now = Conditions(idle_s=1.0, idle_source="test")
        await opened.second()
        assert (await first(opened.client)).containers.rows[0].yielding == ""  # type: ignore[union-attr]
        opened.senses.now = Conditions(idle_s=0.2, idle_source="test")
        await opened.second()
        assert not opened.desk.choices.now.switch.started_by_hand


async def test_rules_can_be_tried_before_they_hold(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        shown = await opened.client.rules()
        assert shown.is_set and [one.preset for one in shown.presets] == list(Preset)
        opened.senses.now = Conditions(idle_s=30.0, idle_source="test")
        await opened.second()
        full = replace(shown.rules, week=FULL * HOURS)
        assert (await opened.client.try_rules(full)).runs
        assert not (await first(opened.client)).why.runs  # type: ignore[union-attr]
        await opened.client.set_rules(full)
        assert (await first(opened.client)).why.runs  # type: ignore[union-attr]


async def test_joining_waits_for_consent_doctor_and_rules(tmp_path: Path) -> None:
    async with open_desk(tmp_path, joined=False) as opened:
        client = opened.client
        assert (await first(client)).status.now.code == "not_joined"  # type: ignore[union-attr]
        with pytest.raises(NotFound):
            await client.consent()
        consent = await client.join(" hivemind://x/join?ca=1&token=2 ")
        assert consent.pool_name == "Test Pool" and consent.fingerprint == "7b2e" * 16
        assert opened.links == ["hivemind://x/join?ca=1&token=2"]
        assert not opened.desk.may_run
        await client.act(AgentAction.CONSENT)
        assert opened.desk.may_run and not opened.desk.choices.now.switch.is_on
        await client.act(AgentAction.DOCTOR_DONE)
        await client.act(AgentAction.RULES_DONE)
        assert opened.desk.choices.now.setup is SetupStep.PRACTICE
        await client.act(AgentAction.PRACTICE_DONE)
        choices = opened.desk.choices.now
        assert choices.setup is SetupStep.DONE and choices.switch.is_on and choices.rules is not None
        assert choices.rules.preset is Preset.BALANCED


async def test_leaving_forgets_the_node_and_keeps_the_earnings(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await opened.client.act(AgentAction.LEAVE)
        assert opened.quits == ["its owner leaves the pool"]
        opened.desk.detach()
        opened.actions.left()
        assert (await first(opened.client)).status.now.code == "not_joined"  # type: ignore[union-attr]
        assert (tmp_path / "earnings.db").exists()


async def test_the_doctor_tells_each_fact_apart(tmp_path: Path) -> None:
    async with open_desk(tmp_path, joined=False) as opened:
        found = {}
        async for check in opened.client.examine():
            found[check.name] = check
        assert found["engine"].result == "passed" or found["installed"].result == "needs_person"
        assert found["disk"].result == "passed" and found["network"].result == "unknown"


async def test_quit_after_the_present_work_can_be_taken_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await _work(opened)
        await opened.client.act(AgentAction.QUIT_FINISH)
        await opened.second()
        assert not opened.desk.is_over
        await opened.client.act(AgentAction.STAY)
        assert opened.desk.quitting == ""
        await opened.client.act(AgentAction.QUIT_GIVE_BACK)
        assert opened.desk.is_over and opened.quits


async def test_unknown_actions_are_refused_with_words(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        with pytest.raises(HiveMindError, match="no action"):
            await opened.client._call("Act", agent_pb2.ActRequest(action="dance"))
        assert isinstance(opened.server, LocalServer) and issubclass(AgentDoor, object)


async def test_a_duty_takes_cores_from_running_work_and_gives_them_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await _work(opened)
        assert opened.rig is not None
        held = opened.rig.performer.state.work.held["a1"]
        shown = await opened.client.rules()
        # One core lent, of which the work has reserved all.
        small = replace(shown.rules, away=replace(shown.rules.away, cpu_cores=1.0), duty_percent=25)
        await opened.client.set_rules(small)
        await opened.second()
        assert held.throttled_millis == 250
        await opened.client.set_rules(replace(small, duty_percent=100))
        await opened.second()
        assert held.throttled_millis == 0


async def test_a_computer_that_is_turned_away_joins_anew_in_one_step(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None
        with pytest.raises(Conflict):
            await opened.client.join("hivemind://pool:50052/join?ca=00&token=t")
        opened.rig.master.refusal = Refused(
            code="DUPLICATE_IDENTITY", message="Another computer.", fix="Join this computer."
        )
        opened.rig.master.cut()
        for _ in range(5):
            await opened.second()
        shown = await first(opened.client)
        assert shown.link is not None and shown.status is not None
        assert (shown.link.refused, shown.link.fix) == (True, "Join this computer.")
        assert (shown.status.state, shown.status.now.code) == (TrayState.ERROR, "master_refused")
        assert shown.status.then.values["fix"] == "Join this computer."
        before = opened.desk.choices.now
        consent = await opened.client.join(" hivemind://pool:50052/join?ca=00&token=t ")
        assert consent.node_name == "node one" and opened.links[-1].startswith("hivemind://")
        # Its rules and switch stay; the agent of the old identity ends, and the desk looks for what to run now.
        assert opened.desk.choices.now == before
        assert opened.quits == ["its owner joins anew"] and opened.desk.turn.is_set()


async def test_a_copy_that_leaves_does_not_strike_its_original_out(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and opened.desk.says_farewell
        opened.rig.master.refusal = Refused(code="DUPLICATE_IDENTITY", message="Another computer.")
        opened.rig.master.cut()
        for _ in range(5):
            await opened.second()
        await opened.client.act(AgentAction.LEAVE)
        assert opened.desk.is_leaving and not opened.desk.says_farewell


async def test_a_session_that_ends_gives_work_back_and_one_that_stays_lends_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None
        state = opened.rig.performer.state
        await _work(opened)
        await opened.client.act(AgentAction.SYSTEM_ENDS)
        assert (await opened.rig.master.ended("a1")).reason == "quit"
        await opened.rig.until(lambda: state.is_given_back)
        shown = await first(opened.client)
        assert shown.status is not None
        assert (shown.status.now.code, shown.status.then.code) == ("quitting_shutdown", "stays_then")
        assert (state.work.owner.state, state.work.owner.reason) == (NodeOwner.QUITTING, "shutdown")
        assert state.connection.is_live and opened.quits == [], "it stays, for the shutdown may be called off"
        states = []
        for wait_s in (5, ENDING_LIMIT_MS // 1000):
            opened.clock.advance(s=wait_s)
            await opened.second()
            states.append(state.work.owner.state)
        assert states == [NodeOwner.QUITTING, NodeOwner.AVAILABLE]
        await _work(opened, "a2")


async def test_lists_hold_at_once_and_say_what_becomes_of_running_work(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and isinstance(opened.rig.runtime, FakeRuntime)
        opened.rig.runtime.script("a1", FakeOutcome(until_cancelled=True))
        opened.rig.master.offer(make_brief(owner_id="mei", owner_name="Mei"), make_offer("a1"))
        held = opened.rig.performer.state.work.held
        await opened.rig.until(lambda: "a1" in held)
        shown = await opened.client.rules()
        assert shown.owners_known == {"bob": "bob", "mei": "Mei"}
        tried = replace(shown.rules, owners_allowed=("bob",))
        row = next(row for row in (await opened.client.try_rules(tried)).rows if row.rule == "lists")
        assert (row.have.code, row.have.values["outside"]) == ("takes_owners", "1")
        assert opened.desk.limits().owners_allowed == ()
        await opened.client.set_rules(tried)
        assert opened.desk.limits().owners_allowed == ("bob",)
        await opened.second()
        # The list is about what comes; what runs is ended by "stop, and never again" only.
        assert held["a1"].stop is None


async def test_a_sleep_is_told_with_what_became_of_the_work_and_ends_by_itself(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        rig = opened.rig
        assert rig is not None and isinstance(rig.runtime, FakeRuntime)
        rig.runtime.script("a1", FakeOutcome(until_cancelled=True))
        rig.master.offer(make_brief(), make_offer("a1"))
        await rig.until(lambda: "a1" in rig.performer.state.work.held)
        # The lid is closed for an hour: clocks go on, nothing else does; the network is late after it.
        rig.master.reachable = False
        rig.master.cut()
        rig.clock.advance(s=3600)
        for _ in range(3):
            await opened.second()
        shown = await first(opened.client)
        assert shown.status is not None and shown.link is not None
        assert (shown.status.state, shown.status.now.code[:7]) == (TrayState.OFFLINE, "offline")
        assert shown.link.since_ms and shown.link.reason
        # Its lease ended while the computer slept: somebody else may have it.
        assert "a1" not in rig.performer.state.work.held or rig.performer.state.work.held["a1"].stop is not None
        rig.master.reachable = True
        for _ in range(90):
            await opened.second()
            if rig.performer.state.connection.is_live:
                break
        shown = await first(opened.client)
        assert shown.link is not None and shown.link.phase == "live" and shown.link.back_since_ms
        assert shown.status is not None and shown.status.state is TrayState.READY
