"""What must hold of a pool after its bad hour: read from the database, the folders and the engine, not from
words.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.engine import docker
from tests.support.pool import Pool

DATABASE = "hivemind.sqlite3"


def rows(pool: Pool, query: str, *values: object) -> list[dict[str, Any]]:
    """Return committed rows of the master's database."""
    with closing(sqlite3.connect(f"file:{pool.data_dir / DATABASE}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def node_ids(pool: Pool) -> dict[str, str]:
    """Return the agents' node ids by name."""
    found = {}
    for file in sorted(pool.folder.glob("*/identity.json")):
        found[file.parent.name] = json.loads(file.read_text())["node_id"]
    return found


def wrong_winners(pool: Pool, task_id: str, count: int) -> list[str]:
    """Return the subtasks that do not have exactly one winner and exactly one payment of it."""
    won = Counter(
        row["ix"]
        for row in rows(pool, "SELECT ix FROM attempts WHERE task_id = ? AND state = 'SUCCEEDED'", task_id)
    )
    paid = Counter(
        row["attempt_id"]
        for row in rows(
            pool, "SELECT attempt_id FROM transfers WHERE task_id = ? AND code LIKE 'ATTEMPT_PAID%'", task_id
        )
    )
    found = [f"{index} has {won[index]} winners" for index in range(count) if won[index] != 1]
    return found + [f"{attempt} was paid {times} times" for attempt, times in paid.items() if times > 1]


def wasted(pool: Pool, task_id: str) -> Counter[str]:
    """Return the attempts that won nothing, by how they ended."""
    query = "SELECT * FROM attempts WHERE task_id = ? AND state <> 'SUCCEEDED'"
    found: Counter[str] = Counter()
    for row in rows(pool, query, task_id):
        words = (row["state"], row["reason"], row["failure_code"], row["failure_message"])
        found[" ".join(part for part in words if part)] += 1
    return found


def left_on_engine(pool: Pool) -> list[str]:
    """Return containers and volumes of the pool's nodes. The runner's own volume stays, one a node and version."""
    found = []
    for name, node_id in node_ids(pool).items():
        mine = ("--filter", f"label=hivemind.node={node_id}")
        found += [f"{name}: container {each}" for each in docker("ps", "-aq", *mine).split()]
        volumes = docker("volume", "ls", "-q", *mine).split()
        found += [f"{name}: volume {each}" for each in volumes if not each.startswith("hivemind-runner-")]
    return found


def left_in_folders(pool: Pool) -> list[str]:
    """Return files that should be gone once everything has ended: half written, or of attempts that are over."""
    found: list[Path] = []
    for folder in (pool.data_dir / "blobs", *(pool.data_dir / "uploads").glob("*")):
        found += [*(folder / "tmp").glob("*"), *(folder / "partial").glob("*")]
    found += (pool.data_dir / "blobs" / "damaged").glob("*")
    found += [path for path in (pool.data_dir / "scratch").rglob("*") if path.is_file()]
    for name in node_ids(pool):
        for part in ("results", "spool", "blobs/tmp", "blobs/partial", "blobs/damaged"):
            found += (pool.folder / name / part).glob("*")
    return sorted(str(path.relative_to(pool.folder)) for path in found)
