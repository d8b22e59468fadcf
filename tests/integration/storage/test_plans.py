"""Queries of the hot path and of lists find their rows by an index, in SQLite's own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from core.domain.ledger import Code, user_account
from core.domain.task import TaskState
from master_app.storage import blob_reads, usage_reads
from master_app.storage.engine import database_url, prepare_file, writer_engine
from master_app.storage.ledger_reads import sequences_of
from master_app.storage.migrate import upgrade
from master_app.storage.page_reads import HOLD_CODES, later_query, running_queries
from master_app.storage.repositories import attempts, ledger, subtasks, tasks, users
from master_app.storage.statements import Sql
from master_app.storage.tables.ledger import transfers
from master_app.storage.tables.tasks import tasks as task_table
from master_app.storage.task_reads import _named, _newest
from tests.support.storage import NOW_MS

QUERIES = {
    "live tasks": (tasks._LIVE_PAGE, "ix_tasks_live"),
    "live tasks of an owner": (tasks._COUNT_LIVE, "ix_tasks_live_owner"),
    "overdue tasks": (tasks._OVERDUE, "ix_tasks_deadline"),
    "expired tasks": (tasks._EXPIRED, "ix_tasks_expiry"),
    "held tasks": (blob_reads._HELD, "ix_tasks_held"),
    "a task by its key": (tasks._BY_KEY, "ix_tasks_key"),
    "dependants": (tasks._DEPENDANTS, "ix_task_after_after"),
    "live attempts": (attempts._LIVE, "ix_attempts_live"),
    "run times": (attempts._RUN_TIMES, "ix_tasks_bundle"),
    "winners": (attempts._WINNERS, "PRIMARY KEY"),
    "open subtasks": (subtasks._OPEN_OF_TASK, "ix_subtasks_open"),
    "a winner": (subtasks._WIN, "PRIMARY KEY"),
    "the newest transfer": (ledger._LAST, "PRIMARY KEY"),
    "results that a user stores": (usage_reads._RESULTS_OF, "ix_tasks_stored"),
    "bundles that a user stores": (usage_reads._SENT_OF, "ix_tasks_stored"),
    "a token": (users._TOKEN, "ix_tokens_secret"),
    "tokens of a user": (users._TOKENS_OF, "ix_tokens_user"),
}


OWN = user_account("ann")
#: As pages ask: every part of these finds its rows in order by the index named, and sorts only what it found.
PARTS = {
    "held tasks of an owner": (_newest("ann", [TaskState.HELD], (), 51), ["ix_tasks_live_owner"]),
    "tasks of an owner that ended badly": (
        _newest("ann", [TaskState.FAILED, TaskState.CANCELLED], (), 51),
        ["ix_tasks_ended_badly"] * 2,
    ),
    "a statement without holds": (
        sequences_of(OWN, sorted(set(Code) - set(HOLD_CODES)), (), transfers.c.sequence.desc(), 51),
        ["ix_transfers_rare_debit", "ix_transfers_rare_credit", "ix_transfers_earned"],
    ),
    "what an account did": (
        sequences_of(OWN, (), (transfers.c.sequence > 7,), transfers.c.sequence, 1000),
        [
            "ix_transfers_rare_debit",
            "ix_transfers_rare_credit",
            "ix_transfers_earned",
            "ix_transfers_debit",
            "ix_transfers_credit",
        ],
    ),
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder: Path = tmp_path_factory.mktemp("plans")
    where = database_url("", folder)
    prepare_file(where)
    engine = writer_engine(where)
    upgrade(engine, folder / "backups", NOW_MS)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def sql(connection: Connection) -> Sql:
    return Sql(connection)


@pytest.mark.parametrize("name", QUERIES)
def test_rows_are_found_by_an_index(sql: Sql, name: str) -> None:
    query: ClauseElement
    query, index = QUERIES[name]
    text = sql.text_of(query)
    plan = sql.explain(query, [None] * text.count("?"))
    words = " / ".join(plan)
    assert index in words, words
    assert "TEMP B-TREE" not in words or name == "run times", words
    for line in plan:
        assert not line.startswith("SCAN") or index in line or "USING COVERING INDEX" in line, words


@pytest.mark.parametrize("name", PARTS)
def test_each_part_of_a_page_is_read_in_order_from_its_index(connection: Connection, name: str) -> None:
    query, indexes = PARTS[name]
    text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    found = [line for line in plan if line.startswith("SEARCH")]
    assert [next(word for word in line.split() if word.startswith("ix_")) for line in found] == indexes, plan
    assert not any("TEMP B-TREE" in line for line in plan), plan


_ACTIVE, _LIVE = running_queries("ann")
#: What pages sum or search over many rows: each is answered by an index alone, or by a short run of the ledger.
WHOLE = {
    "tasks that run": (_ACTIVE, "USING COVERING INDEX ix_tasks_active (owner_id=?"),
    "live tasks by state": (_LIVE, "USING COVERING INDEX ix_tasks_live_owner (owner_id=?"),
    "a search by name": (
        _named("ann", [task_table.c.name.contains("x")], 26),
        "USING COVERING INDEX ix_tasks_owner (owner_id=?",
    ),
    "what came after in the ledger": (
        later_query(("ann", 0, 0), 100, 200),
        "USING PRIMARY KEY (sequence>? AND sequence<?",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_pages_sum_is_read_from_an_index_alone(connection: Connection, name: str) -> None:
    query, wanted = WHOLE[name]
    text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert any(wanted in line for line in plan), plan
