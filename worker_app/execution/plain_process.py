"""The process runtime where the runner cannot run (Windows): the agent itself starts programs and ends them.

NOT ISOLATED, as everything of this kind; see `process.py` for who may use it. What the runner does inside is done
here, and what it does better is missing: a task ends with its agent, nothing is adopted after a restart, and of
the limits only memory and the number of processes hold, on Windows. The port's suite tests the rules on POSIX;
on Windows it was seen to run tasks under wine 10 alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil

from core.domain.errors import Conflict, NotFound
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    Ended,
    ImageFacts,
    InlineFile,
    Output,
    RunEvent,
    RunOrder,
    SandboxLost,
    SandboxSpec,
    Started,
    UsageTick,
)
from worker_app.execution.messages import text_of
from worker_app.execution.plain_files import (
    WRITABLE,
    Pieces,
    bring_over,
    bytes_below,
    collect_from,
    empty,
    fill_run,
    remove_root,
    tree_of,
)
from worker_app.execution.process_files import copy_files, moved
from worker_app.execution.process_groups import ProcessGroup, new_group
from worker_app.execution.progress import nobody_counts
from worker_app.execution.sandbox import contract_env
from worker_app.execution.told import Told

logger = logging.getLogger(__name__)

USAGE_S: Final = 30.0
DISK_LOOK_S: Final = 3.0
_PYTHONS: Final = frozenset({"python", "python3"})


class _Attempt:
    """One attempt: its program, and everything that came of it so far, for whoever follows."""

    def __init__(self, order: RunOrder, group: ProcessGroup) -> None:
        self.order = order
        self.group = group
        self.told = Told(order.masked)
        self.events: list[RunEvent] = []
        self.changed = asyncio.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self.started = time.monotonic()
        self.flags = {"timed_out": False, "cancelled": False, "disk_exceeded": False}
        self.cpu_ms = 0
        self.peak_bytes = 0

    @property
    def has_ended(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], Ended)

    def add(self, *events: RunEvent) -> None:
        self.events += events
        self.changed.set()


class PlainSandbox:
    """See the port. NOT ISOLATED; a folder and at most one program."""

    def __init__(self, spec: SandboxSpec, root: Path, environment: Mapping[str, str]) -> None:
        self._spec = spec
        self.root = root
        self._environment = environment
        self._attempt: _Attempt | None = None
        self._lost = False
        self._closed = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._usage_s = USAGE_S
        self._over = asyncio.Event()
        self._disk_bytes = 0
        self._frozen: tuple[float, list[psutil.Process]] | None = None
        self._deadlines: dict[str, float] = {}
        self._copied: dict[str, tuple[int, int]] = {}

    @property
    def sandbox_id(self) -> str:
        return self._spec.sandbox_id

    @property
    def task_id(self) -> str:
        return self._spec.task_id

    @property
    def image(self) -> ImageFacts:
        return ImageFacts(ref="", image_id="", arch=platform.machine(), os=sys.platform)

    @property
    def is_alive(self) -> bool:
        return not self._lost and not self._closed

    # ------------------------------------------------------------ running

    async def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        if not self.is_alive:
            raise SandboxLost("the sandbox has ended")
        if self._attempt is not None and not self._attempt.has_ended:
            raise Conflict("this sandbox runs an attempt already")
        attempt = self._attempt = _Attempt(order, new_group(self._spec.resources.memory_bytes))
        await self.renew(order.lease_s)
        try:
            await asyncio.to_thread(self._prepare, order)
            attempt.process = await asyncio.to_thread(self._start, attempt)
        except (OSError, ValueError) as error:
            attempt.group.close()
            attempt.add(Ended(exit_code=None, problem=text_of(f"{order.argv[:1]}: {error}")))
        else:
            attempt.add(Started())
            if order.timeout_s:
                self._arm("timeout", order.timeout_s, self._time_is_up)
            self._spawn(self._pump(attempt, attempt.process))
            self._spawn(self._watch(attempt))
        async for event in self._follow(attempt, 0):
            yield event

    async def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        attempt = self._attempt
        if attempt is None or attempt.order.attempt_id != attempt_id:
            raise NotFound("the sandbox does not know this attempt")
        async for event in self._follow(attempt, from_offset):
            yield event

    async def _follow(self, attempt: _Attempt, from_offset: int) -> AsyncIterator[RunEvent]:
        place = 0
        while True:
            while place < len(attempt.events):
                event = attempt.events[place]
                place += 1
                if isinstance(event, Started) and from_offset:
                    continue
                if isinstance(event, Output) and event.offset < from_offset:
                    skip = min(len(event.content), from_offset - event.offset)
                    event = Output(stream=event.stream, offset=event.offset + skip, content=event.content[skip:])
                    if not event.content:
                        continue
                yield event
                if isinstance(event, Ended):
                    return
            if not self.is_alive:
                raise SandboxLost("the sandbox has ended")
            attempt.changed.clear()
            await attempt.changed.wait()

    def _prepare(self, order: RunOrder) -> None:
        kept = ("checkpoint",) if order.keep_checkpoint else ()
        for name in WRITABLE:
            if name not in kept:
                empty(self.root / name)
        copy_files(order.source, self.root / "src", nobody_counts)
        for area, files in (("item", order.item), ("checkpoint", order.checkpoint)):
            for file in files:
                if isinstance(file, InlineFile):
                    target = self.root / area / file.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(file.content)
                else:
                    copy_files([file], self.root / area, nobody_counts)
        self._copied = fill_run(self.root, copy=order.copy)

    def _start(self, attempt: _Attempt) -> subprocess.Popen[bytes]:
        root, order = str(self.root), attempt.order
        env = {**self._environment, **contract_env(self.task_id, order, root)}
        env |= {name: f"{root}/tmp" for name in ("TMPDIR", "TEMP", "TMP", "HOME")}
        env["CUDA_VISIBLE_DEVICES"] = ",".join(self._spec.gpu_uuids)
        argv = [moved(word, root) for word in order.argv]
        if argv[0] in _PYTHONS and shutil.which(argv[0]) is None and not getattr(sys, "frozen", False):
            argv[0] = sys.executable
        process = subprocess.Popen(
            argv,
            cwd=moved(order.workdir, root),
            env={name: moved(value, root) for name, value in env.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **attempt.group.popen_options(),
        )
        attempt.group.adopt(process)
        return process

    async def _pump(self, attempt: _Attempt, process: subprocess.Popen[bytes]) -> None:
        """Turn output into events until the program has ended and everything that it started is dead."""
        pieces = Pieces(process)
        ending = asyncio.ensure_future(asyncio.to_thread(process.wait))
        ending.add_done_callback(lambda _: attempt.group.kill())
        while (piece := await pieces.next()) is not None:
            attempt.add(*attempt.told.feed(*piece))
        code = await ending
        attempt.group.close()
        self._disarm("timeout", "kill")
        with contextlib.suppress(OSError):  # what stays behind is missed by name when results are collected
            await asyncio.to_thread(bring_over, self.root)
        if not self.is_alive:
            # Nobody is told an end of it: the sandbox is lost, with everything in it.
            attempt.changed.set()
            return
        signal_number = -code if code < 0 else None
        attempt.add(*attempt.told.finish())
        attempt.add(
            Ended(
                exit_code=None if signal_number or any(attempt.flags.values()) else code,
                signal=signal_number,
                timed_out=attempt.flags["timed_out"],
                cancelled=attempt.flags["cancelled"],
                disk_exceeded=attempt.flags["disk_exceeded"],
                wall_ms=int((time.monotonic() - attempt.started) * 1000),
                cpu_ms=attempt.cpu_ms,
                peak_rss_bytes=attempt.peak_bytes,
                output_bytes=attempt.told.total_bytes,
                output_dropped_bytes=attempt.told.dropped_bytes,
            )
        )

    # ------------------------------------------------------------ its end

    def _time_is_up(self) -> None:
        if self._attempt is not None:
            self._end("timed_out", self._attempt.order.grace_s)

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        if self._attempt is not None and self._attempt.order.attempt_id == attempt_id:
            self._end("cancelled", grace_s)

    def _end(self, flag: str, grace_s: float) -> None:
        attempt = self._attempt
        if attempt is None or attempt.has_ended:
            return
        if not any(attempt.flags.values()):
            attempt.flags[flag] = True
        attempt.group.ask_to_end()
        self._arm("kill", grace_s, attempt.group.kill)

    async def renew(self, seconds_left: float) -> None:
        self._arm("lease", seconds_left, self._lease_is_over)

    def _lease_is_over(self) -> None:
        self._lost = True
        if self._attempt is not None:
            self._attempt.group.close()
            self._attempt.changed.set()

    def _arm(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._disarm(name)
        self._deadlines[name] = time.monotonic() + seconds
        self._timers[name] = asyncio.get_running_loop().call_later(max(0.0, seconds), action)

    def _disarm(self, *names: str) -> None:
        for name in names:
            timer = self._timers.pop(name, None)
            if timer is not None:
                timer.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------ while it runs

    async def usage_interval(self, seconds: float) -> None:
        self._usage_s = max(0.2, seconds)

    async def set_cpu(self, cpu_millis: int) -> None:
        """Nothing limits cpu here."""

    async def _watch(self, attempt: _Attempt) -> None:
        """Tell usage in its interval, and look at the disk."""
        told_at = looked_at = time.monotonic()
        while not attempt.has_ended and self.is_alive:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._usage_s, DISK_LOOK_S)):
                    await self._over.wait()
            if self._frozen is not None:
                continue
            moment = time.monotonic()
            if moment - looked_at >= DISK_LOOK_S:
                looked_at = moment
                self._disk_bytes = await asyncio.to_thread(bytes_below, self.root)
                if self._disk_bytes > self._spec.resources.disk_bytes:
                    self._end("disk_exceeded", 0)
            if moment - told_at >= self._usage_s and not attempt.has_ended:
                told_at = moment
                attempt.add(await asyncio.to_thread(self._usage, attempt))

    def _usage(self, attempt: _Attempt) -> UsageTick:
        cpu_s = memory_bytes = count = 0.0
        for process in tree_of(attempt.process):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                cpu_s += times.user + times.system
                memory_bytes += process.memory_info().rss
                count += 1
        attempt.cpu_ms = max(attempt.cpu_ms, int(cpu_s * 1000))
        attempt.peak_bytes = max(attempt.peak_bytes, int(memory_bytes))
        return UsageTick(
            cpu_ms=attempt.cpu_ms, memory_bytes=int(memory_bytes), disk_bytes=self._disk_bytes, pids=int(count)
        )

    async def freeze(self) -> None:
        if self._frozen is not None or self._attempt is None:
            return
        stopped = tree_of(self._attempt.process)
        for process in stopped:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        self._frozen = time.monotonic(), stopped
        self._disarm("timeout", "kill")

    async def thaw(self) -> None:
        if self._frozen is None:
            return
        (since, stopped), self._frozen = self._frozen, None
        for process in stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()
        attempt = self._attempt
        if attempt is None or attempt.has_ended:
            return
        for name, action in (("timeout", self._time_is_up), ("kill", attempt.group.kill)):
            if name in self._deadlines:
                self._arm(name, self._deadlines[name] - since, action)

    # ------------------------------------------------------------ afterwards

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        return await asyncio.to_thread(collect_from, self.root, order, self._copied)

    async def clear(self) -> bool:
        if self._attempt is not None:
            self._attempt.group.close()
        try:
            for name in WRITABLE:
                await asyncio.to_thread(empty, self.root / name)
        except OSError as error:
            logger.info("a sandbox cannot be emptied", extra={"sandbox": self.sandbox_id, "reason": str(error)})
            return False
        return True

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._over.set()
        self._disarm("timeout", "kill", "lease")
        attempt = self._attempt
        if attempt is not None:
            attempt.group.close()
            attempt.changed.set()
            if attempt.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(attempt.process.wait, 10)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(remove_root, self.root)
