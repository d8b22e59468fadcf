"""What people are told is what placement does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.node import NodeAdmin, NodeFacts, NodeHealth, NodeOwner, RuntimeKind
from core.domain.resources import GIB
from core.domain.spec import PreferSpec, RequiresSpec
from master_app.scheduling.explain import IdleReasons, could_ever_fit, why_waiting
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

PLAIN = NodeFacts(arch="x86_64", os="linux", capacity=capacity(), slots=8)


@pytest.mark.parametrize(
    ("rule", "node", "needs", "permanent"),
    [
        ("admin", {"admin": NodeAdmin.PAUSED}, {}, False),
        ("health", {"health": NodeHealth.SUSPECT}, {}, False),
        ("owner", {"owner_state": NodeOwner.IN_USE}, {}, False),
        ("owner", {"owner_state": NodeOwner.GPU_PAUSED, "facts": replace(PLAIN, capacity=capacity(gpus=1))},
         {"gpus": 1}, False),
        ("quarantine", {"quarantined_until_ms": NOW + 1}, {}, False),
        ("protocol", {"protocol_ok": False}, {}, False),
        ("engine", {"facts": replace(PLAIN, engine_ok=False)}, {}, False),
        ("disk_full", {"facts": replace(PLAIN, disk_ok=False)}, {}, False),
        ("runtime", {"facts": replace(PLAIN, runtime=RuntimeKind.PROCESS), "owner_id": "owner"}, {}, True),
        ("runtime", {"facts": replace(PLAIN, runtime=RuntimeKind.PROCESS)}, {"allow_process": True}, True),
        ("owner_allowed", {"facts": replace(PLAIN, owners_allowed=("else",))}, {}, True),
        ("image_allowed", {"facts": replace(PLAIN, images_allowed=("else",))}, {}, True),
        ("arch", {}, {"requires": RequiresSpec(arch=("aarch64",))}, True),
        ("os", {}, {"requires": RequiresSpec(os=("windows",))}, True),
        ("host_os", {}, {"requires": RequiresSpec(host_os=("windows",))}, True),
        ("labels", {"labels": {"site": "c"}}, {"requires": RequiresSpec(labels={"site": ("a", "b")})}, True),
        ("minimum", {}, {"requires": RequiresSpec(minimum={"bandwidth_mbps": 10})}, True),
        ("gpus_of_node", {}, {"gpus": 1}, True),
        ("cpu_of_node", {}, {"cpu_millis": 8001}, True),
        ("memory_of_node", {}, {"memory_bytes": 16 * GIB + 1}, True),
        ("image_id", {}, {"image_id": "sha256:1"}, False),
    ],
)  # fmt: skip
def test_each_rule_refuses_and_names_itself(
    rule: str, node: dict[str, object], needs: dict[str, object], permanent: bool
) -> None:
    asked = make_needs(**needs)  # type: ignore[arg-type]
    pool = make_pool([make_node("n", **node)], [make_task("t", needs=asked)])
    assert run(pool) == []
    why = why_waiting(pool, "t", NOW)
    refusal = why.verdicts[0].refusal
    assert refusal is not None
    assert (refusal.rule, refusal.permanent, why.impossible) == (rule, permanent, permanent)
    assert could_ever_fit(pool, asked, "owner") is not permanent


def test_own_tasks_that_allow_it_run_on_an_own_process_node() -> None:
    node = make_node("n", facts=replace(PLAIN, runtime=RuntimeKind.PROCESS), owner_id="owner")
    assert len(run(make_pool([node], [make_task("t", needs=make_needs(allow_process=True))]))) == 1


def test_the_cheapest_change_is_the_smallest_and_makes_it_fit() -> None:
    small = make_node("small", facts=replace(PLAIN, capacity=capacity(memory_gb=4)))
    pool = make_pool([small, make_node("large")], [make_task("t", needs=make_needs(memory_bytes=20 * GIB))])
    why = why_waiting(pool, "t", NOW)
    assert why.cheapest_change == "lower memory_gb to 16.0 (node large)"
    assert why.change == ("memory_gb", "16.0")
    pool.put_task(make_task("u", needs=make_needs(memory_bytes=16 * GIB)))
    assert [placement.task_id for placement in run(pool)] == ["u"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dispatchable": False}, "held, paused"),
        ({"max_parallel": 1}, "max_parallel"),
        ({"affordable": 1}, "balance"),
        ({"pinned": False}, "pins the image"),
    ],
)
def test_what_holds_the_task_itself_is_said_first(fields: dict[str, object], words: str) -> None:
    pool = make_pool([make_node("n")], [make_task("t", 4, **fields)])
    for placement in run(pool):
        start(pool, placement)
    assert words in why_waiting(pool, "t", NOW).summary


def test_a_task_held_because_nothing_fits_is_still_told_what_would_make_it_fit() -> None:
    asked = make_needs(cpu_millis=9000)
    pool = make_pool([make_node("n", facts=PLAIN)], [make_task("t", needs=asked, dispatchable=False)])
    why = why_waiting(pool, "t", NOW)
    assert why.impossible and why.summary == "No node of this pool could ever take it."
    assert "cpu_cores" in why.cheapest_change
    assert why_waiting(make_pool([], [make_task("t", dispatchable=False)]), "t", NOW).summary.startswith(
        "No node has"
    )


def test_a_score_adds_up_and_prefers_what_the_task_prefers() -> None:
    needs = make_needs(prefer=PreferSpec(labels={"ssd": -0.1}))
    pool = make_pool([make_node("a"), make_node("b", labels={"ssd": "1"})], [make_task("t", needs=needs)])
    scores = {v.node_id: v.score for v in why_waiting(pool, "t", NOW).verdicts}
    assert all(score and score.total == pytest.approx(sum(p for _, p in score.parts)) for score in scores.values())
    assert run(pool)[0].node_id == "b"


def test_an_idle_node_is_told_the_rule_that_keeps_it_idle() -> None:
    pool = make_pool([make_node("n")], [make_task("t", needs=make_needs(gpus=1))])
    assert IdleReasons(pool, NOW).of("n") == "1 of 1 waiting tasks: gpus_of_node: needs 1 GPU, has 0 GPU."
    assert IdleReasons(pool, NOW).of("other") == "This node is not enrolled."
    pool.remove_task("t")
    assert IdleReasons(pool, NOW).of("n") == "No task is waiting."


@pytest.mark.parametrize(("nodes", "looked_at"), [(1, 200), (20, 200), (1_000, 4), (100_000, 1)])
def test_a_long_list_of_idle_nodes_looks_at_fewer_tasks_for_each(nodes: int, looked_at: int) -> None:
    tasks = [make_task(f"t{number}", needs=make_needs(gpus=1)) for number in range(250)]
    reasons = IdleReasons(make_pool([make_node("n")], tasks), NOW, nodes=nodes)
    assert reasons.of("n").startswith(f"{looked_at} of {looked_at} waiting tasks")
