"""The real state of the agent in the simulation, with a performer that does everything by events.

The database is the faithful fake of `tests/fakes/agent_store.py`; it and the engine outlive the agent's lives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from core.domain.attempt import AttemptState
from core.domain.node import NodeFacts
from core.domain.session import (
    Ack,
    AttemptUpdate,
    MasterMessage,
    Offers,
    OwnerStatus,
    Refused,
    Report,
    Updates,
)
from core.manifest.spec_json import spec_from_json
from tests.sim.engine import Engine
from tests.sim.kernel import Life, Machine
from tests.sim.network import Line, Path
from tests.sim.performing import Performing, World
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.state import AgentState

TICK_MS = 1000
#: The longest report interval (C1), and how late a report may be: the clock is looked at once a second.
REPORT_S, LATE_MS = 30.0, 2_500


class SimAgent(Performing):
    """One node: its machine, engine, database and network, and the lives of the agent on it."""

    def __init__(self, world: World, machine: Machine, engine: Engine, path: Path, node_id: str) -> None:
        super().__init__(world, machine, engine, path, node_id)
        self.facts = NodeFacts()
        self.owner = OwnerStatus()
        self.state: AgentState | None = None
        self.line: Line | None = None
        #: Applied to each state that is made; ablations come in here.
        self.alter: Callable[[AgentState], None] = lambda state: None
        #: Codes with which the master refused it.
        self.refusals: set[str] = set()
        self._reported_at = 0
        #: Number -> updates that carry a checkpoint, or tell of a success, and are not acknowledged.
        self._kept: dict[int, AttemptUpdate] = {}
        self._queue: deque[stimuli.Stimulus] = deque()
        self._draining = False
        self._write: do.Write | None = None

    # ---- lives

    def start(self) -> None:
        assert not self.life.alive
        self.life = Life(self.machine)
        self.slots, self._uploads, self._write, self.line = {}, {}, None, None
        self._queue.clear()
        for box in self.engine.boxes.values():
            box.follower = None
        self.store.boot_id = self.boot_id
        self.state = AgentState(
            node_id=self.node_id,
            boot_id=self.boot_id,
            agent_version="sim",
            random=self.kernel.random.random,
            load_spec=spec_from_json,
        )
        self.alter(self.state)
        self.kernel.note("{} starts", self.node_id)
        self.tell(stimuli.FactsChanged(self.facts))
        self._restore()

    def _restore(self) -> None:
        stored = self.store.open()
        found = self.engine.found() if self.engine.ok else None
        self.life.after(self.kernel.random.randrange(1, 300), lambda: self.tell(stimuli.Restored(stored, found)))
        self.life.after(self.kernel.random.randrange(1, TICK_MS), self._tick)

    def kill(self) -> None:
        """As `kill -9`; sandboxes run on."""
        if not self.life.alive:
            return
        self.kernel.note("{} is killed", self.node_id)
        self.life.end()
        for slot in self.slots.values():
            slot.token.end()
            slot.following += 1
        for upload in self._uploads.values():
            upload.end()
        for box in self.engine.boxes.values():
            box.follower = None
        if self.line is not None:
            self.line.hang_up()
        self.state = self.line = None

    def reboot(self) -> None:
        """The machine starts anew: nothing of it runs, and its clock counts from elsewhere."""
        self.kill()
        self.engine.lose_all()
        self.machine.reboot()
        self.boots += 1

    def _tick(self) -> None:
        self.life.after(TICK_MS, self._tick)
        self.tell(stimuli.Tick1s())
        self._judge_reports()

    def _judge_reports(self) -> None:
        """C1 and C4: an agent that is live reports in time, whatever its engine, disk and uploads do."""
        state = self.state
        if state is None or not state.connection.is_live:
            return
        shortest_s = min((held.offer.lease_s for held in state.work.held.values()), default=REPORT_S * 3)
        limit_ms = min(REPORT_S, shortest_s / 3) * 1000 + LATE_MS
        silent_ms = self.machine.steady_ms() - self._reported_at
        if silent_ms > limit_ms:
            self.world.fail(f"{self.node_id} is live and has not reported for {silent_ms / 1000:.0f} s")

    # ---- the way in

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        if self.state is None or not self.life.alive:
            return
        self._queue.append(stimulus)
        if self._draining:
            return
        self._draining = True
        try:
            idle = isinstance(stimulus, stimuli.Tick1s)
            while self._queue and self.state is not None:
                for instruction in self.state.handle(self._queue.popleft(), self.machine.steady_ms()):
                    self._perform(instruction)
                    idle = False
            # A second in which nothing was to be done leaves what the next stimulus is judged by.
            if self.state is not None and not idle:
                self.state.validate()
        finally:
            self._draining = False

    def _perform(self, instruction: do.Instruction) -> None:
        if isinstance(instruction, do.Write):
            self._write_down(instruction)
        else:
            getattr(self, f"_{type(instruction).__name__.lower()}")(instruction)

    # ---- the connection

    def _connect(self, instruction: do.Connect) -> None:
        if self.line is not None:
            self.line.hang_up()
        self.line = Line(self.path, self, self.world.far, instruction.hello, instruction.connection)

    def received(self, line: Line, message: MasterMessage) -> None:
        if isinstance(message, Refused):
            self.refusals.add(message.code)
        elif isinstance(message, Offers):
            self._judge_term(line, message)
        elif isinstance(message, Ack):
            for number in message.updates:
                self._acknowledged(self._kept.pop(number, None))
        self._on_machine(lambda: self.tell(stimuli.Received(line.number, message)))

    def _judge_term(self, line: Line, offers: Offers) -> None:
        """Section 1: no master gives work in a term below the highest that this node has seen."""
        highest = self.state.pending.highest_term if self.state is not None else 0
        if line is self.line and offers.term < highest:
            self.world.fail(f"{self.node_id} is offered work in term {offers.term} after {highest}")

    def _acknowledged(self, update: AttemptUpdate | None) -> None:
        if update is not None:
            self.world.checkpoints.acknowledged(update.attempt_id, update.checkpoint)
            if update.state is AttemptState.SUCCEEDED:
                self.world.promises.acknowledged(update)

    def broken(self, line: Line, reason: str, *, final: bool = False) -> None:
        self._on_machine(lambda: self.tell(stimuli.Disconnected(line.number, reason, final)))

    def _on_machine(self, event: Callable[[], object]) -> None:
        life = self.life
        if self.machine.asleep:
            life.after(0, event)
        else:
            event()

    def _send(self, instruction: do.Send) -> None:
        if self.line is not None and self.line.number == instruction.connection:
            if isinstance(instruction.message, Updates):
                for update in instruction.message.updates:
                    self.world.checkpoints.told(update)
                    if update.checkpoint or update.state is AttemptState.SUCCEEDED:
                        self._kept[update.number] = update
                    self.kernel.note("    {} says {} {}", self.node_id, update.attempt_id[-6:], update.state)
            elif isinstance(instruction.message, Report):
                self._reported_at = self.machine.steady_ms()
            self.line.send_up(instruction.message)

    def _disconnect(self, instruction: do.Disconnect) -> None:
        if self.line is not None and self.line.number == instruction.connection:
            self.line.hang_up()
            self.line = None

    def _becamelive(self, instruction: do.BecameLive) -> None:
        self._reported_at = self.machine.steady_ms()
        self.kernel.note("{} is live", self.node_id)

    # ---- the database

    def _write_down(self, instruction: do.Write) -> None:
        assert self._write is None, "two writes at once"
        self._write = instruction
        self.later(1, 40, self._wrote)

    def _wrote(self) -> None:
        write, self._write = self._write, None
        assert write is not None
        if self.store.is_full:
            self.tell(stimuli.WriteFailed(write.serial, "the disk is full", True))
        else:
            self.store.write(write.changes)
            self.tell(stimuli.Written(write.serial))
