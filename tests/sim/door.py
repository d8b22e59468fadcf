"""The node door of the master in the simulation: the rules of `master_app.rpc.node_door`, on a real stream.

What gRPC and asyncio do between the two is the line's work here; what is asked of the services, in which order,
and what is answered, is the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

from core.domain.errors import HiveMindError, Unauthenticated
from core.domain.session import (
    AgentMessage,
    Hello,
    MasterMessage,
    Offers,
    Orders,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
)
from core.rpc.codec.node import (
    agent_message_from_pb,
    agent_message_to_pb,
    master_message_from_pb,
    master_message_to_pb,
)
from core.rpc.streams import SessionStream
from master_app.assembly import Master
from master_app.rpc.node_door import SYNC_S
from tests.sim.kernel import Kernel, Life
from tests.sim.network import Line

_ENDED = "the stream ended"


class _Loop:
    """Just enough of an event loop for a stream: it calls at once."""

    def __init__(self, woken: Callable[[], None]) -> None:
        self._woken = woken

    def call_soon_threadsafe(self, call: Callable[[], object]) -> None:
        call()
        self._woken()


class Door:
    """All sessions of one life of the master."""

    def __init__(
        self, kernel: Kernel, master: Master, life: Life, serials: dict[str, str], *, codec: bool
    ) -> None:
        self.kernel = kernel
        self.master = master
        self.life = life
        self.serials = serials
        #: Send every message through its bytes.
        self.codec = codec
        self.newest: dict[str, DoorSession] = {}

    def opened(self, line: Line) -> None:
        line.session = DoorSession(self, line)
        line.session.hello(line.hello)

    def taken(self, line: Line, message: AgentMessage) -> None:
        if self.codec:
            message = agent_message_from_pb(agent_message_to_pb(message))
        self._now(lambda: line.session.take(message))

    def ended(self, line: Line) -> None:
        self._now(line.session.gone)

    def _now(self, event: Callable[[], object]) -> None:
        """Do it if this master still lives: now, or when its machine is awake."""
        if self.life.machine.asleep:
            self.life.after(0, event)
        elif self.life.alive:
            event()


class DoorSession:
    """One stream, from its HELLO on. Messages are taken one after another, as the real reader does."""

    def __init__(self, door: Door, line: Line) -> None:
        self.door = door
        self.line = line
        name = f"s{door.kernel.steps}-{line.number}"
        self.stream = SessionStream(name, cast("asyncio.AbstractEventLoop", _Loop(self._woken)))
        self.node_id = line.hello.node_id
        self._inbox: deque[AgentMessage] = deque()
        self._busy = True
        self._welcomed = self._synced = self._is_over = self._flush_asked = self._replied = False

    # ---- HELLO

    def hello(self, hello: Hello) -> None:
        master = self.door.master
        serial = self.door.serials.get(self.node_id, "")
        try:
            master.membership.check_certificate(self.node_id, serial)
        except Unauthenticated as error:
            self._is_over = True
            self.line.dismiss(error.code, final=True)
            return
        self._when(master.sessions.open(self.node_id, serial, self.stream, hello), self._answered)

    def _when(self, future: Future[Any], then: Callable[[Future[Any]], None]) -> None:
        """Go on, on the door's loop, when the future is done; unless the master died meanwhile."""
        future.add_done_callback(lambda done: self.door.life.after(0, lambda: then(done)))

    def _answered(self, done: Future[Any]) -> None:
        if done.exception() is not None:
            self._is_over = True
            self.line.dismiss("the master cannot open a session")
            return
        answer = done.result()
        if isinstance(answer, Refused):
            self._is_over = True
            self._down(answer)
            self.line.dismiss(_ENDED)
            return
        if self._is_over:  # the caller went away meanwhile
            self.stream.close(_ENDED)
            self.door.master.sessions.closed(self.stream.session_id, _ENDED)
            return
        self._welcomed = True
        older = self.door.newest.get(self.node_id)
        self.door.newest[self.node_id] = self
        if older is not None:
            older.stream.close("a newer session of this node")
        self._down(answer)
        self.door.life.after(SYNC_S * 1000, self._sync_late)
        self._free()

    def _sync_late(self) -> None:
        if not self._synced and not self._is_over:
            self.stream.close("no SYNC came in time")

    # ---- reading

    def take(self, message: AgentMessage) -> None:
        if not self._is_over:
            self._inbox.append(message)
            self._read()

    def _free(self) -> None:
        self._busy = False
        self._read()

    def _read(self) -> None:
        while self._inbox and not self._busy and not self._is_over and not self.stream.reason:
            message = self._inbox.popleft()
            if not self._synced:
                self._sync(message)
            elif isinstance(message, Hello | Sync):
                self.stream.close("a session has one HELLO and one SYNC")
            elif message.session_id != self.stream.session_id:
                self.stream.close("a message of another session")
            elif isinstance(message, Report):
                self.stream.send(self.door.master.sessions.report(self.stream.session_id, message))
            else:
                self._updates(message)

    def _sync(self, message: AgentMessage) -> None:
        if not isinstance(message, Sync) or message.session_id != self.stream.session_id:
            self.stream.close("a SYNC of this session must come first")
            return
        self._busy = True
        self._synced = True
        self._when(self.door.master.sessions.sync(self.stream.session_id, message), self._reconciled)

    def _reconciled(self, done: Future[Any]) -> None:
        if done.exception() is not None:
            self.stream.close("SYNC failed")
            return
        reply = done.result()
        if isinstance(reply, Resync):
            self.stream.send(reply)
        else:
            self.stream.release(reply)
        self._free()

    def _updates(self, updates: Updates) -> None:
        stream = self.stream
        if not stream.window_open:
            self._inbox.appendleft(updates)
            self._busy = True
            return
        try:
            future = self.door.master.sessions.updates(stream.session_id, updates)
        except HiveMindError as error:
            stream.close(f"the master is busy: {error.message}")
            return
        stream.started()
        self._when(future, self._committed)

    def _committed(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is None:
            self.stream.finished(future.result())
        else:
            code = error.code if isinstance(error, HiveMindError) else "INTERNAL"
            self.stream.finished(Resync(session_id=self.stream.session_id, reason=f"not kept: {code}"))
        if self._busy and self._synced and self.stream.window_open:
            self._free()

    def gone(self) -> None:
        """The line broke, and this side knows it now."""
        if self._welcomed:
            self.stream.close(_ENDED)
        else:
            self._is_over = True

    # ---- writing

    def _woken(self) -> None:
        if not self._flush_asked:
            self._flush_asked = True
            self.door.life.after(0, self._flush)

    def _flush(self) -> None:
        self._flush_asked = False
        while self.stream._wake.is_set():
            step = self.stream.next_messages()
            try:
                step.send(None)
            except StopIteration as stop:
                messages = stop.value
            else:
                raise AssertionError("a woken stream waits")
            if messages is None:
                self._end()
                return
            for message in messages:
                self._down(message)

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        reason = self.stream.reason
        if reason != _ENDED:
            self._down(Resync(session_id=self.stream.session_id, reason=reason))
        if self.door.newest.get(self.node_id) is self:
            del self.door.newest[self.node_id]
        self.line.dismiss(_ENDED)
        if self._welcomed:
            self.door.master.sessions.closed(self.stream.session_id, reason)

    def _down(self, message: MasterMessage) -> None:
        self._replied = self._replied or isinstance(message, SyncReply)
        assert self._replied or not isinstance(message, Offers | Orders), "work before the answer to SYNC (C3)"
        if self.door.codec:
            message = master_message_from_pb(master_message_to_pb(message))
        self.line.send_down(message)
