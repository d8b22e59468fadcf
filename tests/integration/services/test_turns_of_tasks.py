"""What one look at the clock examines is bounded; whoever waits behind many others has a turn all the same."""

from __future__ import annotations

import pytest

from core.domain.resources import GIB, Resources
from core.domain.task import HeldCode
from master_app.node_pool import reaper
from master_app.tasks import funds
from tests.support.pool_master import PLAIN, PoolMaster, person

TOO_LARGE = PLAIN.replace("memory_gb = 1.0", "memory_gb = 64.0")


@pytest.fixture
def two_a_look(monkeypatch: pytest.MonkeyPatch, pool: PoolMaster) -> PoolMaster:
    monkeypatch.setattr(funds, "LOOK_LIMIT", 2)
    monkeypatch.setattr(reaper, "TICK_LIMIT", 2)
    pool.restart()
    return pool


def test_money_that_comes_is_seen_behind_many_who_have_none(two_a_look: PoolMaster) -> None:
    pool = two_a_look
    node = pool.node("a", slots=8)
    for name in ("ann", "ben", "cem", "dan", "eve"):
        assert pool.task(pool.submit(who=person(name)).task_id).held is HeldCode.OUT_OF_FUNDS
    last = pool.submit(who=person("zoe")).task_id
    pool.grant("zoe", 150)
    for _ in range(3):
        pool.tick(1)
    [offer] = node.take()
    assert offer.task_id == last
    node.start(offer)
    node.succeed(offer)


def test_a_node_that_comes_is_seen_behind_many_that_wait_for_another(two_a_look: PoolMaster) -> None:
    pool = two_a_look
    pool.node("small")
    tasks = [
        pool.submit(TOO_LARGE.replace("64.0", f"{gigabytes}.0")).task_id for gigabytes in (64, 65, 66, 67, 32)
    ]
    for _ in range(3):
        pool.tick(1)
    assert {pool.task(task_id).held for task_id in tasks} == {HeldCode.NO_FEASIBLE_NODE}
    pool.node("large", capacity=Resources(cpu_millis=2000, memory_bytes=40 * GIB, disk_bytes=100 * GIB))
    for _ in range(3):
        pool.tick(1)
    assert pool.task(tasks[-1]).held is None
