"""Values of the domain as the JSON that wire.md promises. Money, times and names look the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.domain.attempt import Failure
from core.domain.audit import AuditRow
from core.domain.errors import Invalid, Problem
from core.domain.explain import WhyWaiting
from core.domain.ledger import (
    MAX_AMOUNT_UCPT,
    UCPT_PER_CPT,
    ChainedTransfer,
    Transfer,
    format_cpt,
    parse_cpt,
    user_account,
)
from core.domain.resources import Resources
from core.domain.rewards import Quote
from core.domain.user import Principal, Quota, QuotaUse
from core.domain.views import (
    ArtifactView,
    AttemptView,
    NodeView,
    SubtaskView,
    TaskEventView,
    TaskView,
    UsageRow,
)
from core.manifest.advice import Advice
from master_app.ports.users import TokenRecord, UserRecord
from master_app.users.quotas import Standing

Json = dict[str, Any]
BASE: Final = "/api/v1"
_LAST_MS: Final = 253_402_300_799_999


def money(amount_ucpt: int) -> Json:
    return {"ucpt": amount_ucpt, "cpt": format_cpt(amount_ucpt)}


def moment(at_ms: int) -> str | None:
    """Return a time as RFC 3339 in UTC; None for "not yet"."""
    if at_ms <= 0:
        return None
    seconds, milliseconds = divmod(min(at_ms, _LAST_MS), 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}Z"


def page(items: Sequence[Json], following: str | None) -> Json:
    return {"items": list(items), "next": following}


def instant_ms(text: str, key: str) -> int:
    """Return a time that somebody wrote; 0 for none. Raises Invalid."""
    if not text:
        return 0
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return max(1, int(found.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "A time cannot be read.",
            [
                Problem(
                    code="TIME_INVALID",
                    key=key,
                    reason="It is no time of RFC 3339 with its time zone.",
                    fix="Write it as 2026-01-31T12:00:00Z.",
                )
            ],
            code="TIME_INVALID",
        ) from error


def user(record: UserRecord, balance_ucpt: int) -> Json:
    return {
        "user_id": record.user_id,
        "username": record.username,
        "roles": sorted(role.value for role in record.roles),
        "state": record.state.value,
        "state_reason": record.state_reason,
        "created_at": moment(record.created_ms),
        "last_login_at": moment(record.last_login_ms),
        "password_at": moment(record.password_ms),
        "language": record.language,
        "has_own_quota": record.quota is not None,
        "balance": money(balance_ucpt),
    }


def quota(value: Quota | QuotaUse) -> Json:
    cores, spend = value.running_cpu_millis, value.spend_day_ucpt
    return {
        "queued_tasks": value.queued_tasks,
        "queued_subtasks": value.queued_subtasks,
        "storage_bytes": value.storage_bytes,
        "running_cores": None if cores is None else cores / 1000,
        "spend_day": None if spend is None else money(spend),
    }


def standing(value: Standing) -> Json:
    return {"quota": quota(value.quota), "used": quota(value.use), "is_own": value.is_own}


def audit_row(row: AuditRow, names: Mapping[str, str]) -> Json:
    fact = row.fact
    return {
        "sequence": row.sequence,
        "at": moment(fact.at_ms),
        "actor_id": fact.actor_id,
        "actor": names.get(fact.actor_id),
        "action": fact.action,
        "subject": fact.subject,
        "subject_name": names.get(fact.subject),
        "details": fact.details,
        "origin": fact.origin,
        "hash": row.hash,
    }


def quote(value: Quote) -> Json:
    return {
        "low": money(value.low_ucpt),
        "high": money(value.high_ucpt),
        "source": value.source,
        "subtasks": value.subtask_count,
        "shortest_seconds": value.low_ms / 1000,
        "longest_seconds": value.high_ms / 1000,
        "per_minute": {part.resource: money(part.minute_ucpt) for part in value.parts},
    }


def advice(found: Sequence[Advice]) -> list[Json]:
    return [
        {
            "code": each.code,
            "text": each.text,
            "fix": each.fix,
            "path": each.path,
            "line": each.line,
            "add_package": each.add_package,
        }
        for each in found
    ]


def task_links(task_id: str) -> Json:
    own = f"{BASE}/tasks/{task_id}"
    parts = ("subtasks", "logs", "events", "result", "artifacts", "usage", "why")
    return {"self": own} | {part: f"{own}/{part}" for part in parts}


def task(view: TaskView) -> Json:
    return {
        "task_id": view.task_id,
        "owner": view.owner_name,
        "name": view.name,
        "state": view.state.value,
        "state_reason": view.state_reason,
        "state_since": moment(view.state_since_ms),
        "held": view.held.value if view.held is not None else None,
        "priority": view.priority,
        "progress": round(view.progress, 6),
        "subtask_count": view.subtask_count,
        "counts": {state.value: count for state, count in view.counts.items()},
        "has_merge": view.has_merge,
        "created_at": moment(view.created_ms),
        "started_at": moment(view.started_ms),
        "ended_at": moment(view.ended_ms),
        "deadline_at": moment(view.deadline_ms),
        "expires_at": moment(view.expires_ms),
        "expired": view.expired,
        "cost": money(view.paid_ucpt),
        "hold": money(view.hold_ucpt),
        "max_cost": money(view.max_ucpt) if view.max_ucpt is not None else None,
        "links": task_links(view.task_id),
    }


def failure(value: Failure | None) -> Json | None:
    if value is None:
        return None
    return {"class": value.failure_class.value, "code": value.code, "message": value.message}


def attempt(view: AttemptView) -> Json:
    return {
        "attempt_id": view.attempt_id,
        "node_id": view.node_id,
        "node_name": view.node_name,
        "number": view.number,
        "epoch": view.epoch,
        "state": view.state.value,
        "reason": view.reason,
        "failure": failure(view.failure),
        "offered_at": moment(view.offered_ms),
        "started_at": moment(view.started_ms),
        "ended_at": moment(view.ended_ms),
        "exit_code": view.exit_code,
        "paid": money(view.paid_ucpt) if view.paid_ucpt is not None else None,
        "pay_reason": view.pay_reason,
        "peak_memory_bytes": view.peak_memory_bytes,
        "log_bytes": view.log_bytes,
        "metrics": dict(view.metrics),
    }


def subtask(view: SubtaskView) -> Json:
    return {
        "index": view.index,
        "state": view.state.value,
        "is_merge": view.is_merge,
        "failure": failure(view.failure),
        "ready_at": moment(view.ready_at_ms),
        "attempts": [attempt(each) for each in view.attempts],
    }


def artifact(view: ArtifactView) -> Json:
    return {"name": view.name, "index": view.index, "size": view.size, "sha256": view.sha256}


def event(view: TaskEventView) -> Json:
    return {
        "sequence": view.sequence,
        "at": moment(view.at_ms),
        "kind": view.kind,
        "index": view.index,
        "node_id": view.node_id,
        "text": view.text,
    }


def usage(row: UsageRow) -> Json:
    return {
        "index": row.index,
        "attempt_id": row.attempt_id,
        "node_name": row.node_name,
        "state": row.state.value,
        "run_seconds": row.run_ms / 1000,
        "cpu_percent": row.cpu_percent,
        "memory_percent": row.memory_percent,
        "gpu_percent": row.gpu_percent,
        "peak_memory_bytes": row.peak_memory_bytes,
        "paid": money(row.paid_ucpt),
        "pay_reason": row.pay_reason,
    }


def why(value: WhyWaiting) -> Json:
    return {
        "summary": value.summary,
        "impossible": value.impossible,
        "cheapest_change": value.cheapest_change,
        "change": {"field": value.change[0], "value": float(value.change[1])} if value.change else None,
        "nodes": [
            {
                "node_id": verdict.node_id,
                "node_name": verdict.node_name,
                "refusal": None
                if verdict.refusal is None
                else {
                    "rule": verdict.refusal.rule,
                    "needed": verdict.refusal.needed,
                    "available": verdict.refusal.available,
                    "permanent": verdict.refusal.permanent,
                },
                "score": None
                if verdict.score is None
                else {"total": verdict.score.total, "parts": dict(verdict.score.parts)},
            }
            for verdict in value.verdicts
        ],
    }


def resources(value: Resources) -> Json:
    return {
        "cpu_cores": value.cpu_millis / 1000,
        "memory_bytes": value.memory_bytes,
        "disk_bytes": value.disk_bytes,
        "gpus": value.gpus,
        "gpu_memory_bytes": value.gpu_memory_bytes,
    }


def node(view: NodeView, who: Principal) -> Json:
    """Return a node; whose it is, and its labels, only to its owner and to operators."""
    close = who.is_operator or view.owner_id == who.user_id
    return {
        "node_id": view.node_id,
        "name": view.name,
        "mine": view.owner_id == who.user_id,
        "owner": view.owner_name if close else None,
        "admin": view.admin.value,
        "health": view.health.value,
        "owner_state": view.owner_state.value,
        "owner_reason": view.owner_reason,
        "schedulable": view.schedulable,
        "why_not": view.why_not,
        "arch": view.arch,
        "os": view.os,
        "host_os": view.host_os,
        "runtime": view.runtime,
        "slots": view.slots,
        "running": view.running,
        "capacity": resources(view.capacity),
        "reserved": resources(view.reserved),
        "load": {
            "cpu_percent": view.host.cpu_percent,
            "memory_percent": view.host.memory_percent,
            "gpu_percent": list(view.host.gpu_percent),
            "disk_free_bytes": view.host.disk_free_bytes,
        },
        "gpus": [{"name": gpu.name, "memory_bytes": gpu.memory_bytes} for gpu in view.gpus],
        "labels": dict(view.labels) if close else None,
        "version": view.version,
        "created_at": moment(view.created_ms),
        "last_seen_at": moment(view.last_seen_ms),
        "quarantined_until": moment(view.quarantined_until_ms),
        "certificate_expires_at": moment(view.certificate_expires_ms) if close else None,
    }


def transfer(value: Transfer, user_id: str) -> Json:
    """Return a transfer as its user sees it: `change` is below zero where money left the account."""
    own = user_account(user_id)
    sign = (value.credit == own) - (value.debit == own)
    return {
        "transfer_id": value.transfer_id,
        "code": value.code.value,
        "amount": money(value.amount_ucpt),
        "change": money(sign * value.amount_ucpt),
        "debit": value.debit,
        "credit": value.credit,
        "at": moment(value.at_ms),
        "task_id": value.task_id or None,
        "index": value.index,
        "attempt_id": value.attempt_id or None,
        "rule_version": value.rule_version,
        "failure": value.failure or None,
        "pending_id": value.pending_id or None,
    }


def ledger_row(row: ChainedTransfer, user_id: str) -> Json:
    links: Mapping[str, Any] = {"sequence": row.sequence, "hash": row.hash}
    return {**transfer(row.transfer, user_id), **links}


def token(record: TokenRecord, current_id: str) -> Json:
    return {
        "token_id": record.token_id,
        "kind": record.kind.value,
        "name": record.name,
        "scopes": sorted(scope.value for scope in record.scopes),
        "created_at": moment(record.created_ms),
        "expires_at": moment(record.expires_ms),
        "last_used_at": moment(record.last_used_ms),
        "origin": record.origin,
        "user_agent": record.user_agent,
        "current": record.token_id == current_id,
    }


def amount_ucpt(given: object) -> int:
    """Return an amount that a person wrote: text or a whole number in CPT, or `{"ucpt": integer}`; no floats."""
    if isinstance(given, dict) and isinstance(given.get("ucpt"), int) and not isinstance(given["ucpt"], bool):
        return int(given["ucpt"])
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) <= MAX_AMOUNT_UCPT:
        return given * UCPT_PER_CPT
    if isinstance(given, str):
        return parse_cpt(given[:100])
    raise Invalid(
        "That is no amount.",
        [
            Problem(
                code="AMOUNT_INVALID",
                key="amount",
                reason="The amount cannot be read.",
                fix='Write it as text in CPT with at most 6 decimals, such as "12.5".',
            )
        ],
        code="AMOUNT_INVALID",
    )
