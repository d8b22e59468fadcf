"""values.proto: what several doors share, and the checks that all codecs use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from core.domain.bundle import FileEntry
from core.domain.errors import ProtocolError
from core.domain.node import Gpu, HostUse, NodeFacts, RuntimeKind
from core.domain.resources import Resources
from core.domain.rewards import Tick
from core.pb import values_pb2 as pb

E = TypeVar("E", bound=StrEnum)


class EnumMap(dict[int, E]):
    """Number on the wire -> member. A number that is not known, 0 too, is a ProtocolError."""

    def __init__(self, numbers: Mapping[str, int], prefix: str, members: type[E]) -> None:
        super().__init__({numbers[f"{prefix}_{member.name}"]: member for member in members})
        self._prefix = prefix
        #: Member -> number; Any, because each generated enum has a number type of its own.
        self.numbers: dict[E, Any] = {member: number for number, member in self.items()}

    def __missing__(self, number: int) -> E:
        raise ProtocolError(f"{self._prefix.lower()} {number} is not known to this version.", code="UNKNOWN_VALUE")


def finite(number: float) -> float:
    """Return the number, which is neither infinite nor NaN: those would poison sums and comparisons."""
    if isfinite(number):
        return number
    raise ProtocolError("A number that is not finite was sent.", code="NOT_FINITE")


def finite_all(numbers: Iterable[float]) -> tuple[float, ...]:
    return tuple([finite(number) for number in numbers])


RUNTIME_KINDS = EnumMap(dict(pb.RuntimeKind.items()), "RUNTIME_KIND", RuntimeKind)


def resources_to_pb(value: Resources) -> pb.Resources:
    return pb.Resources(
        cpu_millis=value.cpu_millis,
        memory_bytes=value.memory_bytes,
        disk_bytes=value.disk_bytes,
        gpus=value.gpus,
        gpu_memory_bytes=value.gpu_memory_bytes,
    )


def resources_from_pb(message: pb.Resources) -> Resources:
    return Resources(
        cpu_millis=message.cpu_millis,
        memory_bytes=message.memory_bytes,
        disk_bytes=message.disk_bytes,
        gpus=message.gpus,
        gpu_memory_bytes=message.gpu_memory_bytes,
    )


def gpu_to_pb(value: Gpu) -> pb.Gpu:
    return pb.Gpu(uuid=value.uuid, name=value.name, memory_bytes=value.memory_bytes)


def gpu_from_pb(message: pb.Gpu) -> Gpu:
    return Gpu(uuid=message.uuid, name=message.name, memory_bytes=message.memory_bytes)


def facts_to_pb(value: NodeFacts) -> pb.NodeFacts:
    return pb.NodeFacts(
        host_name=value.host_name,
        arch=value.arch,
        os=value.os,
        host_os=value.host_os,
        runtime=RUNTIME_KINDS.numbers[value.runtime],
        engine_version=value.engine_version,
        agent_version=value.agent_version,
        capacity=resources_to_pb(value.capacity),
        slots=value.slots,
        gpus=[gpu_to_pb(gpu) for gpu in value.gpus],
        labels=value.labels,
        numbers=value.numbers,
        images=value.images,
        engine_ok=value.engine_ok,
        engine_problem=value.engine_problem,
        disk_ok=value.disk_ok,
        images_allowed=value.images_allowed,
        owners_allowed=value.owners_allowed,
        owners_blocked=value.owners_blocked,
    )


def facts_from_pb(message: pb.NodeFacts) -> NodeFacts:
    return NodeFacts(
        host_name=message.host_name,
        arch=message.arch,
        os=message.os,
        host_os=message.host_os,
        runtime=RUNTIME_KINDS[message.runtime],
        engine_version=message.engine_version,
        agent_version=message.agent_version,
        capacity=resources_from_pb(message.capacity),
        slots=message.slots,
        gpus=tuple([gpu_from_pb(gpu) for gpu in message.gpus]),
        labels=dict(message.labels),
        numbers={name: finite(number) for name, number in message.numbers.items()},
        images=tuple(message.images),
        engine_ok=message.engine_ok,
        engine_problem=message.engine_problem,
        disk_ok=message.disk_ok,
        images_allowed=tuple(message.images_allowed),
        owners_allowed=tuple(message.owners_allowed),
        owners_blocked=tuple(message.owners_blocked),
    )


def host_to_pb(value: HostUse) -> pb.HostUse:
    return pb.HostUse(
        cpu_percent=value.cpu_percent,
        memory_percent=value.memory_percent,
        gpu_percent=value.gpu_percent,
        disk_free_bytes=value.disk_free_bytes,
        task_cpu_percent=value.task_cpu_percent,
        task_memory_percent=value.task_memory_percent,
    )


def host_from_pb(message: pb.HostUse) -> HostUse:
    return HostUse(
        cpu_percent=finite(message.cpu_percent),
        memory_percent=finite(message.memory_percent),
        gpu_percent=finite_all(message.gpu_percent),
        disk_free_bytes=message.disk_free_bytes,
        task_cpu_percent=finite(message.task_cpu_percent),
        task_memory_percent=finite(message.task_memory_percent),
    )


def file_to_pb(value: FileEntry) -> pb.FileEntry:
    return pb.FileEntry(
        path=value.path,
        size=value.size,
        sha256=value.sha256,
        blob=value.blob,
        offset=value.offset,
        mode=value.mode,
    )


def file_from_pb(message: pb.FileEntry) -> FileEntry:
    return FileEntry(
        path=message.path,
        size=message.size,
        sha256=message.sha256,
        blob=message.blob,
        offset=message.offset,
        mode=message.mode,
    )


def files_from_pb(messages: Iterable[pb.FileEntry]) -> tuple[FileEntry, ...]:
    return tuple([file_from_pb(message) for message in messages])


def tick_to_pb(value: Tick) -> pb.Tick:
    return pb.Tick(
        duration_ms=value.duration_ms,
        cpu_percent=value.cpu_percent,
        memory_percent=value.memory_percent,
        gpu_percent=value.gpu_percent,
    )


def tick_from_pb(message: pb.Tick) -> Tick:
    return Tick(
        duration_ms=message.duration_ms,
        cpu_percent=finite(message.cpu_percent),
        memory_percent=finite(message.memory_percent),
        gpu_percent=finite(message.gpu_percent),
    )
