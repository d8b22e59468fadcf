"""Output without a runner: offsets, masks across reads, caps in the middle, protocol lines."""

from __future__ import annotations

from worker_app.agent.ports.sandbox import FailLine, Metric, Output, Progress, RunEvent, StatusLine
from worker_app.execution.told import HEAD_BYTES, TAIL_BYTES, Told


def text(events: list[RunEvent], stream: str = "stdout") -> bytes:
    return b"".join(event.content for event in events if isinstance(event, Output) and event.stream == stream)


def fed(told: Told, *pieces: bytes) -> list[RunEvent]:
    found = [event for piece in pieces for event in told.feed("stdout", piece)]
    return [*found, *told.finish()]


def test_both_streams_share_one_offset() -> None:
    told = Told()
    events = [*told.feed("stdout", b"abc"), *told.feed("stderr", b"de"), *told.feed("stdout", b"f")]
    assert [event.offset for event in events if isinstance(event, Output)] == [0, 3, 5]


def test_what_was_delivered_already_is_left_out() -> None:
    assert text(fed(Told(from_offset=4), b"abc", b"defg", b"h")) == b"efgh"


def test_a_secret_is_masked_wherever_it_is_cut() -> None:
    secret = "s3cret-token"
    content = b"x " + secret.encode() + b" y"
    for cut in range(len(content)):
        events = fed(Told((secret,)), content[:cut], content[cut:])
        assert text(events) == b"x *** y"


def test_lines_of_the_protocol_become_events_without_secrets() -> None:
    content = (
        b"hivemind_progress: 12.5\nhivemind_pro"
        b"gress: 101\nhivemind_status: using abcd\nhivemind_metric: loss=nan\nhivemind_metric: loss=1e-3\r\n"
        b"hivemind_fail: no data"
    )
    events = fed(Told(("abcd",)), content[:40], content[40:])
    assert [event for event in events if not isinstance(event, Output)] == [
        Progress(percent=12.5),
        StatusLine(text="using ***"),
        Metric(name="loss", value=0.001),
        FailLine(text="no data"),
    ]


def test_endless_output_loses_its_middle_only() -> None:
    told = Told()
    piece = b"0123456789abcdef" * 4096
    shown: list[RunEvent] = []
    count = (HEAD_BYTES + 5 * TAIL_BYTES) // len(piece)
    for _ in range(count):
        shown += told.feed("stdout", piece)
    assert len(text(shown)) == HEAD_BYTES
    end = list(told.finish())
    assert 0 < len(text(end)) <= TAIL_BYTES
    last = end[-1]
    assert isinstance(last, Output)
    assert last.offset + len(last.content) == told.total_bytes == count * len(piece)
    assert told.dropped_bytes == told.total_bytes - HEAD_BYTES - len(text(end))
