"""Runs simulated pools: `python -m tests.sim.run --seeds 10000 -j 2`, or one with its story: `--seed 4711`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from core.domain.task import TERMINAL_TASK_STATES
from tests.sim.ablations import ABLATIONS, ablated, only_of
from tests.sim.faults import Faults
from tests.sim.tasks import manifest
from tests.sim.world import Broken, Pool, Template, template

_ENDED = {state.value for state in TERMINAL_TASK_STATES}
#: How long a pool may take to end everything once nothing goes wrong: the longest quarantine is an hour.
SETTLE_MS = 3 * 3_600_000
#: Idle sandboxes and strays go after 5 minutes each, looked at every 5.
CLEAN_MS = 1_000_000


@dataclass(kw_only=True)
class Outcome:
    """What became of one seed."""

    seed: int
    broken: str = ""
    story: str = ""
    tasks: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    #: Attempts that were offered behind another one.
    ahead: int = 0
    settled_s: float = 0.0


def simulate(made: Template, seed: int, only: tuple[str, ...] = ()) -> Outcome:
    """Run one seed to its end, or to the first rule that does not hold. With `only`, long programs meet these
    faults and no others.
    """
    began = time.perf_counter()
    outcome = Outcome(seed=seed)
    pool = Pool(made, seed, nodes=2 + seed % 3, codec=seed % 8 == 0)
    try:
        _live(pool, outcome, only)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        outcome.broken = (
            str(error) if isinstance(error, Broken) else f"{error!r} at {where.filename}:{where.lineno}"
        )
        pool.kernel.note("BROKEN: {}", outcome.broken)
        outcome.story = pool.kernel.story()
        if not isinstance(error, Broken):
            outcome.story += "\n" + "".join(traceback.format_exception(error))
    finally:
        pool.close()
    outcome.seconds = time.perf_counter() - began
    return outcome


def _live(pool: Pool, outcome: Outcome, only: tuple[str, ...]) -> None:
    chance = pool.kernel.random
    faults = Faults(pool, only)
    pool.mischief = chance.choice((0.0, 0.2, 0.5))
    pool.begin()
    pool.only_long = bool(only)
    short = chance.random() < 0.25 and not only
    if short:
        pool.pace, pool.mischief = 0.02, pool.mischief / 10
    for _ in range(chance.randrange(4, 9) if short else chance.randrange(1, 4)):
        pool.kernel.after(chance.randrange(1, 200_000), lambda: pool.submit(manifest(chance, short=short)))
    faults.begin()
    for _ in range(chance.choice((15, 20, 40))):
        pool.run(15_000)
        pool.rules.check()
    faults.is_over = True
    outcome.faults = faults.counts
    pool.run(1)
    pool.kernel.note("---- the faults are over")
    pool.all_well()
    began = pool.kernel.now
    if not _settle(pool):
        pool.fail(f"stuck: {pool.states()}")
    outcome.settled_s = (pool.kernel.now - began) / 1000
    pool.kernel.note("---- all tasks ended")
    pool.run(CLEAN_MS)
    pool.rules.check_end()
    outcome.tasks = Counter(pool.states().values())
    ahead = pool.host.rows("SELECT count(*) AS n FROM attempts WHERE lane <> '' AND lane <> attempt_id")
    outcome.ahead = ahead[0]["n"]
    rows = pool.host.rows("SELECT state, reason, count(*) AS n FROM attempts GROUP BY state, reason")
    outcome.attempts = Counter({f"{row['state']} {row['reason']}".strip(): row["n"] for row in rows})


def _settle(pool: Pool) -> bool:
    until = pool.kernel.now + SETTLE_MS
    pool.host.tick_ms = 3000
    while pool.kernel.now < until:
        if all(state in _ENDED for state in pool.states().values()):
            return True
        pool.run(20_000)
        pool.rules.check()
        pool.people_help()
    return False


# ---------------------------------------------------------------- many seeds


def _work(
    first: int,
    step: int,
    count: int,
    until: float,
    without: str,
    results: multiprocessing.Queue[Outcome | None],
) -> None:
    with template() as made, ablated(without):
        for seed in range(first, first + step * count, step):
            if time.time() > until:
                break
            outcome = simulate(made, seed, only_of(without))
            results.put(outcome)
    results.put(None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed, with its story")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--without", default="", help=f"take a safeguard away: {', '.join(ABLATIONS)}")
    parser.add_argument("--stop", action="store_true", help="end at the first failure")
    wish = parser.parse_args()
    if wish.seed is not None:
        with template() as made, ablated(wish.without):
            outcome = simulate(made, wish.seed, only_of(wish.without))
        print(outcome.story or f"seed {wish.seed} holds: {dict(outcome.tasks)} {dict(outcome.attempts)}")
        return int(bool(outcome.broken))
    return _many(wish)


def _many(wish: argparse.Namespace) -> int:
    began = time.time()
    results: multiprocessing.Queue[Outcome | None] = multiprocessing.Queue()
    jobs = [
        multiprocessing.Process(
            target=_work,
            args=(
                wish.first + job,
                wish.jobs,
                -(-wish.seeds // wish.jobs),
                began + wish.minutes * 60,
                wish.without,
                results,
            ),
        )
        for job in range(wish.jobs)
    ]
    for job in jobs:
        job.start()
    failed: list[Outcome] = []
    count, ahead, left = 0, 0, len(jobs)
    tasks: Counter[str] = Counter()
    attempts: Counter[str] = Counter()
    while left:
        outcome = results.get()
        if outcome is None:
            left -= 1
            continue
        count += 1
        tasks += outcome.tasks
        attempts += outcome.attempts
        ahead += outcome.ahead
        if outcome.broken:
            failed.append(outcome)
            print(
                f"seed {outcome.seed}: {outcome.broken[:600]}\n"
                f"   replay: python -m tests.sim.run --seed {outcome.seed}",
                flush=True,
            )
            if wish.stop:
                left = 0
    for job in jobs:
        if wish.stop and failed:
            job.terminate()
        job.join()
    print(f"{count} seeds, {len(failed)} failed, {time.time() - began:.0f} s")
    print("tasks", dict(tasks), "offered ahead", ahead)
    print("attempts", dict(attempts.most_common()))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
