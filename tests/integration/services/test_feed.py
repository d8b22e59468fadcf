"""The feed of a whole master: commit numbers as the writer gives them, over restarts too."""

from __future__ import annotations

from master_app.feed import Audience, Kind, What
from tests.support.pool_master import PoolMaster


def test_a_snapshot_with_its_number_and_the_changes_after_it_miss_nothing(pool: PoolMaster) -> None:
    pool.grant("submitter", 100)
    audience, feed = Audience("submitter"), pool.master.feed
    stamp = feed.commit_number
    node = pool.node("n1")
    task_id = pool.submit().task_id
    first = feed.changes(audience, stamp)
    assert {(c.kind, c.thing_id) for c in first.changes} >= {(Kind.TASK, task_id)}
    assert first.commit == pool.master.storage.writer.commit_number
    (offer,) = node.take()
    node.start(offer)
    node.succeed(offer)
    second = feed.changes(audience, first.commit)
    assert [c.what for c in second.changes if c.thing_id == task_id] == [What.STATE]
    assert feed.changes(Audience("somebody"), first.commit).changes == ()


def test_a_position_of_before_a_restart_is_a_reset(pool: PoolMaster) -> None:
    pool.grant("submitter", 100)
    pool.submit()
    stamp = pool.master.feed.commit_number
    pool.restart()
    assert pool.master.feed.commit_number > stamp
    assert pool.master.feed.changes(Audience("submitter"), stamp).reset
