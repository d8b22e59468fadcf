"""When the agent dials: at once after a sleep, a mended link or a word of a person; else with patience."""

from __future__ import annotations

from core.domain.session import SyncReply, Welcome
from core.domain.spec import TaskSpec
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.connection import BACKOFF_SOON_MS, Phase
from worker_app.agent.ports.store import Stored
from worker_app.agent.state import AgentState

START_MS = 1_000_000


class Dialogue:
    """An agent whose clock goes on by seconds."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.state = AgentState(
            node_id="node",
            boot_id="boot",
            agent_version="test",
            random=lambda: 0.999,
            load_spec=lambda _: TaskSpec(),
        )
        self.tell(stimuli.Restored(Stored(incarnation=1), ()))

    def tell(self, stimulus: stimuli.Stimulus) -> list[do.Instruction]:
        return self.state.handle(stimulus, self.now_ms)

    def tick(self, s: int = 1) -> list[do.Instruction]:
        self.now_ms += s * 1000
        return self.tell(stimuli.Tick1s())

    def go_live(self) -> None:
        self.tick()
        number = self.state.connection.number
        welcome = Welcome(
            session_id="s",
            protocol=1,
            term=1,
            master_time_ms=1,
            node_name="n",
            owner_id="o",
            report_interval_s=30,
        )
        self.tell(stimuli.Received(number, welcome))
        self.tell(stimuli.Received(number, SyncReply(session_id="s", verdicts=())))
        assert self.state.connection.is_live

    def lose(self, **how: bool) -> None:
        self.tell(stimuli.Disconnected(self.state.connection.number, "gone", **how))


def dialled(found: list[do.Instruction]) -> bool:
    return any(isinstance(each, do.Connect) for each in found)


def test_after_a_sleep_of_the_machine_the_dead_stream_is_dropped_and_dialled_anew_at_once() -> None:
    agent = Dialogue()
    agent.go_live()
    for _ in range(5):
        agent.tick()
    found = agent.tick(3600)
    kinds = [type(each) for each in found]
    assert kinds.index(do.Disconnect) < kinds.index(do.Connect)
    assert agent.state.talk.slept == (agent.now_ms - 3_600_000, agent.now_ms)


def test_a_busy_machine_that_skips_a_few_seconds_keeps_its_stream() -> None:
    agent = Dialogue()
    agent.go_live()
    agent.tick()
    assert not dialled(agent.tick(15))
    assert agent.state.connection.is_live


def test_a_mended_link_ends_the_wait_and_a_dial_that_hangs_on_the_old_one() -> None:
    agent = Dialogue()
    agent.go_live()
    for _ in range(8):
        agent.lose()
        agent.now_ms = agent.state.connection.due_ms
        assert dialled(agent.tick(0))
    agent.lose()
    assert not dialled(agent.tick())
    assert dialled(agent.tell(stimuli.RetryNow()))
    # Dialled a moment ago: that one is as good as another.
    assert not dialled(agent.tell(stimuli.RetryNow()))
    agent.now_ms += 2000
    found = agent.tell(stimuli.RetryNow())
    assert [type(each) for each in found][:2] == [do.Disconnect, do.Connect]
    assert agent.state.connection.phase is Phase.HELLO


def test_a_master_that_is_being_started_again_is_tried_sooner_than_one_that_is_out_of_reach() -> None:
    agent = Dialogue()
    agent.go_live()
    waits = []
    for how in ({"soon": True}, {}):
        for _ in range(12):
            agent.lose(**how)
            waits.append(agent.state.connection.due_ms - agent.now_ms)
            agent.now_ms = agent.state.connection.due_ms
            agent.tick(0)
    assert max(waits[:12]) <= BACKOFF_SOON_MS
    assert max(waits[12:]) > 50_000


def test_how_long_the_master_is_away_counts_from_the_end_of_the_last_session() -> None:
    agent = Dialogue()
    agent.go_live()
    agent.lose()
    since_ms = agent.state.connection.away_since_ms
    for _ in range(100):
        agent.tick()
        if agent.state.connection.phase is Phase.HELLO:
            agent.lose()
    assert agent.state.connection.away_since_ms == since_ms
    agent.now_ms = agent.state.connection.due_ms
    agent.go_live()
    assert agent.state.connection.away_since_ms == 0
