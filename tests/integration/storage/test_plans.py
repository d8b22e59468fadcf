"""Queries of the hot path and of lists find their rows by an index, in SQLite's own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.sql import ClauseElement

from master_app.storage import usage_reads
from master_app.storage.engine import database_url, prepare_file, writer_engine
from master_app.storage.migrate import upgrade
from master_app.storage.repositories import attempts, ledger, subtasks, tasks, users
from master_app.storage.statements import Sql
from tests.support.storage import NOW_MS

QUERIES = {
    "live tasks": (tasks._LIVE_PAGE, "ix_tasks_live"),
    "live tasks of an owner": (tasks._COUNT_LIVE, "ix_tasks_live_owner"),
    "overdue tasks": (tasks._OVERDUE, "ix_tasks_deadline"),
    "expired tasks": (tasks._EXPIRED, "ix_tasks_expiry"),
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


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sql]:
    folder: Path = tmp_path_factory.mktemp("plans")
    where = database_url("", folder)
    prepare_file(where)
    engine = writer_engine(where)
    upgrade(engine, folder / "backups", NOW_MS)
    with engine.connect() as connection:
        yield Sql(connection)
    engine.dispose()


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
