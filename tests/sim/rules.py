"""What must hold at every moment of a simulated run, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.domain.events import AttemptEnded
from master_app.ledger.verify import verify_database
from tests.sim.checkpoints import Checkpoints
from tests.sim.kernel import Machine
from tests.sim.promises import Promises
from tests.sim.waste import Waste
from tests.support.pool_rules import broken_rules

if TYPE_CHECKING:
    from tests.sim.world import Pool

#: Nothing can act in the moment in which a machine wakes: its programs must first be given the processor.
WAKE_MS = 2_500


@dataclass(slots=True)
class Run:
    """An attempt whose program runs now."""

    attempt_id: str
    key: tuple[str, int, int]
    machine: Machine
    since: int


class Rules:
    """Watches what really runs, and asks the database what should."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._runs: dict[str, Run] = {}
        #: attempt -> (task, index, generation)
        self._keys: dict[str, tuple[str, int, int]] = {}
        #: Attempts of a history that a restored backup does not know.
        self.forgotten: set[str] = set()
        #: Machines of nodes whose data folder was copied.
        self.copied: set[str] = set()
        self.overlaps_excused = 0
        self.waste = Waste()
        self.promises = Promises(pool)
        self.checkpoints = Checkpoints(key_of=self._key, state_of=self._state_of, fail=pool.fail)

    # ---- double runs

    def run_began(self, attempt_id: str, machine: Machine) -> None:
        key = self._key(attempt_id)
        if key is None:
            return
        run = Run(attempt_id, key, machine, self._pool.kernel.now)
        self.waste.run_began(attempt_id, run.since)
        self._runs[attempt_id] = run
        self._pool.kernel.note("  {} runs {} of {}/{}", machine.name, attempt_id[-6:], key[0][-6:], key[1])
        for other in list(self._runs.values()):
            if other.key == key and other is not run:
                self._overlap(other, run)

    def run_stopped(self, attempt_id: str) -> None:
        if self._runs.pop(attempt_id, None) is not None:
            self._pool.kernel.note("  {} stopped", attempt_id[-6:])

    def attempt_ended(self, fact: AttemptEnded) -> None:
        """The master says so."""
        words = self.waste.ended(fact, self._pool.kernel.now, self._failure_class(fact.attempt_id))
        if words:
            self._pool.fail(words)

    def _state_of(self, attempt_id: str) -> str:
        rows = self._pool.host.rows("SELECT state FROM attempts WHERE attempt_id = ?", attempt_id)
        return str(rows[0]["state"]) if rows else ""

    def _failure_class(self, attempt_id: str) -> str:
        rows = self._pool.host.rows("SELECT failure_class FROM attempts WHERE attempt_id = ?", attempt_id)
        return str(rows[0]["failure_class"] or "") if rows else ""

    def restored(self, forgotten: set[str]) -> None:
        """The database is of an earlier moment: it does not know these attempts."""
        self.forgotten |= forgotten
        self.checkpoints.restored()

    def woke(self, machine: Machine) -> None:
        """A machine goes on: what it ran before it slept may run a moment longer, not more."""
        for run in list(self._runs.values()):
            if run.machine is machine:
                self._pool.kernel.after(WAKE_MS + 10, partial(self._recheck, run))

    def _recheck(self, run: Run) -> None:
        if self._runs.get(run.attempt_id) is run and not run.machine.asleep:
            for other in list(self._runs.values()):
                if other.key == run.key and other is not run:
                    self._overlap(run, other)

    def _overlap(self, old: Run, new: Run) -> None:
        now = self._pool.kernel.now
        for run in (old, new):
            if run.machine.asleep:
                return  # judged when it wakes
            if now - run.machine.woke_at < WAKE_MS:
                left = WAKE_MS - (now - run.machine.woke_at)
                self._pool.kernel.after(left + 1, partial(self._recheck, run))
                return
        if self._excused(old) or self._excused(new):
            self.overlaps_excused += 1
            return
        task, index, generation = old.key
        self._pool.fail(
            f"double run of {task[-6:]}/{index} generation {generation}: "
            f"{old.attempt_id[-6:]} on {old.machine.name}"
            f" since {old.since / 1000:.3f} and {new.attempt_id[-6:]} on {new.machine.name}"
        )

    def _excused(self, run: Run) -> bool:
        """A revoked node cannot be told; a restored backup does not know what it gave away; two computers that
        are one node speak for each other.
        """
        if run.attempt_id in self.forgotten or run.machine.name in self.copied:
            return True
        rows = self._pool.host.rows("SELECT state, reason FROM attempts WHERE attempt_id = ?", run.attempt_id)
        return not rows or rows[0]["reason"] == "revoked"

    def _key(self, attempt_id: str) -> tuple[str, int, int] | None:
        found = self._keys.get(attempt_id)
        if found is None:
            rows = self._pool.host.rows(
                "SELECT task_id, ix, generation FROM attempts WHERE attempt_id = ?", attempt_id
            )
            if not rows:
                return None
            found = self._keys[attempt_id] = (rows[0]["task_id"], rows[0]["ix"], rows[0]["generation"])
        return found

    # ---- the database and the hot state

    def check(self) -> None:
        """Everything that the rows and the pool must say now."""
        host = self._pool.host
        if not host.life.alive or host.writer is None or host.is_away:
            return
        host.writer.pump()
        view = _View(self._pool)
        self.promises.look()
        found = broken_rules(view)  # type: ignore[arg-type]
        if found:
            self._pool.fail("; ".join(found[:5]))

    def check_end(self) -> None:
        """The end of a run: the ledger holds, nothing is left anywhere."""
        self.check()
        host = self._pool.host
        assert host.master is not None
        verified = verify_database(host.master.storage.ledger_reads)
        if verified.misfit is not None:
            self._pool.fail(verified.sentence)
        unsound = host.master.storage.unsound_accounts()
        if unsound:
            self._pool.fail(f"unsound accounts: {unsound}")
        for words in self._left():
            self._pool.fail(words)

    def is_clean(self) -> bool:
        """Tell whether nothing is left of what ran."""
        return not any(self._left())

    def _left(self) -> Iterator[str]:
        for agent in self._pool.nodes:
            if agent.engine.boxes:
                yield f"{agent.node_id} still has containers: {sorted(agent.engine.boxes)}"
            if agent in self._pool.revoked or "DUPLICATE_IDENTITY" in agent.refusals:
                continue  # nobody takes its word any more
            if agent.state is not None and agent.state.pending.outgoing:
                yield f"{agent.node_id} has updates that nobody acknowledged: {list(agent.state.pending.outgoing)}"
            if agent.state is not None and agent.state.work.held:
                yield f"{agent.node_id} still holds {list(agent.state.work.held)}"
            if agent.store.attempts:
                yield f"{agent.node_id}'s database still has {sorted(agent.store.attempts)}"


class _View:
    """The master as `tests.support.pool_rules` looks at it."""

    def __init__(self, pool: Pool) -> None:
        self._host = pool.host

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self._host.rows(query, *values)

    def run(self, command: Any) -> Any:
        return self._host.do(command)
