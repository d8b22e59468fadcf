"""Try one first: one part runs alone, then the task waits for its owner, and goes on without doing it again."""

from __future__ import annotations

import pytest

from core.domain.attempt import FailureClass
from core.domain.errors import Conflict
from core.domain.ledger import hold_account
from core.domain.task import TaskState
from tests.support.pool_master import CPT, PLAIN, WAIT_S, PoolMaster, person, zipped

MANY = PLAIN + '[split]\nmode = "count"\ncount = 5\n'
ANN = person("submitter")


def submit(pool: PoolMaster, manifest: str = MANY) -> str:
    path = pool.folder / "try.zip"
    path.write_bytes(zipped({"hivemind.toml": manifest.encode(), "main.py": b"print(1)\n"}))
    prepared = pool.master.intake.prepare(ANN, path, {})
    return pool.master.intake.submit(ANN, prepared, try_one=True).result(WAIT_S).task_id


def test_one_part_runs_then_the_task_waits_and_the_rest_follows_on_resume(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = submit(pool)
    held_for_one = pool.balance(hold_account(task_id))
    (offer,) = node.take()
    node.start(offer)
    pool.tick(1)
    assert node.take() == []
    node.succeed(offer)
    pool.tick(1)
    assert node.take() == []
    task = pool.task(task_id)
    assert (task.state, task.succeeded, task.state_reason) == (TaskState.PAUSED, 1, "one part was tried")
    assert pool.master.control.resume(ANN, task_id, max_ucpt=90 * CPT).result(WAIT_S) is TaskState.RUNNING
    assert len(node.take()) == 2
    task = pool.task(task_id)
    assert (task.max_ucpt, task.try_one, task.next_index) == (90 * CPT, False, 3)
    assert pool.balance(hold_account(task_id)) > held_for_one


def test_a_restart_in_the_middle_keeps_it_to_one(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = submit(pool)
    (offer,) = node.take()
    node.start(offer)
    pool.restart()
    node.connect()
    pool.tick(1)
    assert node.take() == []
    node.succeed(offer)
    pool.tick(1)
    assert node.take() == [] and pool.state(task_id) is TaskState.PAUSED


def test_a_part_that_fails_ends_the_try_with_its_cause(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = submit(pool, MANY + "[retry]\nuser = 0\n")
    (offer,) = node.take()
    node.start(offer)
    node.fail(offer, FailureClass.USER)
    assert pool.state(task_id) is TaskState.FAILED


def test_a_cap_below_what_was_paid_is_refused(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = submit(pool)
    (offer,) = node.take()
    node.start(offer)
    node.succeed(offer, tick_count=4)
    with pytest.raises(Conflict):
        pool.master.control.resume(ANN, task_id, max_ucpt=1).result(WAIT_S)


def test_a_task_of_one_part_just_runs(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = submit(pool, PLAIN)
    (offer,) = node.take()
    node.start(offer)
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED
