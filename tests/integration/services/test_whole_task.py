"""One task from its zip to its money, through the real services and a real database."""

from __future__ import annotations

from core.domain.task import TaskState
from tests.support.pool_master import PLAIN, PoolMaster, an_artifact, run_all

COUNT = PLAIN + '[split]\nmode = "count"\ncount = {}\n'


def test_a_task_runs_is_paid_and_gives_back_what_it_held(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    assert pool.state(task_id) is TaskState.QUEUED
    node.start(offer)
    assert pool.state(task_id) is TaskState.RUNNING
    assert pool.balance(f"hold:{task_id}") > 0
    node.succeed(offer, artifacts=(an_artifact(pool, "out/a.txt", b"a"),))
    task = pool.task(task_id)
    assert (task.state, task.succeeded, task.live_attempts) == (TaskState.SUCCEEDED, 1, 0)
    [attempt] = pool.attempts(task_id)
    # Half a minute of one core and 1 GB, used (100 + 50) / 2 = 75 %: x 1.2
    assert attempt["paid_ucpt"] == 75_000 == task.paid_ucpt
    assert pool.balance("user:provider") == 75_000
    assert pool.balance("user:submitter") == 150_000_000 - 75_000
    assert pool.balance(f"hold:{task_id}") == 0


def test_many_subtasks_are_spread_and_each_is_done_once(pool: PoolMaster) -> None:
    nodes = [pool.node("a"), pool.node("b")]
    task_id = pool.submit(COUNT.format(9)).task_id
    done: list[int] = []

    def do(node, offer):  # type: ignore[no-untyped-def]
        done.append(offer.index)
        node.succeed(offer)

    assert run_all(pool, nodes, do) == 9
    assert sorted(done) == list(range(9))
    assert pool.state(task_id) is TaskState.SUCCEEDED
