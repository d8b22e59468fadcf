"""Offers ahead, from the outside: what nodes are sent, what rows and money show when things go wrong."""

from __future__ import annotations

from core.domain.attempt import AttemptState
from core.domain.operations import NodeAction
from core.domain.session import Offer, Verdict
from core.domain.task import TaskState
from tests.support.pool_master import OPERATOR, PLAIN, PoolMaster, ScriptedNode, person
from tests.support.pool_rules import broken_rules

COUNT = PLAIN + '[split]\nmode = "count"\ncount = {}\n'
IMPATIENT = COUNT + "[retry]\nuser = 0\ninfra = 0\n"


def warmed(pool: PoolMaster, node: ScriptedNode, manifest: str, *, ms: int = 50) -> tuple[str, list[Offer]]:
    """Submit, end the first subtasks in so many milliseconds each, and return what is offered then."""
    task_id = pool.submit(manifest).task_id
    for offer in node.take():
        pool.clock.advance(ms=ms)
        node.succeed(offer, tick_count=0)
    return task_id, node.take()


def behind(offers: list[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.lane]


def states(pool: PoolMaster, task_id: str, offers: list[Offer]) -> list[str]:
    rows = {row["attempt_id"]: row["state"] for row in pool.attempts(task_id)}
    return [rows[offer.attempt_id] for offer in offers]


def test_short_subtasks_are_offered_ahead_under_one_reservation(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(100))
    assert len(offers) == 6
    assert {offer.lane for offer in behind(offers)} == {offers[0].attempt_id}
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].reserved.cpu_millis) == 1000
    assert broken_rules(pool) == []
    count = 1 + len(offers)
    while offers:
        for offer in offers:
            node.succeed(offer)
        offers = node.take()
        count += len(offers)
    assert (count, pool.state(task_id)) == (100, TaskState.SUCCEEDED)


def test_long_subtasks_are_not(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    _, offers = warmed(pool, node, COUNT.format(100), ms=300)
    assert len(offers) == 1


def test_cancelling_stops_what_waits_too(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(100))
    pool.master.control.cancel(person("submitter"), task_id).result()
    assert node.link is not None
    assert {stop.attempt_id for stop in node.link.stops} == {offer.attempt_id for offer in offers}
    for offer in offers:
        node.tell(offer.attempt_id, AttemptState.CANCELLED)
    assert pool.state(task_id) is TaskState.CANCELLED


def test_pausing_takes_back_what_waits_and_lets_the_first_end(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(100))
    node.start(offers[0])
    pool.master.control.pause(person("submitter"), task_id).result()
    pool.tick(1)
    assert node.link is not None
    stops = node.link.stops
    assert [stop.attempt_id for stop in stops] == [offer.attempt_id for offer in behind(offers)]
    assert all(stop.if_waiting and stop.give_back for stop in stops)
    for offer in behind(offers):
        node.hand_back(offer, "waiting")
    assert pool.state(task_id) is TaskState.PAUSING
    node.succeed(offers[0])
    assert pool.state(task_id) is TaskState.PAUSED
    task = pool.task(task_id)
    assert (task.succeeded, task.ready, task.returned) == (2, len(behind(offers)), 0)
    pool.master.control.resume(person("submitter"), task_id).result()
    assert [offer.index for offer in node.take()] != []


def test_draining_takes_back_what_waits(pool: PoolMaster) -> None:
    node, other = pool.node("a", slots=1), pool.node("b", slots=1, connect=False)
    task_id, offers = warmed(pool, node, COUNT.format(100))
    node.start(offers[0])
    pool.master.membership.act(OPERATOR, node.node_id, NodeAction.DRAIN).result()
    other.connect()
    pool.tick(1)
    for offer in behind(offers):
        node.hand_back(offer, "waiting")
    node.succeed(offers[0])
    pool.tick(1)
    assert pool.rows("SELECT admin FROM nodes WHERE name = 'a'") == [{"admin": "DRAINED"}]
    assert other.take() != []
    assert pool.task(task_id).succeeded == 2


def test_what_waits_behind_a_long_one_is_taken_back_and_runs_elsewhere(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(7))
    assert len(offers) == 6
    node.start(offers[0])
    other = pool.node("b", slots=1)
    assert other.take() == [], "all are given out"
    pool.tick(1)
    for offer in behind(offers):
        node.hand_back(offer, "waiting")
    [moved] = other.take()
    assert moved.index in {offer.index for offer in behind(offers)}
    assert node.take() == [], "nothing is put behind it again"
    for _ in range(5):
        other.succeed(moved)
        moved = next(iter(other.take()), moved)
    node.succeed(offers[0])
    pool.tick(1)
    for one in (node, other):
        for held in list(one.held.values()):
            one.succeed(held.offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_an_order_that_came_too_late_costs_nothing(pool: PoolMaster) -> None:
    """It began before it heard: it runs on, and its success counts."""
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(7))
    node.start(offers[0])
    pool.tick(1)
    for offer in offers:
        node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_lost_node_costs_only_its_first_a_budget(pool: PoolMaster) -> None:
    """infra = 0: whatever spends the budget fails its subtask."""
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, IMPATIENT.format(100) + '[limits]\nmax_failed = "100%"\n')
    node.start(offers[0])
    node.held.clear()
    node.disconnect()
    node.connect()  # its inventory is empty: all are LOST(absent)
    assert states(pool, task_id, offers) == ["LOST"] * len(offers)
    task = pool.task(task_id)
    assert (task.failed, task.returned) == (1, 0)
    rows = pool.subtasks(task_id)
    assert all(rows[offer.index]["infra_failures"] == 0 for offer in behind(offers))


def test_refusing_what_would_have_waited_costs_neither_budget_nor_quarantine(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, IMPATIENT.format(100))
    for offer in behind(offers):
        node.tell(offer.attempt_id, AttemptState.REJECTED, reason="not_available")
    assert pool.task(task_id).failed == 0
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].quarantined_until_ms) == 0
    node.succeed(offers[0])


def test_an_owner_who_wants_the_machine_back_does_not_make_the_task_ask_for_steadier_nodes(
    pool: PoolMaster,
) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(100), ms=5)
    assert len(offers) > 30
    for offer in behind(offers):
        node.hand_back(offer, "owner")
    assert pool.task(task_id).returned == 0
    node.succeed(offers[0])


def test_a_restarted_master_still_counts_one_reservation_a_lane(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(100))
    node.start(offers[0])
    pool.restart()
    assert broken_rules(pool) == []
    hot = pool.run(lambda uow: uow.pool.nodes[node.node_id])
    assert (hot.running, hot.reserved.cpu_millis) == (1, 1000)
    reply = node.connect()
    assert {verdict for _, verdict in reply.verdicts} == {Verdict.CONTINUE}
    assert node.take() == []
    for offer in offers:
        node.succeed(offer)
    assert pool.task(task_id).succeeded == 1 + len(offers)


def test_everything_twice_is_paid_once(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id, offers = warmed(pool, node, COUNT.format(7))
    said = [node.succeed(offer) for offer in offers]
    node.send(*said)
    assert pool.state(task_id) is TaskState.SUCCEEDED
    paid = pool.rows("SELECT attempt_id FROM transfers WHERE code LIKE 'ATTEMPT%'")
    assert len({row["attempt_id"] for row in paid}) == len(paid)
