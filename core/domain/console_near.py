"""What the master console shows of one thing that it comes near to: a node, a task's use, a log's hits, a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWork:
    """One live attempt on a node, with what it last said that it uses."""

    attempt_id: str
    task_id: str
    task_name: str
    index: int
    number: int
    state: str
    phase: str
    #: 0..100; absent: not known.
    percent: float | None
    status: str
    offered_ms: int
    #: Shares of what is reserved for it.
    cpu_percent: float
    gpu_percent: float
    memory_bytes: int
    #: Reserved for it.
    cpu_millis: int
    memory_reserved_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnd:
    """An attempt that ended on a node since the master's start."""

    attempt_id: str
    task_id: str
    task_name: str
    index: int
    state: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNear:
    """A node as somebody looks at it: it is asked for a report each second as long as this is asked for."""

    node_id: str
    at_ms: int
    #: How far apart its reports are now.
    interval_s: float
    cpu_percent: float
    memory_percent: float
    gpu_percent: tuple[float, ...]
    task_cpu_percent: float
    task_memory_percent: float
    disk_free_bytes: int
    #: Averages over the last seconds; to it and from it.
    sent_bytes_s: float
    received_bytes_s: float
    reserved_cpu_millis: int
    reserved_memory_bytes: int
    #: What operators and join links call it; its agent's own labels are beside them.
    labels: Mapping[str, str] = field(default_factory=dict)
    own_labels: Mapping[str, str] = field(default_factory=dict)
    work: tuple[NodeWork, ...] = ()
    #: Newest first, and bounded.
    ended: tuple[NodeEnd, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """Labels that nodes get, and keys that they lose."""

    node_ids: tuple[str, ...]
    put: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePoint:
    """What one subtask of a task used at a moment: the mean of those that ran then."""

    at_ms: int
    #: Shares of what is reserved for one.
    cpu_percent: float
    gpu_percent: float
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUse:
    """From the metering of attempts that ended: over time. From those that live: now, if any has said so."""

    points: tuple[UsePoint, ...] = ()
    live: tuple[UsePoint, ...] = ()
    memory_reserved_bytes: int = 0
    has_gpu: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHit:
    """A line with the words that were looked for, at its byte in the stream."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHits:
    hits: tuple[LogHit, ...] = ()
    #: How far the search came; where the next one begins. At the end it equals `size`.
    searched: int = 0
    size: int = 0
