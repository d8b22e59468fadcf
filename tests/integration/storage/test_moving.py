"""A pool moves to another database whole, also when the move is interrupted again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from core.domain.audit import check_rows
from core.domain.errors import Conflict
from core.domain.events import AuditRecorded
from master_app.ports.unit_of_work import UnitOfWork
from master_app.storage import moving
from master_app.storage.engine import database_url, reader_engine, writer_engine
from master_app.storage.moving import Moved, move_database
from tests.fakes.clock import ManualClock
from tests.support.postgres import Postgres
from tests.support.storage import NOW_MS, Opened, a_grant, a_node, a_task, new_id, submitted

TASKS = 25


@pytest.fixture
def source(tmp_path: Path, clock: ManualClock) -> Opened:
    """A closed SQLite pool with rows in every kind of table."""
    opened = Opened("", tmp_path / "old", clock)

    def command(uow: UnitOfWork) -> None:
        uow.nodes.add(a_node())
        for _ in range(TASKS):
            uow.tasks.add(submitted(a_task()))
        uow.ledger.append([a_grant(f"u{number}", number + 1) for number in range(30)])
        uow.publish(AuditRecorded(actor_id="op", action="a", subject="s", details="", origin="", at_ms=NOW_MS))

    opened.run(command)
    opened.close()
    return opened


@contextmanager
def engines(source: Opened, url: str) -> Iterator[tuple[Engine, Engine]]:
    old, new = reader_engine(database_url("", source.folder)), writer_engine(database_url(url, source.folder))
    try:
        yield old, new
    finally:
        old.dispose()
        new.dispose()


@pytest.fixture(params=["postgresql", "sqlite"])
def target(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Postgres) -> str:
    if request.param == "postgresql":
        return postgres_server.new_database(f"t{new_id(0).lower()}")
    return f"sqlite:///{tmp_path / 'new.sqlite3'}"


def move(source: Opened, url: str, *, stop_after: int = 0) -> Moved:
    """Move; with `stop_after`, be interrupted at that portion."""
    portions = 0

    def on_progress(name: str, done: int, total: int) -> None:
        nonlocal portions
        portions += 1
        if portions == stop_after:
            raise KeyboardInterrupt

    with engines(source, url) as (old, new):
        return move_database(old, new, on_progress)


def test_a_pool_works_on_after_its_move(source: Opened, target: str, tmp_path: Path, clock: ManualClock) -> None:
    moved = move(source, target)
    assert moved.rows == moved.now > TASKS
    again = Opened(target, tmp_path / "old", clock)
    try:
        assert len(again.run(lambda uow: list(uow.tasks.live()))) == TASKS
        assert len(list(again.storage.ledger_reads.rows())) == 30
        assert again.storage.unsound_accounts() == []
        assert check_rows(again.storage.audit_reads.rows()).misfit is None
        again.run(lambda uow: uow.ledger.append([a_grant("u1", 7)]))
        assert again.storage.unsound_accounts() == []
    finally:
        again.close()


def test_an_interrupted_move_goes_on_where_it_stood(
    source: Opened, target: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "ROWS_AT_ONCE", 7)
    interruptions = 0
    while True:
        try:
            moved = move(source, target, stop_after=3)
            break
        except KeyboardInterrupt:
            interruptions += 1
        with pytest.raises(Exception, match=r"."):
            Opened(target, tmp_path / "half", clock).storage  # noqa: B018 - half a pool must not start
    assert interruptions > 5 and 0 < moved.now < moved.rows
    with engines(source, target) as (_, new):
        assert "move_progress" not in inspect(new).get_table_names()
    again = Opened(target, tmp_path / "old", clock)
    try:
        assert len(again.run(lambda uow: list(uow.tasks.live()))) == TASKS
        assert again.storage.unsound_accounts() == []
    finally:
        again.close()


def test_a_finished_move_may_be_asked_for_again(source: Opened, target: str) -> None:
    move(source, target)
    assert move(source, target).now == 0


def test_a_half_move_from_another_state_and_a_database_in_use_are_refused(
    source: Opened, target: str, tmp_path: Path, clock: ManualClock
) -> None:
    with pytest.raises(KeyboardInterrupt):
        move(source, target, stop_after=2)
    again = Opened("", tmp_path / "old", clock)
    again.run(lambda uow: uow.ledger.append([a_grant("late", 1)]))
    again.close()
    with pytest.raises(Conflict) as stale:
        move(source, target)
    assert stale.value.code == "MOVE_STALE"
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    used = Opened(other, tmp_path / "elsewhere", clock)
    used.run(lambda uow: uow.ledger.append([a_grant("somebody", 1)]))
    used.close()
    with pytest.raises(Conflict) as taken:
        move(source, other)
    assert taken.value.code == "DATABASE_EXISTS"
