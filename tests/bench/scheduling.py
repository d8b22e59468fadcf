"""How long one call of placement takes: `python -m tests.bench.scheduling`. A bench, never a timed test."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc

from core.domain.node import NodeFacts
from master_app.scheduling.placement import Placement, place
from master_app.scheduling.pool import Pool
from tests.unit.master_app.scheduling.factories import NOW, capacity, make_needs, make_node, make_pool, make_task


def timer_ms() -> float:
    return time.perf_counter() * 1000


def calls(pool: Pool, count: int, budget_ms: float) -> tuple[list[float], list[Placement]]:
    """Run the same call again and again, undone in between."""
    spent, placed = [], []
    for _ in range(count):
        mark, started = pool.mark(), timer_ms()
        placed = place(pool, NOW, timer_ms=timer_ms, budget_ms=budget_ms)
        spent.append(timer_ms() - started)
        pool.rewind(mark)
    return spent, placed


def one_task_few_nodes() -> None:
    facts = NodeFacts(capacity=capacity(100, 200), slots=100)
    pool = make_pool([make_node(f"n{i}", facts=facts) for i in range(3)], [make_task("t", 100_000)])
    spent, placed = calls(pool, 50, 50.0)
    each = sorted(ms * 1000 / len(placed) for ms in spent)
    middle = statistics.median(each)
    print(f"one task, 3 nodes: {middle:.1f} us a placement (best {each[0]:.1f}, worst {each[-1]:.1f})")


def long_queue(*, fits: bool, same_needs: bool) -> None:
    tracemalloc.start()
    pool = make_pool([make_node(f"n{i}") for i in range(10_000)], [])
    before = tracemalloc.get_traced_memory()[0]
    for i in range(100_000):
        needs = pool.intern(make_needs(cpu_millis=(1000 if fits else 9000) + (0 if same_needs else i % 5000)))
        pool.put_task(make_task(f"{i:026}", needs=needs, owner_id=f"o{i % 100}"))
    pool.settle()
    mib = (tracemalloc.get_traced_memory()[0] - before) / (1 << 20)
    tracemalloc.stop()
    # As the daemon does after it has loaded the queue: a full collection of it is no part of a call.
    gc.collect()
    gc.freeze()
    spent, placed = calls(pool, 20, 5.0)
    gc.unfreeze()
    words = f"{'fit' if fits else 'blocked'}, {'same' if same_needs else '5,000 different'} needs"
    print(
        f"100,000 tasks ({words}), 10,000 nodes: {statistics.median(spent):.2f} ms a call"
        f" (worst {max(spent):.2f}),"
        f" {len(placed)} placed; the queue is {mib:.0f} MiB"
    )


if __name__ == "__main__":
    one_task_few_nodes()
    long_queue(fits=True, same_needs=True)
    long_queue(fits=True, same_needs=False)
    long_queue(fits=False, same_needs=True)
    long_queue(fits=False, same_needs=False)
