"""A container without Python as a sandbox of the port: one attempt under `watchdog.sh`, seen from outside.

What the runner does inside, the engine and the agent do here: output is the container's own, files go in and out
as archives, usage is the engine's. A start anew in place (R12) starts the same container again.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from core.domain.errors import Conflict, EngineUnavailable, HiveMindError, NotFound
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    Ended,
    ImageFacts,
    InlineFile,
    LocalFile,
    RunEvent,
    RunOrder,
    SandboxLost,
    Started,
    UsageTick,
)
from worker_app.execution.archives import Results, first_file, link_tar
from worker_app.execution.engine import Engine
from worker_app.execution.globs import roots_of
from worker_app.execution.messages import text_of
from worker_app.execution.output_reader import OutputReader
from worker_app.execution.policy import RUNNER_FOLDER, SANDBOX_UID
from worker_app.execution.progress import nobody_counts
from worker_app.execution.sandbox import SandboxFacts, SourceAdder, contract_env
from worker_app.execution.told import Told
from worker_app.execution.volumes import file_tar

logger = logging.getLogger(__name__)

WATCHDOG_COMMAND: Final = ("sh", f"{RUNNER_FOLDER}/watchdog.sh")
GREETING: Final = b"HIVEMIND-WATCHDOG 1\n"
GREETING_S: Final = 30.0
EMPTIED: Final = b"emptied\n"
#: How long after its own deadline an attempt's end may take before the container is killed from outside.
OVERDUE_S: Final = 8.0
USAGE_S: Final = 30.0
_VERDICT = re.compile(r"exit=(none|\d{1,3}) signal=(\d{1,3}) timed_out=([01]) cancelled=([01]) disk=([01])$", re.M)
_XFSZ: Final = 25
_NOTE = re.compile(r"(\S+) ([01]) (\d{1,4})")
_TIME = re.compile(r"(\d+)m([\d.]+)s")


def spelled(text: str) -> str:
    """Return a text as `printf %b` takes it, on one line."""
    return "".join(f"\\0{ord(sign):03o}" if sign < " " or sign in "\\\x7f" else sign for sign in text)


def orders_of(order: RunOrder, env: Mapping[str, str], disk_bytes: int) -> bytes:
    """Return the lines that start an attempt."""
    timeout_s = -(-order.timeout_s // 1)
    head = f"run {int(timeout_s)} {int(order.grace_s)} {int(order.lease_s)} {disk_bytes >> 10} {order.workdir}"
    lines = [head, *(f"a:{spelled(word)}" for word in order.argv)]
    lines += [f"e:{spelled(f'{name}={value}')}" for name, value in env.items()]
    return ("\n".join([*lines, "go"]) + "\n").encode("utf-8", "surrogateescape")


@dataclass(slots=True)
class _Attempt:
    """What the agent knows of the attempt that runs, or ran last."""

    attempt_id: str
    started: float = field(default_factory=time.monotonic)
    cancelled: bool = False
    overdue: bool = False
    cpu_ms: int = 0
    peak_bytes: int = 0


class WatchdogSandbox:
    """See the port. Made by the runtime, its container running and greeted."""

    def __init__(
        self,
        facts: SandboxFacts,
        engine: Engine,
        reader: OutputReader,
        add_source: SourceAdder,
        *,
        disk_bytes: int,
        source: Sequence[LocalFile] = (),
    ) -> None:
        self._facts = facts
        self._engine = engine
        self._reader = reader
        self._add_source = add_source
        self._disk_bytes = disk_bytes
        self._attempt: _Attempt | None = None
        self._busy = False
        self._lost = False
        #: How often the container was started.
        self._starts = 1
        self._closed = False
        self._frozen_at: float | None = None
        self._usage_s = USAGE_S
        self._usage_due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._killing: asyncio.Task[None] | None = None
        #: Files of the bundle that stand in /work/src.
        self._source: dict[str, LocalFile] = {file.path: file for file in source}

    @property
    def sandbox_id(self) -> str:
        return self._facts.sandbox_id

    @property
    def task_id(self) -> str:
        return self._facts.task_id

    @property
    def image(self) -> ImageFacts:
        return self._facts.image

    # ------------------------------------------------------------ running

    async def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        if self._busy:
            raise Conflict("this sandbox runs an attempt already")
        if self._lost:
            raise SandboxLost("the sandbox has ended itself")
        self._busy = True
        try:
            if self._attempt is not None:
                await self._begin_again(keep=order.keep_checkpoint)
            self._attempt = attempt = _Attempt(order.attempt_id)
            if order.source:
                await self._add_source(order.source)
                self._source |= {file.path: file for file in order.source}
            await self._lay_out(order)
            self._reader.send(orders_of(order, contract_env(self.task_id, order), self._disk_bytes))
            attempt.started = time.monotonic()
            if order.timeout_s:
                self._expect_end(order.timeout_s + order.grace_s)
            yield Started()
            async for event in self._follow(attempt, Told(order.masked)):
                yield event
        finally:
            self._busy = False

    async def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        if self._attempt is None or self._attempt.attempt_id != attempt_id:
            raise NotFound("the sandbox does not know this attempt")
        self._reader.close()
        self._reader = await greet(self._engine, self._facts.container, start=False, number=self._starts)
        async for event in self._follow(self._attempt, Told(from_offset=from_offset)):
            yield event

    async def adopt(self) -> None:
        """Learn which attempt an earlier agent started here. Raises SandboxLost where it cannot be followed."""
        note = await self._engine.read_tar(self._facts.container, "/work/log/attempt", first_file)
        found = _NOTE.fullmatch((note or "").strip())
        if found is None or found.group(2) == "1":
            raise SandboxLost("the sandbox runs nothing, or what its output must hide is not known any more")
        self._attempt, self._starts = _Attempt(found.group(1)), int(found.group(3))
        # Where that agent froze it, its time limit stands still.
        self._reader.send(b"away 0\n")

    async def _begin_again(self, *, keep: bool) -> None:
        """Start the ended container once more; its work volume has the checkpoint still."""
        self._reader.close()
        self._reader = await greet(self._engine, self._facts.container, start=True)
        self._starts += 1
        folders = ["run", "out", "item", "log", *(() if keep else ("checkpoint",))]
        self._reader.send(f"empty {' '.join(folders)}\n".encode())
        await self._reader.line(EMPTIED, GREETING_S)

    async def _lay_out(self, order: RunOrder) -> None:
        """Put the links (or the copy), the items and the checkpoint where the contract says."""
        note = f"{order.attempt_id} {int(bool(order.masked))} {self._starts}\n"
        files: list[InlineFile | LocalFile] = [InlineFile(path="log/attempt", content=note.encode())]
        files += [replace(file, path=f"item/{file.path}") for file in order.item]
        files += [replace(file, path=f"checkpoint/{file.path}") for file in order.checkpoint]
        links = {f"run/{name}": f"/work/{name}" for name in ("out", "checkpoint")}
        if order.copy:
            files += [replace(file, path=f"run/{path}") for path, file in self._source.items()]
        else:
            tops = {path.split("/", 1)[0] for path in self._source} - {"out", "checkpoint"}
            links |= {f"run/{top}": f"/work/src/{top}" for top in sorted(tops)}
        for tar in ([link_tar(links)], file_tar(files, nobody_counts, owner=SANDBOX_UID, writable=True)):
            await self._engine.put_tar(self._facts.container, "/work", tar)

    async def _follow(self, attempt: _Attempt, told: Told) -> AsyncIterator[RunEvent]:
        usage = asyncio.ensure_future(self._usage_tick())
        reading = asyncio.ensure_future(self._reader.read())
        try:
            while True:
                await asyncio.wait({usage, reading}, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    piece = reading.result()
                    if piece is None:
                        break
                    for event in told.feed(*piece):
                        yield event
                    reading = asyncio.ensure_future(self._reader.read())
                if usage.done():
                    tick = usage.result()
                    if tick is not None:
                        attempt.cpu_ms = max(attempt.cpu_ms, tick.cpu_ms)
                        attempt.peak_bytes = max(attempt.peak_bytes, tick.memory_bytes)
                        yield tick
                    usage = asyncio.ensure_future(self._usage_tick())
        finally:
            usage.cancel()
            reading.cancel()
            self._disarm()
        for event in told.finish():
            yield event
        yield await self._end_of(attempt, told)

    async def _end_of(self, attempt: _Attempt, told: Told) -> Ended:
        container = self._facts.container
        record = await self._engine.inspect(container)
        if record is None:
            raise SandboxLost("the sandbox is gone")
        if record["State"].get("Running"):
            raise SandboxLost("the sandbox's output ended before the attempt")
        words = await self._verdict()
        found = _VERDICT.search(words)
        if found is None and not attempt.overdue:
            self._lost = True
            raise SandboxLost("the sandbox ended itself: its lease is over, or it was killed")
        code, *numbers = found.groups() if found else ("none", "9", "1", "0", "0")
        signal, timed_out, cancelled, disk = (int(number) for number in numbers)
        stopped = bool(timed_out or cancelled or disk)
        problem = "" if code != "none" or signal else words.splitlines()[0]
        return Ended(
            exit_code=None if code == "none" else int(code),
            signal=signal or None,
            oom_killed=record["State"].get("OOMKilled") is True and not stopped and (signal == 9 or code == "137"),
            timed_out=bool(timed_out) and not attempt.cancelled,
            cancelled=bool(cancelled) or (attempt.overdue and attempt.cancelled),
            disk_exceeded=bool(disk) or signal == _XFSZ,
            wall_ms=int((time.monotonic() - attempt.started) * 1000),
            cpu_ms=max(attempt.cpu_ms, _cpu_ms(words)),
            peak_rss_bytes=attempt.peak_bytes,
            output_bytes=told.total_bytes,
            output_dropped_bytes=told.dropped_bytes,
            problem=text_of(problem),
        )

    async def _verdict(self) -> str:
        return await self._engine.read_tar(self._facts.container, "/work/log/verdict", first_file) or ""

    # ------------------------------------------------------------ while it runs

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        if self._attempt is None or self._attempt.attempt_id != attempt_id:
            return
        self._attempt.cancelled = True
        self._reader.send(f"cancel {int(grace_s)}\n".encode())
        self._expect_end(grace_s)

    async def renew(self, seconds_left: float) -> None:
        self._reader.send(f"lease {max(1, int(seconds_left))}\n".encode())

    async def freeze(self) -> None:
        if self._frozen_at is None:
            # Said before, so that no time limit is held against it however soon it runs again.
            self._reader.send(b"hold\n")
            try:
                await self._engine.call(lambda api: api.pause(self._facts.container))
            except EngineUnavailable:
                self._reader.send(b"away 0\n")
                raise
            self._frozen_at = time.monotonic()
            if self._timer is not None:
                self._timer.cancel()

    async def thaw(self) -> None:
        if self._frozen_at is not None:
            # Said first, so that it is the first thing that is read.
            self._reader.send(f"away {-int(self._frozen_at - time.monotonic() - 1)}\n".encode())
            await self._engine.call(lambda api: api.unpause(self._facts.container))
            if self._timer is not None:
                away_s = time.monotonic() - self._frozen_at
                self._timer = asyncio.get_running_loop().call_at(self._timer.when() + away_s, self._kill)
            self._frozen_at = None

    async def set_cpu(self, cpu_millis: int) -> None:
        container, quota = self._facts.container, max(1000, cpu_millis * 100)
        await self._engine.call(lambda api: api.update_container(container, cpu_period=100_000, cpu_quota=quota))

    async def usage_interval(self, seconds: float) -> None:
        self._usage_s = max(0.2, seconds)
        self._usage_due.set()

    async def _usage_tick(self) -> UsageTick | None:
        try:
            async with asyncio.timeout(self._usage_s):
                await self._usage_due.wait()
        except TimeoutError:
            # The interval is over.
            pass
        self._usage_due.clear()
        try:
            return await self._engine.usage(self._facts.container)
        except EngineUnavailable as error:
            logger.info("no usage of a sandbox", extra={"sandbox": self.sandbox_id, "reason": error.message})
            return None

    def _expect_end(self, seconds: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds + OVERDUE_S, self._kill)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _kill(self) -> None:
        """From outside: what runs inside has the watchdog's own user and may have stopped it."""
        if self._attempt is not None and not self._closed:
            self._attempt.overdue = True
            self._killing = asyncio.ensure_future(self._engine.kill(self._facts.container))

    # ------------------------------------------------------------ afterwards

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        roots = ["run", "out"] if order.changes else roots_of(order.include + order.required)
        results = await asyncio.to_thread(Results, order)
        try:
            for root in roots:
                take = partial(results.take, root)
                await self._engine.read_tar(self._facts.container, f"/work/{root}", take)
            return results.finish()
        except BaseException:
            results.abandon()
            raise

    async def clear(self) -> bool:
        """Start anew with empty folders."""
        if self._attempt is not None:
            try:
                await self._begin_again(keep=False)
            except HiveMindError as error:
                logger.info("a sandbox cannot be emptied", extra={"sandbox": self.sandbox_id, "code": error.code})
                return False
            self._attempt = None
        return True

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._disarm()
        self._reader.close()
        await self._engine.remove_container(self._facts.container)
        for volume in self._facts.volumes:
            if not await self._engine.remove_volume(volume):
                logger.warning("volume still in use", extra={"volume": volume})

    def detach(self) -> None:
        """Leave it running for the next agent."""
        self._closed = True
        self._disarm()
        self._reader.close()


async def greet(engine: Engine, container: str, *, start: bool, number: int = 1) -> OutputReader:
    """Attach and wait for the watchdog's word; on one that runs already, for that of its `number`-th start.

    Raises SandboxLost, and ProgramAbsent when the image has no shell.
    """
    reader = OutputReader(await (engine.attach(container) if start else engine.follow(container)))
    try:
        if start:
            await engine.start(container)
        for _ in range(1 if start else number):
            await reader.skip_past(GREETING, GREETING_S)
        if number > 1:
            await reader.line(EMPTIED, GREETING_S)
    except BaseException:
        reader.close()
        raise
    return reader


def _cpu_ms(words: str) -> int:
    """Return the cpu time of ended children, as the shell's `times` says it."""
    lines = [line for line in words.splitlines() if _TIME.search(line)]
    found = _TIME.findall(lines[-1]) if lines else []
    return int(sum(int(minutes) * 60_000 + float(seconds) * 1000 for minutes, seconds in found))
