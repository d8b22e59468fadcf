"""Tasks, subtasks, attempts and what hangs on them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Float, Index, Table
from sqlalchemy import text as sql

from core.domain.attempt import LIVE_ATTEMPT_STATES
from core.domain.subtask import SubtaskState
from core.domain.task import LIVE_TASK_STATES, TaskState
from master_app.storage.tables.base import BY_KEY, any_of, integer, maybe_integer, metadata, text

TASK_IS_ACTIVE: Final = "active > 0"
TASK_IS_LIVE: Final = any_of("state", LIVE_TASK_STATES)
ENDED_BADLY: Final = frozenset({TaskState.FAILED, TaskState.CANCELLED})
TASK_ENDED_BADLY: Final = any_of("state", ENDED_BADLY)
ATTEMPT_IS_LIVE: Final = any_of("state", LIVE_ATTEMPT_STATES)
OPEN_SUBTASK_STATES: Final = frozenset({SubtaskState.BLOCKED, SubtaskState.READY, SubtaskState.BACKOFF})
SUBTASK_IS_OPEN: Final = any_of("state", OPEN_SUBTASK_STATES)

tasks = Table(
    "tasks",
    metadata,
    text("task_id", key=True),
    text("owner_id"),
    text("name"),
    integer("created_ms"),
    text("bundle_id"),
    text("items_blob"),
    integer("subtask_count"),
    integer("priority"),
    text("state"),
    text("state_reason"),
    integer("state_since_ms"),
    text("wish"),
    text("held"),
    text("held_reason"),
    text("wait_for"),
    text("merge"),
    integer("started_ms"),
    integer("ended_ms"),
    integer("deadline_ms"),
    integer("generation"),
    integer("next_index"),
    integer("ready"),
    integer("backoff"),
    integer("active"),
    integer("succeeded"),
    integer("failed"),
    integer("cancelled"),
    integer("eaten"),
    integer("live_attempts"),
    integer("max_failed"),
    Column("min_success", Float(53), nullable=False),
    integer("revision"),
    text("pin"),
    text("wheels"),
    text("parts_blob"),
    integer("paid_ucpt"),
    maybe_integer("max_ucpt"),
    integer("returned"),
    text("idempotency_key"),
    integer("expires_ms"),
    integer("expired"),
    integer("result_bytes"),
    integer("try_one"),
    **BY_KEY,
)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sql(condition), "postgresql_where": sql(condition)}


#: With the name, so that a search reads names and not whole rows.
Index("ix_tasks_owner", tasks.c.owner_id, tasks.c.task_id, tasks.c.name)
Index("ix_tasks_live", tasks.c.task_id, **_where(TASK_IS_LIVE))
# It covers what a quota asks; else SQLite would go through all tasks that the owner ever had.
Index(
    "ix_tasks_live_owner",
    tasks.c.owner_id,
    tasks.c.state,
    tasks.c.task_id,
    tasks.c.subtask_count,
    **_where(TASK_IS_LIVE),
)
Index(
    "ix_tasks_ended_badly",
    tasks.c.owner_id,
    tasks.c.state,
    tasks.c.task_id,
    **_where(TASK_ENDED_BADLY),
)
#: Few at any moment, and summed on many pages.
Index("ix_tasks_active", tasks.c.owner_id, tasks.c.active, **_where(TASK_IS_ACTIVE))
Index("ix_tasks_deadline", tasks.c.deadline_ms, **_where(f"deadline_ms > 0 AND {TASK_IS_LIVE}"))
#: It covers what storage quotas ask: the rows themselves are never read for it.
Index("ix_tasks_stored", tasks.c.owner_id, tasks.c.expired, tasks.c.bundle_id, tasks.c.result_bytes)
Index("ix_tasks_expiry", tasks.c.expires_ms, **_where("expires_ms > 0 AND expired = 0"))
Index("ix_tasks_bundle", tasks.c.bundle_id, tasks.c.name)
Index(
    "ix_tasks_key",
    tasks.c.owner_id,
    tasks.c.idempotency_key,
    unique=True,
    **_where("idempotency_key <> ''"),
)

#: Few; looked for every few seconds.
Index("ix_tasks_held", tasks.c.held, tasks.c.task_id, **_where(f"held <> '' AND {TASK_IS_LIVE}"))

# Rows of some kilobytes: kept by row number, so that finding one does not go through the texts of others.
task_specs = Table("task_specs", metadata, text("task_id", key=True), text("spec_json"), text("resolved_toml"))
task_after = Table("task_after", metadata, text("task_id", key=True), text("after_id", key=True), **BY_KEY)
Index("ix_task_after_after", task_after.c.after_id)
#: Blobs that a task's own attempts made: results and checkpoints. Together with its bundle, what it may read.
task_blobs = Table("task_blobs", metadata, text("task_id", key=True), text("blob", key=True), **BY_KEY)

bundles = Table(
    "bundles",
    metadata,
    text("bundle_id", key=True),
    integer("size"),
    integer("file_count"),
    integer("created_ms"),
    **BY_KEY,
)
bundle_blobs = Table("bundle_blobs", metadata, text("bundle_id", key=True), text("blob", key=True), **BY_KEY)

subtasks = Table(
    "subtasks",
    metadata,
    text("task_id", key=True),
    integer("ix", key=True),
    text("state"),
    integer("generation"),
    integer("epoch"),
    integer("ready_at_ms"),
    text("winner"),
    integer("user_failures"),
    integer("infra_failures"),
    integer("returned"),
    integer("free_retries"),
    integer("oom_step"),
    text("failed_nodes"),
    text("checkpoint"),
    **BY_KEY,
)
Index("ix_subtasks_open", subtasks.c.task_id, subtasks.c.ix, **_where(SUBTASK_IS_OPEN))

attempts = Table(
    "attempts",
    metadata,
    text("attempt_id", key=True),
    text("task_id"),
    integer("ix"),
    text("node_id"),
    integer("term"),
    integer("epoch"),
    integer("generation"),
    integer("number"),
    text("lane"),
    text("state"),
    integer("memory_bytes"),
    integer("offered_ms"),
    text("reason"),
    text("failure_class"),
    text("failure_code"),
    text("failure_message"),
    maybe_integer("exit_code"),
    integer("started_ms"),
    integer("ended_ms"),
    text("ticks"),
    integer("peak_memory_bytes"),
    maybe_integer("paid_ucpt"),
    text("pay_reason"),
    integer("log_bytes"),
    text("metrics"),
    **BY_KEY,
)
Index("ix_attempts_subtask", attempts.c.task_id, attempts.c.ix)
Index("ix_attempts_live", attempts.c.attempt_id, **_where(ATTEMPT_IS_LIVE))

artifacts = Table(
    "artifacts",
    metadata,
    text("attempt_id", key=True),
    integer("position", key=True),
    text("path"),
    integer("size"),
    text("sha256"),
    text("blob"),
    integer("start"),
    integer("mode"),
    **BY_KEY,
)
