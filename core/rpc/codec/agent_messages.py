"""node.proto, agent to master. Updates are the hot path: built in place, no list twice."""

from __future__ import annotations

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.node import NodeOwner
from core.domain.session import (
    AttemptUpdate,
    AttemptUse,
    HeldAttempt,
    Hello,
    ImagePin,
    OwnerStatus,
    Report,
    Sync,
    Updates,
)
from core.pb import node_pb2 as pb
from core.rpc.codec.values import (
    EnumMap,
    facts_from_pb,
    facts_to_pb,
    file_to_pb,
    files_from_pb,
    finite,
    finite_all,
    host_from_pb,
    host_to_pb,
    tick_from_pb,
    tick_to_pb,
)

ATTEMPT_STATES = EnumMap(dict(pb.AttemptState.items()), "ATTEMPT_STATE", AttemptState)
FAILURE_CLASSES = EnumMap(dict(pb.FailureClass.items()), "FAILURE_CLASS", FailureClass)
NODE_OWNERS = EnumMap(dict(pb.NodeOwner.items()), "NODE_OWNER", NodeOwner)


def hello_to_pb(value: Hello) -> pb.Hello:
    return pb.Hello(
        node_id=value.node_id,
        incarnation=value.incarnation,
        boot_id=value.boot_id,
        protocol_min=value.protocol_min,
        protocol_max=value.protocol_max,
        features=value.features,
        agent_version=value.agent_version,
        highest_term=value.highest_term,
    )


def hello_from_pb(message: pb.Hello) -> Hello:
    return Hello(
        node_id=message.node_id,
        incarnation=message.incarnation,
        boot_id=message.boot_id,
        protocol_min=message.protocol_min,
        protocol_max=message.protocol_max,
        features=tuple(message.features),
        agent_version=message.agent_version,
        highest_term=message.highest_term,
    )


def owner_to_pb(value: OwnerStatus) -> pb.OwnerStatus:
    return pb.OwnerStatus(state=NODE_OWNERS.numbers[value.state], reason=value.reason, until_ms=value.until_ms)


def owner_from_pb(message: pb.OwnerStatus) -> OwnerStatus:
    return OwnerStatus(state=NODE_OWNERS[message.state], reason=message.reason, until_ms=message.until_ms)


def sync_to_pb(value: Sync) -> pb.Sync:
    numbers = ATTEMPT_STATES.numbers
    return pb.Sync(
        session_id=value.session_id,
        attempts=[
            pb.HeldAttempt(attempt_id=held.attempt_id, state=numbers[held.state]) for held in value.attempts
        ],
        facts=facts_to_pb(value.facts),
        host=host_to_pb(value.host),
        owner=owner_to_pb(value.owner),
    )


def sync_from_pb(message: pb.Sync) -> Sync:
    return Sync(
        session_id=message.session_id,
        attempts=tuple(
            [
                HeldAttempt(attempt_id=held.attempt_id, state=ATTEMPT_STATES[held.state])
                for held in message.attempts
            ]
        ),
        facts=facts_from_pb(message.facts),
        host=host_from_pb(message.host),
        owner=owner_from_pb(message.owner),
    )


def use_to_pb(value: AttemptUse) -> pb.AttemptUse:
    return pb.AttemptUse(
        attempt_id=value.attempt_id,
        state=ATTEMPT_STATES.numbers[value.state],
        phase=value.phase,
        percent=value.percent if value.percent >= 0 else None,
        status=value.status,
        cpu_percent=value.cpu_percent,
        memory_bytes=value.memory_bytes,
        gpu_percent=value.gpu_percent,
        gpu_memory_bytes=value.gpu_memory_bytes,
        disk_bytes=value.disk_bytes,
    )


def use_from_pb(message: pb.AttemptUse) -> AttemptUse:
    return AttemptUse(
        attempt_id=message.attempt_id,
        state=ATTEMPT_STATES[message.state],
        phase=message.phase,
        percent=max(-1.0, finite(message.percent)) if message.HasField("percent") else -1.0,
        status=message.status,
        cpu_percent=finite(message.cpu_percent),
        memory_bytes=message.memory_bytes,
        gpu_percent=finite_all(message.gpu_percent),
        gpu_memory_bytes=message.gpu_memory_bytes,
        disk_bytes=message.disk_bytes,
    )


def report_to_pb(value: Report) -> pb.Report:
    return pb.Report(
        session_id=value.session_id,
        number=value.number,
        live=[use_to_pb(use) for use in value.live],
        host=host_to_pb(value.host),
        owner=owner_to_pb(value.owner),
        facts=None if value.facts is None else facts_to_pb(value.facts),
    )


def report_from_pb(message: pb.Report) -> Report:
    return Report(
        session_id=message.session_id,
        number=message.number,
        live=tuple([use_from_pb(use) for use in message.live]),
        host=host_from_pb(message.host),
        owner=owner_from_pb(message.owner),
        facts=facts_from_pb(message.facts) if message.HasField("facts") else None,
    )


def pin_to_pb(value: ImagePin | None) -> pb.ImagePin | None:
    if value is None:
        return None
    return pb.ImagePin(ref=value.ref, recipe=value.recipe, digest=value.digest, image_id=value.image_id)


def pin_from_pb(message: pb.ImagePin) -> ImagePin:
    return ImagePin(ref=message.ref, recipe=message.recipe, digest=message.digest, image_id=message.image_id)


def failure_to_pb(value: Failure | None) -> pb.Failure | None:
    if value is None:
        return None
    return pb.Failure(
        failure_class=FAILURE_CLASSES.numbers[value.failure_class], code=value.code, message=value.message
    )


def failure_from_pb(message: pb.Failure) -> Failure:
    return Failure(
        failure_class=FAILURE_CLASSES[message.failure_class], code=message.code, message=message.message
    )


def updates_to_pb(value: Updates) -> pb.Updates:
    message = pb.Updates(session_id=value.session_id)
    add = message.updates.add
    numbers = ATTEMPT_STATES.numbers
    for update in value.updates:
        made = add(
            number=update.number,
            attempt_id=update.attempt_id,
            state=numbers[update.state],
            reason=update.reason,
            failure=failure_to_pb(update.failure),
            exit_code=update.exit_code,
            started_at_ms=update.started_at_ms,
            ended_at_ms=update.ended_at_ms,
            peak_memory_bytes=update.peak_memory_bytes,
            ticks_committed=update.ticks_committed,
            retry_free=update.retry_free,
            pin=pin_to_pb(update.pin),
            log_bytes=update.log_bytes,
        )
        if update.ticks:
            made.ticks.extend([tick_to_pb(tick) for tick in update.ticks])
        if update.artifacts:
            made.artifacts.extend([file_to_pb(file) for file in update.artifacts])
        if update.checkpoint:
            made.checkpoint.extend([file_to_pb(file) for file in update.checkpoint])
        for name, number in update.metrics:
            made.metrics.add(name=name, value=number)
    return message


def update_from_pb(message: pb.AttemptUpdate) -> AttemptUpdate:
    has = message.HasField
    return AttemptUpdate(
        number=message.number,
        attempt_id=message.attempt_id,
        state=ATTEMPT_STATES[message.state],
        reason=message.reason,
        failure=failure_from_pb(message.failure) if has("failure") else None,
        exit_code=message.exit_code if has("exit_code") else None,
        started_at_ms=message.started_at_ms,
        ended_at_ms=message.ended_at_ms,
        ticks=tuple([tick_from_pb(tick) for tick in message.ticks]),
        peak_memory_bytes=message.peak_memory_bytes,
        artifacts=files_from_pb(message.artifacts),
        checkpoint=files_from_pb(message.checkpoint),
        ticks_committed=message.ticks_committed,
        retry_free=message.retry_free,
        pin=pin_from_pb(message.pin) if has("pin") else None,
        metrics=tuple([(metric.name, finite(metric.value)) for metric in message.metrics]),
        log_bytes=message.log_bytes,
    )


def updates_from_pb(message: pb.Updates) -> Updates:
    return Updates(
        session_id=message.session_id, updates=tuple([update_from_pb(update) for update in message.updates])
    )
