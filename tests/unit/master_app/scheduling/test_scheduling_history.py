"""Random histories: nothing is oversubscribed, explain agrees with placement, and rewind restores all."""

from __future__ import annotations

import copy
from dataclasses import fields

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.domain.node import HostUse, NodeFacts, NodeHealth
from core.domain.resources import GIB, Resources
from master_app.scheduling.explain import why_waiting
from master_app.scheduling.fair_share import charge
from master_app.scheduling.pool import Pool
from tests.unit.master_app.scheduling.factories import (
    NOW,
    capacity,
    make_needs,
    make_node,
    make_task,
    run,
    start_all,
)


def deep(pool: Pool) -> object:
    """Return all that must come back, with heaps and derived orders as sets."""

    def of(thing: object) -> dict[str, object]:
        return {field.name: copy.deepcopy(getattr(thing, field.name)) for field in fields(thing)}  # type: ignore[arg-type]

    tasks = {key: of(task) for key, task in pool.tasks.items()}
    for task in tasks.values():
        del task["pace_ms"]  # a hint
        task["backoff"] = sorted(task["backoff"])  # type: ignore[call-overload]
        task["ready"] = list(task["ready"])  # type: ignore[call-overload]
    return (
        {key: of(node) for key, node in pool.nodes.items()},
        tasks,
        {key: of(attempt) for key, attempt in pool.attempts.items()},
        {key: set(value) for key, value in pool.attempts_of_node.items()},
        {key: set(value) for key, value in pool.attempts_of_task.items()},
        dict(pool.owner_use),
        dict(pool.owner_cpu_millis),
        dict(pool.claims),
        dict(pool.open_nodes.step_of),
        {(p, o): list(line.keys) for p, lines in pool.queue.lines.items() for o, line in lines.items()},
    )


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool()
        self.now = NOW
        self.count = 0

    @rule(cores=st.integers(1, 8), memory=st.integers(1, 8), slots=st.integers(0, 5), gpus=st.integers(0, 2))
    def join(self, cores: int, memory: int, slots: int, gpus: int) -> None:
        if len(self.pool.nodes) < 5:
            self.count += 1
            facts = NodeFacts(capacity=capacity(cores, memory, gpus), slots=slots)
            self.pool.put_node(make_node(f"n{self.count}", facts=facts))

    @rule(
        count=st.integers(1, 12),
        cpu=st.integers(0, 9000),
        memory=st.integers(0, 9 * GIB),
        gpus=st.integers(0, 1),
        priority=st.integers(49, 51),
        max_parallel=st.integers(0, 3),
        pinned=st.booleans(),
    )
    def submit(
        self, count: int, cpu: int, memory: int, gpus: int, priority: int, max_parallel: int, pinned: bool
    ) -> None:
        self.count += 1
        needs = make_needs(cpu, memory, gpus)
        self.pool.put_task(
            make_task(
                f"t{self.count}",
                count,
                needs=needs,
                priority=priority,
                max_parallel=max_parallel,
                pinned=pinned,
                owner_id=f"o{self.count % 3}",
            )
        )

    @rule(step=st.integers(0, 400_000))
    def place(self, step: int) -> None:
        self.now += step
        quarantined = {n.node_id for n in self.pool.nodes.values() if n.quarantined_until_ms > self.now}
        before = {task.task_id: task.room() for task in self.pool.tasks.values()}
        placed = run(self.pool, self.now)
        assert quarantined.isdisjoint(placement.node_id for placement in placed)
        start_all(self.pool, placed)
        for task_id, room in before.items():
            # What follows in a lane takes no room of its own.
            given = sum(one.task_id == task_id and not one.lane and one.follows is None for one in placed)
            woken = len(self.pool.tasks[task_id].ready) + given
            assert given <= max(room, woken)
        self.agree()

    def agree(self) -> None:
        """After a complete call, no task that has room is taken by any node."""
        for task in self.pool.tasks.values():
            if task.dispatchable and task.room():
                why = why_waiting(self.pool, task.task_id, self.now)
                assert all(verdict.refusal is not None for verdict in why.verdicts), why

    @rule(pick=st.randoms(use_true_random=False), fate=st.sampled_from(["done", "ready", "backoff", "oom"]))
    def end(self, pick: object, fate: str) -> None:
        if not self.pool.attempts:
            return
        live = self.pool.attempts[pick.choice(sorted(self.pool.attempts))]  # type: ignore[attr-defined]
        self.pool.end_attempt(live.attempt_id)
        charge(self.pool, live.owner_id, 1000, self.now)
        task = self.pool.tasks.get(live.task_id)
        if task is None:
            return
        if fate == "done":
            task.pace_ms = {**(task.pace_ms or {}), live.node_id: 100.0}
        if fate == "ready":
            self.pool.exclude(task, live.index, live.node_id)
            self.pool.make_ready(task, live.index)
        elif fate == "backoff":
            self.pool.put_back_off(task, live.index, self.now + 10_000)
        elif fate == "oom":
            self.pool.climb_memory(task, live.index, live.resources.memory_bytes + GIB)
            self.pool.make_ready(task, live.index)

    @rule(pick=st.randoms(use_true_random=False), cpu=st.integers(0, 100), bad=st.booleans(), lost=st.booleans())
    def report(self, pick: object, cpu: int, bad: bool, lost: bool) -> None:
        if self.pool.nodes:
            node = self.pool.nodes[pick.choice(sorted(self.pool.nodes))]  # type: ignore[attr-defined]
            self.pool.change(
                node,
                host=HostUse(cpu_percent=cpu),
                health=NodeHealth.SUSPECT if lost else NodeHealth.READY,
                quarantined_until_ms=self.now + 5000 if bad else 0,
            )

    @rule(pick=st.randoms(use_true_random=False), what=st.sampled_from(["task", "node", "withdraw", "pause"]))
    def leave(self, pick: object, what: str) -> None:
        if what == "node" and self.pool.nodes:
            self.pool.remove_node(pick.choice(sorted(self.pool.nodes)))  # type: ignore[attr-defined]
        elif self.pool.tasks:
            task = self.pool.tasks[pick.choice(sorted(self.pool.tasks))]  # type: ignore[attr-defined]
            if what == "task":
                self.pool.remove_task(task.task_id)
            elif what == "pause":
                self.pool.change(task, dispatchable=not task.dispatchable)
            elif task.ready or task.backoff:
                self.pool.withdraw(task, (task.ready or [task.backoff[0][1]])[0])

    @rule(keep=st.booleans())
    def commit(self, keep: bool) -> None:
        if keep:
            self.pool.settle()
            self.marked = deep(self.pool)
        elif hasattr(self, "marked"):
            self.pool.rewind(0)
            assert deep(self.pool) == self.marked

    @invariant()
    def nothing_is_oversubscribed(self) -> None:
        for node in self.pool.nodes.values():
            lanes = {a.lane: a for a in self.pool.attempts_of_node.get(node.node_id, {}).values()}
            used = sum((a.resources for a in lanes.values()), Resources())
            assert node.running == len(lanes)
            assert (used.cpu_millis, used.memory_bytes, used.disk_bytes, used.gpus) == (
                node.reserved.cpu_millis,
                node.reserved.memory_bytes,
                node.reserved.disk_bytes,
                node.reserved.gpus,
            )
            has = node.facts.capacity
            assert used.cpu_millis <= has.cpu_millis and used.memory_bytes <= has.memory_bytes
            assert used.disk_bytes <= has.disk_bytes and used.gpus <= has.gpus
            assert node.running <= node.facts.slots

    @invariant()
    def lanes_hold_what_is_alike(self) -> None:
        held = [live for lane in self.pool.lanes.values() for live in lane.attempts.values()]
        assert len(held) == len(self.pool.attempts)
        for lane in self.pool.lanes.values():
            kinds = {(one.task_id, one.node_id, one.resources) for one in lane.attempts.values()}
            assert kinds == {(lane.task_id, lane.node_id, lane.resources)}
        for task in self.pool.tasks.values():
            mine = [lane for lane in self.pool.lanes.values() if lane.task_id == task.task_id]
            assert task.lanes == len(mine)
            assert not task.max_parallel or len(mine) <= task.max_parallel

    @invariant()
    def the_queue_holds_exactly_what_has_room(self) -> None:
        wanted = {t.task_id for t in self.pool.tasks.values() if t.dispatchable and t.room() > 0}
        listed = {
            key[1] for lines in self.pool.queue.lines.values() for line in lines.values() for key in line.keys
        }
        assert listed == wanted


TestHistory = History.TestCase
TestHistory.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
