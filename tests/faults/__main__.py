"""`python -m tests.faults --minutes 5`: the long fault run, on real processes, containers and namespaces. As
root.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import stamina

from tests.faults.run import Plan, run
from tests.support.network import missing
from tests.support.pool import engine_answers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long blows are dealt (default 5)")
    parser.add_argument("--subtasks", type=int, default=200)
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of one subtask; 0: so that they last that long"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the blows; 0: a new one")
    parser.add_argument("--folder", type=Path, help="keep everything, logs included, in this new folder")
    given = parser.parse_args()
    # The client says each try that it makes again; here that is most of them.
    stamina.instrumentation.set_on_retry_hooks([])
    # Programs and namespaces must not outlive us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    problem = missing() or ("" if engine_answers() else "no container engine answers")
    if problem:
        print(f"This run cannot be done here: {problem}.", file=sys.stderr)
        return 2
    seed = given.seed or secrets.randbelow(1_000_000) + 1
    # Six slots, of which the blows leave about a third at work.
    seconds = given.seconds or max(0.5, given.minutes * 60 * 6 * 0.35 / given.subtasks)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="hivemind-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(
        f"seed {seed}: {given.subtasks} subtasks of {seconds:.1f} s, {given.minutes:g} minutes of blows",
        flush=True,
    )
    plan = Plan(minutes=given.minutes, subtasks=given.subtasks, seed=seed, seconds=round(seconds, 1))
    try:
        outcome = run(plan, folder, lambda line: print(line, flush=True))
    finally:
        if not given.folder:
            shutil.rmtree(folder, ignore_errors=True)
    kinds = Counter(blow.kind for blow in outcome.blows)
    targets = Counter(blow.target for blow in outcome.blows)
    print(f"blows      {len(outcome.blows)}: {_words(kinds)}; on {_words(targets)}")
    print(f"attempts   {outcome.attempts} for {outcome.subtasks} subtasks in {outcome.took_s:.0f} s")
    print(
        f"won nothing {sum(outcome.wasted.values())} ({outcome.wasted_share:.1%}): "
        f"{_words(outcome.wasted) or 'none'}"
    )
    if outcome.restarts_s:
        print(f"master up  {len(outcome.restarts_s)} times, the slowest in {max(outcome.restarts_s):.1f} s")
    for line in outcome.problems:
        print(f"PROBLEM    {line}")
    print("everything that must hold holds" if not outcome.problems else f"{len(outcome.problems)} problems")
    return 1 if outcome.problems else 0


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
