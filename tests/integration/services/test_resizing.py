"""What a task asks for, changed while it waits, runs, or has failed: finished work stays finished."""

from __future__ import annotations

import pytest

from core.domain.attempt import FailureClass
from core.domain.errors import Conflict, QuotaExceeded
from core.domain.resources import GIB
from core.domain.task import HeldCode, TaskState
from core.domain.user import Quota
from core.manifest.spec_json import spec_from_json
from master_app.tasks.resizing import Sizes
from tests.support.pool_master import OPERATOR, PLAIN, WAIT_S, PoolMaster, person

ANN = person("submitter")
MANY = PLAIN + '[split]\nmode = "count"\ncount = 5\n'


def change(pool: PoolMaster, task_id: str, **sizes: int) -> TaskState:
    return pool.master.control.change(ANN, task_id, sizes=Sizes(**sizes)).result(WAIT_S)


def test_a_task_that_no_node_could_take_goes_on_when_it_asks_for_less(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = pool.submit(MANY, fields={"memory_gb": 900}).task_id
    assert pool.task(task_id).held is HeldCode.NO_FEASIBLE_NODE
    assert change(pool, task_id, memory_bytes=800 * GIB) is TaskState.HELD
    assert change(pool, task_id, memory_bytes=GIB) is TaskState.QUEUED
    assert [offer.resources.memory_bytes for offer in node.take()] == [GIB, GIB]


def test_less_memory_holds_for_what_starts_from_here_on_alone(pool: PoolMaster) -> None:
    node = pool.node("n1")
    task_id = pool.submit(MANY, fields={"memory_gb": 3}).task_id
    first, second = node.take()
    node.start(first)
    node.start(second)
    change(pool, task_id, memory_bytes=GIB)
    generation = pool.task(task_id).generation
    node.succeed(first)
    third = node.take()[0]
    assert (second.resources.memory_bytes, third.resources.memory_bytes) == (3 * GIB, GIB)
    pool.restart()
    node.connect()
    pool.tick(1)
    live = pool.run(lambda uow: uow.pool.attempts[second.attempt_id])
    assert live.resources.memory_bytes == 3 * GIB, "it is metered by what it was given"
    node.succeed(second)
    task = pool.task(task_id)
    assert (task.generation, task.succeeded) == (generation, 2), "nothing that is done is done again"
    spec = spec_from_json(pool.run(lambda uow: uow.tasks.spec_json(task_id)))
    assert spec.resources.memory_bytes == GIB


@pytest.mark.parametrize("sizes", [{"memory_bytes": 4 * GIB}, {"cpu_millis": 500}, {"timeout_s": 60}])
def test_nothing_else_changes_under_what_runs(pool: PoolMaster, sizes: dict[str, int]) -> None:
    node = pool.node("n1")
    task_id = pool.submit(MANY, fields={"memory_gb": 3}).task_id
    node.start(node.take()[0])
    with pytest.raises(Conflict, match="only less memory") as caught:
        change(pool, task_id, **sizes)
    assert caught.value.code == "TASK_RUNNING"


def test_what_failed_for_want_of_memory_is_retried_with_more_and_the_rest_stays(pool: PoolMaster) -> None:
    node = pool.node("n1")
    ladder = PLAIN.replace("memory_gb = 1.0", "memory_gb = 1.0\non_oom_memory_gb = [1.5]")
    manifest = ladder + '[split]\nmode = "count"\ncount = 2\n[retry]\nuser = 0\n'
    task_id = pool.submit(manifest).task_id
    good, bad = node.take()
    node.start(good)
    node.start(bad)
    node.succeed(good)
    node.fail(bad, FailureClass.OOM)
    (again,) = node.take()
    assert again.resources.memory_bytes == 3 * GIB // 2
    node.start(again)
    node.fail(again, FailureClass.OOM)
    assert pool.state(task_id) is TaskState.FAILED
    change(pool, task_id, memory_bytes=2 * GIB, timeout_s=90)
    assert pool.state(task_id) is TaskState.FAILED, "a change alone starts nothing"
    assert pool.master.control.retry(ANN, task_id).result(WAIT_S) is not TaskState.FAILED
    (offer,) = node.take()
    assert (offer.index, offer.resources.memory_bytes) == (bad.index, 2 * GIB)
    node.start(offer)
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED
    assert "on_oom_memory_gb = []" in pool.master.storage.task_reads.resolved_manifest(task_id)


def test_what_has_succeeded_or_is_being_cancelled_is_not_changed(pool: PoolMaster) -> None:
    node = pool.node("n1")
    done, stopping = pool.submit().task_id, pool.submit().task_id
    offers = node.take()
    for offer in offers:
        node.start(offer)
    node.succeed(next(offer for offer in offers if offer.task_id == done))
    pool.master.control.cancel(ANN, stopping).result(WAIT_S)
    for task_id in (done, stopping):
        with pytest.raises(Conflict):
            change(pool, task_id, memory_bytes=GIB // 2)


def test_no_more_cores_than_a_submission_could_ask_for(pool: PoolMaster) -> None:
    task_id = pool.submit().task_id
    pool.master.rules.change(OPERATOR, user_quota=Quota(running_cpu_millis=2000)).result(WAIT_S)
    with pytest.raises(QuotaExceeded):
        change(pool, task_id, cpu_millis=4000)
