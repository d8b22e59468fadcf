"""The lifecycles as triggers and unique indexes of the simulation's own database: no write may break them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.domain.attempt import ATTEMPT_TABLE, LIVE_ATTEMPT_STATES
from core.domain.subtask import SUBTASK_TABLE, SubtaskState
from core.domain.transitions import Table

#: Two lawful steps that one transaction takes at once.
_AT_ONCE = {"subtasks": [(SubtaskState.BACKOFF, SubtaskState.ACTIVE)]}


def guard(database: Path) -> None:
    """Add the rules to a database that no master has open."""
    live = ", ".join(f"'{state.value}'" for state in sorted(LIVE_ATTEMPT_STATES))
    with contextlib.closing(sqlite3.connect(database)) as connection:
        _guard_states(connection, "attempts", ATTEMPT_TABLE)
        _guard_states(connection, "subtasks", SUBTASK_TABLE)
        for name, columns, where in (
            ("one_winner", "task_id, ix, generation", "state = 'SUCCEEDED'"),
            ("one_live", "task_id, ix, generation", f"state IN ({live})"),
            ("one_epoch", "task_id, ix, epoch", "1"),
        ):
            connection.execute(f"CREATE UNIQUE INDEX sim_{name} ON attempts({columns}) WHERE {where}")
        connection.execute(
            "CREATE UNIQUE INDEX sim_one_payment ON transfers(attempt_id)"
            " WHERE attempt_id <> '' AND code >= 'ATTEMPT' AND code < 'ATTEMPU'"
        )
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER sim_transfers_{verb.lower()} BEFORE {verb} ON transfers"
                " BEGIN SELECT RAISE(ABORT, 'a transfer was changed'); END"
            )
        connection.execute(
            "CREATE TRIGGER sim_incarnation BEFORE UPDATE OF incarnation ON nodes"
            " WHEN NEW.incarnation < OLD.incarnation"
            " OR (NEW.incarnation = OLD.incarnation AND NEW.boot_id <> OLD.boot_id AND OLD.boot_id <> '')"
            " BEGIN SELECT RAISE(ABORT, 'an older life of a node, or its copy, was let in (C2)'); END"
        )
        connection.execute(
            "CREATE TRIGGER sim_success BEFORE UPDATE OF state ON subtasks"
            " WHEN OLD.state = 'SUCCEEDED' AND NEW.state <> 'SUCCEEDED' AND NEW.generation <= OLD.generation"
            " BEGIN SELECT RAISE(ABORT, 'a success was taken back without a retry of everything'); END"
        )
        connection.commit()


def _guard_states(connection: sqlite3.Connection, table: str, lifecycle: Table[Any]) -> None:
    lawful: Iterable[tuple[StrEnum, StrEnum]] = [
        *((edge.source, edge.target) for edge in lifecycle.edges),
        *_AT_ONCE.get(table, ()),
    ]
    pairs = ", ".join(f"'{source.value}>{target.value}'" for source, target in lawful)
    connection.execute(
        f"CREATE TRIGGER sim_{table} BEFORE UPDATE OF state ON {table}"
        f" WHEN OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({pairs})"
        f" BEGIN SELECT RAISE(ABORT, 'unlawful change of {table}'); END"
    )
