"""Who gets what: order of tasks, the promised rule, limits, reservations."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.node import HostUse, NodeFacts
from core.domain.resources import GIB
from master_app.scheduling.placement import place
from master_app.scheduling.settings import CoreQuotas
from tests.unit.master_app.scheduling.factories import (
    NOW,
    capacity,
    make_needs,
    make_node,
    make_pool,
    make_task,
    run,
    start,
)


@given(hosts=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=8, unique_by=max))
def test_the_lowest_of_max_cpu_memory_goes_first_when_nothing_else_distinguishes(
    hosts: list[tuple[int, int]],
) -> None:
    nodes = [
        make_node(f"n{i}", host=HostUse(cpu_percent=cpu, memory_percent=memory))
        for i, (cpu, memory) in enumerate(hosts)
    ]
    pool = make_pool(nodes, [make_task("t")])
    (placement,) = run(pool)
    assert pool.nodes[placement.node_id].host.load == min(max(host) / 100 for host in hosts)


def test_the_lowest_load_is_found_among_many_nodes() -> None:
    nodes = [make_node(f"n{i:04}", host=HostUse(cpu_percent=20 + i % 70)) for i in range(1000)]
    nodes[777] = make_node("quiet", host=HostUse(cpu_percent=3, memory_percent=5))
    pool = make_pool(nodes, [make_task("t")])
    assert [placement.node_id for placement in run(pool)] == ["quiet"]


def test_a_burst_does_not_herd_to_the_node_that_reported_least() -> None:
    pool = make_pool([make_node(f"n{i}") for i in range(4)], [make_task("t", 8)])
    assert set(Counter(placement.node_id for placement in run(pool)).values()) == {2}


def test_priority_then_fair_share_then_age() -> None:
    pool = make_pool(
        [make_node("n", facts=NodeFacts(capacity=capacity(cores=64, memory_gb=64), slots=4))],
        [
            make_task("old", owner_id="busy", submitted_ms=1),
            make_task("older", owner_id="idle", submitted_ms=0),
            make_task("young", owner_id="idle", submitted_ms=2),
            make_task("urgent", owner_id="busy", submitted_ms=9, priority=60),
        ],
    )
    pool.owner_use["busy"] = (1e9, NOW)
    assert [placement.task_id for placement in run(pool)] == ["urgent", "older", "young", "old"]


def test_two_owners_of_equal_use_share_evenly() -> None:
    node = make_node("n", facts=NodeFacts(capacity=capacity(cores=64, memory_gb=64), slots=20))
    pool = make_pool([node], [make_task("a", 100, owner_id="a"), make_task("b", 100, owner_id="b")])
    assert Counter(placement.task_id for placement in run(pool)) == {"a": 10, "b": 10}


@pytest.mark.parametrize(
    ("field", "value", "most"), [("max_parallel", 3, 3), ("affordable", 2, 2), ("pinned", False, 1)]
)
def test_limits_of_a_task_hold_within_one_call(field: str, value: object, most: int) -> None:
    pool = make_pool([make_node("n")], [make_task("t", 8, **{field: value})])
    for placement in (placed := run(pool)):
        start(pool, placement)
    assert len(placed) == most
    assert run(pool) == []


def test_a_quota_of_an_owner_is_kept() -> None:
    pool = make_pool([make_node("n")], [make_task("t", 8), make_task("u", 8, owner_id="other")])
    placed = Counter(placement.task_id for placement in run(pool, quotas=CoreQuotas(owners={"owner": 2000})))
    assert placed == {"t": 2, "u": 6}


def test_a_backed_off_index_runs_when_its_time_has_come() -> None:
    pool = make_pool([make_node("n")], [task := make_task("t")])
    pool.take_index(task)
    pool.put_back_off(task, 0, NOW + 10)
    assert run(pool, NOW) == []
    assert [placement.index for placement in run(pool, NOW + 10)] == [0]


def test_a_failed_index_avoids_its_node_while_another_could_take_it() -> None:
    full = make_node("full", facts=NodeFacts(capacity=capacity(), slots=1))
    pool = make_pool([make_node("bad"), full], [task := make_task("t", 2)])
    blocker = make_task("blocker")
    pool.put_task(blocker)
    pool.exclude(task, 0, "bad")
    pool.exclude(task, 0, "full")
    assert {p.node_id for p in run(pool) if p.index == 0} <= {"bad", "full"}


def test_a_busy_other_node_is_waited_for() -> None:
    pool = make_pool([make_node("other", facts=NodeFacts(capacity=capacity(), slots=1))], [make_task("first")])
    start(pool, run(pool)[0])
    pool.put_node(make_node("bad"))
    pool.put_task(task := make_task("t"))
    pool.exclude(task, 0, "bad")
    assert run(pool) == []


def test_the_next_step_of_the_memory_ladder_is_reserved() -> None:
    pool = make_pool([make_node("n")], [task := make_task("t")])
    pool.climb_memory(task, 0, 10 * GIB)
    assert run(pool)[0].resources.memory_bytes == 10 * GIB


def test_the_merge_uses_its_own_resources() -> None:
    pool = make_pool([make_node("n")], [task := make_task("t", merge_needs=make_needs(cpu_millis=4000))])
    pool.take_index(task)
    pool.make_ready(task, 1)
    assert [(p.index, p.resources.cpu_millis) for p in run(pool)] == [(1, 4000)]


def test_a_starved_task_reserves_its_node_and_others_backfill_elsewhere() -> None:
    small = make_node("small", facts=NodeFacts(capacity=capacity(cores=2), slots=2))
    pool = make_pool([make_node("big"), small], [make_task("stream", 100)])
    lives = [start(pool, placement) for placement in run(pool)]
    pool.put_task(make_task("huge", needs=make_needs(cpu_millis=8000), submitted_ms=-1))
    run(pool, NOW)
    for live in [live for live in lives if live.node_id == "big"][:4]:
        pool.end_attempt(live.attempt_id)
    pool.end_attempt(next(live.attempt_id for live in lives if live.node_id == "small"))
    later = NOW + 301_000
    assert {placement.node_id for placement in run(pool, later)} == {"small"}
    assert pool.claims == {"big": "huge"}
    for live in pool.live_of_node("big"):
        pool.end_attempt(live.attempt_id)
    assert ("huge", "big") in {(p.task_id, p.node_id) for p in run(pool, later + 1)}
    assert pool.claims == {}


def test_small_tasks_behind_a_long_blocked_line_get_their_turn() -> None:
    line = [make_task(f"b{i:04}", needs=make_needs(cpu_millis=9000 + i)) for i in range(1200)]
    pool = make_pool([make_node("n")], [*line, make_task("small")])
    seen = [placement.task_id for _ in range(4) for placement in run(pool)]
    assert seen == ["small"]


def test_what_only_one_of_many_nodes_can_do_is_found_in_turns() -> None:
    nodes = [make_node(f"n{i:05}", host=HostUse()) for i in range(3000)]
    only = nodes[2900].facts
    nodes[2900] = make_node("gpu", facts=replace(only, capacity=capacity(gpus=1)), host=HostUse(cpu_percent=90))
    pool = make_pool(nodes, [make_task("t", needs=make_needs(gpus=1))])
    seen = [placement.node_id for _ in range(14) for placement in run(pool)]
    assert seen == ["gpu"]


def test_a_call_ends_when_its_budget_is_spent() -> None:
    pool = make_pool([make_node("n", facts=NodeFacts(capacity=capacity(64, 64), slots=64))], [make_task("t", 64)])
    ticks = iter(range(1000))
    assert 0 < len(place(pool, NOW, timer_ms=lambda: float(next(ticks)), budget_ms=3.0)) < 64


def test_an_owner_whose_one_task_starved_gets_more_than_one_place_in_the_call_that_ends_it() -> None:
    pool = make_pool([], [make_task("t1", 2, needs=make_needs(1, 0), owner_id="o1", pinned=True)])
    assert run(pool) == []
    assert pool.tasks["t1"].starved_since_ms
    pool.put_task(make_task("t2", 1, needs=make_needs(0, 0), owner_id="o2", pinned=True))
    pool.put_node(make_node("n1", facts=NodeFacts(capacity=capacity(1, 1), slots=3)))
    assert sorted(one.task_id for one in run(pool) if not one.lane and one.follows is None) == ["t1", "t1", "t2"]
