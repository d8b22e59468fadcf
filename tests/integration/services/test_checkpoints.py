"""Pause and money that runs out take work back with its checkpoint; what has none may end."""

from __future__ import annotations

from core.domain.attempt import AttemptState
from core.domain.session import Offer
from core.domain.task import TaskState
from master_app.tasks.funds import COVER_MS
from tests.support.pool_master import PLAIN, PoolMaster, ScriptedNode, an_artifact, person

WHO = person("submitter")


def stops(node: ScriptedNode) -> list[tuple[str, str, bool]]:
    assert node.link is not None
    return [(stop.attempt_id, stop.reason, stop.give_back) for stop in node.link.stops]


def running(pool: PoolMaster) -> tuple[ScriptedNode, str, Offer]:
    node = pool.node("a", slots=1)
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    return node, task_id, offer


def test_a_pause_takes_back_what_has_a_checkpoint_and_goes_on_from_it(pool: PoolMaster) -> None:
    node, task_id, offer = running(pool)
    saved = an_artifact(pool, "checkpoint/step", b"7")
    node.tell(offer.attempt_id, AttemptState.RUNNING, checkpoint=(saved,))
    pool.master.control.pause(WHO, task_id).result(30)
    pool.run(lambda uow: None)
    assert stops(node) == [(offer.attempt_id, "pause", True)]
    newer = an_artifact(pool, "checkpoint/step", b"9")
    node.hand_back(offer, "pause", checkpoint=(newer,), **node.ran_ms(offer))
    assert pool.state(task_id) is TaskState.PAUSED
    # It says nothing of how steady nodes are.
    assert pool.task(task_id).returned == 0
    pool.master.control.resume(WHO, task_id).result(30)
    [offer] = node.take()
    assert offer.checkpoint == (newer,)
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_pause_lets_go_on_what_has_no_checkpoint_until_its_first(pool: PoolMaster) -> None:
    node, task_id, offer = running(pool)
    pool.master.control.pause(WHO, task_id).result(30)
    pool.run(lambda uow: None)
    assert stops(node) == [] and pool.state(task_id) is TaskState.PAUSING
    saved = an_artifact(pool, "checkpoint/step", b"7")
    node.tell(offer.attempt_id, AttemptState.RUNNING, checkpoint=(saved,))
    assert stops(node) == [(offer.attempt_id, "pause", True)]
    node.hand_back(offer, "pause", checkpoint=(saved,), **node.ran_ms(offer))
    assert pool.state(task_id) is TaskState.PAUSED


def test_money_that_runs_out_takes_work_back_with_its_checkpoint(pool: PoolMaster) -> None:
    poor = person("poor")
    pool.grant("poor", 0.3)
    node = pool.node("a", slots=1)
    task_id = pool.submit(PLAIN, who=poor).task_id
    [offer] = node.take()
    node.start(offer)
    for _ in range(3 * COVER_MS // 30_000):
        if stops(node):
            break
        node.report()
        pool.tick(30)
    assert set(stops(node)) == {(offer.attempt_id, "funds", True)}
    saved = an_artifact(pool, "checkpoint/step", b"7")
    node.hand_back(offer, "funds", checkpoint=(saved,), **node.ran_ms(offer))
    assert pool.attempts(task_id)[0]["state"] == "RETURNED"
    pool.grant("poor", 50)
    pool.tick(2)
    [offer] = node.take()
    assert offer.checkpoint == (saved,)
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED
