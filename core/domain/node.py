"""A node: one machine as the pool sees it. Three state columns, never one enum (lifecycles, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.resources import Resources
from core.domain.transitions import Edge, Table


class NodeAdmin(StrEnum):
    """What the operator wants of it."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DRAINING = "DRAINING"
    DRAINED = "DRAINED"
    REVOKED = "REVOKED"


class NodeHealth(StrEnum):
    """What the master knows of the link."""

    NEW = "NEW"
    INITIALIZING = "INITIALIZING"
    READY = "READY"
    SUSPECT = "SUSPECT"
    DISCONNECTED = "DISCONNECTED"
    DOWN = "DOWN"


class NodeOwner(StrEnum):
    """What the person at the machine allows now."""

    AVAILABLE = "AVAILABLE"
    GPU_PAUSED = "GPU_PAUSED"
    SNOOZED = "SNOOZED"
    IN_USE = "IN_USE"
    OUTSIDE_SCHEDULE = "OUTSIDE_SCHEDULE"
    QUITTING = "QUITTING"


class RuntimeKind(StrEnum):
    DOCKER = "docker"
    #: Not isolated: only tasks of the node's own owner that allow it.
    PROCESS = "process"


_A = NodeAdmin
ADMIN_TABLE: Table[NodeAdmin] = Table(
    "node admin",
    NodeAdmin,
    [_A.PENDING, _A.ACTIVE],
    [
        Edge(_A.PENDING, _A.ACTIVE, "approved"),
        Edge(_A.PENDING, _A.REVOKED, "declined"),
        Edge(_A.ACTIVE, _A.PAUSED, "operator pauses"),
        Edge(_A.PAUSED, _A.ACTIVE, "operator resumes"),
        Edge(_A.ACTIVE, _A.DRAINING, "operator drains"),
        Edge(_A.PAUSED, _A.DRAINING, "operator drains"),
        Edge(_A.DRAINING, _A.DRAINED, "nothing runs any more"),
        Edge(_A.DRAINING, _A.ACTIVE, "operator resumes"),
        Edge(_A.DRAINED, _A.ACTIVE, "operator resumes"),
        Edge(_A.ACTIVE, _A.REVOKED, "operator or owner revokes"),
        Edge(_A.PAUSED, _A.REVOKED, "operator or owner revokes"),
        Edge(_A.DRAINING, _A.REVOKED, "operator or owner revokes"),
        Edge(_A.DRAINED, _A.REVOKED, "operator or owner revokes"),
    ],
)

_H = NodeHealth
HEALTH_TABLE: Table[NodeHealth] = Table(
    "node health",
    NodeHealth,
    [_H.NEW],
    [
        Edge(_H.NEW, _H.INITIALIZING, "authenticated HELLO"),
        Edge(_H.INITIALIZING, _H.READY, "SYNC of this session committed, facts in"),
        Edge(_H.INITIALIZING, _H.DISCONNECTED, "the session ended"),
        Edge(_H.READY, _H.SUSPECT, "2.5 intervals without a report, or stream closed"),
        Edge(_H.READY, _H.INITIALIZING, "new HELLO"),
        Edge(_H.SUSPECT, _H.READY, "same session reports"),
        Edge(_H.SUSPECT, _H.INITIALIZING, "new HELLO"),
        Edge(_H.SUSPECT, _H.DISCONNECTED, "4 intervals without a report"),
        Edge(_H.DISCONNECTED, _H.INITIALIZING, "new HELLO, or RESYNC"),
        Edge(_H.DISCONNECTED, _H.DOWN, "all its leases expired"),
        Edge(_H.DOWN, _H.INITIALIZING, "new HELLO"),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    uuid: str
    name: str
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """What a node is and what its engine gives, as its agent measured it. Untrusted input to scheduling.

    `capacity` is what the owner lets tasks use, at most what the engine has. `numbers` are further numeric
    facts that `[requires] min` may name, such as `bandwidth_mbps`.
    """

    host_name: str = ""
    arch: str = ""
    os: str = ""
    host_os: str = ""
    runtime: RuntimeKind = RuntimeKind.DOCKER
    engine_version: str = ""
    agent_version: str = ""
    capacity: Resources = field(default_factory=Resources)
    slots: int = 1
    gpus: tuple[Gpu, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    #: Names of the catalogue and digests of the images that are present.
    images: tuple[str, ...] = ()
    engine_ok: bool = True
    engine_problem: str = ""
    disk_ok: bool = True
    #: Empty: any. Else the only ones that the node's owner takes.
    images_allowed: tuple[str, ...] = ()
    owners_allowed: tuple[str, ...] = ()
    #: Never again, says the node's owner.
    owners_blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUse:
    """How busy the machine is, tasks of ours included, in percent of the whole machine."""

    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    gpu_percent: tuple[float, ...] = ()
    disk_free_bytes: int = 0
    #: Of it, what tasks of ours use; others' use is the difference.
    task_cpu_percent: float = 0.0
    task_memory_percent: float = 0.0

    @property
    def load(self) -> float:
        """The load that users were promised: max(cpu, memory), 0..1."""
        return max(self.cpu_percent, self.memory_percent) / 100.0


def foremost_state(*, admin: str, health: str, owner_state: str, quarantined: bool) -> str:
    """Return the one of a node's three states that a person should hear first."""
    if admin in ("PENDING", "REVOKED", "DRAINING", "DRAINED"):
        return admin
    if health in ("DOWN", "DISCONNECTED", "SUSPECT", "NEW", "INITIALIZING"):
        return health
    if admin == "PAUSED":
        return admin
    if quarantined:
        return "QUARANTINE"
    return owner_state if owner_state not in ("AVAILABLE", "") else "READY"
