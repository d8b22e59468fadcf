"""Runs simulated pools: `python -m tests.sim.run --seeds 10000 -j 2`, or one with its story: `--seed 4711`.

With `--results FILE` each seed adds a line to a file, and a seed that is there already is not run again: a long
run can be stopped at any moment and goes on with the same command. The file belongs to one commit.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import multiprocessing
import random
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.domain.task import TERMINAL_TASK_STATES
from tests.sim.ablations import ABLATIONS, ablated, only_of, programs_of
from tests.sim.faults import GENTLE, Faults
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
    #: Of everything that happened: the same for the same seed and code.
    digest: str = ""
    tasks: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    waste: Counter[str] = field(default_factory=Counter)
    #: Double runs that the late rule excuses.
    excused: int = 0
    seconds: float = 0.0
    #: Attempts that were offered behind another one.
    ahead: int = 0
    settled_s: float = 0.0


def simulate(made: Template, seed: int, only: tuple[str, ...] = (), programs: str = "any") -> Outcome:
    """Run one seed to its end, or to the first rule that does not hold. With `only` it meets these faults and no
    others; `programs` as `ablations.Ablation` has it.
    """
    began = time.perf_counter()
    outcome = Outcome(seed=seed)
    pool = Pool(made, seed, nodes=2 + seed % 3, codec=seed % 8 == 0)
    try:
        _live(pool, outcome, only, programs)
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
        outcome.digest = _digest(pool)
        pool.close()
    outcome.seconds = time.perf_counter() - began
    return outcome


def sought(made: Template, seed: int, without: str) -> Outcome:
    """Run a seed as an ablation is sought; with no name, as it is."""
    return simulate(made, seed, only_of(without), programs_of(without))


def _digest(pool: Pool) -> str:
    """Sum up a run: each draw of chance, and so each event before it, and what became of each attempt."""
    kernel = pool.kernel
    rows = pool.host.rows("SELECT attempt_id, state, reason, paid_ucpt FROM attempts ORDER BY attempt_id")
    told = repr((kernel.steps, kernel.now, kernel.random.getstate(), [tuple(row.values()) for row in rows]))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _live(pool: Pool, outcome: Outcome, only: tuple[str, ...], programs: str) -> None:
    chance = pool.kernel.random
    #: Every eighth pool meets small faults only: none of its runs may be in vain.
    is_gentle = pool.kernel.seed % 8 == 3 and not only
    faults = Faults(pool, GENTLE if is_gentle else only)
    pool.mischief = chance.choice((0.0, 0.2, 0.5))
    pool.begin()
    pool.programs = programs
    short = chance.random() < 0.25 and not only
    if short:
        pool.pace, pool.mischief = 0.02, pool.mischief / 10
    # Where one fault is sought every node has work from the beginning on.
    count = chance.randrange(3, 7) if only else chance.randrange(4, 9) if short else chance.randrange(1, 4)
    merge, within_ms = "retry_merging" in only, 60_000 if only else 200_000
    lease_s = 60 if programs in ("endless", "middling", "checkpoint") else 0
    if programs == "middling":
        # Offers go out all the time.
        count, within_ms = 12, 500_000
    for _ in range(count):
        begins_ms = chance.randrange(1, within_ms)
        pool.kernel.after(
            begins_ms, lambda: pool.submit(manifest(chance, short=short, merge=merge, lease_s=lease_s))
        )
    if only:
        pool.grant(10_000)
        # From then on somebody is always free to take over what another node is said to have lost.
        pool.kernel.after(90_000, lambda: pool.grow(pool.nodes[0]))
    faults.begin()
    if pool.kernel.seed % 16 == 9 and not only:
        pool.kernel.after(random.Random(pool.kernel.seed).randrange(20_000, 200_000), pool.copy_node)
    for _ in range(40 if only else chance.choice((15, 20, 40))):
        pool.run(15_000)
        pool.rules.check()
    faults.is_over = True
    outcome.faults, outcome.waste = faults.counts, pool.rules.waste.counts
    pool.run(1)
    pool.kernel.note("---- the faults are over")
    pool.all_well()
    began = pool.kernel.now
    if not _settle(pool):
        pool.fail(f"stuck: {pool.states()}")
    outcome.settled_s = (pool.kernel.now - began) / 1000
    pool.kernel.note("---- all tasks ended")
    pool.run_until(pool.rules.is_clean, CLEAN_MS, step_ms=20_000)
    pool.rules.check_end()
    outcome.excused = pool.rules.overlaps_excused
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


def _work(seeds: list[int], until: float, without: str, results: multiprocessing.Queue[Outcome | None]) -> None:
    with template() as made, ablated(without):
        gc.collect()
        gc.freeze()
        # A run makes few cycles and many objects that stay to its end.
        gc.set_threshold(100_000, 20, 100)
        for seed in seeds:
            if time.time() > until:
                break
            outcome = sought(made, seed, without)
            results.put(outcome)
    results.put(None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed, with its story")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--results", type=Path, help="a file of one line a seed; seeds in it are not run again")
    parser.add_argument("--without", default="", help=f"take a safeguard away: {', '.join(ABLATIONS)}")
    parser.add_argument("--stop", action="store_true", help="end at the first failure")
    wish = parser.parse_args()
    if wish.seed is not None:
        with template() as made, ablated(wish.without):
            outcome = sought(made, wish.seed, wish.without)
        held = f"seed {wish.seed} holds ({outcome.digest}): {dict(outcome.tasks)} {dict(outcome.attempts)}"
        print(outcome.story or held)
        return int(bool(outcome.broken))
    return _many(wish)


class Tally:
    """What many seeds came to, together with those of the results file."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.seeds: set[int] = set()
        self.failed: list[int] = []
        self.tasks: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.waste: Counter[str] = Counter()
        self.ahead = self.excused = 0
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                self._count(json.loads(line))

    def add(self, outcome: Outcome) -> None:
        values = {name: value for name, value in vars(outcome).items() if name != "story"}
        self._count(values)
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(json.dumps(values) + "\n")

    def _count(self, values: dict[str, Any]) -> None:
        self.seeds.add(values["seed"])
        if values["broken"]:
            self.failed.append(values["seed"])
        self.tasks += Counter(values["tasks"])
        self.attempts += Counter(values["attempts"])
        self.faults += Counter(values["faults"])
        self.waste += Counter(values["waste"])
        self.ahead += values["ahead"]
        self.excused += values["excused"]


def _many(wish: argparse.Namespace) -> int:
    began = time.time()
    tally = Tally(wish.results)
    wanted = [seed for seed in range(wish.first, wish.first + wish.seeds) if seed not in tally.seeds]
    results: multiprocessing.Queue[Outcome | None] = multiprocessing.Queue()
    until = began + wish.minutes * 60
    jobs = [
        multiprocessing.Process(target=_work, args=(wanted[job :: wish.jobs], until, wish.without, results))
        for job in range(wish.jobs)
    ]
    for job in jobs:
        job.start()
    left = len(jobs)
    while left:
        outcome = results.get()
        if outcome is None:
            left -= 1
            continue
        tally.add(outcome)
        if outcome.broken:
            without = f' --without "{wish.without}"' if wish.without else ""
            print(
                f"seed {outcome.seed}: {outcome.broken[:600]}\n"
                f"   replay: python -m tests.sim.run --seed {outcome.seed}{without}",
                flush=True,
            )
            if wish.stop:
                left = 0
    for job in jobs:
        if wish.stop and tally.failed:
            job.terminate()
        job.join()
    print(f"{len(tally.seeds)} seeds, {len(tally.failed)} failed {tally.failed}, {time.time() - began:.0f} s now")
    print("tasks", dict(tally.tasks), "offered ahead", tally.ahead)
    print("attempts", dict(tally.attempts.most_common()))
    print("begun in vain", tally.waste["in vain"], "unexplained", tally.waste["unexplained"])
    print("double runs excused", tally.excused)
    print("faults", dict(tally.faults.most_common()))
    return int(bool(tally.failed))


if __name__ == "__main__":
    sys.exit(main())
