"""What happens in one slot: prepare, run, collect, close, one after another, each answered with a stimulus.

One long-lived coroutine a slot works through a mailbox of instructions, so that a trivial attempt costs no task
of its own. An interruption (cancelled preparing, a sandbox to be closed now) ends the coroutine where it stands
and starts a new one; late answers of the old one are never given.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from core.domain.errors import (
    HiveMindError,
    NotFound,
)
from core.domain.session import ImagePin
from worker_app.agent.attempts import infra
from worker_app.agent.collecting import collect, prepare_verdict
from worker_app.agent.following import Following
from worker_app.agent.instructions import Adopt, CloseSandbox, Collect, Execute, Prepare
from worker_app.agent.ports.inputs import Ready
from worker_app.agent.ports.sandbox import (
    Ended,
    FoundSandbox,
    OpenProgress,
    RunEvent,
    RunOrder,
    Sandbox,
    SandboxLost,
)
from worker_app.agent.resting import Resting
from worker_app.agent.stimuli import (
    Adopted,
    AdoptFailed,
    Collected,
    Prepared,
    PrepareFailed,
    PrepareProgress,
    RunLost,
    SandboxClosed,
)
from worker_app.agent.workshop import Workshop

logger = logging.getLogger(__name__)

#: How long a sandbox may take to say that it does not know an attempt.
RESUME_ANSWER_S: Final = 3.0

SlotInstruction = Prepare | Execute | Collect | CloseSandbox | Adopt


class SlotRunner:
    """Carries out the instructions of one slot. Made and used on the agent's loop."""

    def __init__(self, index: int, shop: Workshop) -> None:
        self.index = index
        self._shop = shop
        self.sandbox: Sandbox | None = None
        self._mail: deque[SlotInstruction] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._attempt_id = ""
        self._prepare: Prepare | None = None
        self._ready: Ready | None = None
        self._following: Following | None = None
        self._resuming: AsyncIterator[RunEvent] | None = None
        self._rest = Resting(index, shop)
        #: What is being taken over; still there when that is interrupted.
        self._adopting: FoundSandbox | None = None

    # ------------------------------------------------------------ the mailbox

    def give(self, instruction: SlotInstruction) -> None:
        """Queue an instruction; they are carried out in order."""
        self._mail.append(instruction)
        if self._task is None:
            self._task = self._shop.crew.spawn(self._work(None), f"slot-{self.index}")
        elif self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def interrupt(self, instruction: CloseSandbox | None) -> None:
        """Stop what is being done. With an instruction, that comes next; without, preparing was cancelled."""
        before = self._task
        if before is not None:
            before.cancel()
        cancelled = self._attempt_id if instruction is None else ""
        # A box of its own: the cancelled coroutine may be the caller and would take the instruction with it.
        self._mail = deque([instruction] if instruction is not None else [])
        self._wake = None
        self._task = self._shop.crew.spawn(self._work(before, cancelled), f"slot-{self.index}")

    async def freeze(self) -> None:
        await self._rest.freeze(self.sandbox)

    async def thaw(self, seconds_left: float) -> None:
        await self._rest.thaw(self.sandbox, self._following, seconds_left)

    async def throttle(self, cpu_millis: int) -> None:
        await self._rest.throttle(self.sandbox, cpu_millis, self._reserved_millis)

    @property
    def _reserved_millis(self) -> int:
        return 0 if self._prepare is None else self._prepare.offer.resources.cpu_millis

    async def cancel_run(self, attempt_id: str, grace_s: float) -> None:
        """SIGTERM, then SIGKILL; the run's end follows as its stimulus."""
        sandbox = self.sandbox
        if sandbox is None or self._attempt_id != attempt_id:
            return
        try:
            # Who is frozen hears nothing.
            await self.thaw(grace_s + 60)
            await sandbox.cancel(attempt_id, grace_s)
        except HiveMindError as error:
            # A sandbox that cannot be asked is not left to run.
            self._shop.tell(RunLost(attempt_id, self._shop.wall_ms(), infra("SANDBOX_LOST", error.message)))

    async def renew(self, seconds_left: float) -> None:
        if self.sandbox is not None:
            try:
                await self.sandbox.renew(seconds_left)
            except HiveMindError as error:
                # Its run notices by itself; an idle one when it is next used.
                logger.info("a lease could not be renewed", extra={"slot": self.index, "code": error.code})

    async def usage_interval(self, seconds: float) -> None:
        if self.sandbox is not None:
            try:
                await self.sandbox.usage_interval(seconds)
            except HiveMindError as error:
                logger.info("usage interval not set", extra={"slot": self.index, "code": error.code})

    async def stop(self) -> None:
        """Stop working, leave the sandbox as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self, before: asyncio.Task[None] | None, cancelled: str = "") -> None:
        mail = self._mail
        if before is not None:
            await asyncio.wait([before])
        if cancelled:
            self._drop_ready()
            usable = self.sandbox is not None
            self._shop.tell(
                PrepareFailed(
                    cancelled, failure=infra("CANCELLED", "Preparing was cancelled."), sandbox_open=usable
                )
            )
        while True:
            while mail:
                await self._one(mail.popleft())
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
            self._wake = None

    async def _one(self, instruction: SlotInstruction) -> None:
        try:
            await self._do(instruction)
        except Exception as error:
            # A step that fails in a way nobody thought of must not leave its attempt hanging.
            logger.exception("a step failed unexpectedly", extra={"step": type(instruction).__name__})
            failure = infra("INTERNAL", f"The agent failed unexpectedly ({type(error).__name__}).")
            if isinstance(instruction, Execute | Collect):
                self._shop.tell(RunLost(instruction.attempt_id, self._shop.wall_ms(), failure))
            elif isinstance(instruction, Prepare):
                self._drop_ready()
                usable = self.sandbox is not None
                self._shop.tell(PrepareFailed(instruction.offer.attempt_id, failure=failure, sandbox_open=usable))
            elif isinstance(instruction, Adopt):
                self._shop.tell(AdoptFailed(self.index, instruction.found.sandbox_id, sure=False))

    async def _do(self, instruction: SlotInstruction) -> None:
        if type(instruction) is Execute:
            await self._execute(instruction)
        elif type(instruction) is Prepare:
            await self._prepared(instruction)
        elif type(instruction) is Collect:
            await self._collect(instruction)
        elif type(instruction) is CloseSandbox:
            await self._close(instruction)
        elif type(instruction) is Adopt:
            await self._adopt(instruction)

    # ------------------------------------------------------------ prepare

    async def _prepared(self, wanted: Prepare) -> None:
        attempt_id = self._attempt_id = wanted.offer.attempt_id
        self._drop_ready()
        self._following = None
        self._prepare = wanted
        try:
            ready = await self._shop.inputs.prepare(wanted, self._on_phase)
            self._ready = ready
            if ready.sandbox is not None:
                spec = dataclasses.replace(ready.sandbox, lease_s=max(1.0, wanted.lease_ms / 1000))
                self._on_phase("sandbox", -1.0)
                self.sandbox = await self._shop.runtime.open(spec, self._on_open)
        except HiveMindError as error:
            self._drop_ready()
            failure, reject = prepare_verdict(error)
            logger.info(
                "an attempt could not be prepared",
                extra={"attempt_id": attempt_id, "code": error.code, "reason": error.message},
            )
            usable = self.sandbox is not None
            self._shop.tell(PrepareFailed(attempt_id, failure=failure, reject=reject, sandbox_open=usable))
            return
        self._shop.tell(Prepared(attempt_id, self._pin()))

    def _on_phase(self, phase: str, percent: float) -> None:
        self._shop.tell(PrepareProgress(self._attempt_id, phase, percent))

    def _on_open(self, progress: OpenProgress) -> None:
        total = progress.total_bytes
        percent = min(100.0, 100.0 * progress.done_bytes / total) if total > 0 else -1.0
        self._on_phase(progress.phase, percent)

    def _pin(self) -> ImagePin | None:
        wanted = self._prepare
        if self.sandbox is None or wanted is None or wanted.brief.pin is not None:
            return None
        image = self.sandbox.image
        return ImagePin(ref=image.ref, recipe=image.recipe, digest=image.digest, image_id=image.image_id)

    def _drop_ready(self) -> None:
        if self._ready is not None:
            self._shop.inputs.release(self._ready)
            self._ready = None

    # ------------------------------------------------------------ run

    async def _execute(self, instruction: Execute) -> None:
        shop, sandbox, ready, wanted = self._shop, self.sandbox, self._ready, self._prepare
        attempt_id = instruction.attempt_id
        if sandbox is None or ready is None or wanted is None:
            failure = infra("SANDBOX_LOST", "The sandbox was gone before it ran.")
            shop.tell(RunLost(attempt_id, shop.wall_ms(), failure))
            return
        try:
            ready = await self._with_secrets(wanted, ready)
        except HiveMindError as error:
            shop.tell(RunLost(attempt_id, shop.wall_ms(), infra(error.code, error.message)))
            return
        await self._rest.restore(sandbox, self._reserved_millis)
        if self._following is None:
            self._following = Following(wanted.offer, wanted.gpu_uuids, shop)
        order = RunOrder(
            attempt_id=attempt_id,
            index=wanted.offer.index,
            count=wanted.spec.subtask_count,
            argv=ready.argv,
            env=ready.env,
            workdir=ready.workdir,
            item=ready.item,
            source=ready.source,
            # In place it has what the run before left: newer than what the attempt began with.
            checkpoint=() if instruction.in_place else ready.checkpoint,
            keep_checkpoint=instruction.in_place,
            copy=ready.copy,
            timeout_s=instruction.timeout_ms / 1000,
            grace_s=wanted.spec.run.grace_s,
            lease_s=max(1.0, instruction.lease_ms / 1000),
            masked=ready.masked,
        )
        await self._follow(sandbox.run(order), self._following)

    async def _with_secrets(self, wanted: Prepare, ready: Ready) -> Ready:
        """After an adoption the secrets are in the sandbox only; starting anew in place needs them again."""
        if not wanted.spec.secrets or ready.masked:
            return ready
        complete = await self._shop.inputs.prepare(wanted, lambda phase, percent: None)
        self._drop_ready()
        self._ready = complete
        return complete

    async def _follow(self, events: AsyncIterator[RunEvent], following: Following) -> None:
        shop, ended = self._shop, False
        try:
            # To the generator's own end: one that is left behind is closed by the loop, a thread's wake-up later.
            async for event in events:
                following.take(event)
                ended = ended or type(event) is Ended
            failure = infra("SANDBOX_LOST", "The sandbox did not say how it ended.")
        except HiveMindError as error:
            failure = infra(error.code, error.message)
        if not ended:
            shop.tell(RunLost(following.attempt_id, shop.wall_ms(), failure, following.lost_ticks()))

    # ------------------------------------------------------------ collect

    async def _collect(self, instruction: Collect) -> None:
        sandbox, ready, wanted = self.sandbox, self._ready, self._prepare
        if sandbox is None or ready is None or wanted is None:
            refused = infra("SANDBOX_LOST", "The sandbox was gone before its files.")
            self._shop.tell(Collected(instruction.attempt_id, refused=refused))
            return
        changes = wanted.spec.run.collect_changes
        self._shop.tell(await collect(sandbox, ready, instruction, self._shop.results, changes=changes))

    # ------------------------------------------------------------ close and adopt

    async def _close(self, instruction: CloseSandbox) -> None:
        sandbox, self.sandbox = self.sandbox, None
        found, self._adopting = self._adopting, None
        self._drop_ready()
        self._following = None
        self._attempt_id = ""
        sure = await self._rest.close(sandbox, found)
        self._shop.tell(SandboxClosed(self.index, instruction.sandbox_id, sure))

    async def _adopt(self, instruction: Adopt) -> None:
        shop, found = self._shop, instruction.found
        self._adopting = found
        try:
            sandbox = await shop.runtime.adopt(found)
        except HiveMindError as error:
            logger.info("a sandbox could not be adopted", extra={"sandbox": found.sandbox_id, "code": error.code})
            await self._remove(instruction)
            return
        self.sandbox, self._adopting = sandbox, None
        for offer in instruction.candidates:
            wanted = Prepare(
                self.index,
                found.sandbox_id,
                False,
                instruction.gpu_uuids,
                offer,
                instruction.brief,
                instruction.spec,
                instruction.lease_ms,
            )
            events = sandbox.resume(offer.attempt_id, shop.logs.recover(offer.attempt_id))
            # A quiet run says nothing for long; one that is not there is refused at once.
            first = asyncio.ensure_future(_next(events))
            try:
                await asyncio.wait([first], timeout=RESUME_ANSWER_S)
                if first.done():
                    first.result()
                # What it needs to be collected; its files were put in by the earlier life. The master may be away
                # now, and secrets come from there only.
                bare = dataclasses.replace(wanted, spec=dataclasses.replace(wanted.spec, secrets=()))
                self._ready = await shop.inputs.prepare(bare, lambda phase, percent: None)
                await sandbox.renew(max(1.0, instruction.lease_ms / 1000))
            except NotFound:
                continue
            except HiveMindError as error:
                first.cancel()
                logger.info("an attempt could not be resumed", extra={"code": error.code})
                continue
            except asyncio.CancelledError:
                first.cancel()
                raise
            self._prepare, self._attempt_id = wanted, offer.attempt_id
            self._following = Following(offer, instruction.gpu_uuids, shop)
            shop.tell(Adopted(self.index, found.sandbox_id, offer.attempt_id))
            await self._follow(_prepended(first, events), self._following)
            return
        shop.tell(Adopted(self.index, found.sandbox_id))

    async def _remove(self, instruction: Adopt) -> None:
        sure = True
        try:
            await self._shop.runtime.remove(instruction.found)
        except HiveMindError as error:
            sure = False
            logger.warning("a sandbox could not be removed", extra={"code": error.code})
        self._shop.tell(AdoptFailed(self.index, instruction.found.sandbox_id, sure))


async def _next(events: AsyncIterator[RunEvent]) -> RunEvent:
    async for event in events:
        return event
    raise SandboxLost("The sandbox said nothing of this attempt.")


async def _prepended(first: asyncio.Future[RunEvent], rest: AsyncIterator[RunEvent]) -> AsyncIterator[RunEvent]:
    try:
        event = await first
    finally:
        first.cancel()
    yield event
    if type(event) is not Ended:
        async for event in rest:
            yield event
