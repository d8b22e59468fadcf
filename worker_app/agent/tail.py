"""The newest lines of what the agent says and of what attempts write, for whoever looks. Bounded."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from core.domain.agent_views import LogLine
from core.domain.session import LogStream

MAX_LINES: Final = 2000
MAX_ATTEMPTS: Final = 16
MAX_LINE: Final = 2000
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class OutputTail:
    """Lines of attempts, by attempt; the oldest attempts are forgotten."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._lines: OrderedDict[str, deque[LogLine]] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._rest: dict[tuple[str, LogStream], bytes] = {}

    def output(self, attempt_id: str, stream: LogStream, content: bytes) -> None:
        """Take what an attempt wrote, as it comes."""
        if attempt_id not in self._lines:
            self._lines[attempt_id] = deque(maxlen=MAX_LINES)
            self._counts[attempt_id] = 0
            while len(self._lines) > MAX_ATTEMPTS:
                gone, _ = self._lines.popitem(last=False)
                self._counts.pop(gone, None)
                for one in LogStream:
                    self._rest.pop((gone, one), None)
        *whole, rest = (self._rest.get((attempt_id, stream), b"") + content).split(b"\n")
        # A line without an end is shown in pieces rather than held for ever.
        if len(rest) > MAX_LINE:
            whole.append(rest)
            rest = b""
        self._rest[attempt_id, stream] = rest
        self._counts[attempt_id] += len(whole)
        at_ms = self._wall_ms()
        for line in whole[-MAX_LINES:]:
            text = line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r")
            self._lines[attempt_id].append(LogLine(at_ms=at_ms, stream=stream.value, text=text))

    def lines(self, attempt_id: str, limit: int) -> tuple[tuple[LogLine, ...], int]:
        """Return the newest lines and how many there were in all."""
        lines = self._lines.get(attempt_id, deque())
        return tuple(lines)[-limit:], self._counts.get(attempt_id, 0)


class AgentTail(logging.Handler):
    """The agent's own log, as a handler beside the file."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        super().__init__(logging.INFO)
        self._mask = mask
        self._kept: deque[LogLine] = deque(maxlen=MAX_LINES)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL and name[0] != "_"}
        words = " ".join([record.getMessage(), *(f"{name}={value}" for name, value in extra.items())])
        self._count += 1
        at_ms = int((record.created or time.time()) * 1000)
        self._kept.append(LogLine(at_ms=at_ms, stream=record.levelname.lower(), text=self._mask(words)[:MAX_LINE]))

    def lines(self, limit: int) -> tuple[tuple[LogLine, ...], int]:
        return tuple(self._kept)[-limit:], self._count
