"""The first shape of the database.

A migration never imports the tables of today: it says what they were on its day. Columns are written as
`name:kind`, kind i (integer), n (integer or NULL), f (float), b (bytes) or none for text; `*` is of the key.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

TABLES: Final = {
    "accounts": "*account_id balance_ucpt:i entries:i head hold_id",
    "artifacts": "*attempt_id *position:i path size:i sha256 blob start:i mode:i",
    "attempts": (
        "*attempt_id task_id ix:i node_id term:i epoch:i generation:i number:i lane state "
        "memory_bytes:i offered_ms:i reason failure_class failure_code failure_message exit_code:n started_ms:i "
        "ended_ms:i ticks peak_memory_bytes:i paid_ucpt:n pay_reason log_bytes:i metrics"
    ),
    "audit_log": "*sequence:i at_ms:i actor_id action subject details origin previous hash",
    "bundle_blobs": "*bundle_id *blob",
    "bundles": "*bundle_id size:i file_count:i created_ms:i",
    "credit_asks": "*ask_id user_id at_ms:i words state answered_ms:i answered_by amount_ucpt:i answer",
    "invites": "*invite_id secret_sha256 created_by created_ms:i expires_ms:i roles uses_left:i revoked_ms:i",
    "join_tokens": (
        "*token_sha256 owner_id created_by created_ms:i expires_ms:i uses_left:i labels name_pattern "
        "approve:i revoked:i"
    ),
    "meta": "*name content",
    "nodes": (
        "*node_id name owner_id created_ms:i admin admin_reason admin_by_operator:i drain_deadline_ms:i health "
        "incarnation:i boot_id certificate_serial certificate_expires_ms:i key_sha256 labels facts "
        "quarantined_until_ms:i quarantine_step_ms:i quarantine_reason last_seen_ms:i version "
        "practice_asks health_since_ms:i"
    ),
    "notice_deliveries": "*sequence:i *channel tries:i next_ms:i",
    "notice_settings": "*owner_id content",
    "notices": "*sequence:i owner_id at_ms:i kind subject details read_ms:i",
    "reward_rules": "*version:i content",
    "subtasks": (
        "*task_id *ix:i state generation:i epoch:i ready_at_ms:i winner user_failures:i "
        "infra_failures:i returned:i free_retries:i oom_step:i failed_nodes checkpoint"
    ),
    "task_after": "*task_id *after_id",
    "task_blobs": "*task_id *blob",
    "task_events": "*task_id *sequence:i at_ms:i kind ix:n node_id content",
    "task_specs": "*task_id spec_json resolved_toml",
    "task_templates": "*owner_id *name fields changed_ms:i",
    "tasks": (
        "*task_id owner_id name created_ms:i bundle_id items_blob subtask_count:i priority:i state "
        "state_reason state_since_ms:i wish held held_reason wait_for merge started_ms:i ended_ms:i "
        "deadline_ms:i generation:i next_index:i ready:i backoff:i active:i succeeded:i failed:i "
        "cancelled:i eaten:i live_attempts:i max_failed:i min_success:f revision:i pin wheels "
        "parts_blob paid_ucpt:i max_ucpt:n returned:i idempotency_key expires_ms:i expired:i "
        "result_bytes:i try_one:i"
    ),
    "tokens": (
        "*token_id user_id kind secret_sha256 name scopes created_ms:i expires_ms:i revoked_ms:i "
        "last_used_ms:i origin user_agent"
    ),
    "transfers": (
        "*sequence:i transfer_id debit credit amount_ucpt:i code at_ms:i task_id ix:n attempt_id "
        "rule_version:i basis failure pending_id actor_id previous_debit previous_credit hash"
    ),
    "user_secrets": "*owner_id *name sealed:b changed_ms:i",
    "users": (
        "*user_id username password_hash roles state state_reason created_ms:i last_login_ms:i "
        "password_ms:i language quota practice_asks"
    ),
    "vpn_configs": "*config_id user_id number:i name public_key created_ms:i rotated_ms:i revoked_ms:i",
}
WITH_ROW_NUMBERS: Final = {"task_specs"}
_LIVE_TASK: Final = (
    "state IN ('CANCELLING', 'HELD', 'MERGING', 'PAUSED', 'PAUSING', 'QUEUED', 'RUNNING', 'WAITING')"
)
_LIVE_ATTEMPT: Final = "state IN ('ACCEPTED', 'OFFERED', 'PREPARING', 'RUNNING', 'UPLOADING')"
_PAYMENT: Final = "code IN ('ATTEMPT_PAID', 'ATTEMPT_PAID_SHORT')"
_SPENDING: Final = "code IN ('ATTEMPT_PAID', 'ATTEMPT_PAID_SHORT', 'POOL_FEE')"
_RARE: Final = "code IN ('CORRECTION', 'GRANT_OPERATOR', 'GRANT_PRACTICE', 'GRANT_SIGN_UP', 'USER_TRANSFER')"
_ENDED_BADLY: Final = "state IN ('CANCELLED', 'FAILED')"
#: Name, table, columns, unique, condition.
INDEXES: Final = (
    ("ix_attempts_live", "attempts", "attempt_id", False, _LIVE_ATTEMPT),
    ("ix_attempts_subtask", "attempts", "task_id ix", False, ""),
    ("ix_audit_actor", "audit_log", "actor_id sequence", False, ""),
    ("ix_credit_asks_state", "credit_asks", "state ask_id", False, ""),
    ("ix_credit_asks_user", "credit_asks", "user_id ask_id", False, ""),
    ("ix_invites_secret", "invites", "secret_sha256", True, ""),
    ("ix_nodes_name", "nodes", "name", False, ""),
    ("ix_notice_deliveries_next", "notice_deliveries", "next_ms", False, ""),
    ("ix_notices_owner", "notices", "owner_id sequence", False, ""),
    ("ix_notices_subject", "notices", "owner_id subject kind", False, ""),
    ("ix_subtasks_open", "subtasks", "task_id ix", False, "state IN ('BACKOFF', 'BLOCKED', 'READY')"),
    ("ix_task_after_after", "task_after", "after_id", False, ""),
    ("ix_tasks_active", "tasks", "owner_id active", False, "active > 0"),
    ("ix_tasks_bundle", "tasks", "bundle_id name", False, ""),
    ("ix_tasks_deadline", "tasks", "deadline_ms", False, f"deadline_ms > 0 AND {_LIVE_TASK}"),
    ("ix_tasks_ended_badly", "tasks", "owner_id state task_id", False, _ENDED_BADLY),
    ("ix_tasks_expiry", "tasks", "expires_ms", False, "expires_ms > 0 AND expired = 0"),
    ("ix_tasks_held", "tasks", "held task_id", False, f"held <> '' AND {_LIVE_TASK}"),
    ("ix_tasks_key", "tasks", "owner_id idempotency_key", True, "idempotency_key <> ''"),
    ("ix_tasks_live", "tasks", "task_id", False, _LIVE_TASK),
    ("ix_tasks_live_owner", "tasks", "owner_id state task_id subtask_count", False, _LIVE_TASK),
    ("ix_tasks_stored", "tasks", "owner_id expired bundle_id result_bytes", False, ""),
    ("ix_tasks_owner", "tasks", "owner_id task_id name", False, ""),
    ("ix_tokens_secret", "tokens", "secret_sha256", True, ""),
    ("ix_tokens_user", "tokens", "user_id token_id", False, ""),
    ("ix_transfers_credit", "transfers", "credit sequence", False, ""),
    ("ix_transfers_debit", "transfers", "debit sequence", False, ""),
    ("ix_transfers_earned", "transfers", "credit sequence at_ms amount_ucpt", False, _PAYMENT),
    ("ix_transfers_id", "transfers", "transfer_id", True, ""),
    ("ix_transfers_rare_credit", "transfers", "credit sequence", False, _RARE),
    ("ix_transfers_rare_debit", "transfers", "debit sequence", False, _RARE),
    ("ix_transfers_spent", "transfers", "actor_id at_ms amount_ucpt", False, _SPENDING),
    ("ix_users_username", "users", "username", True, "username <> ''"),
    ("ix_vpn_configs_key", "vpn_configs", "public_key", True, ""),
    ("ix_vpn_configs_number", "vpn_configs", "number", True, ""),
    ("ix_vpn_configs_user", "vpn_configs", "user_id config_id", False, ""),
)
_KINDS: Final[dict[str, Any]] = {
    "": sa.Text,
    "i": sa.BigInteger,
    "n": sa.BigInteger,
    "f": lambda: sa.Float(53),
    "b": sa.LargeBinary,
}


def upgrade() -> None:
    for table, columns in TABLES.items():
        op.create_table(
            table,
            *[_column(text) for text in columns.split()],
            sqlite_with_rowid=table in WITH_ROW_NUMBERS,
        )
    for name, table, columns, unique, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns.split(), unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _column(text: str) -> sa.Column[Any]:
    name, _, kind = text.removeprefix("*").partition(":")
    return sa.Column(
        name, _KINDS[kind](), primary_key=text.startswith("*"), nullable=kind == "n", autoincrement=False
    )
