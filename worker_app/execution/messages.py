"""What a runner's messages mean, as events of the port. The words in them were written by a stranger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from worker_app.agent.ports.sandbox import (
    Ended,
    FailLine,
    Metric,
    Progress,
    RunEvent,
    Started,
    StatusLine,
    UsageTick,
)

Message = dict[str, Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def text_of(value: object) -> str:
    """Return a short text without control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))[:500]


def events_of(message: Message) -> Sequence[RunEvent]:
    """Translate a runner's message about the attempt that runs; unknown ones are nothing (newer runner)."""
    verb = message["t"]
    if verb == "started":
        return (Started(),)
    if verb == "usage":
        return (
            UsageTick(
                cpu_ms=int(message["cpu_ms"]),
                memory_bytes=int(message["memory"]),
                disk_bytes=int(message["disk"]),
                pids=int(message["pids"]),
            ),
        )
    if verb == "lines":
        return _lines(message)
    if verb == "ended":
        return (_ended(message),)
    return ()


def _lines(message: Message) -> Sequence[RunEvent]:
    events: list[RunEvent] = []
    if message["progress"] is not None:
        events.append(Progress(percent=float(message["progress"])))
    if message["status"] is not None:
        events.append(StatusLine(text=text_of(message["status"])))
    events += [Metric(name=text_of(name), value=float(value)) for name, value in message["metrics"].items()]
    if message["fail"] is not None:
        events.append(FailLine(text=text_of(message["fail"])))
    return events


def _ended(message: Message) -> Ended:
    return Ended(
        exit_code=None if message["exit"] is None else int(message["exit"]),
        signal=None if message["signal"] is None else int(message["signal"]),
        oom_killed=message.get("oom") is True,
        timed_out=message.get("timed_out") is True,
        cancelled=message.get("cancelled") is True,
        disk_exceeded=message.get("disk") is True,
        wall_ms=int(message.get("wall_ms", 0)),
        cpu_ms=int(message.get("cpu_ms", 0)),
        peak_rss_bytes=int(message.get("rss", 0)),
        output_bytes=int(message.get("bytes", 0)),
        output_dropped_bytes=int(message.get("dropped", 0)),
        problem=text_of(message.get("problem", "")),
        dirty=message.get("dirty") is True,
    )
