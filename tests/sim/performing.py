"""What a node does for its attempts: sandboxes, runs, files, by events. The half of a performer that has slots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.errors import EngineUnavailable
from core.domain.session import AttemptUse
from tests.fakes.agent_store import FakeAgentStore
from tests.sim.checkpoints import Checkpoints
from tests.sim.engine import Box, Ending, Engine, Plan
from tests.sim.kernel import Kernel, Life, Machine
from tests.sim.network import Far, Path
from tests.sim.promises import Promises, result_digest
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.attempts import infra
from worker_app.agent.collecting import prepare_verdict
from worker_app.agent.metering import AttemptMeter
from worker_app.agent.ports.store import LocalResult

USAGE_MS = 30_000


class World:
    """What an agent asks of the world around it."""

    kernel: Kernel
    #: How long everything on nodes takes, as a part of the usual: short subtasks are offered ahead, in lanes.
    pace = 1.0

    #: Who watch the order of checkpoints, and what was promised.
    checkpoints: Checkpoints
    promises: Promises

    def fail(self, words: str) -> None:
        """A rule does not hold."""
        raise NotImplementedError

    def far(self) -> Far | None:
        """The master's door, while it listens."""
        raise NotImplementedError

    def plan(self, instruction: do.Execute, offer_index: int, spec_text: str, task_id: str) -> Plan:
        """What this run will do."""
        raise NotImplementedError

    def may_fetch(self, node_id: str, attempt_id: str) -> bool | None:
        """Whether the master gives the inputs; None: it does not answer."""
        raise NotImplementedError

    def may_store(self, node_id: str, attempt_id: str) -> bool | None:
        raise NotImplementedError


class SlotWork:
    """What one slot is busy with; an interruption ends it."""

    def __init__(self, life: Life, index: int) -> None:
        self.index = index
        self.box: Box | None = None
        self.token = Life(life.machine)
        self.attempt_id = ""
        self.prepare: do.Prepare | None = None
        self.meter: AttemptMeter | None = None
        self.following = 0


class Performing:
    """Mixed into `SimAgent`, which has the lives, the connection and the database."""

    def __init__(self, world: World, machine: Machine, engine: Engine, path: Path, node_id: str) -> None:
        self.world = world
        self.kernel = world.kernel
        self.machine = machine
        self.engine = engine
        self.path = path
        self.node_id = node_id
        self.boots = 1
        self.store = FakeAgentStore(self.boot_id)
        self.life = Life(machine)
        self.life.end()
        self.slots: dict[int, SlotWork] = {}
        self.cached: set[str] = set()
        self._uploads: dict[str, Life] = {}

    @property
    def boot_id(self) -> str:
        return f"{self.node_id}-boot-{self.boots}"

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        """Give the agent's state something to answer."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the agent's life."""
        raise NotImplementedError

    def later(self, low_ms: int, high_ms: int, event: Callable[[], object], life: Life | None = None) -> None:
        delay_ms = self.kernel.random.randrange(low_ms, high_ms + 1)
        (life or self.life).after(delay_ms * self.world.pace, event)

    # ---- preparing

    def _slot(self, index: int) -> SlotWork:
        return self.slots.setdefault(index, SlotWork(self.life, index))

    def _prepare(self, instruction: do.Prepare) -> None:
        slot = self._slot(instruction.slot)
        slot.token.end()
        slot.token = Life(self.machine)
        slot.attempt_id, slot.prepare, slot.meter = instruction.offer.attempt_id, instruction, None
        assert slot.attempt_id in self.store.attempts, "acted before it was durable (R1)"
        self.world.checkpoints.offered(instruction.offer)
        if instruction.offer.parts_blob:
            self.world.promises.merge_begins(instruction.offer)
        self.later(1, 30, lambda: self._fetch(slot, instruction), slot.token)

    def _fetch(self, slot: SlotWork, wanted: do.Prepare) -> None:
        attempt_id, task_id = wanted.offer.attempt_id, wanted.offer.task_id
        if task_id not in self.cached:
            granted = None if self.path.up_silent or self.path.down_silent else self._ask(attempt_id, store=False)
            if granted is None:
                self.later(1000, 4000, lambda: self._fetch(slot, wanted), slot.token)
                return
            if not granted:
                failure = infra("NOT_GRANTED", "The master did not give the inputs.")
                self._prepare_failed(slot, failure=failure)
                return
            self.cached.add(task_id)
        if not wanted.open_sandbox:
            self.tell(stimuli.Prepared(attempt_id))
            return
        if not self.engine.ok:
            failed, reject = prepare_verdict(EngineUnavailable("the engine does not answer"))
            self._prepare_failed(slot, failure=failed, reject=reject)
            return
        assert slot.box is None, "two sandboxes in a slot"
        box = self.engine.open(wanted.sandbox_id, task_id, wanted.lease_ms)
        self.later(100, 2500, lambda: self._opened(slot, box, attempt_id), slot.token)

    def _ask(self, attempt_id: str, *, store: bool) -> bool | None:
        ask = self.world.may_store if store else self.world.may_fetch
        return ask(self.node_id, attempt_id)

    def _opened(self, slot: SlotWork, box: Box, attempt_id: str) -> None:
        if not box.life.alive:
            self._prepare_failed(slot, failure=infra("SANDBOX_LOST", "It died while it was opened."))
            return
        slot.box = box
        self.tell(stimuli.Prepared(attempt_id))

    def _prepare_failed(self, slot: SlotWork, **why: Any) -> None:
        usable = slot.box is not None
        self.tell(stimuli.PrepareFailed(slot.attempt_id, sandbox_open=usable, **why))

    def _cancelprepare(self, instruction: do.CancelPrepare) -> None:
        slot = self._slot(instruction.slot)
        slot.token.end()
        slot.token = Life(self.machine)
        assert slot.prepare is not None
        half = self.engine.boxes.get(slot.prepare.sandbox_id) if slot.box is None else None
        failure = infra("CANCELLED", "Preparing was cancelled.")
        token = slot.token

        def cancelled() -> None:
            if half is not None:
                half.die()
            if token.alive:
                self._prepare_failed(slot, failure=failure)

        self.later(1, 1500, cancelled)

    # ---- running

    def _execute(self, instruction: do.Execute) -> None:
        slot = self._slot(instruction.slot)
        slot.attempt_id = instruction.attempt_id
        self.later(1, 20, lambda: self._run(slot, instruction), slot.token)

    def _run(self, slot: SlotWork, instruction: do.Execute) -> None:
        box, wanted = slot.box, slot.prepare
        if box is None or wanted is None or not box.life.alive:
            failure = infra("SANDBOX_LOST", "The sandbox was gone before it ran.")
            self.tell(stimuli.RunLost(instruction.attempt_id, self.machine.wall_ms(), failure))
            return
        plan = self.world.plan(instruction, wanted.offer.index, wanted.brief.spec_json, wanted.offer.task_id)
        self._follow(slot, box, instruction.attempt_id)
        box.run(instruction.attempt_id, plan, instruction.lease_ms)
        self.tell(stimuli.Started(instruction.attempt_id, self.machine.wall_ms()))

    def _follow(self, slot: SlotWork, box: Box, attempt_id: str) -> None:
        slot.following += 1
        if slot.meter is None:
            assert slot.prepare is not None
            slot.meter = AttemptMeter(slot.prepare.offer.resources)
        slot.meter.started(self.machine.steady_ms())
        box.follower = Following(self, slot, slot.following)
        following = slot.following
        slot.token.after(USAGE_MS, lambda: self._sample(slot, following, attempt_id))

    def _sample(self, slot: SlotWork, following: int, attempt_id: str) -> None:
        box = slot.box
        if slot.following != following or box is None or box.running != attempt_id or slot.meter is None:
            return
        now_ms = self.machine.steady_ms()
        full = slot.meter.sample(now_ms, cpu_ms=1000, memory_bytes=1 << 28)
        use = AttemptUse(attempt_id=attempt_id, state=AttemptState.RUNNING, memory_bytes=1 << 28)
        self.tell(stimuli.Used(use, slot.meter.ticks if full else None))
        slot.token.after(USAGE_MS, lambda: self._sample(slot, following, attempt_id))

    def ended(self, slot: SlotWork, attempt_id: str, ending: Ending) -> None:
        """The sandbox says that its run is over."""
        assert slot.meter is not None
        ticks = slot.meter.ended(wall_ms=ending.wall_ms, cpu_ms=1000, peak_bytes=1 << 28)
        self.tell(
            stimuli.RunEnded(
                attempt_id=attempt_id,
                at_ms=self.machine.wall_ms(),
                exit_code=ending.exit_code,
                signal=ending.signal,
                oom_killed=ending.oom_killed,
                timed_out=ending.timed_out,
                cancelled=ending.cancelled,
                dirty=ending.dirty,
                wall_ms=ending.wall_ms,
                ticks=ticks,
            )
        )

    def lost(self, slot: SlotWork, attempt_id: str) -> None:
        ticks = slot.meter.ticks if slot.meter is not None else ()
        failure = infra("SANDBOX_LOST", "The sandbox died.")
        self.tell(stimuli.RunLost(attempt_id, self.machine.wall_ms(), failure, ticks))

    def _cancelrun(self, instruction: do.CancelRun) -> None:
        box = self._slot(instruction.slot).box
        if box is not None and self._slot(instruction.slot).attempt_id == instruction.attempt_id:
            self.later(1, 20, lambda: box.cancel(instruction.attempt_id, instruction.grace_s * 1000), box.life)

    # ---- files

    def _collect(self, instruction: do.Collect) -> None:
        slot = self._slot(instruction.slot)

        def done() -> None:
            if slot.box is None or not slot.box.life.alive:
                refused = infra("SANDBOX_LOST", "The sandbox was gone before its files.")
                self.tell(stimuli.Collected(instruction.attempt_id, refused=refused))
                return
            results = (_result(instruction.attempt_id),) if instruction.outputs else ()
            kept = (self._checkpoint(slot),) if instruction.checkpoint else ()
            self.tell(stimuli.Collected(instruction.attempt_id, results, kept))

        self.later(5, 400, done, slot.token)

    def _checkpoint(self, slot: SlotWork) -> LocalResult:
        assert slot.prepare is not None
        offer = slot.prepare.offer
        blob = self.world.checkpoints.made(offer.attempt_id, offer.task_id, offer.index)
        entry = FileEntry(path="checkpoint/state", size=1, sha256=blob, mode=0o644, blob=blob, offset=0)
        return LocalResult(entry=entry, local=blob)

    def _upload(self, instruction: do.Upload) -> None:
        life = self._uploads[instruction.attempt_id] = Life(self.machine)
        self.later(5, 500, lambda: self._bring(instruction, life), life)

    def _bring(self, instruction: do.Upload, life: Life) -> None:
        if not self.life.alive:
            return
        silent = self.path.up_silent or self.path.down_silent
        granted = None if silent else self._ask(instruction.attempt_id, store=True)
        if granted is None:
            self.later(1000, 8000, lambda: self._bring(instruction, life), life)
        elif granted:
            self.world.checkpoints.stored([result.entry.blob for result in instruction.results])
            self.tell(stimuli.Uploaded(instruction.attempt_id))
        else:
            failure = infra("FORBIDDEN", "The master did not take the results.")
            self.tell(stimuli.UploadFailed(instruction.attempt_id, failure))

    def _abandonupload(self, instruction: do.AbandonUpload) -> None:
        life = self._uploads.pop(instruction.attempt_id, None)
        if life is not None:
            life.end()

    def _forget(self, instruction: do.Forget) -> None:
        self._uploads.pop(instruction.attempt_id, None)

    # ---- sandboxes

    def _renewsandbox(self, instruction: do.RenewSandbox) -> None:
        box = self._slot(instruction.slot).box
        if box is not None:
            self.later(1, 20, lambda: box.renew(instruction.seconds_left * 1000), box.life)

    def _closesandbox(self, instruction: do.CloseSandbox) -> None:
        slot = self._slot(instruction.slot)
        slot.token.end()
        slot.token = Life(self.machine)
        slot.following += 1
        box, slot.box, slot.attempt_id = slot.box, None, ""
        box = box or self.engine.boxes.get(instruction.sandbox_id)
        life = self.life

        def closed(sure: bool) -> None:
            if life.alive:
                self.tell(stimuli.SandboxClosed(instruction.slot, instruction.sandbox_id, sure))

        if box is None:
            self.later(1, 20, lambda: closed(True))
            return
        box.follower = None
        delay = self.kernel.random.choice((20, 100, 400, 1800))
        self.engine.close_in(delay, box, closed)

    def _adopt(self, instruction: do.Adopt) -> None:
        slot = self._slot(instruction.slot)
        self.later(20, 3500, lambda: self._adopted(slot, instruction), slot.token)

    def _adopted(self, slot: SlotWork, instruction: do.Adopt) -> None:
        sandbox_id = instruction.found.sandbox_id
        box = self.engine.boxes.get(sandbox_id)
        if box is None or not self.engine.ok:
            self.tell(stimuli.AdoptFailed(slot.index, sandbox_id, sure=box is None))
            return
        slot.box = box
        offer = next((one for one in instruction.candidates if one.attempt_id == box.last), None)
        if offer is None:
            self.tell(stimuli.Adopted(slot.index, sandbox_id))
            return
        slot.attempt_id = offer.attempt_id
        slot.prepare = do.Prepare(
            slot.index, sandbox_id, False, (), offer, instruction.brief, instruction.spec, instruction.lease_ms
        )
        box.renew(max(1000, instruction.lease_ms))
        self.tell(stimuli.Adopted(slot.index, sandbox_id, offer.attempt_id))
        if slot.box is box and slot.attempt_id == offer.attempt_id:
            self._follow(slot, box, offer.attempt_id)
            if box.ended is not None:
                self.ended(slot, offer.attempt_id, box.ended)

    def _removefound(self, instruction: do.RemoveFound) -> None:
        def done() -> None:
            box = self.engine.boxes.get(instruction.found.sandbox_id)
            if box is not None and self.engine.ok:
                box.die()

        self.later(20, 1500, done)

    def _releasetask(self, instruction: do.ReleaseTask) -> None:
        self.cached.discard(instruction.task_id)

    def _takeinventory(self, instruction: do.TakeInventory) -> None:
        def done() -> None:
            if self.engine.ok:
                self.tell(stimuli.InventoryTaken(self.engine.found()))

        self.later(5, 200, done)

    def _setusageinterval(self, instruction: do.SetUsageInterval) -> None:
        """Usage is measured at one pace here."""

    def _exit(self, instruction: do.Exit) -> None:
        self.kernel.note("{} leaves: {}", self.node_id, instruction.reason)
        self.kill()


class Following:
    """The link from a sandbox to the slot that follows it."""

    def __init__(self, agent: Performing, slot: SlotWork, number: int) -> None:
        self._agent = agent
        self._slot = slot
        self._number = number

    def run_ended(self, attempt_id: str, ending: Ending) -> None:
        self._soon(lambda: self._agent.ended(self._slot, attempt_id, ending))

    def box_died(self, attempt_id: str) -> None:
        self._soon(lambda: self._agent.lost(self._slot, attempt_id))

    def _soon(self, event: Callable[[], object]) -> None:
        self._agent.later(
            1, 15, lambda: event() if self._slot.following == self._number else None, self._agent.life
        )


def _result(attempt_id: str) -> LocalResult:
    digest = result_digest(attempt_id)
    entry = FileEntry(path="out/result", size=1, sha256=digest, mode=0o644, blob=digest, offset=0)
    return LocalResult(entry=entry, local=f"{attempt_id}/out/result")
