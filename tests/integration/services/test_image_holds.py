"""An image that nobody can get holds its task, blames no node, and the task goes on when the image is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.node import NodeFacts
from core.domain.session import ImagePin, Offer
from core.domain.task import HeldCode, TaskState
from master_app.tasks.image_holds import AGAIN_MAX_MS, AGAIN_MS, ATTEMPTS
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PLAIN, PoolMaster, ScriptedNode, person
from tests.support.pool_rules import broken_rules

NOWHERE = "127.0.0.1:1/lab/tool:1"
WORDS = f"the image {NOWHERE} cannot be had: connection refused; check its name"
AGAIN_S = AGAIN_MS // 1000


@pytest.fixture
def image_pool(tmp_path: Path, clock: ManualClock) -> Iterator[PoolMaster]:
    """A pool that allows images of this computer's registries."""
    found = PoolMaster(tmp_path, clock, images_allowed=["127.0.0.1:*"])
    found.grant("submitter", 150)
    try:
        yield found
        found.settle()
        assert broken_rules(found) == []
        found.verify_ledger()
    finally:
        found.stop()


def submit(pool: PoolMaster, count: int = 3) -> str:
    return pool.submit(PLAIN + f'[image]\nref = "{NOWHERE}"\n[split]\nmode = "count"\ncount = {count}\n').task_id


def cannot(node: ScriptedNode, offer: Offer) -> None:
    failure = Failure(failure_class=FailureClass.INFRA, code="IMAGE_INVALID", message=WORDS)
    node.tell(offer.attempt_id, AttemptState.FAILED, failure=failure)


def take(pool: PoolMaster) -> tuple[ScriptedNode, Offer] | None:
    """Return the only offer that is out now, with its node."""
    found = [(node, offer) for node in pool.nodes.values() if node.link is not None for offer in node.take()]
    assert len(found) <= 1
    return found[0] if found else None


def refuse_until_held(pool: PoolMaster, task_id: str) -> list[str]:
    asked: list[str] = []
    while pool.state(task_id) is not TaskState.HELD:
        found = take(pool)
        assert found is not None and len(asked) <= ATTEMPTS
        cannot(*found)
        asked.append(found[0].name)
    return asked


def quarantines(pool: PoolMaster) -> set[int]:
    return pool.run(lambda uow: {node.quarantined_until_ms for node in uow.pool.nodes.values()})


def test_three_nodes_are_asked_and_nobody_is_blamed(image_pool: PoolMaster) -> None:
    for name in "abcde":
        image_pool.node(name)
    task_id = submit(image_pool)
    asked = refuse_until_held(image_pool, task_id)
    assert len(asked) == len(set(asked)) == 3
    task = image_pool.task(task_id)
    assert task.held is HeldCode.IMAGE_INVALID
    assert WORDS in task.state_reason and "3 nodes cannot use its image" in task.state_reason
    assert "tried again by itself" in task.state_reason
    assert quarantines(image_pool) == {0}
    row = image_pool.subtasks(task_id)[0]
    assert (row["state"], row["infra_failures"], row["user_failures"]) == ("READY", 0, 0)
    assert take(image_pool) is None


def test_a_farm_of_one_node_is_asked_again_later_and_later(image_pool: PoolMaster) -> None:
    node = image_pool.node("a")
    task_id = submit(image_pool)
    waits = []
    for _ in range(8):
        assert refuse_until_held(image_pool, task_id) == ["a"]
        waited = 0
        while image_pool.state(task_id) is TaskState.HELD:
            image_pool.pass_time(30, step_s=5)
            waited += 30
        waits.append(waited)
    assert waits[:4] == [AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S, 8 * AGAIN_S]
    assert max(waits) == AGAIN_MAX_MS // 1000 == waits[-1]
    found = take(image_pool)
    assert found is not None
    node.tell(found[1].attempt_id, AttemptState.RUNNING, pin=ImagePin(ref=NOWHERE, image_id="sha256:" + "a" * 64))
    node.succeed(found[1])
    assert image_pool.task(task_id).held is None


def test_a_node_that_has_the_image_ends_the_wait(image_pool: PoolMaster) -> None:
    node = image_pool.node("a")
    task_id = submit(image_pool, 1)
    refuse_until_held(image_pool, task_id)
    facts: NodeFacts = replace(node.facts, images=(NOWHERE,))
    node.facts = facts
    node.connect()
    image_pool.tick(5)
    found = take(image_pool)
    assert found is not None
    node.succeed(found[1])
    assert image_pool.state(task_id) is TaskState.SUCCEEDED


def test_its_owner_may_try_at_once(image_pool: PoolMaster) -> None:
    image_pool.node("a")
    task_id = submit(image_pool, 1)
    refuse_until_held(image_pool, task_id)
    image_pool.master.control.resume(person("submitter"), task_id).result(30)
    found = take(image_pool)
    assert found is not None
    found[0].succeed(found[1])
    assert image_pool.state(task_id) is TaskState.SUCCEEDED


def test_a_restart_forgets_who_was_asked_and_not_that_it_is_held(image_pool: PoolMaster) -> None:
    node = image_pool.node("a")
    task_id = submit(image_pool, 1)
    refuse_until_held(image_pool, task_id)
    image_pool.restart()
    node.connect()
    assert image_pool.state(task_id) is TaskState.HELD
    image_pool.pass_time(AGAIN_S + 5)
    assert take(image_pool) is not None


def test_where_it_works_elsewhere_it_is_the_node_that_cannot(image_pool: PoolMaster) -> None:
    image_pool.node("a"), image_pool.node("b")
    task_id = submit(image_pool, 8)
    found = take(image_pool)
    assert found is not None
    good, offer = found
    pin = ImagePin(ref=NOWHERE, digest="sha256:" + "a" * 64)
    good.tell(offer.attempt_id, AttemptState.RUNNING, pin=pin, started_at_ms=image_pool.clock.wall_ms())
    bad = next(node for node in image_pool.nodes.values() if node is not good)
    first, *_ = bad.take()
    cannot(bad, first)
    assert image_pool.task(task_id).held is None
    assert image_pool.subtasks(task_id)[first.index]["infra_failures"] == 1
    assert max(quarantines(image_pool)) > 0
    # And the task does not come back to it while the other has room.
    assert image_pool.run(lambda uow: uow.pool.tasks[task_id].avoided) == {bad.node_id}
