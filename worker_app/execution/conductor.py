"""The agent's side of the frames: turns orders into messages to a runner and messages into events.

Knows no Docker: the container and the process runtime both drive their runner through it. A warm attempt costs
one message out and two back, and no call to the engine.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from core.domain.errors import Conflict, EngineUnavailable, NotFound
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    Ended,
    InlineFile,
    LocalFile,
    Output,
    OutputRefused,
    RunEvent,
    RunOrder,
    SandboxDirty,
    SandboxLost,
)
from worker_app.execution.globs import glob_to_regex, roots_of
from worker_app.execution.link import HEADER, NONCE_BYTES, Frame, Link, Stream
from worker_app.execution.messages import Message, events_of, text_of
from worker_app.execution.outputs import Collection

_JSON, _DATA, _OUTPUT, _CONTENT = (ord(kind) for kind in "JDOC")
_OUTPUT_HEAD = struct.Struct(">BQ")
_PIECE = 256 << 10
HELLO_S = 30.0
ANSWER_S = 120.0
STALL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a runner says of itself."""

    version: int
    python: str
    attempt: str
    last: str
    clean: bool


def json_frame(message: Message) -> bytes:
    """Return the frame of a control message."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(_JSON, len(payload)) + payload


class Conductor:
    """Conversation with one runner. One attempt at a time. MUST be made on the event loop."""

    def __init__(self, stream: Stream) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self._events: asyncio.Queue[tuple[RunEvent | None, int]] | None = None
        self._attempt_id = ""
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._collected: asyncio.Queue[Frame | None] | None = None
        self._serial = 0
        self._lost: SandboxLost | None = None
        self._refusal: Exception | None = None
        self.disk_limit_bytes = 0
        self._link = Link(stream, nonce, self._receive)
        self._say({"t": "hello", "nonce": nonce.hex()})

    # ---- the port's verbs

    async def hello(self) -> Hello:
        """Wait for the runner's first word. Raises SandboxLost when there is none."""
        try:
            async with asyncio.timeout(HELLO_S):
                return await asyncio.shield(self._hello)
        except TimeoutError:
            raise SandboxLost("the sandbox's runner does not answer") from None

    async def run(self, order: RunOrder, workdir: str, argv: Sequence[str]) -> AsyncIterator[RunEvent]:
        """Send the order and yield events up to Ended; see the port."""
        queue = self._follow(order.attempt_id)
        try:
            self._say({"t": "begin", "keep": order.keep_checkpoint})
            for file in order.item:
                await self._put("item", file, 0o444)
            for file in order.checkpoint:
                await self._put("checkpoint", file, 0o644)
            self._say(self._order_message(order, workdir, argv))
            async for event in self._events_of(queue):
                yield event
        finally:
            self._unfollow(queue)

    async def resume(self, attempt_id: str, from_offset: int) -> AsyncIterator[RunEvent]:
        """Replay output from an offset and follow; see the port."""
        queue = self._follow(attempt_id)
        try:
            self._say({"t": "replay", "attempt": attempt_id, "offset": from_offset})
            async for event in self._events_of(queue):
                yield event
        finally:
            self._unfollow(queue)

    def cancel(self, attempt_id: str, grace_s: float) -> None:
        self._say({"t": "cancel", "attempt": attempt_id, "grace_s": grace_s})

    def renew(self, seconds_left: float) -> None:
        self._say({"t": "lease", "s": seconds_left})

    def usage_interval(self, seconds: float) -> None:
        self._say({"t": "usage", "s": seconds})

    async def clear(self) -> bool:
        answer = await self._ask({"t": "clear"})
        return answer.get("clean") is True

    async def pause(self) -> None:
        """Stop the attempt's clock. The runner answers before it is frozen."""
        await self._ask({"t": "pause"})

    def unpause(self) -> None:
        self._say({"t": "resume"})

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        """Stream files out into `order.target_folder`; see the port."""
        if self._collected is not None:
            raise Conflict("results are being collected already")
        self._serial += 1
        collection = Collection(order)
        self._collected = asyncio.Queue()
        done = False
        try:
            self._say(_collect_message(order, str(self._serial)))
            files = await self._receive_files(self._collected, collection, str(self._serial))
            done = True
            return files
        finally:
            self._collected = None
            if not done:
                collection.abandon()

    def exit(self) -> None:
        """Ask the runner to end everything and itself."""
        if self._lost is None:
            self._say({"t": "exit"})

    def close(self) -> None:
        """Leave the conversation; whoever waits gets SandboxLost. The sandbox itself runs on."""
        self._receive(None)

    # ---- out

    def _say(self, message: Message) -> None:
        if self._lost is not None:
            raise self._lost
        self._link.send(json_frame(message))

    async def _ask(self, message: Message) -> Message:
        self._serial += 1
        key = str(self._serial)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        try:
            self._say({**message, "id": key})
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise SandboxLost("the sandbox's runner does not answer") from None
        finally:
            del self._answers[key]

    async def _put(self, area: str, file: InlineFile | LocalFile, mode: int) -> None:
        size = len(file.content) if isinstance(file, InlineFile) else file.size_bytes
        self._say({"t": "put", "area": area, "path": file.path, "size": size, "mode": mode})
        if isinstance(file, InlineFile):
            for start in range(0, size, _PIECE):
                self._data(file.content[start : start + _PIECE])
                await self._link.drain()
            return
        with file.local.open("rb") as reader:
            reader.seek(file.offset)
            left = size
            while left > 0:
                piece = await asyncio.to_thread(reader.read, min(left, _PIECE))
                if not piece:
                    raise EngineUnavailable(f"the local file for {file.path} is shorter than it was")
                left -= len(piece)
                self._data(piece)
                await self._link.drain()

    def _data(self, piece: bytes) -> None:
        if self._lost is not None:
            raise self._lost
        self._link.send(HEADER.pack(_DATA, len(piece)) + piece)

    def _order_message(self, order: RunOrder, workdir: str, argv: Sequence[str]) -> Message:
        return {
            "t": "run",
            "attempt": order.attempt_id,
            "argv": list(argv),
            "env": dict(order.env),
            "workdir": workdir,
            "copy": order.copy,
            "timeout_s": order.timeout_s,
            "grace_s": order.grace_s,
            "lease_s": order.lease_s,
            "masked": list(order.masked),
            "disk": self.disk_limit_bytes,
        }

    # ---- in

    def _follow(self, attempt_id: str) -> asyncio.Queue[tuple[RunEvent | None, int]]:
        if self._lost is not None:
            raise self._lost
        if self._events is not None:
            raise Conflict("this sandbox runs an attempt already")
        self._events, self._refusal = asyncio.Queue(), None
        self._attempt_id = attempt_id
        return self._events

    def _unfollow(self, queue: asyncio.Queue[tuple[RunEvent | None, int]]) -> None:
        if self._events is queue:
            self._events = None
        while not queue.empty():
            self._link.taken(queue.get_nowait()[1])

    async def _events_of(self, queue: asyncio.Queue[tuple[RunEvent | None, int]]) -> AsyncIterator[RunEvent]:
        while True:
            event, size = await queue.get()
            self._link.taken(size)
            if event is None:
                raise self._refusal or self._lost or SandboxLost("the sandbox ended")
            if isinstance(event, Ended):
                # Free for the next attempt before the caller sees the end of this one.
                self._unfollow(queue)
                yield event
                return
            yield event

    def _receive(self, frames: list[Frame] | None) -> None:
        """On the loop: hand frames to whoever waits. None: the stream has ended."""
        if frames is None:
            self._end()
            return
        for kind, payload in frames:
            try:
                self._receive_one(kind, payload)
            except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
                self._end(f"the sandbox's runner sent a bad message: {type(error).__name__}")
                return

    def _receive_one(self, kind: int, payload: bytes) -> None:
        if kind == _CONTENT and self._collected is not None:
            self._collected.put_nowait((kind, payload))
            return
        if kind == _OUTPUT and self._events is not None:
            stream, offset = _OUTPUT_HEAD.unpack_from(payload)
            name = "stdout" if stream == 1 else "stderr"
            event = Output(stream=name, offset=offset, content=payload[_OUTPUT_HEAD.size :])
            self._events.put_nowait((event, len(payload)))
            return
        if kind == _JSON:
            message = json.loads(payload)
            if message["t"] in ("file", "collected") and self._collected is not None:
                self._collected.put_nowait((kind, payload))
                return
            self._link.taken(len(payload))
            self._receive_message(message)
            return
        self._link.taken(len(payload))

    def _receive_message(self, message: Message) -> None:
        verb = message["t"]
        if verb == "hello":
            if not self._hello.done():
                names = ("version", "python", "attempt", "last", "clean")
                self._hello.set_result(Hello(**{name: message[name] for name in names}))
        elif verb in ("cleared", "paused"):
            answer = self._answers.get(message["id"])
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif self._events is None:
            return
        elif verb in ("dirty", "busy", "unknown"):
            self._refusal = _refusal_of(verb, message)
            self._events.put_nowait((None, 0))
        elif verb in ("started", "usage", "lines") or message.get("attempt") == self._attempt_id:
            for event in events_of(message):
                self._events.put_nowait((event, 0))

    async def _receive_files(
        self, queue: asyncio.Queue[Frame | None], collection: Collection, key: str
    ) -> Sequence[CollectedFile]:
        while True:
            try:
                frame = await asyncio.wait_for(queue.get(), STALL_S)
            except TimeoutError:
                raise SandboxLost("the sandbox's runner stopped sending its results") from None
            if frame is None:
                raise self._lost or SandboxLost("the sandbox ended while its results were collected")
            kind, payload = frame
            self._link.taken(len(payload))
            if kind == _CONTENT:
                # Small pieces cost more as a hop to a thread than as a write.
                if len(payload) < 4096:
                    collection.write(payload)
                else:
                    await asyncio.to_thread(collection.write, payload)
                continue
            message = json.loads(payload)
            if message["t"] == "file":
                collection.start(
                    str(message["path"]), int(message["size"]), executable=message.get("executable") is True
                )
            elif message.get("id") == key:
                if message["problem"]:
                    raise OutputRefused(text_of(message["problem"]))
                return collection.finish()

    def _end(self, reason: str = "the sandbox ended") -> None:
        if self._lost is not None:
            return
        self._lost = SandboxLost(reason)
        self._link.close()
        if not self._hello.done():
            self._hello.set_exception(self._lost)
            # Whoever does not ask for the greeting any more must not be warned about it.
            self._hello.exception()
        if self._events is not None:
            self._events.put_nowait((None, 0))
        if self._collected is not None:
            self._collected.put_nowait(None)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self._lost)


def _refusal_of(verb: str, message: Message) -> Exception:
    if verb == "dirty":
        return SandboxDirty(f"the sandbox cannot be emptied: {text_of(message.get('problem', ''))}")
    if verb == "busy":
        return Conflict("this sandbox runs an attempt already")
    return NotFound("the sandbox does not know this attempt")


def _collect_message(order: CollectOrder, key: str) -> Message:
    patterns = order.include + order.required
    return {
        "t": "collect",
        "id": key,
        "include": [glob_to_regex(pattern) for pattern in patterns],
        "required": [[pattern, glob_to_regex(pattern)] for pattern in order.required],
        "roots": ["run", "out"] if order.changes else roots_of(patterns),
        "changes": order.changes,
        "max_bytes": order.max_bytes,
        "max_files": order.max_files,
    }
