"""What a sandbox tells of an attempt while it runs; part of the port in `sandbox.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The attempt's process exists: RUNNING, its timeout counts from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Bytes that the attempt wrote. `offset` counts both streams together; a jump means bytes were dropped."""

    stream: str  # stdout | stderr
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailLine:
    """The attempt's own word for why it fails; becomes the failure headline."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTick:
    cpu_ms: int
    memory_bytes: int
    disk_bytes: int
    pids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The attempt is over: each of its processes is dead and reaped (unless `dirty`).

    Exactly one of `exit_code` and `signal` is set when the program ran; both None: it never started and
    `problem` says why (no such command, no such workdir). `oom_killed` follows R9.
    """

    exit_code: int | None
    signal: int | None = None
    oom_killed: bool = False
    timed_out: bool = False
    cancelled: bool = False
    disk_exceeded: bool = False
    wall_ms: int = 0
    cpu_ms: int = 0
    peak_rss_bytes: int = 0
    output_bytes: int = 0
    output_dropped_bytes: int = 0
    problem: str = ""
    #: The sandbox cannot be used again: close it.
    dirty: bool = False


RunEvent = Started | Output | Progress | StatusLine | Metric | FailLine | UsageTick | Ended
