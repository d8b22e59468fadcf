"""One bad hour: a task over three agents while programs are killed and links are cut, and what must hold after
it.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.client.client import HiveMind
from core.client.errors import ClientError
from tests.faults import checks, workload
from tests.faults.blows import Blow, Blows
from tests.support.network import Network
from tests.support.pool import Pool, wait_for

AGENTS = ("a1", "a2", "a3")
SLOTS = 2
OWNER = "bob"
PASSWORD_S = 60.0
#: After the last blow: how long the rest of the work may take.
AFTER_S = 240.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    minutes: float
    subtasks: int
    seed: int
    #: Of one subtask.
    seconds: float
    every_s: tuple[float, float] = (2.0, 6.0)
    longest_s: float = 15.0
    delay_ms: float = 20.0
    jitter_ms: float = 5.0
    loss: float = 0.005


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of it. `problems` empty: everything that must hold holds."""

    took_s: float
    blows: list[Blow]
    subtasks: int
    attempts: int
    wasted: Counter[str]
    restarts_s: list[float]
    problems: list[str] = field(default_factory=list)

    @property
    def wasted_share(self) -> float:
        return sum(self.wasted.values()) / max(1, self.attempts)


def patiently(what: str, call: Callable[[], object], timeout_s: float = 120.0) -> object:
    """Call until it works: the master may be away at the moment."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            return call()
        except (ClientError, OSError) as error:
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not work within {timeout_s:.0f} s: {error}") from error
            time.sleep(1.0)


def run(plan: Plan, folder: Path, say: Say) -> Outcome:
    """Carry out a plan in an empty folder."""
    with Network(AGENTS) as network, Pool(folder, "docker", network) as pool:
        for agent in AGENTS:
            network.shape(agent, delay_ms=plan.delay_ms, jitter_ms=plan.jitter_ms, loss=plan.loss)
        pool.start_master()
        pool.add_user("ann", "submitter")
        pool.add_user(OWNER, "provider")
        for agent in AGENTS:
            pool.start_agent(agent, OWNER, SLOTS)
        for program in pool.agents.values():
            program.ready()
        with HiveMind(pool.url) as ann:
            ann.login("ann", pool.password)
            return _bad_hour(plan, pool, network, ann, say)


def _bad_hour(plan: Plan, pool: Pool, network: Network, ann: HiveMind, say: Say) -> Outcome:
    zip_path = workload.write_zip(
        pool.folder / "faults.zip", name="faults", count=plan.subtasks, seconds=plan.seconds
    )
    task_id = ann.submit(zip_path).task_id
    wait_for("a first subtask", lambda: ann.task(task_id).counts.get("SUCCEEDED", 0) >= 1, 120)
    blows = Blows(pool, network, OWNER, random.Random(plan.seed), plan.every_s, plan.longest_s)
    began = time.monotonic()
    blows.start()
    done = 0
    while time.monotonic() - began < plan.minutes * 60:
        time.sleep(2.0)
        try:
            counts = ann.task(task_id).counts
        except (ClientError, OSError):
            continue
        if counts.get("SUCCEEDED", 0) != done:
            done = counts.get("SUCCEEDED", 0)
            say(f"{time.monotonic() - began:6.0f} s: {done} of {plan.subtasks} done, {len(blows.dealt)} blows")
        if done == plan.subtasks:
            break
    blows.stop()
    say(f"{time.monotonic() - began:6.0f} s: calm again after {len(blows.dealt)} blows")
    wait_for("the end of the task", lambda: _ended(ann, task_id), AFTER_S)
    took_s = time.monotonic() - began
    problems = [*blows.problems, *_judge(plan, pool, ann, task_id)]
    lost = checks.wasted(pool, task_id)
    [row] = checks.rows(pool, "SELECT count(*) AS n FROM attempts WHERE task_id = ?", task_id)
    _leave(pool, problems)
    return Outcome(
        took_s=took_s,
        blows=blows.dealt,
        subtasks=plan.subtasks,
        attempts=row["n"],
        wasted=lost,
        restarts_s=blows.restarts_s,
        problems=problems,
    )


def _ended(ann: HiveMind, task_id: str) -> bool:
    try:
        return ann.task(task_id).state in ("SUCCEEDED", "FAILED", "CANCELLED")
    except (ClientError, OSError):
        return False


def _judge(plan: Plan, pool: Pool, ann: HiveMind, task_id: str) -> list[str]:
    task = ann.task(task_id)
    found = [] if task.state == "SUCCEEDED" else [f"the task is {task.state}: {task.state_reason}"]
    result = pool.folder / "result.zip"
    patiently("the download", lambda: ann.download_result(task_id, result))
    found += workload.wrong_results(result, plan.subtasks)
    found += checks.wrong_winners(pool, task_id, plan.subtasks)
    try:
        words = pool.admin("ledger", "verify")
    except RuntimeError as error:
        words = str(error)
    return found if "fit" in words else [*found, f"the ledger: {words}"]


def _leave(pool: Pool, problems: list[str]) -> None:
    """End every program politely, and look at what they left."""
    for name, agent in pool.agents.items():
        code = agent.stop()
        if code:
            problems.append(f"{name} ended with {code}")
    assert pool.master is not None
    code = pool.master.stop()
    if code:
        problems.append(f"the master ended with {code}")
    problems += checks.left_on_engine(pool)
    problems += checks.left_in_folders(pool)
