"""Carries out what the state decides, with asyncio; every answer goes back as a stimulus.

`tell` is the one way in, on the agent's loop: it lets the state handle a stimulus and starts each instruction at
once, without waiting. Nothing here decides; nothing here blocks the loop, so a lease's renewal never waits for
hashing, packing, a database or an engine.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from core import paths
from core.clock import Clock
from core.domain.errors import HiveMindError, StorageFull
from core.domain.session import AgentMessage
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.logship import LogShipper
from worker_app.agent.pauses import Pauses
from worker_app.agent.ports.inputs import Inputs
from worker_app.agent.ports.link import BlobLink, Link, LinkRefused, LogLink, NobodyListens, Session
from worker_app.agent.ports.sandbox import FoundSandbox, Runtime, Sandbox
from worker_app.agent.ports.store import AgentStore
from worker_app.agent.slot_runner import SlotRunner
from worker_app.agent.state import AgentState
from worker_app.agent.uploads import Uploads
from worker_app.agent.workshop import Crew, GpuUse, Workshop, no_gpu

logger = logging.getLogger(__name__)

#: Messages that wait for the stream; more means that it is stuck, and a new one is better.
MAX_OUTBOUND: Final = 1_000


class _Line:
    """One dialled connection: its session and what waits to go out."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.session: Session | None = None
        self.outbound: deque[AgentMessage] = deque()
        self.more = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Performer:
    """Made and used on the agent's loop."""

    def __init__(
        self,
        state: AgentState,
        *,
        clock: Clock,
        link: Link,
        blobs: BlobLink,
        log_link: LogLink,
        store: AgentStore,
        runtime: Runtime,
        inputs: Inputs,
        folder: Path,
        on_live: Callable[[do.BecameLive], None],
        on_exit: Callable[[str], None],
        gpu_use: GpuUse = no_gpu,
        pauses: Pauses | None = None,
    ) -> None:
        self.state = state
        self.crew = Crew()
        self.pauses = pauses or Pauses()
        self._clock = clock
        self._link = link
        self._store = store
        self._runtime = runtime
        self._on_live = on_live
        self._on_exit = on_exit
        self._results = paths.private_folder(folder / "results")
        self.logs = LogShipper(folder / "spool", log_link, self.pauses)
        self.uploads = Uploads(
            link=blobs,
            logs=self.logs,
            pauses=self.pauses,
            results=self._results,
            crew=self.crew,
            tell=self.tell,
        )
        self._shop = Workshop(
            clock=clock,
            tell=self.tell,
            crew=self.crew,
            runtime=runtime,
            inputs=inputs,
            logs=self.logs,
            results=self._results,
            gpu_use=gpu_use,
        )
        self._slots: dict[int, SlotRunner] = {}
        self._line: _Line | None = None
        self._pending: deque[stimuli.Stimulus] = deque()
        self._draining = False
        # One thread: the database belongs to it.
        self._writer = ThreadPoolExecutor(1, "agent-store")
        self._loop = asyncio.get_running_loop()
        self._do = self._actions()

    def _actions(self) -> dict[type, Callable[[Any], None]]:
        return {
            do.Connect: self._connect,
            do.Send: self._send,
            do.Disconnect: self._disconnect,
            do.BecameLive: self._on_live,
            do.Write: self._write,
            do.Prepare: self._to_slot,
            do.Execute: self._to_slot,
            do.Collect: self._to_slot,
            do.Adopt: self._to_slot,
            do.CancelPrepare: lambda i: self._slot(i.slot).interrupt(None),
            do.CloseSandbox: lambda i: self._slot(i.slot).interrupt(i),
            do.CancelRun: self._cancel_run,
            do.RenewSandbox: self._renew,
            do.SetUsageInterval: self._usage_interval,
            do.FreezeSandbox: lambda i: self._for_owner(self._slot(i.slot).freeze()),
            do.ThawSandbox: lambda i: self._for_owner(self._slot(i.slot).thaw(i.seconds_left)),
            do.ThrottleSandbox: lambda i: self._for_owner(self._slot(i.slot).throttle(i.cpu_millis)),
            do.Upload: self.uploads.begin,
            do.AbandonUpload: lambda i: self.uploads.abandon(i.attempt_id),
            do.Forget: lambda i: self.uploads.forget(i.attempt_id),
            do.RemoveFound: self._remove_found,
            do.ReleaseTask: self._release_task,
            do.TakeInventory: self._take_inventory,
            do.Exit: lambda i: self._on_exit(i.reason),
        }

    # ------------------------------------------------------------ the way in

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        """Let the state take `stimulus` and start what follows. On the loop's thread."""
        self._pending.append(stimulus)
        if self._draining:
            return
        self._draining = True
        try:
            while self._pending:
                for instruction in self.state.handle(self._pending.popleft(), self._clock.steady_ms()):
                    self._do[type(instruction)](instruction)
        finally:
            self._draining = False

    def tick(self) -> None:
        """A second passed."""
        self.tell(stimuli.Tick1s())
        self.pauses.tick(self._clock.steady_ms())

    async def start(self) -> None:
        """Read the database and the engine, and take up where an earlier life ended."""
        stored = await self._loop.run_in_executor(self._writer, self._store.open)
        found: tuple[FoundSandbox, ...] | None = None
        try:
            found = tuple(await self._runtime.inventory())
        except HiveMindError as error:
            # What an earlier life began may run all the same: the state asks again before it calls anything lost.
            logger.warning("the engine does not answer", extra={"code": error.code, "reason": error.message})
        self._tidy({attempt.offer.attempt_id for attempt in stored.attempts if attempt.offer is not None})
        self.crew.spawn(self.logs.run(), "logs")
        self.tell(stimuli.Restored(stored, found))

    def _tidy(self, known: set[str]) -> None:
        """Remove result folders and spools that no attempt in the database explains."""
        for entry in self._results.iterdir():
            if entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)
        self.logs.tidy(known)

    async def stop(self) -> None:
        """Stop everything; sandboxes run on until their countdown, so that a restart costs no attempt."""
        line, self._line = self._line, None
        if line is not None and line.session is not None:
            await line.session.close()
        await self.crew.dismiss()
        self.logs.close()
        await self._link.close()
        await self._runtime.shut()
        await self._loop.run_in_executor(self._writer, self._store.close)
        self._writer.shutdown(wait=True)

    # ------------------------------------------------------------ the connection

    def _connect(self, instruction: do.Connect) -> None:
        line = self._line = _Line(instruction.connection)
        line.task = self.crew.spawn(self._talk(line, instruction), f"session-{line.number}")

    async def _talk(self, line: _Line, instruction: do.Connect) -> None:
        """Dial, then receive until the stream ends; sending goes on beside it."""
        reason, final, soon = "the stream ended", False, False
        sender: asyncio.Task[None] | None = None
        try:
            line.session = await self._link.connect(instruction.hello)
            sender = self.crew.spawn(self._speak(line), f"sender-{line.number}")
            while True:
                self.tell(stimuli.Received(line.number, await line.session.receive()))
        except HiveMindError as error:
            reason, final = f"{error.code}: {error.message}", isinstance(error, LinkRefused)
            soon = isinstance(error, NobodyListens)
            logger.info("the session ended", extra={"code": error.code, "reason": error.message})
        except Exception as error:
            reason = f"{type(error).__name__}"
            logger.exception("the session failed unexpectedly")
        finally:
            if sender is not None:
                sender.cancel()
            if line.session is not None:
                await line.session.close()
        self.tell(stimuli.Disconnected(line.number, reason, final, soon))

    async def _speak(self, line: _Line) -> None:
        session = line.session
        assert session is not None
        try:
            while True:
                while line.outbound:
                    await session.send(line.outbound.popleft())
                line.more.clear()
                await line.more.wait()
        except HiveMindError as error:
            logger.info("sending failed", extra={"code": error.code})
            await session.close()

    def _send(self, instruction: do.Send) -> None:
        line = self._line
        if line is None or line.number != instruction.connection:
            return
        if len(line.outbound) >= MAX_OUTBOUND and line.task is not None:
            line.task.cancel()
            self.tell(stimuli.Disconnected(line.number, "the stream is stuck"))
            return
        line.outbound.append(instruction.message)
        line.more.set()

    def _disconnect(self, instruction: do.Disconnect) -> None:
        line = self._line
        if line is not None and line.number == instruction.connection and line.task is not None:
            self._line = None
            line.task.cancel()

    # ------------------------------------------------------------ the database

    def _write(self, instruction: do.Write) -> None:
        future = self._writer.submit(self._store.write, instruction.changes)
        future.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._wrote, instruction.serial, done)
        )

    def _wrote(self, serial: int, done: Future[None]) -> None:
        error = done.exception()
        if error is None:
            self.tell(stimuli.Written(serial))
            return
        full = isinstance(error, StorageFull)
        if not isinstance(error, HiveMindError):
            logger.error("the agent's database failed", exc_info=error)
        self.tell(stimuli.WriteFailed(serial, str(error), full))

    # ------------------------------------------------------------ slots and sandboxes

    def sandbox(self, index: int) -> Sandbox | None:
        """Return the sandbox of a slot, for whoever shows it."""
        runner = self._slots.get(index)
        return runner.sandbox if runner is not None else None

    def watched(self, seconds: float) -> None:
        """Have running attempts measured this often while somebody looks."""
        self._usage_interval(do.SetUsageInterval(seconds))

    def _slot(self, index: int) -> SlotRunner:
        runner = self._slots.get(index)
        if runner is None:
            runner = self._slots[index] = SlotRunner(index, self._shop)
        return runner

    def _to_slot(self, instruction: do.Prepare | do.Execute | do.Collect | do.Adopt) -> None:
        self._slot(instruction.slot).give(instruction)

    def _cancel_run(self, instruction: do.CancelRun) -> None:
        runner = self._slot(instruction.slot)
        self.crew.spawn(runner.cancel_run(instruction.attempt_id, instruction.grace_s), "cancel")

    def _renew(self, instruction: do.RenewSandbox) -> None:
        runner = self._slot(instruction.slot)
        self.crew.spawn(runner.renew(instruction.seconds_left), "renew")

    def _usage_interval(self, instruction: do.SetUsageInterval) -> None:
        for runner in self._slots.values():
            self.crew.spawn(runner.usage_interval(instruction.seconds), "usage-interval")

    def _for_owner(self, work: Coroutine[Any, Any, None]) -> None:
        self.crew.spawn(work, "yield")

    def _remove_found(self, instruction: do.RemoveFound) -> None:
        self.crew.spawn(self._remove(instruction), "remove")

    async def _remove(self, instruction: do.RemoveFound) -> None:
        found = instruction.found
        logger.info("removing a leftover sandbox", extra={"sandbox": found.sandbox_id, "task_id": found.task_id})
        try:
            await self._runtime.remove(found)
        except HiveMindError as error:
            # The next inventory finds it again.
            logger.warning("a leftover could not be removed", extra={"code": error.code})

    def _release_task(self, instruction: do.ReleaseTask) -> None:
        self.crew.spawn(self._release(instruction.task_id), "release")

    async def _release(self, task_id: str) -> None:
        try:
            await self._runtime.release_task(task_id)
        except HiveMindError as error:
            logger.warning("a task's files could not be released", extra={"task_id": task_id, "code": error.code})

    def _take_inventory(self, _instruction: do.TakeInventory) -> None:
        self.crew.spawn(self._inventory(), "inventory")

    async def _inventory(self) -> None:
        try:
            found = tuple(await self._runtime.inventory())
        except HiveMindError as error:
            logger.info("no inventory", extra={"code": error.code})
            return
        self.tell(stimuli.InventoryTaken(found))
