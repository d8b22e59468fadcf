"""An agent on fakes: a real state and performer, a master, a database and a runtime in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.domain.node import NodeFacts
from core.domain.resources import GIB, Resources
from core.domain.session import Offer, TaskBrief
from core.domain.spec import TaskSpec
from tests.fakes.agent_inputs import FakeInputs
from tests.fakes.agent_store import FakeAgentStore
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeMaster
from tests.fakes.sandbox import FakeRuntime
from worker_app.agent import stimuli
from worker_app.agent.performer import Performer
from worker_app.agent.ports.inputs import Inputs
from worker_app.agent.ports.sandbox import Runtime
from worker_app.agent.ports.store import AgentStore
from worker_app.agent.state import AgentState

CORE = Resources(cpu_millis=1000, memory_bytes=GIB, disk_bytes=GIB)
FACTS = NodeFacts(
    capacity=Resources(cpu_millis=4000, memory_bytes=8 * GIB, disk_bytes=100 * GIB), slots=2, arch="x86_64"
)
SPECS: dict[str, TaskSpec] = {"": TaskSpec()}


def load_spec(text: str) -> TaskSpec:
    """Return the spec that a test registered under this text."""
    return SPECS[text]


def make_brief(task_id: str = "task-1", spec: TaskSpec | None = None, **fields: object) -> TaskBrief:
    """Return a brief whose spec `load_spec` knows."""
    text = ""
    if spec is not None:
        text = f"spec-{len(SPECS)}"
        SPECS[text] = spec
    brief = TaskBrief(
        task_id=task_id, revision=1, owner_id="owner", owner_name="Owner", spec_json=text, bundle_id=""
    )
    return replace(brief, **fields)  # type: ignore[arg-type]


def make_offer(attempt_id: str, task_id: str = "task-1", **fields: object) -> Offer:
    """Return an offer of one core and one GiB."""
    offer = Offer(
        attempt_id=attempt_id,
        task_id=task_id,
        revision=1,
        index=0,
        epoch=1,
        attempt_number=1,
        resources=CORE,
        lease_s=600,
    )
    return replace(offer, **fields)  # type: ignore[arg-type]


@dataclass(slots=True)
class Rig:
    """One running agent and its surroundings."""

    master: FakeMaster
    store: AgentStore
    runtime: Runtime
    performer: Performer
    clock: ManualClock
    inputs: Inputs
    exits: list[str]

    async def tick(self, seconds: float = 1) -> None:
        """Let time pass and everything that follows from it happen."""
        self.clock.advance(s=seconds)
        self.performer.tick()
        await self.settle()

    async def settle(self) -> None:
        """Let what was begun go on for a while."""
        for _ in range(50):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], bool], seconds: int = 120) -> None:
        """Tick until `condition()` holds."""
        for _ in range(seconds):
            if condition():
                return
            await self.tick()
        # Real programs take the time of a machine, of which the clock of the test knows nothing.
        limit_s = time.monotonic() + 60
        while not condition() and time.monotonic() < limit_s:
            await self.settle()
        assert condition(), "it did not come to that"

    async def until_real(self, condition: Callable[[], bool]) -> None:
        """Wait for real programs; on the agent's clock no time passes meanwhile."""
        async with asyncio.timeout(60):
            while not condition():
                await self.settle()


@asynccontextmanager
async def running_agent(
    folder: Path,
    *,
    master: FakeMaster | None = None,
    store: AgentStore | None = None,
    runtime: Runtime | None = None,
    clock: ManualClock | None = None,
    inputs: Inputs | None = None,
    facts: NodeFacts = FACTS,
) -> AsyncIterator[Rig]:
    """Start an agent, connect it, and stop it at the end (its sandboxes run on, as at a crash)."""
    master = master or FakeMaster()
    store = store or FakeAgentStore()
    clock = clock or ManualClock()
    exits: list[str] = []
    state = AgentState(
        node_id="node-1", boot_id="boot-1", agent_version="test", random=lambda: 0.0, load_spec=load_spec
    )
    inputs = inputs or FakeInputs()
    runtime = runtime or FakeRuntime()
    performer = Performer(
        state,
        clock=clock,
        link=master,
        blobs=master,
        log_link=master,
        store=store,
        runtime=runtime,
        inputs=inputs,
        folder=folder,
        on_live=lambda live: None,
        on_exit=exits.append,
    )
    rig = Rig(master, store, runtime, performer, clock, inputs, exits)
    performer.tell(stimuli.FactsChanged(facts))
    await performer.start()
    try:
        await rig.tick()
        yield rig
        state.validate()
    finally:
        await performer.stop()
