"""The newest lines, bounded, whole, and without secrets."""

from __future__ import annotations

import logging

from core.domain.session import LogStream
from worker_app.agent.tail import MAX_ATTEMPTS, MAX_LINES, AgentTail, OutputTail


def test_pieces_become_lines_of_their_stream() -> None:
    tail = OutputTail(lambda: 5)
    tail.output("a", LogStream.OUT, b"one\ntw")
    tail.output("a", LogStream.ERR, b"bad\n")
    tail.output("a", LogStream.OUT, b"o\n")
    lines, total = tail.lines("a", 10)
    assert [(line.stream, line.text) for line in lines] == [("out", "one"), ("err", "bad"), ("out", "two")]
    assert total == 3


def test_a_flood_keeps_the_newest_and_counts_all() -> None:
    tail = OutputTail(lambda: 5)
    tail.output("a", LogStream.OUT, b"".join(b"%d\n" % number for number in range(MAX_LINES + 50)))
    lines, total = tail.lines("a", 3)
    assert [line.text for line in lines] == [str(MAX_LINES + 47 + n) for n in range(3)]
    assert total == MAX_LINES + 50


def test_old_attempts_are_forgotten() -> None:
    tail = OutputTail(lambda: 5)
    for number in range(MAX_ATTEMPTS + 1):
        tail.output(f"a{number}", LogStream.OUT, b"x\n")
    assert tail.lines("a0", 5) == ((), 0)
    assert tail.lines("a1", 5)[1] == 1


def test_the_agents_own_log_has_its_fields_and_no_secret() -> None:
    tail = AgentTail(lambda text: text.replace("hunter2", "***"))
    record = logging.makeLogRecord({"msg": "joined with hunter2", "levelname": "INFO", "levelno": 20, "pool": "p"})
    tail.handle(record)
    (line,), total = tail.lines(5)
    assert (line.text, line.stream, total) == ("joined with *** pool=p", "info", 1)
