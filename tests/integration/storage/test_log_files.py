"""Logs in files: offsets, gaps, the cap with its middle dropped, restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import Invalid
from core.domain.session import LogStream
from master_app.storage.log_files import SegmentedLogFiles
from tests.support.storage import NOW_MS, new_id

OUT, ERR = LogStream.OUT, LogStream.ERR


def read_all(logs: SegmentedLogFiles, attempt: str, portion: int = 7) -> list[tuple[int, bytes]]:
    """Return the pieces that are kept, each with its offset; pieces that touch are joined."""
    pieces: list[tuple[int, bytes]] = []
    offset = 0
    while True:
        content, after = logs.read(attempt, OUT, offset, portion)
        if not content:
            return pieces
        start = after - len(content)
        if pieces and pieces[-1][0] + len(pieces[-1][1]) == start:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + content)
        else:
            pieces.append((start, content))
        offset = after


def test_bytes_come_back_at_their_offsets(tmp_path: Path) -> None:
    logs, attempt = SegmentedLogFiles(tmp_path / "logs"), new_id(NOW_MS)
    assert logs.append(attempt, OUT, 0, b"hello ") == (6, False)
    assert logs.append(attempt, OUT, 6, b"world") == (11, False)
    assert logs.append(attempt, ERR, 0, b"oops") == (4, False)
    assert logs.read(attempt, OUT, 0, 100) == (b"hello world", 11)
    assert logs.read(attempt, OUT, 3, 4) == (b"lo w", 7)
    assert logs.read(attempt, OUT, 11, 4) == (b"", 11)
    assert (logs.size(attempt, OUT), logs.size(attempt, ERR)) == (11, 4)
    assert logs.read(new_id(NOW_MS), OUT, 0, 4) == (b"", 0)


def test_what_was_sent_twice_is_kept_once(tmp_path: Path) -> None:
    logs, attempt = SegmentedLogFiles(tmp_path / "logs"), new_id(NOW_MS)
    logs.append(attempt, OUT, 0, b"0123")
    assert logs.append(attempt, OUT, 0, b"0123") == (4, False)
    assert logs.append(attempt, OUT, 2, b"2345") == (6, False)
    again = SegmentedLogFiles(tmp_path / "logs")
    assert again.append(attempt, OUT, 1, b"12345") == (6, False)
    assert again.read(attempt, OUT, 0, 100) == (b"012345", 6)


def test_a_gap_is_a_gap_also_after_a_restart(tmp_path: Path) -> None:
    logs, attempt = SegmentedLogFiles(tmp_path / "logs"), new_id(NOW_MS)
    logs.append(attempt, OUT, 0, b"head")
    assert logs.append(attempt, OUT, 100, b"tail") == (104, False)
    for each in (logs, SegmentedLogFiles(tmp_path / "logs")):
        assert each.read(attempt, OUT, 0, 1_000) == (b"head", 4)
        assert each.read(attempt, OUT, 4, 1_000) == (b"tail", 104)
        assert each.size(attempt, OUT) == 104


def test_beyond_the_cap_the_middle_is_dropped(tmp_path: Path) -> None:
    logs, attempt = SegmentedLogFiles(tmp_path / "logs", cap_bytes=160), new_id(NOW_MS)
    text = b"".join(b"%09d\n" % number for number in range(100))
    offset = 0
    while offset < len(text):
        offset, full = logs.append(attempt, OUT, offset, text[offset : offset + 30])
        assert not full
    pieces = read_all(logs, attempt)
    assert len(pieces) == 2
    assert pieces[0][0] == 0 and pieces[-1][0] + len(pieces[-1][1]) == len(text)
    assert sum(len(piece) for _, piece in pieces) <= 160
    assert all(text[start : start + len(piece)] == piece for start, piece in pieces)
    kept = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert kept <= 160


def test_removing_leaves_nothing(tmp_path: Path) -> None:
    logs, attempt, other = SegmentedLogFiles(tmp_path / "logs"), new_id(NOW_MS), new_id(NOW_MS)
    for each in (attempt, other):
        logs.append(each, OUT, 0, b"x")
    logs.remove(attempt)
    logs.remove(attempt)
    assert logs.size(attempt, OUT) == 0 and logs.size(other, OUT) == 1
    logs.remove(other)
    assert list((tmp_path / "logs").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x/y", "." * 26])
def test_an_id_that_is_none_becomes_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        SegmentedLogFiles(tmp_path / "logs").append(name, OUT, 0, b"x")
    assert not (tmp_path / "logs").exists()


@settings(max_examples=40, deadline=None)
@given(
    chunks=st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=50)), max_size=20),
    restarts=st.sets(st.integers(0, 20)),
)
def test_whatever_is_sent_what_is_kept_is_what_was_sent(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[tuple[int, bytes]], restarts: set[int]
) -> None:
    folder, attempt = tmp_path_factory.mktemp("logs"), new_id(NOW_MS)
    logs = SegmentedLogFiles(folder, cap_bytes=320)
    sent: dict[int, int] = {}
    wanted = 0
    for number, (offset, content) in enumerate(chunks):
        if number in restarts:
            logs = SegmentedLogFiles(folder, cap_bytes=320)
        start = max(0, wanted - 30) + offset
        for position, byte in enumerate(content):
            if start + position >= wanted:
                sent[start + position] = byte
        wanted, _full = logs.append(attempt, OUT, start, content)
        assert wanted == max(sent) + 1
    for start, piece in read_all(logs, attempt):
        assert all(sent[start + position] == byte for position, byte in enumerate(piece))


def test_at_its_limit_a_log_says_so_and_takes_no_more(tmp_path: Path) -> None:
    logs = SegmentedLogFiles(tmp_path / "logs", cap_bytes=1600, limit_bytes=6400)
    attempt = new_id(NOW_MS)
    offset, full = 0, False
    while not full:
        offset, full = logs.append(attempt, OUT, offset, b"x" * 100)
    assert offset == 6500
    size = logs.size(attempt, OUT)
    again = SegmentedLogFiles(tmp_path / "logs", cap_bytes=1600, limit_bytes=6400)
    for each in (logs, again):
        assert each.append(attempt, OUT, offset, b"y" * 100) == (6600, True)
        assert each.size(attempt, OUT) == size
    text = b"".join(content for _, content in read_all(logs, attempt))
    assert text.endswith(b"xxx\n[HiveMind: the log's limit was met; what follows was not kept]\n")
    assert logs.append(attempt, ERR, 0, b"oops") == (4, False)


def test_a_reason_is_said_once(tmp_path: Path) -> None:
    logs, attempt = SegmentedLogFiles(tmp_path / "logs"), new_id(NOW_MS)
    logs.append(attempt, OUT, 0, b"hello")
    for _ in range(3):
        logs.finish(attempt, OUT, "enough")
        logs = SegmentedLogFiles(tmp_path / "logs")
    assert logs.read(attempt, OUT, 0, 1000)[0] == b"hello\n[HiveMind: enough]\n"
