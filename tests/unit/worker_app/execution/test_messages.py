"""A runner's messages become events; a newer runner's unknown ones are nothing."""

from __future__ import annotations

from worker_app.agent.ports.sandbox import Ended, Metric, Progress, Started, StatusLine, UsageTick
from worker_app.execution.messages import events_of, text_of


def test_each_message_has_its_event() -> None:
    assert events_of({"t": "started"}) == (Started(),)
    assert events_of({"t": "usage", "cpu_ms": 1, "memory": 2, "disk": 3, "pids": 4}) == (
        UsageTick(cpu_ms=1, memory_bytes=2, disk_bytes=3, pids=4),
    )
    lines = {"t": "lines", "progress": 1, "status": "a\x1b[2Jb", "metrics": {"m": 2}, "fail": None}
    assert events_of(lines) == [
        Progress(percent=1.0),
        StatusLine(text="a\N{REPLACEMENT CHARACTER}[2Jb"),
        Metric(name="m", value=2.0),
    ]
    assert events_of({"t": "from-the-future"}) == ()


def test_flags_of_an_end_are_true_only_when_they_say_so() -> None:
    (ended,) = events_of({"t": "ended", "exit": None, "signal": 9, "oom": "yes", "disk": True})
    assert isinstance(ended, Ended)
    assert (ended.signal, ended.oom_killed, ended.disk_exceeded) == (9, False, True)


def test_texts_are_bounded() -> None:
    assert len(text_of("x" * 10_000)) == 500
