"""The real master in the simulation: built by the real bootstrap on a real SQLite file, without threads.

Its writer runs when the simulation lets it; between two runs commands gather, as they do in a busy master. A kill
drops everything that was not committed.
"""

from __future__ import annotations

import contextlib
import logging
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest import mock

from core.domain.errors import Conflict, HiveMindError, NotFound, StorageFull, StorageUnavailable
from core.domain.events import (
    AttemptEnded,
    FenceViolated,
    NodeAdminChanged,
    NodeHealthChanged,
    NodeQuarantined,
    TaskProgressed,
    TaskStateChanged,
)
from core.domain.session import Refused
from master_app import bootstrap
from master_app.assembly import Master
from master_app.bootstrap import build_master
from master_app.ports.unit_of_work import Command, Lane
from master_app.settings import MasterSettings
from master_app.storage import storage as storage_module
from master_app.storage import writer as writer_module
from master_app.storage.engine import DATABASE_FILE
from master_app.storage.transactions import SqlTransactions
from master_app.storage.writer import CommandWriter
from tests.sim.door import Door
from tests.sim.kernel import Kernel, Life, Machine
from tests.sim.tables import guard

T = TypeVar("T")
#: What services answer to wishes that cannot be granted, and databases to commits that do not fit.
_LAWFUL = (Conflict, NotFound, StorageFull, StorageUnavailable)
#: What becomes of a write that breaks a rule of the database, also one of `tables`: never lawful, for one writes.
_BROKEN = frozenset({"ALREADY_THERE", "ALREADY_WON"})


def is_lawful(error: BaseException | None) -> bool:
    """Tell whether the master may refuse a wish so."""
    return isinstance(error, _LAWFUL) and getattr(error, "code", "") not in _BROKEN


TICK_MS = 1000


class _Soon(Future[Any]):
    """A future whose reader lets the writer run instead of waiting for it."""

    pump: Callable[[], None]

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self.pump()
        return super().result(0)


class SimWriter(CommandWriter):
    """The real writer without its thread."""

    #: Called when a command waits.
    on_waiting: Callable[[], None] = staticmethod(lambda: None)
    on_error: Callable[[BaseException], None] = staticmethod(lambda error: None)
    newest: SimWriter | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._pumping = False
        super().__init__(*args, **kwargs)
        SimWriter.newest = self

    def execute(self, command: Command[T], *, lane: Lane = Lane.PEOPLE) -> Future[T]:
        if self._pumping:
            raise RuntimeError("a command may not execute another one: it would wait for itself")
        future = _Soon()
        future.pump = self.pump
        future.add_done_callback(self._judge)
        self._queue.put(lane, writer_module._Order(command, future))
        self.on_waiting()
        return future

    def _judge(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None and not is_lawful(error):
            self.on_error(error)

    def _batch(self) -> None:
        # A batch ends by its size alone: by real time it would be another one each time a seed runs.
        with mock.patch.object(writer_module, "time", _TIMELESS):
            super()._batch()

    def pump(self) -> None:
        """Run everything that waits, in the batches that the real thread would make."""
        if self._pumping:
            return
        while len(self._queue):
            self._pumping = True
            try:
                self._batch()
            finally:
                self._pumping = False

    def close(self) -> None:
        self.pump()
        self._transactions.abandon()

    def kill(self) -> None:
        """The process ends here: what waits is lost, what is committed stays."""
        self._queue.close()
        self._transactions.abandon()


_TIMELESS = SimpleNamespace(monotonic_ns=lambda: 0)


class _NoThread:
    def __init__(self, **_: Any) -> None:
        pass

    def start(self) -> None:
        pass

    def join(self, timeout: float | None = None) -> None:
        pass


class Errors(logging.Handler):
    """Errors that the master only logs are errors all the same."""

    def __init__(self, told: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if (record.exc_info and is_lawful(record.exc_info[1])) or "refused" in words:
            return
        self._told(f"{words}: {record.exc_info[1]!r}" if record.exc_info else words)


class _Later:
    """An executor whose work is done by the simulation, some time later."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def submit(self, call: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(call(*args))
            except Exception as error:
                future.set_exception(error)

        self._life.after(self._life.machine.kernel.random.randrange(1, 400), run)
        return future

    def shutdown(self, **_: Any) -> None:
        pass


class SimMaster:
    """The machine of the master, its data folder, and the lives of the program on it."""

    def __init__(self, kernel: Kernel, folder: Path, settings: MasterSettings, *, codec: bool) -> None:
        self.kernel = kernel
        self.folder = folder
        self.settings = settings
        self.codec = codec
        self.machine = Machine(kernel, "master")
        self.life = Life(self.machine)
        self.life.end()
        self.master: Master | None = None
        self.door: Door | None = None
        self.writer: SimWriter | None = None
        self.serials: dict[str, str] = {}
        #: Until when commits stand still although the door answers (a slow disk).
        self.stalled_until = 0
        self.disk_is_full = False
        self.lives = 0
        self.tick_ms = TICK_MS
        #: Applied to each master that is built; ablations come in here.
        self.alter: Callable[[Master], None] = lambda master: None
        self.on_commit: Callable[[], None] = lambda: None
        self.on_ended: Callable[[AttemptEnded], None] = lambda fact: None
        self.on_progress: Callable[[str], None] = lambda task_id: None
        self.report: Callable[[str], None] = lambda words: None
        self._pump_asked = False
        self._looking: sqlite3.Connection | None = None

    # ---- lives

    def start(self) -> None:
        """Begin a life on what the last one left."""
        assert not self.life.alive
        life = self.life = Life(self.machine)
        self.lives += 1
        self._pump_asked = False
        with self._patched(life):
            master = build_master(self.settings, self.folder, self.machine)
        self.master = master
        self.writer = SimWriter.newest
        assert self.writer is not None
        self.writer.on_waiting = self._ask_pump
        self.writer.on_error = lambda error: self.report(f"a command raised {error!r}")
        master.bus.subscribe(object, self._fact)
        self._fill_disk(self.writer)
        self.alter(master)
        self.door = Door(self.kernel, master, life, self.serials, codec=self.codec)
        self.kernel.note("master starts, term {}", master.storage.term)
        self.writer.execute(master.reaper.resume, lane=Lane.INNER)
        life.after(self.tick_ms, self._tick)

    def _fill_disk(self, writer: SimWriter) -> None:
        """Let commits fail while the disk is full."""
        transactions = writer._transactions
        commit = transactions.commit

        def may_fail() -> None:
            if self.disk_is_full:
                raise StorageFull("The disk is full.")
            commit()

        transactions.commit = may_fail  # type: ignore[method-assign]

    @property
    def is_away(self) -> bool:
        """Nothing can be asked of it now."""
        return self.disk_is_full or self.kernel.now < self.stalled_until

    def _fact(self, fact: object) -> None:
        if isinstance(fact, AttemptEnded):
            self.on_ended(fact)
            self.kernel.note("  master: {} is {} {}", fact.attempt_id[-6:], fact.state, fact.reason)
        elif isinstance(fact, NodeHealthChanged):
            self.kernel.note("  master: {} is {}: {}", fact.node_id, fact.target, fact.reason)
        elif isinstance(fact, TaskStateChanged):
            self.kernel.note("  master: task {} is {} {}", fact.task_id[-6:], fact.target, fact.reason)
        elif isinstance(fact, TaskProgressed):
            self.on_progress(fact.task_id)
        elif isinstance(fact, NodeQuarantined | FenceViolated | NodeAdminChanged):
            self.kernel.note("  master: {}", fact)

    @contextlib.contextmanager
    def _patched(self, life: Life) -> Iterator[None]:
        """Take threads, chance and time of the machine out of what bootstrap builds."""
        chance = random.Random(self.kernel.random.getrandbits(64))
        secret = SimpleNamespace(
            randbits=chance.getrandbits,
            SystemRandom=lambda: chance,
            token_urlsafe=lambda n=32: f"{chance.getrandbits(8 * n):x}",
        )
        threading = SimpleNamespace(Thread=_NoThread, current_thread=lambda: None)
        patches: list[tuple[Any, str, Any]] = [
            (bootstrap, "ThreadPoolExecutor", lambda *_: _Later(life)),
            (bootstrap, "Argon2Hasher", lambda: None),
            (bootstrap, "secrets", secret),
            (bootstrap, "read_catalogue", CATALOGUE),
            (storage_module, "CommandWriter", SimWriter),
            (writer_module, "threading", threading),
        ]
        with contextlib.ExitStack() as stack:
            for module, name, value in patches:
                stack.enter_context(mock.patch.object(module, name, value))
            yield

    def kill(self) -> None:
        """As `kill -9`, or a power cut."""
        if not self.life.alive:
            return
        self.kernel.note("master is killed")
        self.life.end()
        assert self.master is not None and self.writer is not None
        self.writer.kill()
        self.master.storage._reading.dispose()
        self.master.storage._writing.dispose()
        self.master = self.door = self.writer = None

    def restore(self, copy: Path) -> None:
        """Put a copy of the database in the place of the one that is there; the master must be dead."""
        assert not self.life.alive
        self.look_away()
        for old in self.folder.glob(DATABASE_FILE + "*"):
            old.unlink()
        shutil.copyfile(copy, self.folder / DATABASE_FILE)

    def copy_to(self, target: Path) -> None:
        """Copy the database as it is committed now, also while the master runs."""
        target.unlink(missing_ok=True)
        source = contextlib.closing(sqlite3.connect(self.folder / DATABASE_FILE))
        with source as here, contextlib.closing(sqlite3.connect(target)) as copy:
            here.backup(copy)

    def unstall(self) -> None:
        """Commits go on at once."""
        self.stalled_until = 0
        self._pump_asked = False
        self._ask_pump()

    # ---- the writer's turns

    def _ask_pump(self) -> None:
        if not self._pump_asked:
            self._pump_asked = True
            self.life.after(self.kernel.random.choice((0, 0, 1, 5, 30)), self._pump)

    def _pump_of(self, life: Life) -> None:
        if life.alive:
            life.after(0, self._pump)

    def _pump(self) -> None:
        life = self.life
        if self.kernel.now < self.stalled_until:
            self.kernel.after(self.stalled_until - self.kernel.now + 1, lambda: self._pump_of(life))
            return
        self._pump_asked = False
        assert self.writer is not None
        self.writer.pump()
        self.on_commit()

    def _tick(self) -> None:
        """What the daemon's timer does: one look at a time."""
        assert self.master is not None and self.writer is not None
        done = self.writer.execute(self.master.reaper.look, lane=Lane.INNER)
        life = self.life
        done.add_done_callback(lambda _: life.after(self.tick_ms, self._tick))

    # ---- what others ask

    def far(self) -> Door | None:
        """Return the door of the master that listens now."""
        return self.door if self.life.alive and not self.machine.asleep else None

    def do(self, command: Command[T]) -> T:
        assert self.writer is not None
        return self.writer.execute(command).result()

    def wish(self, future: Callable[[Master], Future[Any]]) -> Any:
        """Ask a service for something that it may refuse; None when it does."""
        if self.master is None:
            return None
        try:
            return future(self.master).result()
        except _LAWFUL as error:
            self.kernel.note("  refused: {}", error)
            return None

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return committed rows."""
        if self._looking is None:
            self._looking = sqlite3.connect(self.folder / DATABASE_FILE, isolation_level=None)
            self._looking.row_factory = sqlite3.Row
        return [dict(row) for row in self._looking.execute(query, values)]

    def look_away(self) -> None:
        """Close what `rows` reads with: the file is going to be another one."""
        if self._looking is not None:
            self._looking.close()
            self._looking = None


CATALOGUE: Any = None
__all__ = ["CATALOGUE", "HiveMindError", "Refused", "SimMaster", "SqlTransactions", "guard"]
