"""An owner's desk on fakes, with its door open on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.conditions import Conditions as TroubleList
from core.domain.lending import Preset, preset_rules
from core.domain.resources import GIB
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeMaster
from tests.fakes.sandbox import FakeRuntime
from tests.support.agents import Rig, running_agent
from worker_app.agent.choices import OwnerChoices
from worker_app.agent.conditions import Conditions
from worker_app.agent.desk import Desk, DeskParts, Joined
from worker_app.agent.doctor import Doctor
from worker_app.agent.earnings import EarningsBook
from worker_app.agent.gpus import Gpus
from worker_app.agent.listening import HeardLink
from worker_app.agent.machine import Machine
from worker_app.agent.owner_actions import OwnerActions
from worker_app.agent.ports.link import Identity
from worker_app.agent.probe import Limits
from worker_app.agent.tail import AgentTail
from worker_app.door.agent_door import AgentDoor
from worker_app.door.local_server import LocalServer
from worker_app.tray.client import AgentClient, Door

IDENTITY = Identity(
    node_id="node-1",
    node_name="node one",
    owner_id="bob",
    key_pem=b"",
    certificate_pem=b"",
    ca_pem=b"",
    node_door="127.0.0.1:9",
    control_door="127.0.0.1:9",
    expires_at_ms=1_800_000_000_000,
    pool_name="Test Pool",
)


@dataclass
class ScriptedSenses:
    """A computer whose readings the test says."""

    now: Conditions = field(default_factory=lambda: Conditions(idle_s=7200.0, idle_source="test"))
    asked_for_programs: list[bool] = field(default_factory=list)

    def read(self, *, programs: bool) -> Conditions:
        self.asked_for_programs.append(programs)
        return self.now


@dataclass
class OpenDesk:
    desk: Desk
    actions: OwnerActions
    senses: ScriptedSenses
    clock: ManualClock
    client: AgentClient
    server: LocalServer
    #: None until joined.
    rig: Rig | None = None
    quits: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    #: What is wrong with the agent, as a test says.
    troubles: TroubleList | None = None

    async def second(self) -> None:
        """Let a second pass for the desk and the agent."""
        if self.rig is not None:
            await self.rig.tick()
        else:
            self.clock.advance(s=1)
        await self.desk.tick()
        if self.rig is not None:
            await self.rig.settle()


def make_desk(folder: Path, clock: ManualClock, senses: ScriptedSenses) -> Desk:
    return Desk(
        DeskParts(
            clock=clock,
            choices=OwnerChoices(folder),
            book=EarningsBook(folder),
            senses=senses,
            machine=Machine(folder, Gpus.none(), clock.wall_ms),
            limits=Limits(disk_bytes=10 * GIB, disk_reserve_bytes=0),
            version="test",
            agent_tail=AgentTail(),
        )
    )


@asynccontextmanager
async def open_desk(folder: Path, *, joined: bool = True, rules: bool = True) -> AsyncIterator[OpenDesk]:
    """Open a desk's door; with `joined` an agent on fakes runs behind it."""
    clock, senses = ManualClock(), ScriptedSenses()
    desk = make_desk(folder, clock, senses)
    links: list[str] = []
    quits: list[str] = []

    async def join(link: str) -> Identity:
        links.append(link)
        return IDENTITY

    actions = OwnerActions(desk, join=join, leave=lambda: None, fingerprint=lambda identity: "7b2e" * 16)
    runtime = FakeRuntime()
    door = AgentDoor(desk, actions, lambda: Doctor(runtime, folder, desk.identity, Gpus.none()), clock)
    server = LocalServer(door)
    address = await server.open()
    client = AgentClient(Door(address, server.token, 0))
    opened = OpenDesk(desk, actions, senses, clock, client, server, quits=quits, links=links)
    try:
        if not joined:
            await desk.tick()
            yield opened
            return
        if rules:
            desk.choices.change(rules=preset_rules(Preset.BALANCED, cores=8, memory_gb=16))
        desk.identity, desk.fingerprint = IDENTITY, "7b2e" * 16
        master = FakeMaster()
        async with running_agent(folder / "agent", master=master, runtime=runtime, clock=clock) as rig:
            heard = HeardLink(master, desk.book, clock)
            conditions = TroubleList(clock)
            desk.attach(
                Joined(
                    performer=rig.performer,
                    heard=heard,
                    quit=quits.append,
                    refresh=lambda: None,
                    practise=master.practise,
                    troubles=conditions.current,
                )
            )
            opened.troubles = conditions
            opened.rig = rig
            await opened.second()
            yield opened
    finally:
        await client.close()
        await server.close()
        desk.book.close()
