"""What may still run is never called ended: a restart without an engine, a sandbox that must go first."""

from __future__ import annotations

from dataclasses import replace

from core.domain.attempt import AttemptState
from core.domain.session import Offers, SyncReply, Welcome
from tests.fakes.agent_store import FakeAgentStore
from tests.support.agents import FACTS, load_spec, make_brief, make_offer
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.attempts import infra
from worker_app.agent.ports.sandbox import FoundSandbox
from worker_app.agent.state import AgentState

BOX = FoundSandbox(sandbox_id="attempt-1", task_id="task-1", handle="box", running=True)


class Life:
    """One life of an agent on a database; its instructions are kept, its writes are done at once."""

    def __init__(
        self, store: FakeAgentStore, now_ms: int, found: tuple[FoundSandbox, ...] | None, *, connect: bool = True
    ) -> None:
        self.store = store
        self.now_ms = now_ms
        self.did: list[do.Instruction] = []
        self.state = AgentState(
            node_id="n", boot_id="boot-1", agent_version="t", random=lambda: 0.0, load_spec=load_spec
        )
        self.tell(stimuli.FactsChanged(FACTS))
        self.tell(stimuli.Restored(store.open(), found))
        if connect:
            self.tick()
            names = {"session_id": "s", "node_name": "n", "owner_id": "owner"}
            self.hear(Welcome(term=1, protocol=1, master_time_ms=0, report_interval_s=10, **names))
            self.hear(SyncReply(session_id="s", verdicts=()))

    def hear(self, message: Welcome | SyncReply | Offers) -> None:
        self.tell(stimuli.Received(self.state.connection.number, message))

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        for instruction in self.state.handle(stimulus, self.now_ms):
            self.did.append(instruction)
            if isinstance(instruction, do.Write):
                self.store.write(instruction.changes)
                self.tell(stimuli.Written(instruction.serial))
        self.state.validate()

    def tick(self, s: float = 1) -> None:
        self.now_ms += int(s * 1000)
        self.tell(stimuli.Tick1s())

    def run_one(self) -> None:
        """Take an offer and run it."""
        offers = (make_offer("attempt-1", lease_s=60),)
        self.hear(Offers(session_id="s", term=1, lease_report=0, briefs=(make_brief(),), offers=offers))
        self.tell(stimuli.Prepared("attempt-1"))
        self.tell(stimuli.Started("attempt-1", 1))
        self.tick()

    def ended(self) -> list[AttemptState]:
        """Return the ends of attempts that the master is, or will be, told of."""
        return [entry.update.state for entry in self.state.pending.outgoing.values() if entry.is_terminal]

    def has_done(self, kind: type[do.Instruction]) -> bool:
        return any(isinstance(one, kind) for one in self.did)


def _running() -> Life:
    life = Life(FakeAgentStore(), 1_000_000, ())
    life.run_one()
    return life


def test_without_an_engine_nothing_is_called_gone_until_it_answers() -> None:
    first = _running()
    second = Life(first.store, first.now_ms + 2000, None)
    second.tick(5)
    assert second.ended() == []
    second.tick(6)
    assert second.has_done(do.TakeInventory)
    second.tell(stimuli.InventoryTaken((BOX,)))
    [adopt] = [one for one in second.did if isinstance(one, do.Adopt)]
    second.tell(stimuli.Adopted(adopt.slot, BOX.sandbox_id, "attempt-1"))
    assert second.ended() == []


def test_once_the_engine_says_that_it_has_nothing_the_attempt_is_gone() -> None:
    first = _running()
    second = Life(first.store, first.now_ms + 2000, None)
    second.tell(stimuli.InventoryTaken(()))
    second.tick()
    assert second.ended() == [AttemptState.FAILED]


def test_an_engine_that_never_answers_holds_an_attempt_until_its_countdown_is_over() -> None:
    first = _running()
    second = Life(first.store, first.now_ms + 2000, None, connect=False)
    for _ in range(75):
        second.tick()
    assert "attempt-1" in second.state.work.held, "the sandbox's own deadline may be 30 s after the one on disk"
    for _ in range(25):
        second.tick()
    assert second.state.work.held == {}


def test_a_run_whose_sandbox_does_not_answer_ends_when_the_sandbox_is_gone() -> None:
    life = _running()
    life.tell(stimuli.RunLost("attempt-1", 2, infra("ENGINE", "away")))
    assert life.has_done(do.CloseSandbox)
    assert life.ended() == []
    life.tell(stimuli.SandboxClosed(0, "attempt-1"))
    assert life.ended() == [AttemptState.FAILED]


def test_a_sandbox_that_may_not_be_gone_is_waited_for_until_its_countdown_is_over() -> None:
    life = _running()
    life.tell(stimuli.RunLost("attempt-1", 2, infra("ENGINE", "away")))
    life.tell(stimuli.SandboxClosed(0, "attempt-1", sure=False))
    life.tick(40)
    assert life.ended() == []
    life.tick(25)
    assert life.ended() == [AttemptState.FAILED]


def test_what_did_not_close_is_asked_for_and_ends_as_soon_as_the_engine_does_not_have_it() -> None:
    life = _running()
    life.tell(stimuli.RunLost("attempt-1", 2, infra("ENGINE", "away")))
    life.tell(stimuli.SandboxClosed(0, "attempt-1", sure=False))
    life.did.clear()
    life.tick(11)
    assert life.has_done(do.TakeInventory) and life.ended() == []
    life.tell(stimuli.InventoryTaken((BOX,)))
    assert [one.found for one in life.did if isinstance(one, do.RemoveFound)] == [BOX] and life.ended() == []
    life.tell(stimuli.InventoryTaken(()))
    assert life.ended() == [AttemptState.FAILED]


def test_what_is_fenced_is_reported_when_its_sandbox_is_gone() -> None:
    life = _running()
    life.tick(58)
    assert life.has_done(do.CloseSandbox)
    assert life.ended() == []
    life.tell(stimuli.SandboxClosed(0, "attempt-1"))
    assert life.ended() == [AttemptState.FAILED]


def test_a_sandbox_that_cannot_be_taken_over_nor_removed_is_waited_for() -> None:
    first = _running()
    second = Life(first.store, first.now_ms + 2000, (BOX,))
    [adopt] = [one for one in second.did if isinstance(one, do.Adopt)]
    second.tell(stimuli.AdoptFailed(adopt.slot, BOX.sandbox_id, sure=False))
    second.tick()
    assert second.ended() == []
    for _ in range(100):
        second.tick()
    assert second.ended() == [AttemptState.FAILED]


def test_a_sandbox_that_is_being_removed_shares_its_name_with_no_new_one() -> None:
    """The agent was killed after it began to open the sandbox and before it had noted so."""
    first = _running()
    first.store.attempts["attempt-1"] = replace(first.store.attempts["attempt-1"], mark=None, update=None)
    second = Life(first.store, first.now_ms + 2000, (BOX,))
    [adopt] = [one for one in second.did if isinstance(one, do.Adopt)]
    second.tell(stimuli.Adopted(adopt.slot, BOX.sandbox_id))
    second.tick()
    assert second.has_done(do.CloseSandbox), "it runs nothing that is known"
    [prepare] = [one for one in second.did if isinstance(one, do.Prepare)]
    assert (prepare.offer.attempt_id, prepare.sandbox_id) == ("attempt-1", "attempt-1-2")
    second.tell(stimuli.SandboxClosed(adopt.slot, BOX.sandbox_id))
    second.tell(stimuli.Prepared("attempt-1"))
    second.tell(stimuli.Started("attempt-1", 2))
    assert second.ended() == [], "the end of the old sandbox is not that of the new one"
