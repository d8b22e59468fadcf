"""The agent against a master and sandboxes that do anything the network can do: lose, repeat, reorder, restart.

Checked after each step: never two live sandboxes on a slot, nothing runs past its deadline as the master counts
it, nothing acts before it is durable, and every accepted attempt ends in exactly one terminal update.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.domain.attempt import TERMINAL_ATTEMPT_STATES
from core.domain.session import (
    Ack,
    AttemptUpdate,
    Offer,
    Offers,
    Orders,
    Report,
    Resync,
    StopOrder,
    Sync,
    SyncReply,
    Updates,
    Verdict,
    Welcome,
)
from core.domain.spec import RunSpec, TaskSpec
from tests.fakes.agent_store import FakeAgentStore
from tests.support.agents import FACTS, load_spec, make_brief, make_offer
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.attempts import infra
from worker_app.agent.ports.sandbox import FoundSandbox
from worker_app.agent.state import AgentState

LEASE_S = 60
BRIEFS = [make_brief("task-1"), make_brief("task-2", TaskSpec(run=RunSpec(checkpoint_exit=85)))]


class World(RuleBasedStateMachine):
    """Holds what the agent's instructions did: sandboxes, the database, messages on their way."""

    @initialize()
    def start(self) -> None:
        self.now = 1_000_000
        self.store = FakeAgentStore()
        #: sandbox id -> (slot of this life or -1, task, attempt that runs in it or "").
        self.sandboxes: dict[str, list[Any]] = {}
        self.offered = 0
        self.terminals: dict[str, AttemptUpdate] = {}
        #: As the master counts it: newest report that it took and that listed the attempt, plus ttl and 60 s.
        self.master_deadline: dict[str, int] = {}
        self.sessions = 0
        self.begin()
        self.all_goes_well(8)
        assert self.state.connection.is_live

    def begin(self) -> None:
        """A life of the agent."""
        self.state = AgentState(
            node_id="n", boot_id="boot-1", agent_version="t", random=lambda: 0.0, load_spec=load_spec
        )
        self.connection = 0
        self.session = ""
        self.to_master: list[Any] = []
        self.to_agent: list[stimuli.Received] = []
        #: By slot (-1: none), in order within a slot, as its one coroutine gives them.
        self.answers: list[tuple[int, stimuli.Stimulus]] = []
        self.write: do.Write | None = None
        self.sent_at: dict[tuple[str, int], int] = {}
        self.taken = 0
        self.tell(stimuli.FactsChanged(FACTS))
        for box in self.sandboxes.values():
            box[0] = -1
        self.tell(stimuli.Restored(self.store.open(), self.found()))

    def welcome(self) -> Welcome:
        names = {"session_id": self.session, "node_name": "n", "owner_id": "owner"}
        return Welcome(term=1, protocol=1, master_time_ms=0, report_interval_s=10, **names)

    def found(self) -> tuple[FoundSandbox, ...]:
        return tuple(
            FoundSandbox(sandbox_id=key, task_id=box[1], handle=key, running=True)
            for key, box in self.sandboxes.items()
        )

    # ------------------------------------------------------------ carrying out

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        for instruction in self.state.handle(stimulus, self.now):
            self.perform(instruction)
        self.state.validate()

    def perform(self, instruction: do.Instruction) -> None:
        match instruction:
            case do.Connect():
                self.connection, self.session, self.taken = instruction.connection, "", 0
                self.to_master, self.to_agent = [], []
                self.sessions += 1
                self.session = f"s{self.sessions}"
                self.push(self.welcome())
            case do.Send(message=message):
                if isinstance(message, Report | Sync):
                    number = message.number if isinstance(message, Report) else 0
                    self.sent_at[message.session_id, number] = self.now
                self.to_master.append(message)
            case do.Write():
                assert self.write is None, "two writes at once"
                self.write = instruction
            case do.Prepare():
                self.prepare(instruction)
            case do.Execute():
                self.execute(instruction)
            case do.RenewSandbox():
                for box in self.sandboxes.values():
                    if box[0] == instruction.slot:
                        box[3] = self.now + int(instruction.seconds_left * 1000)
            case do.Collect():
                self.answers.append((instruction.slot, stimuli.Collected(instruction.attempt_id)))
            case do.Upload():
                self.answers.append((-1, stimuli.Uploaded(instruction.attempt_id)))
            case do.CancelPrepare():
                self.silence(instruction.slot)
                failed = stimuli.PrepareFailed(instruction.attempt_id, failure=infra("X", ""), sandbox_open=True)
                self.answers.append((instruction.slot, failed))
            case do.CancelRun():
                ended = stimuli.RunEnded(attempt_id=instruction.attempt_id, at_ms=2, signal=15, cancelled=True)
                self.answers.append((instruction.slot, ended))
            case do.CloseSandbox():
                self.silence(instruction.slot)
                self.sandboxes.pop(instruction.sandbox_id, None)
                closed = stimuli.SandboxClosed(instruction.slot, instruction.sandbox_id)
                self.answers.append((instruction.slot, closed))
            case do.Adopt():
                slot, sandbox_id = instruction.slot, instruction.found.sandbox_id
                box = self.sandboxes[sandbox_id]
                box[0] = slot
                known = [offer.attempt_id for offer in instruction.candidates]
                self.answers.append((slot, stimuli.Adopted(slot, sandbox_id, box[2] if box[2] in known else "")))
            case do.RemoveFound():
                self.sandboxes.pop(instruction.found.sandbox_id, None)
            case do.TakeInventory():
                self.answers.append((-1, stimuli.InventoryTaken(self.found())))
            case _:
                pass

    def prepare(self, instruction: do.Prepare) -> None:
        attempt_id = instruction.offer.attempt_id
        assert attempt_id in self.store.attempts, "acted before it was durable (R1)"
        if instruction.open_sandbox:
            in_slot = [key for key, box in self.sandboxes.items() if box[0] == instruction.slot]
            assert not in_slot, "two live sandboxes on a slot"
            expiry = self.now + instruction.lease_ms
            self.sandboxes[instruction.sandbox_id] = [instruction.slot, instruction.offer.task_id, "", expiry]
        self.answers.append((instruction.slot, stimuli.Prepared(attempt_id)))

    def silence(self, slot: int) -> None:
        """An interrupted slot gives no late answers."""
        self.answers = [answer for answer in self.answers if answer[0] != slot or slot < 0]

    def execute(self, instruction: do.Execute) -> None:
        boxes = [box for box in self.sandboxes.values() if box[0] == instruction.slot]
        if not boxes:
            # It ended itself while it was idle or being prepared.
            lost = stimuli.RunLost(instruction.attempt_id, 2, infra("SANDBOX_LOST", ""))
            self.answers.append((instruction.slot, lost))
            return
        (box,) = boxes
        assert not box[2], "two attempts at a time in one sandbox"
        box[2], box[3] = instruction.attempt_id, self.now + instruction.lease_ms
        self.answers.append((instruction.slot, stimuli.Started(instruction.attempt_id, 1)))

    def push(self, message: Any) -> None:
        self.to_agent.append(stimuli.Received(self.connection, message))

    # ------------------------------------------------------------ what can happen

    @rule(steps=st.integers(1, 40))
    def all_goes_well(self, steps: int) -> None:
        """Nothing is lost for a while; runs go on meanwhile."""
        for _ in range(steps):
            if not self.step_well():
                self.time_passes(1)

    def step_well(self) -> bool:
        if self.write is not None:
            self.the_database_answers(False)
        elif self.to_master:
            self.the_master_takes_a_message(0, False)
        elif self.to_agent:
            self.the_agent_gets_a_message(0, "arrives")
        elif self.answers:
            self.the_performer_answers(0)
        else:
            return False
        return True

    @rule(ends=st.sampled_from([True, False, False]))
    def the_system_ends_or_stays(self, ends: bool) -> None:
        self.tell(stimuli.SystemEnds(4_000) if ends else stimuli.SystemStays())

    @rule(seconds=st.sampled_from([1, 1, 1, 5, 20, 45, 90]))
    def time_passes(self, seconds: int) -> None:
        """Sandboxes count down on their own (R3), behind the agent, which stops what it follows first."""
        self.now += seconds * 1000
        self.tell(stimuli.Tick1s())
        for key, box in list(self.sandboxes.items()):
            if self.now >= box[3]:
                assert box not in self.running(), "the countdown ended what the agent should have (R3)"
                self.sandbox_dies(key)

    def sandbox_dies(self, key: str) -> None:
        slot, _, attempt_id, _ = self.sandboxes.pop(key)
        if slot >= 0 and attempt_id:
            adopting = any(at == slot and isinstance(one, stimuli.Adopted) for at, one in self.answers)
            self.silence(slot)
            if adopting:
                self.answers.append((slot, stimuli.AdoptFailed(slot, key)))
            else:
                self.tell(stimuli.RunLost(attempt_id, 2, infra("SANDBOX_LOST", "")))

    def running(self) -> list[list[Any]]:
        """Return the sandboxes whose run the agent follows."""
        adopting = {at for at, one in self.answers if isinstance(one, stimuli.Adopted)}
        return [box for box in self.sandboxes.values() if box[2] and box[0] >= 0 and box[0] not in adopting]

    @precondition(lambda self: self.write is not None)
    @rule(fails=st.sampled_from([False, False, False, True]))
    def the_database_answers(self, fails: bool) -> None:
        write, self.write = self.write, None
        assert write is not None
        if fails:
            self.tell(stimuli.WriteFailed(write.serial, "full", True))
        else:
            self.store.write(write.changes)
            self.tell(stimuli.Written(write.serial))

    @precondition(lambda self: self.answers)
    @rule(pick=st.integers(0, 1 << 16))
    def the_performer_answers(self, pick: int) -> None:
        slot, answer = self.answers[pick % len(self.answers)]
        if slot >= 0:
            answer = next(answer for at, answer in self.answers if at == slot)
        self.answers.remove((slot, answer))
        if isinstance(answer, stimuli.RunEnded):
            self.run_over(answer.attempt_id)
        self.tell(answer)

    def run_over(self, attempt_id: str) -> None:
        for box in self.sandboxes.values():
            if box[2] == attempt_id:
                box[2] = ""

    @precondition(lambda self: self.running())
    @rule(pick=st.integers(0, 1 << 16), code=st.sampled_from([0, 0, 1, 75, 85]), dirty=st.booleans())
    def a_run_ends(self, pick: int, code: int, dirty: bool) -> None:
        running = self.running()
        box = running[pick % len(running)]
        attempt_id, box[2] = box[2], ""
        self.silence(box[0])
        self.tell(stimuli.RunEnded(attempt_id=attempt_id, at_ms=2, exit_code=code, wall_ms=1, dirty=dirty))

    @precondition(lambda self: self.running())
    @rule()
    def a_sandbox_dies(self) -> None:
        box = self.running()[0]
        self.sandbox_dies(next(key for key, one in self.sandboxes.items() if one is box))

    @precondition(lambda self: self.to_master)
    @rule(pick=st.sampled_from([0, 0, 0, 1]), lose=st.sampled_from([False, False, False, True]))
    def the_master_takes_a_message(self, pick: int, lose: bool) -> None:
        message = self.to_master.pop(min(pick, len(self.to_master) - 1))
        if lose:
            return
        if isinstance(message, Sync):
            verdicts = tuple((held.attempt_id, Verdict.CONTINUE) for held in message.attempts)
            self.renew([held.attempt_id for held in message.attempts], self.sent_at[message.session_id, 0])
            self.push(SyncReply(session_id=message.session_id, verdicts=verdicts))
        elif isinstance(message, Report):
            self.taken = max(self.taken, message.number)
            self.renew([use.attempt_id for use in message.live], self.sent_at[message.session_id, message.number])
            self.push(Ack(session_id=message.session_id, report=message.number))
        elif isinstance(message, Updates):
            for update in message.updates:
                self.terminal(update)
            numbers = tuple(update.number for update in message.updates)
            self.push(Ack(session_id=message.session_id, report=self.taken, updates=numbers))

    def renew(self, attempt_ids: list[str], sent_ms: int) -> None:
        for attempt_id in attempt_ids:
            deadline = sent_ms + LEASE_S * 1000 + 60_000
            self.master_deadline[attempt_id] = max(self.master_deadline.get(attempt_id, 0), deadline)

    def terminal(self, update: AttemptUpdate) -> None:
        if update.state in TERMINAL_ATTEMPT_STATES:
            before = self.terminals.setdefault(update.attempt_id, update)
            assert before.state is update.state, "an attempt ended in two ways"

    @precondition(lambda self: self.to_agent)
    @rule(
        pick=st.sampled_from([0, 0, 0, 1]),
        fate=st.sampled_from(["arrives", "arrives", "arrives", "arrives twice", "lost"]),
    )
    def the_agent_gets_a_message(self, pick: int, fate: str) -> None:
        received = self.to_agent[min(pick, len(self.to_agent) - 1)]
        if fate != "arrives twice":
            self.to_agent.remove(received)
        if fate != "lost":
            self.tell(received)

    @rule(task=st.integers(0, 1), count=st.integers(1, 4), ahead=st.booleans())
    def the_master_offers(self, task: int, count: int, ahead: bool) -> None:
        """Each in a lane of its own, or ahead: in that of the first."""
        if not self.session or not self.state.connection.is_live:
            return
        sent_ms = self.sent_at.get((self.session, self.taken))
        if sent_ms is None:
            return
        offers: list[Offer] = []
        for _ in range(count):
            self.offered += 1
            name, lane = f"attempt-{self.offered:06d}", offers[0].attempt_id if ahead and offers else ""
            offer = make_offer(name, f"task-{task + 1}", lease_s=LEASE_S, lane=lane)
            offers.append(offer)
            self.renew([offer.attempt_id], sent_ms)
        self.push(
            Offers(
                session_id=self.session,
                term=1,
                lease_report=self.taken,
                briefs=(BRIEFS[task],),
                offers=tuple(offers),
            )
        )

    @precondition(lambda self: self.offered)
    @rule(pick=st.integers(1, 1 << 16), reason=st.sampled_from(["cancelled", "drain", "waiting"]))
    def the_master_stops_one(self, pick: int, reason: str) -> None:
        attempt_id = f"attempt-{pick % self.offered + 1:06d}"
        back, if_waiting = reason != "cancelled", reason == "waiting"
        order = StopOrder(attempt_id=attempt_id, reason=reason, give_back=back, if_waiting=if_waiting)
        self.push(Orders(session_id=self.session, stops=(order,)))

    @rule(how=st.sampled_from(["cut", "resync"]))
    def the_connection_breaks(self, how: str) -> None:
        if how == "resync":
            self.push(Resync(session_id=self.session))
        else:
            self.tell(stimuli.Disconnected(self.connection, "cut"))

    @rule()
    def the_agent_is_killed(self) -> None:
        """kill -9: what was not written is gone; sandboxes run on."""
        self.begin()

    # ------------------------------------------------------------ what always holds

    @invariant()
    def nothing_runs_past_its_deadline(self) -> None:
        """The agent stops in time, also when no message ever comes; time only passes together with a tick."""
        for box in self.sandboxes.values():
            if box[2]:
                assert self.now < self.master_deadline[box[2]] - 60_000, "ran past its own deadline (R3)"

    @invariant()
    def one_of_a_lane_at_a_time(self) -> None:
        lanes = [self.state.work.held[box[2]].lane for box in self.running()]
        assert len(lanes) == len(set(lanes)), "two attempts of one lane run"

    @invariant()
    def one_sandbox_a_slot(self) -> None:
        slots = [box[0] for box in self.sandboxes.values() if box[0] >= 0]
        assert len(slots) == len(set(slots))

    def teardown(self) -> None:
        """Let the world come to rest: then every durable attempt has ended and the outbox is empty."""
        if not hasattr(self, "state"):
            return
        self.state.validate()
        for _ in range(6000):
            running = self.running()
            if self.step_well():
                continue
            if running:
                attempt_id, running[0][2] = running[0][2], ""
                self.tell(stimuli.RunEnded(attempt_id=attempt_id, at_ms=2, exit_code=0, wall_ms=1))
            elif self.state.work.held or self.state.pending.outgoing or self.store.attempts:
                self.time_passes(1)
            else:
                break
        assert not self.state.work.held, self.state.work.held
        assert not self.state.pending.outgoing
        assert not self.store.attempts


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    # Shrinking a walk of sixty steps takes minutes; the failing walk itself is printed.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
