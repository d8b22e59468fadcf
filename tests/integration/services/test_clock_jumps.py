"""A clock that is set, forward or back, costs no attempt: leases count time that passed."""

from __future__ import annotations

import pytest

from core.domain.task import TaskState
from tests.support.pool_master import PLAIN, PoolMaster

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


@pytest.mark.parametrize("by_ms", [HOUR_MS, YEAR_MS, -HOUR_MS, -YEAR_MS])
def test_no_lease_ends_because_the_clock_was_set(pool: PoolMaster, by_ms: int) -> None:
    node = pool.node("a")
    task_id = pool.submit(PLAIN + '[split]\nmode = "count"\ncount = 2\n').task_id
    offers = node.take()
    node.start(offers[0])
    pool.tick(1)
    pool.clock.set_wall(pool.clock.wall_ms() + by_ms)
    pool.tick(1)
    # The first one runs on; the second, an offer not answered yet, may still be.
    assert {row["state"] for row in pool.attempts(task_id)} == {"RUNNING", "OFFERED"}
    node.start(offers[1])
    pool.pass_time(120, step_s=10)
    assert {row["state"] for row in pool.attempts(task_id)} == {"RUNNING"}
    for offer in offers:
        node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED
    assert len(pool.attempts(task_id)) == 2
    pool.verify_ledger()


def test_a_clock_that_is_set_before_the_first_look_ends_no_lease_either(pool: PoolMaster) -> None:
    # Found by the simulation: the watch had nothing to compare with before its first look.
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    pool.restart()
    pool.clock.set_wall(pool.clock.wall_ms() + HOUR_MS)
    pool.tick(1)
    assert [row["state"] for row in pool.attempts(task_id)] == ["RUNNING"]
    node.connect()
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS])
def test_a_node_that_is_really_gone_is_still_noticed_after_it(pool: PoolMaster, by_ms: int) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    pool.tick(1)
    pool.clock.set_wall(pool.clock.wall_ms() + by_ms)
    node.silent = True
    pool.pass_time(offer.lease_s + 90, step_s=5)
    [row, *_] = pool.attempts(task_id)
    assert (row["state"], row["reason"]) == ("LOST", "lease")
