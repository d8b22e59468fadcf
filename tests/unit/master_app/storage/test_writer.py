"""What the writer does when its database fails, on a database that fails when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from core.domain.errors import Conflict, StorageFull, StorageUnavailable
from core.domain.events import Fact, TaskProgressed
from master_app.scheduling.pool import Pool
from master_app.storage.writer import MAX_COMMANDS, CommandWriter, OpenUnitOfWork


class MemoryUnit:
    """Just enough of a unit of work: what was written, facts and actions."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.written: list[Any] = []
        self.facts: list[Fact] = []
        self.actions: list[Callable[[], None]] = []

    @property
    def rows(self) -> int:
        return len(self.written)

    def publish(self, fact: Fact) -> None:
        self.facts.append(fact)


class MemoryTransactions:
    """Commits into a list. `failures` holds what the next commits raise."""

    def __init__(self) -> None:
        self.committed: list[list[Any]] = []
        self.failures: list[BaseException | None] = []
        self.opening_failures: list[BaseException] = []
        self.opened = 0
        self._pool = Pool()
        self._unit: MemoryUnit | None = None

    def open(self, pool: Pool) -> None:
        if self.opening_failures:
            raise self.opening_failures.pop(0)
        self.opened += 1
        self._pool = pool

    def begin(self) -> OpenUnitOfWork:
        self._unit = MemoryUnit(self._pool)
        return cast("OpenUnitOfWork", self._unit)

    def commit(self) -> None:
        assert self._unit is not None
        failure = self.failures.pop(0) if self.failures and self._unit.written else None
        if failure is not None:
            raise failure
        if self._unit.written:
            self.committed.append(self._unit.written)
        self._unit = None

    def rollback(self) -> None:
        self._unit = None

    def abandon(self) -> None:
        self._unit = None


class Bench:
    def __init__(self) -> None:
        self.transactions = MemoryTransactions()
        self.published: list[tuple[Sequence[Fact], int]] = []
        self.rebuilt = 0
        self.pool = Pool()
        self.gate = threading.Event()
        self.writer = CommandWriter(
            self.transactions,
            publish=lambda facts, number: self.published.append((facts, number)),
            rebuild=self._rebuild,
        )

    def _rebuild(self, uow: Any) -> None:
        self.rebuilt += 1
        assert not uow.pool.nodes, "a rebuild begins with an empty hot state"
        uow.pool.undo(lambda: None)
        self.pool = uow.pool

    def hold(self) -> None:
        entered = threading.Event()

        def wait(uow: Any) -> None:
            entered.set()
            assert self.gate.wait(30)

        self.writer.execute(wait)
        entered.wait(30)


@pytest.fixture
def bench() -> Any:
    found = Bench()
    yield found
    found.gate.set()
    found.writer.close()


def writing(value: Any) -> Callable[[Any], Any]:
    def command(uow: Any) -> Any:
        uow.written.append(value)
        uow.publish(TaskProgressed(task_id=str(value), owner_id="", at_ms=0))
        return value

    return command


def test_a_failed_commit_fails_its_whole_batch_and_rebuilds_the_hot_state(bench: Bench) -> None:
    bench.writer.execute(writing("before")).result(30)
    bench.transactions.failures = [StorageFull("full")]
    bench.hold()
    futures = [bench.writer.execute(writing(number)) for number in range(3)]
    bench.gate.set()
    assert [type(future.exception(30)) for future in futures] == [StorageFull] * 3
    assert bench.writer.execute(writing("after")).result(30) == "after"
    assert bench.transactions.committed == [["before"], ["after"]]
    assert bench.rebuilt == 2
    assert [facts[0].task_id for facts, _ in bench.published] == ["before", "after"]  # type: ignore[union-attr]


def test_the_hot_state_of_a_failed_batch_is_thrown_away(bench: Bench) -> None:
    bench.transactions.failures = [OSError(5, "I/O error")]
    lost: list[Pool] = []

    def command(uow: Any) -> None:
        lost.append(uow.pool)
        uow.written.append(1)

    assert isinstance(bench.writer.execute(command).exception(30), StorageUnavailable)
    assert bench.writer.execute(lambda uow: uow.pool is lost[0]).result(30) is False
    assert bench.writer.execute(lambda uow: uow.pool is bench.pool).result(30) is True


def test_a_database_that_cannot_be_opened_fails_what_waits_and_is_tried_again(bench: Bench) -> None:
    bench.transactions.failures = [StorageUnavailable("lost")]
    bench.transactions.opening_failures = [StorageUnavailable("still away")]
    first = bench.writer.execute(writing(1))
    assert isinstance(first.exception(30), StorageUnavailable)
    assert isinstance(bench.writer.execute(writing(2)).exception(30), StorageUnavailable)
    assert bench.writer.execute(writing(3)).result(30) == 3


def test_a_conflict_at_the_commit_is_of_the_command_alone(bench: Bench) -> None:
    # Both in one batch fail at the commit; alone the first goes through and the second does not.
    bench.transactions.failures = [Conflict("together"), None, Conflict("alone")]
    bench.hold()
    good, bad = bench.writer.execute(writing("good")), bench.writer.execute(writing("bad"))
    bench.gate.set()
    assert good.result(30) == "good"
    assert isinstance(bad.exception(30), Conflict)
    assert bench.transactions.committed == [["good"]]
    assert bench.rebuilt == 1


def test_a_batch_is_bounded(bench: Bench) -> None:
    bench.hold()
    futures = [bench.writer.execute(writing(number)) for number in range(3 * MAX_COMMANDS)]
    bench.gate.set()
    for future in futures:
        future.result(30)
    assert max(len(batch) for batch in bench.transactions.committed) <= MAX_COMMANDS
    assert [value for batch in bench.transactions.committed for value in batch] == list(range(3 * MAX_COMMANDS))


def test_a_batch_ends_when_many_rows_are_written(bench: Bench) -> None:
    bench.hold()

    def many(uow: Any) -> None:
        uow.written.extend(range(1_500))

    futures = [bench.writer.execute(many) for _ in range(3)]
    bench.gate.set()
    for future in futures:
        future.result(30)
    assert [len(batch) for batch in bench.transactions.committed] == [3_000, 1_500]


def test_a_cancelled_command_does_not_run(bench: Bench) -> None:
    bench.hold()
    future = bench.writer.execute(writing("never"))
    assert future.cancel()
    bench.gate.set()
    bench.writer.execute(writing("next")).result(30)
    assert bench.transactions.committed == [["next"]]


def test_commit_numbers_count_what_was_written(bench: Bench) -> None:
    first = bench.writer.commit_number
    bench.writer.execute(lambda uow: None).result(30)
    assert bench.writer.commit_number == first
    bench.writer.execute(writing(1)).result(30)
    assert bench.writer.commit_number == first + 1
    assert bench.published[-1][1] == first + 1
