"""Moves a pool's database into another one, table by table; what was interrupted goes on where it stood.

Rows travel in the order of their keys, a portion a transaction, and the place reached is written in the same one,
so that a portion arrives once. Nobody may write to the source meanwhile: the caller holds the data folder. Only
when every table has as many rows as its source, and both chains end in the same link, the target counts as a
master's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import MetaData

from core.domain.errors import Conflict, StorageUnavailable
from master_app.storage.failures import translate
from master_app.storage.migrate import newest_revision, revision
from master_app.storage.tables import metadata
from master_app.storage.tables.history import audit_log, meta
from master_app.storage.tables.ledger import transfers

ROWS_AT_ONCE: Final = 1_000
_PROGRESS_META: Final = MetaData()
#: In the target while the move lasts. `reached` is the last key that arrived, as JSON; empty: none yet.
_PROGRESS: Final = Table(
    "move_progress",
    _PROGRESS_META,
    Column("name", Text, primary_key=True),
    Column("reached", Text, nullable=False),
)
_SOURCE: Final = "*source*"

#: (table, rows so far, rows in all)
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    rows: int
    #: Of these, how many this run brought; fewer than `rows` when an earlier one was interrupted.
    now: int


def move_database(source: Engine, target: Engine, on_progress: OnProgress) -> Moved:
    """Bring everything of `source` into `target`. Raises Conflict for a target that holds something else."""
    try:
        return _move(source, target, on_progress)
    except SQLAlchemyError as error:
        ours = translate(error)
        raise ours or StorageUnavailable("The database cannot be moved.") from error


def _move(source: Engine, target: Engine, on_progress: OnProgress) -> Moved:
    if revision(source) != newest_revision():
        raise Conflict(
            "The database has an older shape.",
            code="DATABASE_OLD",
            fix="Start the master once, stop it, try again.",
        )
    heads = _heads(source)
    if _is_moved(target, heads):
        return Moved(0, 0)
    _prepare(target, json.dumps(heads))
    rows = now = 0
    for table in metadata.sorted_tables:
        total, moved = _move_table(source, target, table, on_progress)
        rows, now = rows + total, now + moved
    if _heads(target) != heads:
        raise Conflict(
            "The copy differs from its source.", code="COPY_DIFFERS", fix="Empty the new database first."
        )
    with target.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": newest_revision()})
        _PROGRESS.drop(connection)
    return Moved(rows, now)


def _is_moved(target: Engine, heads: dict[str, Any]) -> bool:
    """Tell whether an earlier run came to its end, and only what follows it was interrupted."""
    there = set(inspect(target).get_table_names())
    return "alembic_version" in there and _PROGRESS.name not in there and _heads(target) == heads


def _prepare(target: Engine, heads: str) -> None:
    """Make the tables, or prove that they are of an earlier try to move this very database, unchanged since."""
    there = set(inspect(target).get_table_names())
    if not there:
        with target.begin() as connection:
            metadata.create_all(connection)
            _PROGRESS_META.create_all(connection)
            connection.execute(insert(_PROGRESS), [{"name": _SOURCE, "reached": heads}])
        return
    if _PROGRESS.name not in there:
        raise Conflict(
            "The new database is not empty.",
            code="DATABASE_EXISTS",
            fix="Name an empty one: CREATE DATABASE hivemind.",
        )
    with target.connect() as connection:
        begun = connection.execute(select(_PROGRESS.c.reached).where(_PROGRESS.c.name == _SOURCE)).scalar()
    if begun != heads:
        raise Conflict(
            "The move that was interrupted began from another state: the master has run since.",
            code="MOVE_STALE",
            fix="Drop the new database, make an empty one and move again.",
        )


def _move_table(source: Engine, target: Engine, table: Table, on_progress: OnProgress) -> tuple[int, int]:
    keys = list(table.primary_key.columns)
    with source.connect() as origin:
        total = int(origin.execute(select(func.count()).select_from(table)).scalar() or 0)
        reached = _reached(target, table)
        moved = 0
        while True:
            query = select(table).order_by(*keys).limit(ROWS_AT_ONCE)
            if reached is not None:
                query = query.where(tuple_(*keys) > tuple_(*reached))
            portion = [dict(row) for row in origin.execute(query).mappings()]
            if not portion:
                break
            reached = [portion[-1][key.name] for key in keys]
            with target.begin() as connection:
                connection.execute(insert(table), portion)
                _reach(connection, table, reached)
            moved += len(portion)
            on_progress(table.name, moved, total)
    with target.connect() as connection:
        arrived = int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
    if arrived != total:
        raise Conflict(
            f"{arrived} of {total} rows of {table.name} arrived.",
            code="COPY_DIFFERS",
            fix="Empty the new database.",
        )
    return total, moved


def _reached(target: Engine, table: Table) -> list[Any] | None:
    with target.connect() as connection:
        found = connection.execute(select(_PROGRESS.c.reached).where(_PROGRESS.c.name == table.name)).scalar()
    return json.loads(found) if found else None


def _reach(connection: Connection, table: Table, reached: Sequence[Any]) -> None:
    place = {"reached": json.dumps(list(reached))}
    done = connection.execute(update(_PROGRESS).where(_PROGRESS.c.name == table.name).values(**place))
    if not done.rowcount:
        connection.execute(insert(_PROGRESS), [{"name": table.name, **place}])


def _heads(engine: Engine) -> dict[str, Any]:
    """Return what changes whenever anything does: the term, and the newest links of both chains."""
    with engine.connect() as connection:
        term = connection.execute(select(meta.c.content).where(meta.c.name == "term")).scalar()
        found: dict[str, Any] = {"term": term}
        for table in (transfers, audit_log):
            row = connection.execute(
                select(table.c.sequence, table.c.hash).order_by(table.c.sequence.desc()).limit(1)
            ).first()
            found[table.name] = list(row) if row else [0, ""]
    return found
