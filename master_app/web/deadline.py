"""HTTP connections that cannot be held open by saying nothing, little, or too much."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 10.0
IDLE_S: Final = 30.0
#: A client that takes none of its answer for this long is gone.
WRITE_S: Final = 60.0
MAX_HEAD_BYTES: Final = 64 << 10
#: Bytes a second that a body must come in at on the whole, after the first half minute.
_SLOWEST_BODY: Final = 1024


class DeadlineProtocol(HttpToolsProtocol):
    """uvicorn has no time limit for a request's receipt, and no limit for its head; this has both."""

    _timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _body_bytes = 0
    _body_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm(HEAD_S)

    def data_received(self, data: bytes) -> None:
        had_none = self._is_between_requests()
        super().data_received(data)
        cycle = self.cycle
        if self._is_between_requests():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.abort()
            elif self._timer is None and had_none:
                self._arm(HEAD_S)
            return
        self._head_bytes = 0
        if not cycle.more_body:
            self._disarm()
            self._body_bytes = 0
            return
        self._count_body(len(data))
        self._arm(IDLE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._disarm_write()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._disarm_write()
        self._write_timer = self.loop.call_later(WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._disarm_write()
        super().resume_writing()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _count_body(self, count: int) -> None:
        now = self.loop.time()
        if self._body_bytes == 0:
            self._body_since = now
        self._body_bytes += count
        spent = now - self._body_since
        if spent > IDLE_S and not self.flow.read_paused and self._body_bytes < spent * _SLOWEST_BODY:
            self.transport.abort()

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _disarm_write(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _expire(self) -> None:
        if self.flow.read_paused:
            self._arm(IDLE_S)  # we are slow, not the peer
        else:
            self.transport.abort()
