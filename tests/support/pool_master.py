"""A whole master on a SQLite file under a clock that a test moves, with nodes that do as they are told."""

from __future__ import annotations

import io
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.bundle import FileEntry
from core.domain.ledger import Code, Transfer, user_account
from core.domain.node import HostUse, NodeAdmin, NodeFacts, NodeOwner
from core.domain.resources import GIB, Resources
from core.domain.rewards import Tick
from core.domain.session import (
    Ack,
    AttemptUpdate,
    AttemptUse,
    HeldAttempt,
    Hello,
    Offer,
    OwnerStatus,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from core.domain.task import TaskState
from core.domain.user import Principal, Role
from master_app.assembly import Master
from master_app.bootstrap import SLOW_THREADS, build_master
from master_app.ledger.verify import verify_database
from master_app.node_pool.membership import pool_node
from master_app.ports.node_pool import NodeRecord
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import Command, UnitOfWork
from master_app.settings import MasterSettings
from master_app.storage.engine import DATABASE_FILE
from master_app.tasks.intake import Submitted
from tests.fakes.clock import ManualClock
from tests.fakes.sessions import RecordingLink

T = TypeVar("T")
CPT = 1_000_000
WAIT_S = 30
#: One subtask of this, on one core with 1 GB, has no packages and a catalogue image: it needs no pin.
PLAIN = """
schema = 1
[task]
name = "plain"
[run]
command = ["python", "main.py"]
[resources]
cpu_cores = 1.0
memory_gb = 1.0
disk_gb = 1.0
"""


def person(user_id: str, *roles: Role) -> Principal:
    return Principal(user_id=user_id, username=user_id, roles=frozenset(roles or (Role.SUBMITTER, Role.PROVIDER)))


OPERATOR = person("operator", *Role)


class PoolMaster:
    """Builds, ends and builds again one master on one data folder."""

    def __init__(self, folder: Path, clock: ManualClock, **settings: Any) -> None:
        self.folder = folder
        self.clock = clock
        self.facts: list[object] = []
        self._settings = MasterSettings(**{"public_name": "master", "retention_days": 1, **settings})
        self._zips = 0
        self._master: Master | None = None
        self.nodes: dict[str, ScriptedNode] = {}
        self.start()

    @property
    def master(self) -> Master:
        assert self._master is not None
        return self._master

    def start(self) -> None:
        self._master = build_master(self._settings, self.folder, self.clock)
        self._master.bus.subscribe(object, self.facts.append)
        self.run(self._master.reaper.resume)

    def stop(self) -> None:
        if self._master is not None:
            self._master.close()
            self._master = None

    def restart(self) -> None:
        """End and start it on the same folder; every session is gone."""
        self.stop()
        for node in self.nodes.values():
            node.link = None
        self.start()

    def run(self, command: Command[T]) -> T:
        return self.master.storage.writer.execute(command).result(WAIT_S)

    def tick(self, s: float = 0) -> None:
        """Let time pass and look at the clock once."""
        self.clock.advance(s=s)
        self.master.reaper.tick()

    def pass_time(self, s: int, *, step_s: int = 1) -> None:
        """Let time pass in steps, each with its look; nodes report as they should."""
        for second in range(0, s, step_s):
            self.tick(step_s)
            if second % 30 < step_s:
                for node in self.nodes.values():
                    if node.link is not None and not node.silent:
                        node.report()

    def settle(self) -> None:
        """Return when everything that was queued, parts of merges included, is done."""
        for _ in range(2):
            self.run(lambda uow: None)
            # All of these threads at once: then none is busy with what was begun before.
            meeting = threading.Barrier(SLOW_THREADS)
            for met in [self.master.slow_threads.submit(meeting.wait, WAIT_S) for _ in range(SLOW_THREADS)]:
                met.result(WAIT_S)
        self.run(lambda uow: None)

    # ---- what there is

    def grant(self, user_id: str, cpt: float) -> None:
        def command(uow: UnitOfWork) -> None:
            transfer = Transfer(
                transfer_id=self.master.new_id(uow.now_ms),
                debit="mint",
                credit=user_account(user_id),
                amount_ucpt=round(cpt * CPT),
                code=Code.GRANT_OPERATOR,
                at_ms=uow.now_ms,
            )
            uow.ledger.append([transfer])

        self.run(command)

    def balance(self, account_id: str) -> int:
        return self.run(lambda uow: uow.ledger.accounts([account_id])[account_id].balance_ucpt)

    def node(
        self,
        name: str,
        owner_id: str = "provider",
        *,
        connect: bool = True,
        node_id: str = "",
        admin: NodeAdmin = NodeAdmin.ACTIVE,
        **facts: Any,
    ) -> ScriptedNode:
        """Enrol a node of two cores, 8 GB and two slots, and connect it."""
        values: dict[str, Any] = {
            "arch": "x86_64",
            "os": "linux",
            "slots": 2,
            "capacity": Resources(cpu_millis=2000, memory_bytes=8 * GIB, disk_bytes=100 * GIB),
        }
        found = ScriptedNode(self, name, NodeFacts(**(values | facts)), own_id=node_id)

        def command(uow: UnitOfWork) -> None:
            record = NodeRecord(
                node_id=found.node_id,
                name=name,
                owner_id=owner_id,
                created_ms=uow.now_ms,
                admin=admin,
                certificate_serial="1",
                facts=found.facts,
            )
            uow.nodes.add(record)
            uow.pool.put_node(pool_node(record))

        self.run(command)
        self.nodes[name] = found
        if connect:
            found.connect()
        return found

    def submit(
        self,
        manifest: str = PLAIN,
        *,
        who: Principal | None = None,
        key: str = "",
        files: Mapping[str, bytes] | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> Submitted:
        who = who or person("submitter")
        self._zips += 1
        path = self.folder / f"upload-{self._zips}.zip"
        path.write_bytes(zipped({"hivemind.toml": manifest.encode(), "main.py": b"print(1)\n", **(files or {})}))
        prepared = self.master.intake.prepare(who, path, fields or {})
        return self.master.intake.submit(who, prepared, key).result(WAIT_S)

    def task(self, task_id: str) -> TaskRecord:
        task = self.run(lambda uow: uow.tasks.get(task_id))
        assert task is not None
        return task

    def state(self, task_id: str) -> TaskState:
        return self.task(task_id).state

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return committed rows, as the database has them."""
        self.run(lambda uow: None)
        connection = sqlite3.connect(f"file:{self.folder / DATABASE_FILE}?mode=ro", uri=True)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]
        finally:
            connection.close()

    def attempts(self, task_id: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM attempts WHERE task_id = ? ORDER BY attempt_id", task_id)

    def subtasks(self, task_id: str) -> dict[int, dict[str, Any]]:
        return {row["ix"]: row for row in self.rows("SELECT * FROM subtasks WHERE task_id = ?", task_id)}

    def verify_ledger(self) -> None:
        found = verify_database(self.master.storage.ledger_reads)
        assert found.misfit is None, found.sentence
        assert self.master.storage.unsound_accounts() == []


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def ticks(count: int = 1, duration_ms: int = 30_000) -> tuple[Tick, ...]:
    return tuple(Tick(duration_ms=duration_ms, cpu_percent=100.0, memory_percent=50.0) for _ in range(count))


@dataclass
class Held:
    """An attempt that a node has, and its newest state."""

    offer: Offer
    state: AttemptState


@dataclass
class ScriptedNode:
    """A node that speaks the session protocol and does with its offers what a test says."""

    pool: PoolMaster
    name: str
    facts: NodeFacts
    incarnation: int = 1
    highest_term: int = 0
    #: Where the plain id will not do: doors take ULIDs only.
    own_id: str = ""
    link: RecordingLink | None = None
    silent: bool = False
    owner: OwnerStatus = field(default_factory=OwnerStatus)
    held: dict[str, Held] = field(default_factory=dict)
    _sessions: int = 0
    _numbers: int = 0
    _reports: int = 0

    @property
    def node_id(self) -> str:
        return self.own_id or f"node-{self.name}"

    # ---- the session

    def hello(self, **values: Any) -> Welcome | Refused:
        """Open a session; the one before, if any, is forgotten here without a word."""
        self._sessions += 1
        self._reports = 0
        link = RecordingLink(f"{self.node_id}/{self.incarnation}/{self._sessions}")
        wish: dict[str, Any] = {
            "node_id": self.node_id,
            "incarnation": self.incarnation,
            "boot_id": "boot",
            "highest_term": self.highest_term,
        }
        serial = values.pop("serial", "1")
        answer = self.pool.master.sessions.open(self.node_id, serial, link, Hello(**(wish | values))).result(
            WAIT_S
        )
        if isinstance(answer, Welcome):
            self.link = link
            self.highest_term = max(self.highest_term, answer.term)
        return answer

    def sync(self) -> SyncReply | Resync:
        assert self.link is not None
        message = Sync(
            session_id=self.link.session_id,
            attempts=tuple(
                HeldAttempt(attempt_id=attempt_id, state=held.state) for attempt_id, held in self.held.items()
            ),
            facts=self.facts,
            host=HostUse(),
            owner=self.owner,
        )
        return self.pool.master.sessions.sync(self.link.session_id, message).result(WAIT_S)

    def connect(self) -> SyncReply:
        welcome = self.hello()
        assert isinstance(welcome, Welcome), welcome
        reply = self.sync()
        assert isinstance(reply, SyncReply), reply
        return reply

    def disconnect(self) -> None:
        """The stream breaks, and the master sees it."""
        assert self.link is not None
        self.pool.master.sessions.closed(self.link.session_id, "cut")
        self.link = None
        self.pool.run(lambda uow: None)

    def report(self) -> Ack | Resync:
        assert self.link is not None
        self._reports += 1
        report = Report(
            session_id=self.link.session_id,
            number=self._reports,
            live=tuple(
                AttemptUse(attempt_id=attempt_id, state=held.state)
                for attempt_id, held in self.held.items()
                if held.state in LIVE
            ),
            host=HostUse(),
            owner=self.owner,
        )
        answer = self.pool.master.sessions.report(self.link.session_id, report)
        self.pool.run(lambda uow: None)
        return answer

    # ---- attempts

    def take(self) -> list[Offer]:
        """Take the offers that have come, and hold them; nothing is said to the master."""
        assert self.link is not None
        offers = self.link.offers
        self.link.take()
        for offer in offers:
            self.held.setdefault(offer.attempt_id, Held(offer, AttemptState.ACCEPTED))
        return offers

    def tell(self, attempt_id: str, state: AttemptState, **values: Any) -> AttemptUpdate:
        """Say where an attempt stands, and wait until it is acknowledged."""
        self._numbers += 1
        update = AttemptUpdate(number=self._numbers, attempt_id=attempt_id, state=state, **values)
        self.send(update)
        return update

    def send(self, *updates: AttemptUpdate) -> None:
        """Send updates (again); each must be acknowledged."""
        assert self.link is not None
        message = Updates(session_id=self.link.session_id, updates=updates)
        answer = self.pool.master.sessions.updates(self.link.session_id, message).result(WAIT_S)
        assert isinstance(answer, Ack), answer
        assert set(answer.updates) == {update.number for update in updates}
        for update in updates:
            if update.state not in LIVE:
                self.held.pop(update.attempt_id, None)
            elif update.attempt_id in self.held:
                self.held[update.attempt_id].state = update.state

    def start(self, offer: Offer) -> None:
        self.tell(offer.attempt_id, AttemptState.RUNNING, started_at_ms=self.pool.clock.wall_ms())

    def ran_ms(self, offer: Offer) -> dict[str, int]:
        now_ms = self.pool.clock.wall_ms()
        return {"started_at_ms": now_ms - 30_000, "ended_at_ms": now_ms}

    def succeed(self, offer: Offer, *, tick_count: int = 1, **values: Any) -> AttemptUpdate:
        return self.tell(
            offer.attempt_id,
            AttemptState.SUCCEEDED,
            exit_code=0,
            ticks=ticks(tick_count),
            **(self.ran_ms(offer) | values),
        )

    def fail(self, offer: Offer, failure_class: FailureClass = FailureClass.USER, **values: Any) -> AttemptUpdate:
        failure = Failure(failure_class=failure_class, code="EXIT_CODE", message="it failed")
        return self.tell(
            offer.attempt_id,
            AttemptState.FAILED,
            failure=failure,
            ticks=ticks(),
            **(self.ran_ms(offer) | values),
        )

    def hand_back(self, offer: Offer, reason: str = "owner", **values: Any) -> AttemptUpdate:
        return self.tell(offer.attempt_id, AttemptState.RETURNED, reason=reason, **values)

    def be(self, state: NodeOwner) -> None:
        """What the person at the machine allows from the next report on."""
        self.owner = OwnerStatus(state=state)


LIVE = frozenset(
    {
        AttemptState.OFFERED,
        AttemptState.ACCEPTED,
        AttemptState.PREPARING,
        AttemptState.RUNNING,
        AttemptState.UPLOADING,
    }
)


def an_artifact(pool: PoolMaster, path: str, content: bytes) -> FileEntry:
    """Keep a file in the master's store, as an agent does before it says that it succeeded."""
    writer = pool.master.store.writer()
    writer.write(content)
    sha256, size = writer.finish()
    return FileEntry(path=path, size=size, sha256=sha256, mode=0o644, blob=sha256, offset=0)


def run_all(pool: PoolMaster, nodes: Sequence[ScriptedNode], do: Callable[[ScriptedNode, Offer], object]) -> int:
    """Let nodes do something with each offer until no more come; return how many there were."""
    count = 0
    for _ in range(1000):
        offers = [(node, offer) for node in nodes for offer in node.take()]
        if not offers:
            return count
        for node, offer in offers:
            do(node, offer)
            count += 1
    raise AssertionError("offers never end")
