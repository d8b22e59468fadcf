"""Attempts of one lane have a slot one after another; what waits can be taken back, what has begun cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.domain.attempt import AttemptState
from core.domain.session import Offer, Offers, Orders, StopOrder, SyncReply, Updates, Welcome
from tests.fakes.agent_store import FakeAgentStore
from tests.support.agents import FACTS, load_spec, make_brief, make_offer
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.state import AgentState


class Dialogue:
    """A live agent of two slots; the database answers at once, and prepared attempts run until told to end."""

    def __init__(self, store: FakeAgentStore | None = None) -> None:
        self.store = store or FakeAgentStore()
        boot_id = self.store.boot_id
        self.state = AgentState(
            node_id="n", boot_id=boot_id, agent_version="t", random=lambda: 0.0, load_spec=load_spec
        )
        self.running: dict[int, str] = {}
        self.cancelled: list[str] = []
        self.updates: list[tuple[str, AttemptState, str]] = []
        self.connection = 0
        self.begin()

    def begin(self) -> None:
        self.tell(stimuli.FactsChanged(FACTS))
        self.tell(stimuli.Restored(self.store.open(), ()))
        self.tell(stimuli.Tick1s())
        names = {"session_id": "s", "node_name": "n", "owner_id": "o"}
        self.hear(Welcome(term=1, protocol=1, master_time_ms=0, report_interval_s=10, **names))
        self.hear(SyncReply(session_id="s", verdicts=()))

    def hear(self, message: object) -> None:
        self.tell(stimuli.Received(self.connection, message))  # type: ignore[arg-type]

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        waiting = [stimulus]
        while waiting:
            for instruction in self.state.handle(waiting.pop(0), 1_000_000):
                waiting += self.perform(instruction)
            self.state.validate()

    def perform(self, instruction: do.Instruction) -> Iterator[stimuli.Stimulus]:
        match instruction:
            case do.Connect():
                self.connection = instruction.connection
            case do.Write():
                self.store.write(instruction.changes)
                yield stimuli.Written(instruction.serial)
            case do.Prepare():
                yield stimuli.Prepared(instruction.offer.attempt_id)
            case do.Execute():
                assert instruction.slot not in self.running
                self.running[instruction.slot] = instruction.attempt_id
            case do.CancelRun():
                self.cancelled.append(instruction.attempt_id)
            case do.Collect():
                yield stimuli.Collected(instruction.attempt_id)
            case do.Send(message=Updates() as message):
                self.updates += [(one.attempt_id, one.state, one.reason) for one in message.updates]

    def offer(self, *offers: Offer) -> None:
        briefs = (make_brief("task-1"), make_brief("task-2"))
        self.hear(Offers(session_id="s", term=1, lease_report=0, briefs=briefs, offers=offers))

    def end(self, attempt_id: str) -> None:
        slot = next(slot for slot, running in self.running.items() if running == attempt_id)
        del self.running[slot]
        self.tell(stimuli.RunEnded(attempt_id=attempt_id, at_ms=2, exit_code=0, wall_ms=1))

    def take_back(self, *attempt_ids: str) -> None:
        stops = [
            StopOrder(attempt_id=one, reason="waiting", give_back=True, if_waiting=True) for one in attempt_ids
        ]
        self.hear(Orders(session_id="s", stops=tuple(stops)))

    def now(self) -> list[str]:
        return sorted(self.running.values())


@pytest.fixture
def agent() -> Dialogue:
    return Dialogue()


def lane(*names: str, task: str = "task-1") -> list[Offer]:
    return [make_offer(name, task, lane="" if name == names[0] else names[0]) for name in names]


def test_a_lane_takes_one_slot_although_another_is_free(agent: Dialogue) -> None:
    agent.offer(*lane("a1", "a2", "a3"))
    assert agent.now() == ["a1"]
    agent.end("a1")
    assert agent.now() == ["a2"]
    agent.end("a2")
    assert agent.now() == ["a3"]


def test_two_lanes_run_side_by_side_each_in_its_order(agent: Dialogue) -> None:
    agent.offer(*lane("a1", "a2", "a3"), *lane("b1", "b2", "b3"))
    assert agent.now() == ["a1", "b1"]
    agent.end("b1")
    assert agent.now() == ["a1", "b2"]
    agent.end("b2")
    assert agent.now() == ["a1", "b3"]
    agent.end("b3")
    assert agent.now() == ["a1"], "the lane of a1 stays one after another"


def test_a_long_lane_does_not_hide_another_task(agent: Dialogue) -> None:
    agent.offer(*lane(*(f"a{number:02d}" for number in range(60))))
    agent.offer(make_offer("b", "task-2"))
    assert agent.now() == ["a00", "b"]


def test_later_offers_join_a_lane_whose_first_has_ended(agent: Dialogue) -> None:
    first, second, third = lane("a1", "a2", "a3")
    agent.offer(first, second)
    agent.end("a1")
    agent.offer(third)
    assert agent.now() == ["a2"]
    agent.end("a2")
    assert agent.now() == ["a3"]


def test_what_waits_is_given_back_and_what_has_begun_runs_on(agent: Dialogue) -> None:
    agent.offer(*lane("a1", "a2", "a3"))
    agent.take_back("a1", "a2", "a3", "unheard of")
    assert agent.updates == [("a2", AttemptState.RETURNED, "waiting"), ("a3", AttemptState.RETURNED, "waiting")]
    assert (agent.now(), agent.cancelled) == (["a1"], [])
    agent.end("a1")
    assert agent.updates[-1] == ("a1", AttemptState.SUCCEEDED, "")


def test_the_next_runs_when_one_before_it_was_taken_back(agent: Dialogue) -> None:
    agent.offer(*lane("a1", "a2", "a3"))
    agent.take_back("a2")
    agent.end("a1")
    assert agent.now() == ["a3"]


def test_a_restarted_agent_keeps_its_lanes(agent: Dialogue) -> None:
    agent.offer(*lane("a1", "a2", "a3"))
    agent.tell(stimuli.Tick1s())
    again = Dialogue(agent.store)
    assert again.now() == ["a2"], "a1 was running and its sandbox is gone"
    again.end("a2")
    assert again.now() == ["a3"]
