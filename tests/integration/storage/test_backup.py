"""A backup is one file from which everything comes back, on either database."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import pytest

from core.domain.audit import check_rows
from core.domain.errors import Conflict, Invalid
from core.domain.events import AuditRecorded
from master_app.ports.unit_of_work import UnitOfWork
from master_app.storage.backup import restore
from tests.fakes.clock import ManualClock
from tests.support.postgres import Postgres
from tests.support.storage import NOW_MS, Opened, a_grant, a_node, a_task, new_id, submitted


def fill(opened: Opened) -> str:
    task = a_task()

    def command(uow: UnitOfWork) -> None:
        uow.nodes.add(a_node())
        uow.tasks.add(submitted(task))
        uow.ledger.append([a_grant("owner", 5)])
        uow.publish(AuditRecorded(actor_id="op", action="a", subject="s", details="", origin="", at_ms=NOW_MS))

    opened.run(command)
    return task.task_id


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_everything_comes_back(
    opened: Opened, target: str, tmp_path: Path, clock: ManualClock, postgres_server: Postgres
) -> None:
    task_id = fill(opened)
    settings = tmp_path / "settings.toml"
    settings.write_text("pool = 1\n")
    file = tmp_path / "out" / "pool.hivemind-backup"
    heads = opened.storage.back_up(file, {"settings.toml": settings})
    transfer = next(iter(opened.storage.ledger_reads.rows()))
    assert heads["ledger"] == [1, transfer.hash]
    assert heads["audit"][0] == 1 and heads["term"] == opened.storage.term
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == [file.name]

    url = postgres_server.new_database(f"t{new_id(0).lower()}") if target == "postgresql" else ""
    assert restore(file, url, tmp_path / "new") == heads
    again = Opened(url, tmp_path / "new", clock)
    try:
        assert again.storage.term == heads["term"] + 1
        assert again.run(lambda uow: uow.tasks.get(task_id)) is not None
        assert list(again.storage.ledger_reads.rows()) == [transfer]
        assert check_rows(again.storage.audit_reads.rows()).misfit is None
        assert (tmp_path / "new" / "settings.toml").read_text() == "pool = 1\n"
        again.run(lambda uow: uow.ledger.append([a_grant("owner", 7)]))
        assert again.storage.unsound_accounts() == []
        with pytest.raises(Conflict):
            restore(file, url, tmp_path / "new")
    finally:
        again.close()


def test_a_backup_of_a_busy_pool_is_of_one_moment(opened: Opened, tmp_path: Path, clock: ManualClock) -> None:
    stop, granted = threading.Event(), []

    def keep_busy() -> None:
        while not stop.is_set():
            opened.run(lambda uow: uow.ledger.append([a_grant(f"u{number}", 3) for number in range(20)]))
            granted.append(20)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        while len(granted) < 5:
            thread.join(0.01)
        before = sum(granted)
        heads = opened.storage.back_up(tmp_path / "b", {})
    finally:
        stop.set()
        thread.join(30)
    assert before <= heads["ledger"][0] <= sum(granted)
    restore(tmp_path / "b", "", tmp_path / "new")
    again = Opened("", tmp_path / "new", clock)
    try:
        assert again.storage.unsound_accounts() == []
        rows = list(again.storage.ledger_reads.rows())
        assert [rows[-1].sequence, rows[-1].hash] == heads["ledger"]
        assert sum(account.balance_ucpt for account in again.storage.ledger_reads.accounts()) == 0
    finally:
        again.close()


def test_a_backup_never_replaces_another(opened: Opened, tmp_path: Path) -> None:
    fill(opened)
    file = tmp_path / "b"
    opened.storage.back_up(file, {})
    before = file.read_bytes()
    with pytest.raises(Conflict):
        opened.storage.back_up(file, {})
    assert file.read_bytes() == before


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(b"no zip")
    with pytest.raises(Invalid):
        restore(file, "", tmp_path / "new")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("heads.json", "{}")
    with pytest.raises(Invalid):
        restore(file, "", tmp_path / "new")
    assert not (tmp_path / "new" / "hivemind.sqlite3").exists()


def test_a_backup_cannot_write_outside_the_data_folder(opened: Opened, tmp_path: Path) -> None:
    fill(opened)
    file = tmp_path / "b"
    opened.storage.back_up(file, {})
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("files/../../evil", "x")
    with pytest.raises(Invalid):
        restore(file, "", tmp_path / "new" / "data")
    assert not (tmp_path / "evil").exists() and not (tmp_path / "new" / "evil").exists()
