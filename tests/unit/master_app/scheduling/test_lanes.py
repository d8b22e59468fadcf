"""Offers ahead: only of what is short and known, under one reservation, never before somebody else's turn."""

from __future__ import annotations

from collections import Counter

from core.domain.attempt import AttemptState
from core.domain.node import NodeAdmin, NodeFacts
from core.domain.resources import Resources
from master_app.scheduling.lanes import MAX_IN_LANE, STUCK_MS, depth, note_success, overdue
from master_app.scheduling.placement import Placement
from master_app.scheduling.pool import Pool, PoolNode, PoolTask
from tests.unit.master_app.scheduling.factories import (
    NOW,
    capacity,
    make_needs,
    make_node,
    make_pool,
    make_task,
    run,
    start_all,
)


def small(node_id: str, slots: int = 2) -> PoolNode:
    return make_node(node_id, facts=NodeFacts(arch="x86_64", os="linux", capacity=capacity(slots), slots=slots))


def quick(count: int, *nodes: str, ms: float = 1.0, **values: object) -> PoolTask:
    return make_task("quick", count, pace_ms=dict.fromkeys(nodes, ms), **values)


def lengths(pool: Pool) -> list[int]:
    return sorted(len(lane.attempts) for lane in pool.lanes.values())


def end_one(pool: Pool, node_id: str) -> None:
    pool.end_attempt(next(iter(pool.attempts_of_node[node_id])))


def test_nothing_waits_on_a_node_that_has_not_shown_how_fast_it_is() -> None:
    pool = make_pool([small("a")], [make_task("t", 1000)])
    start_all(pool, run(pool))
    assert lengths(pool) == [1, 1]


def test_short_subtasks_wait_in_the_lanes_of_those_that_run() -> None:
    pool = make_pool([small("a")], [quick(1000, "a")])
    placed = run(pool)
    start_all(pool, placed)
    assert lengths(pool) == [63, 63]
    assert [p.index for p in placed] == list(range(126)), "in order: what runs first was placed first"
    node = pool.nodes["a"]
    assert (node.running, node.reserved.cpu_millis) == (2, 2000)
    assert (pool.tasks["quick"].active, pool.tasks["quick"].lanes) == (126, 2)


def test_a_lane_reserves_until_its_last_attempt_ends() -> None:
    pool = make_pool([small("a", slots=1)], [quick(3, "a")])
    start_all(pool, run(pool))
    for left in (2, 1, 0):
        assert pool.nodes["a"].reserved.cpu_millis == 1000
        end_one(pool, "a")
        assert len(pool.attempts) == left
    assert pool.nodes["a"].reserved == Resources()
    assert pool.lanes == {}


def test_no_more_than_a_quarter_of_a_second_waits() -> None:
    for ms, most in ((1, 63), (10, 26), (100, 3), (240, 2), (251, 1), (60_000, 1)):
        pool = make_pool([small("a", slots=1)], [quick(1000, "a", ms=ms)])
        start_all(pool, run(pool))
        assert lengths(pool) == [most], f"{ms} ms each"
        assert most <= MAX_IN_LANE


def test_a_lane_is_filled_up_again_when_one_of_it_ends() -> None:
    pool = make_pool([small("a", slots=1)], [quick(1000, "a", ms=100)])
    start_all(pool, run(pool))
    lane_id = next(iter(pool.lanes))
    end_one(pool, "a")
    [again] = run(pool)
    assert (again.lane, again.index) == (lane_id, 3)
    assert run(pool) == [], "nothing ended since"


def test_free_slots_come_first() -> None:
    pool = make_pool([small("a", 1), small("b", 1)], [quick(2, "a", "b")])
    assert {p.node_id for p in run(pool)} == {"a", "b"}
    pool = make_pool([small("a", 1), small("b", 1)], [quick(10, "a", "b")])
    start_all(pool, run(pool))
    assert lengths(pool) == [5, 5], "and near its end a task's lanes share what is left"


def test_the_best_node_still_takes_the_first() -> None:
    busy = small("a")
    busy.reserved, busy.running = Resources(cpu_millis=1000), 1
    pool = make_pool([busy, small("b")], [quick(200, "a", "b")])
    assert run(pool)[0].node_id == "b"


def test_max_parallel_counts_what_runs_at_once() -> None:
    pool = make_pool([small("a")], [quick(1000, "a", max_parallel=1)])
    start_all(pool, run(pool))
    assert lengths(pool) == [63]


def test_money_that_covers_one_at_once_gives_one_lane() -> None:
    pool = make_pool([small("a")], [quick(1000, "a", affordable=1)])
    start_all(pool, run(pool))
    assert lengths(pool) == [63]


def waits_beside(quick_task: PoolTask, other: PoolTask) -> int:
    """Fill a node of one slot with the quick task, let another come, end one, and return how many follow."""
    pool = make_pool([small("a", slots=1)], [quick_task])
    start_all(pool, run(pool))
    pool.put_task(other)
    end_one(pool, "a")
    return len(run(pool))


def test_a_lane_runs_out_when_a_task_that_comes_first_waits_for_its_slot() -> None:
    assert waits_beside(quick(1000, "a"), make_task("later")) == 1
    assert waits_beside(quick(1000, "a"), make_task("urgent", priority=60)) == 0
    assert waits_beside(quick(1000, "a"), make_task("other owner", owner_id="poor")) == 0


def test_a_task_that_could_not_start_there_anyway_holds_nothing_up() -> None:
    arm = make_needs(requires=make_needs().requires.__class__(arch=("aarch64",)))
    assert waits_beside(quick(1000, "a"), make_task("arm", priority=60, needs=arm)) == 1
    big = make_needs(cpu_millis=64_000)
    assert waits_beside(quick(1000, "a"), make_task("big", priority=60, needs=big)) == 1


def test_a_slot_whose_lane_ran_out_goes_to_the_one_that_waited() -> None:
    pool = make_pool([small("a", slots=1)], [quick(1000, "a", ms=200)])
    start_all(pool, run(pool))
    pool.put_task(make_task("urgent", priority=60))
    end_one(pool, "a")
    assert run(pool) == []
    end_one(pool, "a")
    assert run(pool)[0].task_id == "urgent"


def test_what_is_not_like_the_others_never_follows() -> None:
    pool = make_pool([small("a", slots=1)], [quick(3, "a", next_index=3, ready=[2, 1, 0])])
    pool.exclude(pool.tasks["quick"], 1, "b")
    placed = run(pool)
    assert [p.index for p in placed] == [0], "index 1 has a node to avoid, and 2 does not overtake it"


def test_a_node_that_takes_nothing_new_gets_nothing_ahead() -> None:
    pool = make_pool([small("a", slots=1)], [quick(1000, "a")])
    start_all(pool, run(pool))
    pool.change(pool.nodes["a"], admin=NodeAdmin.DRAINING)
    end_one(pool, "a")
    assert run(pool) == []


def test_a_call_gives_no_more_than_its_limit() -> None:
    pool = make_pool([small("a", 8)], [quick(1000, "a")])
    assert len(run(pool, limit=20)) == 20


def test_pace_is_what_the_master_sees_and_slower_is_believed_at_once() -> None:
    pool = make_pool([small("a", slots=1)], [make_task("t", 1000)])
    task = pool.tasks["t"]
    start_all(pool, run(pool))
    [lane] = pool.lanes.values()
    note_success(task, lane, 1, NOW, NOW + 100)
    assert task.pace_ms == {"a": 100}
    note_success(task, lane, 10, NOW, NOW + 200)  # ten in 100 ms
    assert task.pace_ms == {"a": 55}
    note_success(task, lane, 1, NOW, NOW + 2200)
    assert task.pace_ms == {"a": 2000}
    assert depth(task, "a") == 1


def test_what_waits_in_a_stuck_lane_is_overdue() -> None:
    pool = make_pool([small("a", slots=1)], [quick(1000, "a", ms=100)])
    start_all(pool, run(pool))
    first, second, third = pool.attempts.values()
    pool.advance_attempt(first, AttemptState.RUNNING)
    assert overdue(pool, NOW + STUCK_MS - 1) == {}
    assert overdue(pool, NOW + STUCK_MS) == {"a": [second.attempt_id, third.attempt_id]}
    assert depth(pool.tasks["quick"], "a") == 1, "one at a time until it is quick again"
    pool.advance_attempt(second, AttemptState.RUNNING)
    assert overdue(pool, NOW + STUCK_MS) == {"a": [third.attempt_id]}, "what has begun runs on"


def test_what_waits_for_a_paused_task_or_a_draining_node_is_overdue_at_once() -> None:
    for change in ("task", "node"):
        pool = make_pool([small("a", slots=1)], [quick(1000, "a", ms=200)])
        start_all(pool, run(pool))
        if change == "task":
            pool.change(pool.tasks["quick"], dispatchable=False)
        else:
            pool.change(pool.nodes["a"], admin=NodeAdmin.DRAINING)
        assert [len(waiting) for waiting in overdue(pool, NOW).values()] == [1], change


def test_lanes_of_a_call_are_told_apart() -> None:
    pool = make_pool([small("a")], [quick(1000, "a")])
    placed = run(pool)
    opened = [p for p in placed if p.follows is None]
    assert len(opened) == 2
    assert Counter(id(p.follows) for p in placed if p.follows is not None) == {id(p): 62 for p in opened}
    assert all(isinstance(p, Placement) and not p.lane for p in placed)
