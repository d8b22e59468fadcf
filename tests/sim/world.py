"""One simulated pool: a master, its nodes, the people who use it, and everything that goes wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from core.domain.ledger import Code, Transfer, user_account
from core.domain.node import NodeAdmin, NodeFacts, NodeOwner
from core.domain.operations import NodeAction
from core.domain.resources import GIB, Resources
from core.domain.session import OwnerStatus
from core.domain.task import HeldCode
from core.domain.user import Principal, Role
from core.manifest.catalogue import read_catalogue
from master_app.assembly import Master
from master_app.node_pool.membership import pool_node
from master_app.ports.node_pool import NodeRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.settings import MasterSettings
from master_app.storage.engine import DATABASE_FILE
from master_app.tasks.intake import Prepared
from tests.sim import master as masters
from tests.sim.agent import SimAgent
from tests.sim.engine import Engine, Plan
from tests.sim.kernel import Kernel, Machine
from tests.sim.master import SimMaster
from tests.sim.network import KEEPALIVE_MS, Far
from tests.sim.network import Path as Wire
from tests.sim.performing import World
from tests.sim.programs import plan_of
from tests.sim.rules import Rules
from tests.sim.tables import guard
from worker_app.agent import instructions as do
from worker_app.agent import stimuli

CPT = 1_000_000
OPERATOR = Principal(user_id="operator", username="operator", roles=frozenset(Role))
SUBMITTER = Principal(user_id="submitter", username="submitter", roles=frozenset({Role.SUBMITTER, Role.PROVIDER}))
masters.CATALOGUE = cache(read_catalogue)


@dataclass(kw_only=True)
class Template:
    """A master's data folder that never served, to be copied; and blobs that all runs share."""

    root: Path
    folder: Path
    blobs: Path
    prepared: dict[str, Prepared] = field(default_factory=dict)


@contextlib.contextmanager
def template() -> Iterator[Template]:
    """Make the template of this process, in memory where the system has such a folder."""
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="hm-sim-", dir=memory if memory.is_dir() else None))
    try:
        made = Template(root=root, folder=root / "template", blobs=root / "blobs")
        kernel = Kernel(0)
        kernel.now = -86_400_000
        made.folder.mkdir()
        host = SimMaster(kernel, made.folder, _settings(made), codec=False)
        host.start()
        assert host.master is not None
        host.master.close()
        guard(made.folder / DATABASE_FILE)
        yield made
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _settings(made: Template) -> MasterSettings:
    return MasterSettings(public_name="master", retention_days=1, storage=made.blobs)


class Broken(AssertionError):
    """A rule does not hold."""


class Pool(World):
    """See the module's words."""

    def __init__(self, made: Template, seed: int, *, nodes: int, codec: bool = False) -> None:
        self.kernel = kernel = Kernel(seed)
        self.made = made
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=made.root))
        shutil.copytree(made.folder, self.folder, dirs_exist_ok=True)
        self.rules = Rules(self)
        self.checkpoints, self.promises = self.rules.checkpoints, self.rules.promises
        self._errors = masters.Errors(self.fail)
        logging.getLogger("master_app").addHandler(self._errors)
        self.host = SimMaster(kernel, self.folder, _settings(made), codec=codec)
        self.host.report = self.fail
        self.host.on_ended = self.rules.attempt_ended
        self.nodes: list[SimAgent] = []
        self.tasks: list[str] = []
        self.revoked: list[SimAgent] = []
        #: After the faults: programs end well.
        self.calm = False
        #: How programs behave while it is not.
        self.mischief = 0.3
        self.programs = "any"
        self._numbers = itertools.count(1)
        for index in range(nodes):
            self._new_node(f"node-{index + 1}")

    def close(self) -> None:
        logging.getLogger("master_app").removeHandler(self._errors)
        self.host.kill()
        self.host.look_away()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fail(self, words: str) -> None:
        self.kernel.broken = self.kernel.broken or Broken(words)
        raise self.kernel.broken

    # ---- what there is

    def _new_node(self, node_id: str) -> None:
        kernel = self.kernel
        rate = kernel.random.choice((1.0, 1.0, 0.995, 1.005))
        machine = Machine(kernel, node_id, rate=rate, wall_offset_ms=kernel.random.randrange(-5000, 5000))
        agent = SimAgent(self, machine, Engine(machine, self.rules), Wire(kernel), node_id)
        agent.facts = NodeFacts(
            arch="x86_64",
            os="linux",
            slots=2,
            capacity=Resources(cpu_millis=2000, memory_bytes=8 * GIB, disk_bytes=100 * GIB),
        )
        self.nodes.append(agent)

    def grow(self, node: SimAgent) -> None:
        """From now on it has room for everything that waits."""
        capacity = Resources(cpu_millis=32_000, memory_bytes=128 * GIB, disk_bytes=1000 * GIB)
        node.facts = dataclasses.replace(node.facts, slots=32, capacity=capacity)
        node.tell(stimuli.FactsChanged(node.facts))

    def copy_node(self) -> None:
        """Somebody starts a copy of the first node's data folder on another computer: two now are one node."""
        node = self.nodes[0]
        machine = Machine(self.kernel, f"{node.node_id}-copy")
        twin = SimAgent(self, machine, Engine(machine, self.rules), Wire(self.kernel), node.node_id)
        twin.facts, twin.boots = node.facts, 1000
        twin.store = node.store.copy()
        self.rules.copied |= {machine.name, node.machine.name}
        self.rules.waste.lawless.add(node.node_id)
        self.nodes.insert(1, twin)
        twin.start()
        if self.kernel.chance(0.5):
            # Then each of the two is the next life of the one that was.
            node.kill()
            self.kernel.after(self.kernel.random.randrange(300, 20_000), lambda: self.revive(node))

    def begin(self) -> None:
        """Start everything."""
        self.host.start()
        self.grant(150)
        for agent in self.nodes:
            self._enrol(agent)
            agent.start()

    def _enrol(self, agent: SimAgent) -> None:
        def command(uow: UnitOfWork) -> None:
            record = NodeRecord(
                node_id=agent.node_id,
                name=agent.node_id,
                owner_id="provider",
                created_ms=uow.now_ms,
                admin=NodeAdmin.ACTIVE,
                certificate_serial="1",
                facts=agent.facts,
            )
            uow.nodes.add(record)
            uow.pool.put_node(pool_node(record))

        self.host.do(command)
        self.host.serials[agent.node_id] = "1"
        assert self.host.master is not None
        self.host.master.membership.load(self.host.do(lambda uow: list(uow.nodes.all())))

    def grant(self, cpt: float) -> None:
        assert self.host.master is not None
        new_id = self.host.master.new_id

        def command(uow: UnitOfWork) -> None:
            transfer = Transfer(
                transfer_id=new_id(uow.now_ms),
                debit="mint",
                credit=user_account("submitter"),
                amount_ucpt=round(cpt * CPT),
                code=Code.GRANT_OPERATOR,
                at_ms=uow.now_ms,
            )
            uow.ledger.append([transfer])

        self.host.wish(lambda master: master.storage.writer.execute(command))

    def submit(self, manifest: str, key: str = "") -> str:
        """Submit a task; returns its id, empty when the master does not answer."""
        master = self.host.master
        if master is None:
            return ""
        prepared = self.made.prepared.get(manifest)
        if prepared is None:
            path = self.folder / "upload.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(zipfile.ZipInfo("hivemind.toml"), manifest)
                for name in ("main.py", "merge.py"):
                    archive.writestr(zipfile.ZipInfo(name), "print(1)\n")
            prepared = self.made.prepared[manifest] = master.intake.prepare(SUBMITTER, path, {})
        kept = prepared
        done = self.host.wish(lambda master: master.intake.submit(SUBMITTER, kept, key))
        if done is None:
            return ""
        if done.task_id not in self.tasks:
            self.tasks.append(done.task_id)
            self.kernel.note("task {} is submitted: {}", done.task_id[-6:], done.state)
        return str(done.task_id)

    # ---- what can be done to it

    def kill_master(self, *, told: bool) -> None:
        """It dies; without `told` (a power cut) its nodes hear nothing until their keepalive does."""
        self.host.kill()
        for node in self.nodes:
            for line in list(node.path.lines):
                line.far = None
                if told:
                    line.cut("connection reset")
                else:
                    self.kernel.after(KEEPALIVE_MS, partial(line.cut, "keepalive"))

    def revive_master(self) -> None:
        if not self.host.life.alive:
            self.host.machine.asleep = False
            self.host.start()

    def restore(self, copy: Path) -> None:
        """Put a copy of the database in place; the next start is of that history."""
        self.kill_master(told=True)
        before = {row["attempt_id"] for row in self.host.rows("SELECT attempt_id FROM attempts")}
        self.host.restore(copy)
        known = {row["attempt_id"] for row in self.host.rows("SELECT attempt_id FROM attempts")}
        self.rules.restored(before - known)
        kept = {row["task_id"] for row in self.host.rows("SELECT task_id FROM tasks")}
        self.tasks = [task_id for task_id in self.tasks if task_id in kept]
        revoked = {row["node_id"] for row in self.host.rows("SELECT node_id FROM nodes WHERE admin = 'REVOKED'")}
        self.revoked = [node for node in self.revoked if node.node_id in revoked]

    def sleep_master(self, for_ms: int) -> None:
        if self.host.machine.asleep or not self.host.life.alive:
            return
        self.host.machine.sleep()
        self.kernel.after(KEEPALIVE_MS, lambda: self._keepalive(self.host.machine, self.nodes))
        self.kernel.after(for_ms, self.host.machine.wake)

    def sleep_node(self, node: SimAgent, for_ms: int) -> None:
        if node.machine.asleep:
            return
        node.machine.sleep()
        self.kernel.note("{} sleeps for {} s", node.node_id, for_ms / 1000)

        def wake() -> None:
            node.machine.wake()
            self.kernel.note("{} wakes", node.node_id)
            self.rules.woke(node.machine)

        self.kernel.after(KEEPALIVE_MS, lambda: self._keepalive(node.machine, [node]))
        self.kernel.after(for_ms, wake)

    def _keepalive(self, machine: Machine, nodes: list[SimAgent]) -> None:
        if machine.asleep:
            for node in nodes:
                node.path.reset()

    def revive(self, node: SimAgent) -> None:
        if not node.life.alive:
            node.start()
            if node.owner.state is not NodeOwner.AVAILABLE:
                node.tell(stimuli.OwnerChanged(node.owner))

    def give_back_machine(self, node: SimAgent) -> None:
        """Its owner has gone to lunch."""
        node.owner = OwnerStatus()
        node.tell(stimuli.OwnerChanged(node.owner))

    def revoke(self, node: SimAgent) -> None:
        done = self.host.wish(lambda master: master.membership.act(OPERATOR, node.node_id, NodeAction.REVOKE))
        if done is not None and node not in self.revoked:
            self.revoked.append(node)

    def all_well(self) -> None:
        """The faults are over: everything works again, and people let their work go on."""
        self.calm = True
        host = self.host
        host.disk_is_full = False
        if host.machine.asleep:
            host.machine.wake()
        self.revive_master()
        host.unstall()
        for node in self.nodes:
            node.path.delay_ms, node.path.twice = 5.0, 0.0
            node.path.heal()
            node.engine.ok = True
            node.store.is_full = False
            if node.machine.asleep:
                node.machine.wake()
                self.rules.woke(node.machine)
            self.revive(node)
            self.give_back_machine(node)
        self.grant(1000)
        self.people_help()

    def people_help(self) -> None:
        """What a person would do to a pool that does not get on: resume nodes and tasks."""
        for node in self.nodes:
            self.revive(node)
        stopped = "SELECT node_id FROM nodes WHERE admin IN ('PAUSED', 'DRAINING', 'DRAINED')"
        for row in self.host.rows(stopped):
            node_id = row["node_id"]
            self.host.wish(partial(_resume_node, node_id))
        for row in self.host.rows("SELECT task_id, state, held FROM tasks"):
            if row["state"] in ("PAUSED", "PAUSING"):
                self.host.wish(partial(_resume_task, row["task_id"]))
            elif row["held"] == HeldCode.BUDGET_EXCEEDED.value:
                # Only its owner can let it go on; this one has had enough.
                self.host.wish(partial(_cancel_task, row["task_id"]))

    # ---- what agents ask

    def far(self) -> Far | None:
        return self.host.far()

    def may_fetch(self, node_id: str, attempt_id: str) -> bool | None:
        if self.far() is None or self.host.writer is None:
            return None
        pool = self.host.writer._pool
        live = pool.attempts.get(attempt_id)
        return live is not None and live.node_id == node_id

    def may_store(self, node_id: str, attempt_id: str) -> bool | None:
        master = self.host.master
        if self.far() is None or master is None:
            return None
        return master.grants.may_write(node_id, attempt_id)

    def plan(self, instruction: do.Execute, offer_index: int, spec_text: str, task_id: str) -> Plan:
        style = "calm" if self.calm else self.programs
        plan = plan_of(self.kernel.random, style, self.mischief, self.pace)
        if plan.loses_sandbox:
            self.rules.waste.doomed.add(instruction.attempt_id)
        return plan

    # ---- time

    def run(self, for_ms: float) -> None:
        """Let so much true time pass."""
        until = self.kernel.now + for_ms
        over: list[bool] = []
        self.kernel.after(for_ms, lambda: over.append(True))
        while not over:
            self.kernel.step()
        assert self.kernel.now <= until + 1

    def run_until(self, condition: Callable[[], bool], limit_ms: float, step_ms: float = 5000) -> bool:
        until = self.kernel.now + limit_ms
        while self.kernel.now < until:
            if condition():
                return True
            self.run(step_ms)
        return condition()

    def states(self) -> dict[str, str]:
        return {row["task_id"]: row["state"] for row in self.host.rows("SELECT task_id, state FROM tasks")}


def _resume_node(node_id: str, master: Master) -> Any:
    return master.membership.act(OPERATOR, node_id, NodeAction.RESUME)


def _cancel_task(task_id: str, master: Master) -> Any:
    return master.control.cancel(SUBMITTER, task_id)


def _resume_task(task_id: str, master: Master) -> Any:
    return master.control.resume(SUBMITTER, task_id)
