"""Rows and records. A row is a tuple in the order of its table's columns; the tests hold the two together."""

from __future__ import annotations

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.node import NodeAdmin, NodeHealth
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, MergeState, TaskState, WaitFor, Wish
from master_app.ports.node_pool import JoinTokenRecord, NodeRecord
from master_app.ports.tasks import AttemptRecord, SubtaskRecord, TaskRecord
from master_app.storage.statements import Row
from master_app.storage.values import (
    FACTS,
    FILES,
    METRICS,
    NAMES,
    PIN,
    TICKS,
    WHEELS,
    dump_labels,
    dump_times,
    load_labels,
    load_times,
)

# A dictionary finds a state several times faster than calling its class does.
_SUBTASK_STATES = {state.value: state for state in SubtaskState}
_ATTEMPT_STATES = {state.value: state for state in AttemptState}


def task_to_row(task: TaskRecord) -> Row:
    return (
        task.task_id,
        task.owner_id,
        task.name,
        task.created_ms,
        task.bundle_id,
        task.items_blob,
        task.subtask_count,
        task.priority,
        task.state.value,
        task.state_reason,
        task.state_since_ms,
        task.wish.value,
        task.held.value if task.held else "",
        task.held_reason,
        task.wait_for.value,
        task.merge.value,
        task.started_ms,
        task.ended_ms,
        task.deadline_ms,
        task.generation,
        task.next_index,
        task.ready,
        task.backoff,
        task.active,
        task.succeeded,
        task.failed,
        task.cancelled,
        task.eaten,
        task.live_attempts,
        task.max_failed,
        task.min_success,
        task.revision,
        PIN.dump(task.pin),
        WHEELS.dump(task.wheels),
        task.parts_blob,
        task.paid_ucpt,
        task.max_ucpt,
        task.returned,
        task.idempotency_key,
        task.expires_ms,
        int(task.expired),
        task.result_bytes,
        int(task.try_one),
    )


def row_to_task(row: Row) -> TaskRecord:
    return TaskRecord(
        task_id=row[0],
        owner_id=row[1],
        name=row[2],
        created_ms=row[3],
        bundle_id=row[4],
        items_blob=row[5],
        subtask_count=row[6],
        priority=row[7],
        state=TaskState(row[8]),
        state_reason=row[9],
        state_since_ms=row[10],
        wish=Wish(row[11]),
        held=HeldCode(row[12]) if row[12] else None,
        held_reason=row[13],
        wait_for=WaitFor(row[14]),
        merge=MergeState(row[15]),
        started_ms=row[16],
        ended_ms=row[17],
        deadline_ms=row[18],
        generation=row[19],
        next_index=row[20],
        ready=row[21],
        backoff=row[22],
        active=row[23],
        succeeded=row[24],
        failed=row[25],
        cancelled=row[26],
        eaten=row[27],
        live_attempts=row[28],
        max_failed=row[29],
        min_success=row[30],
        revision=row[31],
        pin=PIN.load(row[32]),
        wheels=WHEELS.load(row[33]),
        parts_blob=row[34],
        paid_ucpt=row[35],
        max_ucpt=row[36],
        returned=row[37],
        idempotency_key=row[38],
        expires_ms=row[39],
        expired=bool(row[40]),
        result_bytes=row[41],
        try_one=bool(row[42]),
    )


def subtask_to_row(subtask: SubtaskRecord) -> Row:
    return (
        subtask.task_id,
        subtask.index,
        subtask.state.value,
        subtask.generation,
        subtask.epoch,
        subtask.ready_at_ms,
        subtask.winner,
        subtask.user_failures,
        subtask.infra_failures,
        subtask.returned,
        subtask.free_retries,
        subtask.oom_step,
        NAMES.dump(subtask.failed_nodes),
        FILES.dump(subtask.checkpoint),
    )


def row_to_subtask(row: Row) -> SubtaskRecord:
    return SubtaskRecord(
        task_id=row[0],
        index=row[1],
        state=_SUBTASK_STATES[row[2]],
        generation=row[3],
        epoch=row[4],
        ready_at_ms=row[5],
        winner=row[6],
        user_failures=row[7],
        infra_failures=row[8],
        returned=row[9],
        free_retries=row[10],
        oom_step=row[11],
        failed_nodes=NAMES.load(row[12]),
        checkpoint=FILES.load(row[13]),
    )


def attempt_to_row(attempt: AttemptRecord) -> Row:
    failure = attempt.failure
    return (
        attempt.attempt_id,
        attempt.task_id,
        attempt.index,
        attempt.node_id,
        attempt.term,
        attempt.epoch,
        attempt.generation,
        attempt.number,
        attempt.lane,
        attempt.state.value,
        attempt.memory_bytes,
        attempt.offered_ms,
        attempt.reason,
        failure.failure_class.value if failure else "",
        failure.code if failure else "",
        failure.message if failure else "",
        attempt.exit_code,
        attempt.started_ms,
        attempt.ended_ms,
        TICKS.dump(attempt.ticks),
        attempt.peak_memory_bytes,
        attempt.paid_ucpt,
        attempt.pay_reason,
        attempt.log_bytes,
        METRICS.dump(attempt.metrics),
    )


def failure_of(failure_class: str, code: str, message: str) -> Failure | None:
    """Return the failure that three columns hold; an empty class is none."""
    if not failure_class:
        return None
    return Failure(failure_class=FailureClass(failure_class), code=code, message=message)


def row_to_attempt(row: Row) -> AttemptRecord:
    return AttemptRecord(
        attempt_id=row[0],
        task_id=row[1],
        index=row[2],
        node_id=row[3],
        term=row[4],
        epoch=row[5],
        generation=row[6],
        number=row[7],
        lane=row[8],
        state=_ATTEMPT_STATES[row[9]],
        memory_bytes=row[10],
        offered_ms=row[11],
        reason=row[12],
        failure=failure_of(row[13], row[14], row[15]),
        exit_code=row[16],
        started_ms=row[17],
        ended_ms=row[18],
        ticks=TICKS.load(row[19]),
        peak_memory_bytes=row[20],
        paid_ucpt=row[21],
        pay_reason=row[22],
        log_bytes=row[23],
        metrics=METRICS.load(row[24]),
    )


def node_to_row(node: NodeRecord) -> Row:
    return (
        node.node_id,
        node.name,
        node.owner_id,
        node.created_ms,
        node.admin.value,
        node.admin_reason,
        int(node.admin_by_operator),
        node.drain_deadline_ms,
        node.health.value,
        node.incarnation,
        node.boot_id,
        node.certificate_serial,
        node.certificate_expires_ms,
        node.key_sha256,
        dump_labels(node.labels),
        FACTS.dump(node.facts),
        node.quarantined_until_ms,
        node.quarantine_step_ms,
        node.quarantine_reason,
        node.last_seen_ms,
        node.version,
        dump_times(node.practice_asks),
        node.health_since_ms,
    )


def row_to_node(row: Row) -> NodeRecord:
    return NodeRecord(
        node_id=row[0],
        name=row[1],
        owner_id=row[2],
        created_ms=row[3],
        admin=NodeAdmin(row[4]),
        admin_reason=row[5],
        admin_by_operator=bool(row[6]),
        drain_deadline_ms=row[7],
        health=NodeHealth(row[8]),
        incarnation=row[9],
        boot_id=row[10],
        certificate_serial=row[11],
        certificate_expires_ms=row[12],
        key_sha256=row[13],
        labels=load_labels(row[14]),
        facts=FACTS.load(row[15]),
        quarantined_until_ms=row[16],
        quarantine_step_ms=row[17],
        quarantine_reason=row[18],
        last_seen_ms=row[19],
        version=row[20],
        practice_asks=load_times(row[21]),
        health_since_ms=row[22],
    )


def join_token_to_row(token: JoinTokenRecord) -> Row:
    return (
        token.token_sha256,
        token.owner_id,
        token.created_by,
        token.created_ms,
        token.expires_ms,
        token.uses_left,
        dump_labels(token.labels),
        token.name_pattern,
        int(token.approve),
        int(token.revoked),
    )


def row_to_join_token(row: Row) -> JoinTokenRecord:
    return JoinTokenRecord(
        token_sha256=row[0],
        owner_id=row[1],
        created_by=row[2],
        created_ms=row[3],
        expires_ms=row[4],
        uses_left=row[5],
        labels=load_labels(row[6]),
        name_pattern=row[7],
        approve=bool(row[8]),
        revoked=bool(row[9]),
    )
