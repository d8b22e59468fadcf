"""Whole pools under random faults, each seed a run: see `docs/proof.md`. Many more: `python -m tests.sim.run`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.errors import Conflict
from tests.sim.ablations import ablated
from tests.sim.run import Outcome, Tally, simulate, sought
from tests.sim.world import Broken, Pool, Template, template

#: Seeds of one block; HIVEMIND_SIM_SEEDS sets how many blocks of them run.
BLOCK = 8
BLOCKS = int(os.environ.get("HIVEMIND_SIM_SEEDS", "40")) // BLOCK
#: Each was once a rule that did not hold.
REMEMBERED = (4, 9, 13, 37, 64, 936, 1991, 9139)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def made() -> Iterator[Template]:
    with template() as found:
        yield found


def _holds(made: Template, seed: int) -> None:
    outcome = simulate(made, seed)
    replay = f"python -m tests.sim.run --seed {seed}"
    assert not outcome.broken, f"{outcome.broken}\nreplay: {replay}\n{outcome.story[-6000:]}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_rule_holds_in_random_pools(made: Template, block: int) -> None:
    for seed in range(1000 + block * BLOCK, 1000 + (block + 1) * BLOCK):
        _holds(made, seed)


@pytest.mark.parametrize("seed", REMEMBERED)
def test_what_was_broken_once_holds(made: Template, seed: int) -> None:
    _holds(made, seed)


@pytest.mark.parametrize(
    "name",
    [
        "blind is not empty",
        "lease extension at restart",
        "report interval",
        "incarnation check",
        "clock watch",
        "gone before ended",
        "checkpoints are stored first",
        "inventory decides",
        "late results",
    ],
)
def test_a_safeguard_that_is_taken_away_is_missed(made: Template, name: str) -> None:
    """The simulation can fail: without this safeguard a rule does not hold."""
    with ablated(name):
        assert any(sought(made, seed, name).broken for seed in range(8))


def test_a_broken_rule_of_the_database_is_no_lawful_refusal(made: Template) -> None:
    """It comes back as a Conflict, as lawful refusals do, and was silent for long."""
    pool = Pool(made, 1, nodes=2)
    try:
        pool.begin()
        with pytest.raises(Conflict):
            pool.host.do(lambda uow: uow.nodes.add(next(iter(uow.nodes.all()))))
        assert isinstance(pool.kernel.broken, Broken)
    finally:
        pool.close()


def test_a_seed_is_the_same_run_each_time(made: Template) -> None:
    first, second = simulate(made, 20), simulate(made, 20)
    assert first.digest == second.digest


def test_a_long_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    kept = tmp_path / "results.jsonl"
    Tally(kept).add(Outcome(seed=7, broken="a rule", story="long", attempts=Counter({"LOST": 2})))
    tally = Tally(kept)
    assert (tally.seeds, tally.failed, tally.attempts) == ({7}, [7], Counter({"LOST": 2}))
