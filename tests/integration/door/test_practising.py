"""The practice subtask at the owner's desk: it may run while somebody is there, and nothing else may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.domain.agent_views import AgentAction, PracticeView, TrayState
from core.domain.errors import Conflict
from core.domain.membership import PracticeTask
from core.domain.node import NodeOwner
from core.domain.session import Receipt
from tests.fakes.sandbox import FakeOutcome, FakeRuntime
from tests.support.agents import make_brief, make_offer
from tests.support.desks import OpenDesk, open_desk
from worker_app.agent.conditions import Conditions
from worker_app.agent.practising import LIMIT_MS

THERE = Conditions(idle_s=1.0, idle_source="test")


def view(opened: OpenDesk) -> PracticeView:
    return opened.desk.practising.view


async def begin(opened: OpenDesk) -> None:
    """Ask for it while the person sits there, and wait until the master has answered."""
    opened.senses.now = THERE
    await opened.second()
    await opened.client.act(AgentAction.PRACTISE)
    for _ in range(3):
        await opened.second()


async def test_it_runs_beside_the_person_is_paid_and_then_the_rules_hold(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and isinstance(opened.rig.runtime, FakeRuntime)
        work = opened.rig.performer.state.work
        await begin(opened)
        assert (view(opened).stage, work.owner.state) == ("waiting", NodeOwner.AVAILABLE)
        limits = opened.desk.limits()
        assert (limits.owners_allowed, limits.cpu_millis, limits.slots) == (("the-pool",), 1000, 1)
        opened.rig.runtime.script("p1", FakeOutcome(until_cancelled=True))
        opened.rig.master.offer(make_brief("practice-task"), make_offer("p1", "practice-task"))
        await opened.rig.until(lambda: "p1" in work.held)
        await opened.second()
        status = opened.desk.shown().status
        assert status is not None
        assert (view(opened).stage, view(opened).attempt_id) == ("running", "p1")
        assert (status.now.code, status.state) == ("practising", TrayState.WORKING)
        # A person at the keyboard does not stop it: they have just asked for it.
        await opened.second()
        assert work.held["p1"].stop is None and work.held["p1"].frozen_ms < 0


async def test_the_pools_receipt_ends_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and isinstance(opened.rig.runtime, FakeRuntime)
        await begin(opened)
        opened.rig.runtime.script("p1", FakeOutcome())
        opened.rig.master.offer(make_brief("practice-task"), make_offer("p1", "practice-task"))
        await opened.rig.until(lambda: "p1" in opened.rig.master.terminal)  # type: ignore[union-attr]
        opened.desk.practising.view = replace(view(opened), attempt_id="p1")
        opened.desk.book.ended(
            make_offer("p1", "practice-task"), None, "practice", opened.rig.master.terminal["p1"]
        )
        await opened.second()
        assert view(opened).stage == "settling"
        receipts = (Receipt(attempt_id="p1", ucpt=12_345, reason="PAID"),)
        opened.desk.book.received(receipts, opened.clock.wall_ms())
        await opened.second()
        assert (view(opened).stage, view(opened).ucpt) == ("paid", 12_345)
        assert opened.rig.performer.state.work.owner.state is NodeOwner.IN_USE
        assert opened.desk.limits().owners_allowed == ()


async def test_an_owner_who_had_theirs_is_told_so_and_a_refusal_is_shown(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None
        opened.rig.master.practice = PracticeTask(owner_id="the-pool")
        await begin(opened)
        assert view(opened).stage == "before" and not opened.desk.practising.overrides
        opened.rig.master.practice_refusal = Conflict("An operator must approve this computer first.")
        await begin(opened)
        assert (view(opened).stage, view(opened).words) == (
            "failed",
            "An operator must approve this computer first.",
        )


async def test_a_pause_and_the_clock_both_end_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        await begin(opened)
        await opened.client.act(AgentAction.PAUSE, seconds=900)
        assert view(opened).stage == "" and not opened.desk.practising.overrides
        await opened.client.act(AgentAction.RESUME)
        await begin(opened)
        assert view(opened).stage == "waiting"
        opened.clock.advance(s=LIMIT_MS // 1000)
        await opened.second()
        assert view(opened).stage == "failed" and not opened.desk.practising.overrides


async def test_a_blocked_owner_is_told_to_the_master_and_stays_blocked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as opened:
        assert opened.rig is not None and isinstance(opened.rig.runtime, FakeRuntime)
        opened.rig.runtime.script("a1", FakeOutcome(until_cancelled=True))
        opened.rig.master.offer(make_brief(), make_offer("a1"))
        await opened.rig.until(lambda: "a1" in opened.rig.performer.state.work.held)  # type: ignore[union-attr]
        await opened.client.act(AgentAction.BLOCK_OWNER, attempt_id="a1")
        assert opened.desk.limits().owners_blocked == ("owner",)
    async with open_desk(tmp_path, rules=False) as opened:
        assert opened.desk.limits().owners_blocked == ("owner",)
