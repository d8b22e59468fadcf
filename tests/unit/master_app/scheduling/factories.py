"""Nodes and tasks that differ from a plain one only in what a test names."""

from __future__ import annotations

import itertools

from core.domain.attempt import AttemptState
from core.domain.node import NodeAdmin, NodeFacts, NodeHealth
from core.domain.resources import GIB, Resources
from core.domain.spec import PreferSpec, RequiresSpec
from master_app.scheduling.placement import Placement, place
from master_app.scheduling.pool import LiveAttempt, Needs, Pool, PoolNode, PoolTask
from master_app.scheduling.settings import SchedulingSettings

NOW = 1_000_000
_numbers = itertools.count()


def capacity(cores: int = 8, memory_gb: int = 16, gpus: int = 0) -> Resources:
    return Resources(cpu_millis=cores * 1000, memory_bytes=memory_gb * GIB, disk_bytes=1000 * GIB, gpus=gpus)


def make_node(node_id: str, **values: object) -> PoolNode:
    fields: dict[str, object] = {
        "node_id": node_id,
        "name": node_id,
        "owner_id": "provider",
        "facts": NodeFacts(arch="x86_64", os="linux", capacity=capacity(), slots=8),
        "admin": NodeAdmin.ACTIVE,
        "health": NodeHealth.READY,
    }
    return PoolNode(**(fields | values))  # type: ignore[arg-type]


def make_needs(cpu_millis: int = 1000, memory_bytes: int = GIB, gpus: int = 0, **values: object) -> Needs:
    fields: dict[str, object] = {
        "resources": Resources(cpu_millis=cpu_millis, memory_bytes=memory_bytes, disk_bytes=GIB, gpus=gpus),
        "requires": RequiresSpec(),
        "prefer": PreferSpec(),
        "image_ref": "hivemind/python",
    }
    return Needs(**(fields | values))  # type: ignore[arg-type]


def make_task(task_id: str, count: int = 1, **values: object) -> PoolTask:
    fields: dict[str, object] = {
        "task_id": task_id,
        "owner_id": "owner",
        "priority": 50,
        "submitted_ms": next(_numbers),
        "generation": 0,
        "subtask_count": count,
        "needs": make_needs(),
    }
    return PoolTask(**(fields | values))  # type: ignore[arg-type]


def make_pool(nodes: list[PoolNode], tasks: list[PoolTask]) -> Pool:
    pool = Pool()
    for node in nodes:
        pool.put_node(node)
    for task in tasks:
        pool.put_task(task)
    pool.settle()
    return pool


def run(pool: Pool, now_ms: int = NOW, limit: int = 256, **settings: object) -> list[Placement]:
    chosen = SchedulingSettings(**settings)  # type: ignore[arg-type]
    return place(pool, now_ms, timer_ms=lambda: 0.0, limit=limit, settings=chosen)


def start(pool: Pool, placement: Placement, attempt_id: str = "", lane: str = "") -> LiveAttempt:
    attempt = LiveAttempt(
        attempt_id=attempt_id or f"a{next(_numbers)}",
        task_id=placement.task_id,
        index=placement.index,
        node_id=placement.node_id,
        term=1,
        epoch=1,
        generation=0,
        number=1,
        resources=placement.resources,
        state=AttemptState.OFFERED,
        offered_ms=NOW,
        lease_s=600,
        deadline_ms=NOW + 600_000,
        session_id="s",
        lane=lane or placement.lane,
    )
    pool.add_attempt(attempt)
    return attempt


def start_all(pool: Pool, placements: list[Placement]) -> None:
    """Add an attempt for each placement of a call, in the lanes that it names."""
    opened: dict[int, str] = {}
    for placement in placements:
        lane = opened[id(placement.follows)] if placement.follows is not None else ""
        opened[id(placement)] = start(pool, placement, lane=lane).attempt_id
