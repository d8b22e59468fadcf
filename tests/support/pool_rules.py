"""What must hold of a master's state after every step, whatever happened: read from its rows and its pool."""

from __future__ import annotations

from collections import Counter
from typing import Any

from core.domain.attempt import LIVE_ATTEMPT_STATES
from core.domain.ledger import hold_account
from core.domain.resources import Resources
from core.domain.subtask import SubtaskState
from core.domain.task import TERMINAL_TASK_STATES, MergeState, TaskState
from master_app.ports.unit_of_work import UnitOfWork
from tests.support.pool_master import PoolMaster

_LIVE = {state.value for state in LIVE_ATTEMPT_STATES}
_ENDED = {state.value for state in TERMINAL_TASK_STATES}


def broken_rules(pool: PoolMaster) -> list[str]:
    """Return each rule that does not hold, in words; nothing when all is well."""
    tasks = pool.rows("SELECT * FROM tasks")
    subtasks = pool.rows("SELECT * FROM subtasks ORDER BY task_id, ix")
    attempts = pool.rows("SELECT * FROM attempts")
    broken: list[str] = []
    for task in tasks:
        mine = [row for row in subtasks if row["task_id"] == task["task_id"]]
        runs = [row for row in attempts if row["task_id"] == task["task_id"]]
        broken += _counts(task, mine, runs) + _winners(task, mine, runs)
    return broken + _money(pool, tasks, attempts) + pool.run(lambda uow: _hot(uow, tasks, subtasks, attempts))


def _counts(task: dict[str, Any], subtasks: list[dict[str, Any]], attempts: list[dict[str, Any]]) -> list[str]:
    parts = [row for row in subtasks if row["ix"] < task["subtask_count"]]
    found = Counter(row["state"] for row in parts)
    broken = [
        f"{task['task_id']} {task['state']}: {state.lower()} is {task[state.lower()]}, rows say {found[state]}"
        for state in ("READY", "BACKOFF", "ACTIVE", "SUCCEEDED", "FAILED", "CANCELLED", "EATEN")
        if task[state.lower()] != found[state]
    ]
    live = sum(row["state"] in _LIVE for row in attempts)
    if task["live_attempts"] != live:
        broken.append(f"{task['task_id']}: live_attempts is {task['live_attempts']}, rows say {live}")
    if task["next_index"] < len(parts):
        broken.append(f"{task['task_id']}: {len(parts)} rows but next_index is {task['next_index']}")
    active = {row["ix"] for row in subtasks if row["state"] == "ACTIVE"}
    running = {row["ix"] for row in attempts if row["state"] in _LIVE}
    if not active <= running:
        broken.append(f"{task['task_id']} {task['state']}: ACTIVE without attempt: {sorted(active - running)}")
    return broken


def _winners(task: dict[str, Any], subtasks: list[dict[str, Any]], attempts: list[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    wins = Counter((row["ix"], row["generation"]) for row in attempts if row["state"] == "SUCCEEDED")
    broken += [f"{task['task_id']}: {key} was won {count} times" for key, count in wins.items() if count > 1]
    by_id = {row["attempt_id"]: row for row in attempts}
    for row in subtasks:
        won = row["state"] == "SUCCEEDED"
        if won != bool(row["winner"]):
            broken.append(f"{task['task_id']}/{row['ix']}: {row['state']} with winner {row['winner']!r}")
        if won and by_id[row["winner"]]["state"] != "SUCCEEDED":
            broken.append(f"{task['task_id']}/{row['ix']}: its winner is {by_id[row['winner']]['state']}")
    epochs = Counter((row["ix"], row["epoch"]) for row in attempts)
    broken += [f"{task['task_id']}: epoch {key} was used {n} times" for key, n in epochs.items() if n > 1]
    busy = Counter((row["ix"], row["generation"]) for row in attempts if row["state"] in _LIVE)
    broken += [f"{task['task_id']}: {key} has {n} live attempts" for key, n in busy.items() if n > 1]
    return broken


def _money(pool: PoolMaster, tasks: list[dict[str, Any]], attempts: list[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    accounts = {row["account_id"]: row["balance_ucpt"] for row in pool.rows("SELECT * FROM accounts")}
    if sum(accounts.values()):
        broken.append(f"all balances together are {sum(accounts.values())}")
    below = [key for key, balance in accounts.items() if balance < 0 and key != "mint"]
    broken += [f"{key} is below zero" for key in below]
    for task in tasks:
        held = accounts.get(hold_account(task["task_id"]), 0)
        if task["state"] in _ENDED and not task["live_attempts"] and held:
            broken.append(f"{task['task_id']} {task['state']}: {held} are still held")
        paid = sum(row["paid_ucpt"] or 0 for row in attempts if row["task_id"] == task["task_id"])
        if paid > task["paid_ucpt"]:
            broken.append(f"{task['task_id']}: attempts say {paid} was paid, the task {task['paid_ucpt']}")
        if task["max_ucpt"] is not None and task["paid_ucpt"] > task["max_ucpt"]:
            broken.append(f"{task['task_id']}: {task['paid_ucpt']} was paid, its cap is {task['max_ucpt']}")
    payments = Counter(
        row["attempt_id"] for row in pool.rows("SELECT attempt_id FROM transfers WHERE code LIKE 'ATTEMPT%'")
    )
    broken += [f"{attempt_id} was paid {count} times" for attempt_id, count in payments.items() if count > 1]
    undecided = [row["attempt_id"] for row in attempts if row["state"] not in _LIVE and row["paid_ucpt"] is None]
    return broken + [f"{attempt_id} ended and nobody decided its pay" for attempt_id in undecided]


def _hot(
    uow: UnitOfWork,
    tasks: list[dict[str, Any]],
    subtasks: list[dict[str, Any]],
    attempts: list[dict[str, Any]],
) -> list[str]:
    pool = uow.pool
    broken: list[str] = []
    live = {row["attempt_id"] for row in attempts if row["state"] in _LIVE}
    if set(pool.attempts) != live:
        broken.append(
            f"the pool has {sorted(set(pool.attempts) - live)} too much, lacks {live - set(pool.attempts)}"
        )
    for node in pool.nodes.values():
        lanes = {one.lane: one for one in pool.live_of_node(node.node_id)}
        reserved = sum((one.resources for one in lanes.values()), Resources())
        capacity = node.facts.capacity
        if node.reserved != reserved:
            broken.append(f"{node.node_id}: reserved is {node.reserved}, attempts say {reserved}")
        if reserved.cpu_millis > capacity.cpu_millis or reserved.memory_bytes > capacity.memory_bytes:
            broken.append(f"{node.node_id} is oversubscribed: {reserved}")
        if node.running > node.facts.slots:
            broken.append(f"{node.node_id} has {node.running} in {node.facts.slots} slots")
        if node.running != len(lanes):
            broken.append(f"{node.node_id} counts {node.running} lanes, attempts say {len(lanes)}")
    wanted = {row["task_id"] for row in tasks if row["state"] not in _ENDED}
    if set(pool.tasks) != wanted:
        broken.append(f"tasks of the pool: {sorted(set(pool.tasks) ^ wanted)}")
    for row in tasks:
        hot = pool.tasks.get(row["task_id"])
        if hot is not None:
            mine = [one for one in subtasks if one["task_id"] == row["task_id"]]
            broken += _hot_task(row, mine, hot)
    return broken


def _hot_task(task: dict[str, Any], subtasks: list[dict[str, Any]], hot: Any) -> list[str]:
    broken: list[str] = []
    name = f"{task['task_id']} {task['state']}"
    waiting = sorted([*hot.ready, *(index for _, index in hot.backoff)])
    opened = {SubtaskState.READY.value, SubtaskState.BACKOFF.value}
    # A merge that waits for its parts has no place in the queue, whatever its row says.
    merges = task["merge"] == MergeState.OPEN.value
    rows = sorted(
        row["ix"] for row in subtasks if row["state"] in opened and (row["ix"] < task["subtask_count"] or merges)
    )
    if waiting != rows:
        broken.append(f"{name}: the pool waits with {waiting}, rows with {rows}")
    if hot.next_index != task["next_index"]:
        broken.append(f"{name}: the pool's next is {hot.next_index}, the row's {task['next_index']}")
    if hot.active != task["live_attempts"]:
        broken.append(f"{name}: the pool counts {hot.active} live, the row {task['live_attempts']}")
    states = {TaskState.QUEUED.value, TaskState.RUNNING.value, TaskState.MERGING.value}
    if hot.dispatchable and task["state"] not in states and task["wait_for"] != "pin":
        broken.append(f"{name} takes new attempts")
    return broken
