"""What this node is and how busy it is: the engine's word, the owner's limits, and what psutil measures.

Capacity is the smaller of what the owner allows and what the ENGINE has: a Docker that runs in a virtual
machine has less than its host. Nothing is advertised that was not proven: no engine, no slots.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psutil

from core.domain.node import Gpu, HostUse, NodeFacts, RuntimeKind
from core.domain.resources import GIB, Resources
from worker_app.agent.ports.sandbox import EngineFacts

MAX_SLOTS: Final = 64
#: At least this much of the engine's memory is left for itself and the host.
MEMORY_LEFT_BYTES: Final = 256 << 20
#: With fewer places for files its owner is told; with fewer than the second no new work is taken.
LOW_FILES: Final = 10_000
FILES_LEFT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the owner allows; 0 is no limit."""

    slots: int = 0
    cpu_millis: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    disk_reserve_bytes: int = 2 * GIB
    labels: Mapping[str, str] = field(default_factory=dict)
    images_allowed: tuple[str, ...] = ()
    owners_allowed: tuple[str, ...] = ()
    owners_blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Of the file system with the data folder."""

    total_bytes: int
    free_bytes: int
    #: How many more files it takes; -1: it does not count them.
    free_files: int = -1

    def has_room(self, reserve_bytes: int) -> bool:
        """Tell whether new work may come: its files need bytes and places."""
        return self.free_bytes > reserve_bytes and not 0 <= self.free_files < FILES_LEFT


def measure_disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    files = -1
    if hasattr(os, "statvfs"):
        found = os.statvfs(folder)
        files = found.f_favail if found.f_files else -1
    return Disk(total_bytes=usage.total, free_bytes=usage.free, free_files=files)


def node_facts(
    engine: EngineFacts,
    limits: Limits,
    *,
    disk: Disk,
    gpus: tuple[Gpu, ...] = (),
    host_name: str = "",
    agent_version: str = "",
) -> NodeFacts:
    """Return what this node offers. Pure."""
    kind = RuntimeKind.PROCESS if engine.kind == "process" else RuntimeKind.DOCKER
    cpu_millis = _least(engine.cpu_millis, limits.cpu_millis)
    memory_bytes = _least(max(0, engine.memory_bytes - MEMORY_LEFT_BYTES), limits.memory_bytes)
    disk_bytes = _least(max(0, disk.free_bytes - limits.disk_reserve_bytes), limits.disk_bytes)
    usable = gpus if engine.has_gpu_runtime or kind is RuntimeKind.PROCESS else ()
    slots = limits.slots or max(1, min(MAX_SLOTS, cpu_millis // 1000))
    return NodeFacts(
        host_name=host_name,
        arch=engine.arch,
        os=engine.os,
        host_os=platform.system().lower(),
        runtime=kind,
        engine_version=f"{engine.name} {engine.version}".strip(),
        agent_version=agent_version,
        capacity=Resources(
            cpu_millis=cpu_millis,
            memory_bytes=memory_bytes,
            disk_bytes=disk_bytes,
            gpus=len(usable),
            gpu_memory_bytes=max((gpu.memory_bytes for gpu in usable), default=0),
        ),
        slots=slots if engine.ok else 0,
        gpus=usable,
        labels=limits.labels,
        images=_images(engine),
        engine_ok=engine.ok,
        engine_problem=engine.problem,
        disk_ok=disk.has_room(limits.disk_reserve_bytes),
        images_allowed=limits.images_allowed,
        owners_allowed=limits.owners_allowed,
        owners_blocked=limits.owners_blocked,
    )


def steady(before: NodeFacts, after: NodeFacts) -> NodeFacts:
    """Return `after`, but with the disk of `before` unless it changed by a tenth: free space always flickers."""
    old, new = before.capacity.disk_bytes, after.capacity.disk_bytes
    if before.slots and abs(new - old) * 10 < max(old, 1):
        return replace(after, capacity=replace(after.capacity, disk_bytes=old))
    return after


def _least(has: int, allowed: int) -> int:
    return min(has, allowed) if allowed else has


def _images(engine: EngineFacts) -> tuple[str, ...]:
    names = {name for image in engine.images for name in (image.ref, image.digest, image.recipe) if name}
    # What no registry and no recipe knows can be asked for by its id only.
    names |= {image.image_id for image in engine.images if not image.digest and not image.recipe}
    return tuple(sorted(names))


class HostMeter:
    """Measures the machine. `measure` is quick, but asks the kernel and the driver: call it off the loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _cpu_percent()  # the first answer has no span to speak of

    def measure(self, gpu_percent: tuple[float, ...] = ()) -> HostUse:
        return HostUse(
            cpu_percent=_cpu_percent(),
            memory_percent=psutil.virtual_memory().percent,
            gpu_percent=gpu_percent,
            disk_free_bytes=shutil.disk_usage(self._folder).free,
        )


def _cpu_percent() -> float:
    """Return the load since the last call; 0 where this computer does not tell: what is reserved still counts."""
    try:
        return float(psutil.cpu_percent(None))
    except OSError:
        return 0.0


def host_name() -> str:
    return socket.gethostname()[:128]


def boot_id() -> str:
    """Name this run of the operating system; deadlines of another one are over."""
    file = Path("/proc/sys/kernel/random/boot_id")
    if file.exists():
        return file.read_text(encoding="ascii").strip()
    return f"boot-{int(psutil.boot_time())}"
