"""What an attempt writes, as events, where no runner reads it inside: offsets, masks, caps, `hivemind_` lines."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from worker_app.agent.ports.sandbox import Metric, Output, RunEvent
from worker_app.execution.messages import Message, events_of

#: Shown as it comes; of what follows the newest is shown at the end, as the runner does it.
HEAD_BYTES: Final = 4 << 20
TAIL_BYTES: Final = 2 << 20
_LINE_MAX: Final = 4096
_LINE = re.compile(rb"hivemind_(progress|status|metric|fail):[ \t]*(.*?)[ \t\r]*$")
_METRIC = re.compile(rb"([A-Za-z0-9_.\-/]{1,64})=([-+0-9.eE]{1,32})$")


class Told:
    """One attempt's output. `from_offset`: what came before was delivered already."""

    def __init__(self, masked: Sequence[str] = (), from_offset: int = 0) -> None:
        secrets = sorted({text.encode() for text in masked if len(text) >= 4}, key=len, reverse=True)
        self._secrets = re.compile(b"|".join(re.escape(secret) for secret in secrets)) if secrets else None
        self._keep = max((len(secret) for secret in secrets), default=1) - 1
        self._held = {"stdout": b"", "stderr": b""}
        self._from = from_offset
        self._carry = b""
        self._tail: deque[Output] = deque()
        self._tail_bytes = 0
        self._metrics: set[str] = set()
        self.total_bytes = 0
        self.dropped_bytes = 0

    def feed(self, stream: str, content: bytes) -> Iterator[RunEvent]:
        """Take what was written next on a stream."""
        shown = self._held[stream] + content
        if self._secrets is not None:
            shown = self._secrets.sub(b"***", shown)
        cut = max(0, len(shown) - self._keep)
        self._held[stream] = shown[cut:]
        yield from self._show(stream, shown[:cut])

    def finish(self) -> Iterator[RunEvent]:
        """The attempt is over: give what was held back."""
        for stream, held in self._held.items():
            yield from self._show(stream, held)
        yield from self._line(self._carry)
        yield from self._tail

    def _show(self, stream: str, content: bytes) -> Iterator[RunEvent]:
        if not content:
            return
        if stream == "stdout":
            yield from self._lines(content)
        event = Output(stream=stream, offset=self.total_bytes, content=content)
        self.total_bytes += len(content)
        if event.offset < self._from:
            skip = min(len(content), self._from - event.offset)
            event = Output(stream=stream, offset=event.offset + skip, content=content[skip:])
        if not event.content:
            return
        if self.total_bytes <= HEAD_BYTES:
            yield event
            return
        self._tail.append(event)
        self._tail_bytes += len(event.content)
        while self._tail_bytes > TAIL_BYTES and len(self._tail) > 1:
            gone = len(self._tail.popleft().content)
            self._tail_bytes -= gone
            self.dropped_bytes += gone

    def _lines(self, content: bytes) -> Iterator[RunEvent]:
        lines = (self._carry + content).split(b"\n")
        self._carry = lines.pop()[:_LINE_MAX]
        for line in lines:
            yield from self._line(line)

    def _line(self, line: bytes) -> Iterator[RunEvent]:
        found = _LINE.match(line[:_LINE_MAX])
        if found is None:
            return
        message: Message = {"t": "lines", "progress": None, "status": None, "metrics": {}, "fail": None}
        kind, text = found.group(1).decode(), found.group(2)
        try:
            if kind == "metric":
                match = _METRIC.match(text)
                if match is not None:
                    message["metrics"] = {match.group(1).decode(): float(match.group(2))}
            elif kind == "progress":
                message[kind] = float(text) if 0.0 <= float(text) <= 100.0 else None
            else:
                message[kind] = text[:500].decode("utf-8", "replace")
        except ValueError:
            return
        for event in events_of(message):
            if isinstance(event, Metric):
                if event.value - event.value != 0.0 or (
                    len(self._metrics) >= 64 and event.name not in self._metrics
                ):
                    continue
                self._metrics.add(event.name)
            yield event
