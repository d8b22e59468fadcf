"""The operator's commands on real processes: set-up, backup while it runs, restore, moving, ports, a lost disk."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from tests.support.databases import postgres_server
from tests.support.pool import ROOT, Pool, wait_for
from tests.support.postgres import Postgres
from tests.support.storage import new_id

__all__ = ["postgres_server"]
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A running master that no test changes."""
    with Pool(tmp_path_factory.mktemp("standing"), "process") as started:
        started.start_master()
        started.add_user("ann", "submitter")
        yield started


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Pool]:
    """A running master with users ann and bob and a few transfers; no engine is needed."""
    with Pool(tmp_path, "process") as started:
        started.start_master()
        for name in ("ann", "bob"):
            started.add_user(name, "submitter", "provider")
        with HiveMind(started.url) as client:
            client.login("ann", started.password)
            client.transfer("bob", "12.5", idempotency_key="one")
        yield started


def balance(pool: Pool, name: str) -> str:
    with HiveMind(pool.url) as client:
        client.login(name, pool.password)
        return client.balance().cpt


def run(*arguments: str, line_in: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "master_app", *arguments],
        cwd=ROOT,
        input=line_in,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_backup_made_while_it_runs_becomes_a_master_that_has_everything(master: Pool, tmp_path: Path) -> None:
    master.admin("backup", str(tmp_path / "pool.backup"))
    with HiveMind(master.url) as client:
        client.login("ann", master.password)
        client.transfer("bob", "1", idempotency_key="after")
    assert master.master is not None
    master.master.kill()
    new = tmp_path / "elsewhere"
    done = run("restore", str(tmp_path / "pool.backup"), "--data-dir", str(new))
    assert done.returncode == 0, done.stderr
    # The files of tasks are not in it; without them it says so, in words, and starts nothing.
    bare = run("serve", "--data-dir", str(new))
    assert bare.returncode == 1 and "STORAGE_NOT_MOUNTED" in bare.stderr and "storage.json" in bare.stderr
    shutil.copytree(master.data_dir / "blobs", new / "blobs")
    again = Pool(tmp_path / "again", "process")
    (tmp_path / "again").mkdir()
    shutil.move(new, again.data_dir)
    again.password = master.password
    with again:
        again.start_master()
        assert balance(again, "bob") == "162.5"  # as of the backup: the later transfer is not in it
        assert "fit" in again.admin("ledger", "verify")
        # A second restore into the same folder is refused and changes nothing.
        refused = run("restore", str(tmp_path / "pool.backup"), "--data-dir", str(again.data_dir))
        assert refused.returncode == 1
        assert balance(again, "bob") == "162.5"


def test_a_pool_moves_to_postgresql_and_works_on_there(master: Pool, postgres_server: Postgres) -> None:
    url = postgres_server.new_database(f"t{new_id(0).lower()}")
    busy = run("migrate", "--to", url, "--data-dir", str(master.data_dir))
    assert busy.returncode == 1 and "MASTER_RUNNING" in busy.stderr
    assert master.master is not None
    master.master.stop()
    done = run("migrate", "--to", url, "--data-dir", str(master.data_dir))
    assert done.returncode == 0, done.stderr
    assert "rows are in the new database" in done.stderr
    master.start_master()
    assert not (master.data_dir / "hivemind.sqlite3").exists()
    assert (master.data_dir / "hivemind.sqlite3.moved").is_file()
    assert balance(master, "bob") == "162.5"
    assert "fit" in master.admin("ledger", "verify")


def test_set_up_by_flags_makes_a_master_that_speaks_tls_to_its_operator(tmp_path: Path) -> None:
    folder = tmp_path / "master"
    flags = ["--tls", "own", "--public-name", "127.0.0.1", "--web", "0.0.0.0:0", "--sign-up", "closed"]
    storage = ["--storage", str(tmp_path / "disk")]
    operator = ["--operator", "root", "--password-stdin"]
    done = run("setup", "--data-dir", str(folder), *flags, *storage, *operator, line_in="a long password\n")
    assert done.returncode == 0, done.stderr
    with Pool(tmp_path, "process") as pool:
        pool.doors["web"] = "0.0.0.0:0"
        url = pool.start_master()
        assert url.startswith("https://") and not (folder / "first-login.txt").exists()
        account = {"username": "root", "password": "a long password"}
        trust = str(folder / "ca" / "ca.pem")
        answer = requests.post(f"{url}/api/v1/login", json=account, verify=trust, timeout=30)
        assert answer.json()["user"]["roles"] == ["operator"]
        stranger = {"username": "eve", "password": "another long password"}
        assert requests.post(f"{url}/api/v1/register", json=stranger, verify=trust, timeout=30).status_code == 403


def test_the_first_operator_gets_a_one_use_login_in_a_file_of_its_own(standing: Pool) -> None:
    master = standing
    file = master.data_dir / "first-login.txt"
    assert file.stat().st_mode & 0o077 == 0
    login = file.read_text().partition("one-use login: ")[2].split()[0]
    new = {"link": login, "password": "a new long password"}
    first = requests.post(f"{master.url}/api/v1/login", json=new, timeout=30)
    assert first.status_code == 200, first.text
    assert requests.post(f"{master.url}/api/v1/login", json=new, timeout=30).status_code == 401
    # Whoever forgets a password gets one that is good once, too.
    again = master.admin("user", "reset-password", "ann")
    assert again and len(again.split()) == 1


@pytest.mark.parametrize("door", ["web", "node", "control"])
def test_a_taken_port_names_who_holds_it_and_one_that_is_free(tmp_path: Path, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        doors = {name: "127.0.0.1:0" for name in ("web", "node", "control")}
        doors[door] = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = [part for name, address in doors.items() for part in (f"--{name}", address)]
        done = run("serve", "--data-dir", str(tmp_path / "m"), *flags)
    assert done.returncode == 1
    assert "PORT_TAKEN" in done.stderr and "process" in done.stderr and "is free" in done.stderr


def test_a_storage_disk_that_goes_stops_the_master_in_words(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with Pool(tmp_path, "process") as pool:
        pool.master_flags = ["--storage", str(disk)]
        pool.start_master()
        assert pool.master is not None
        disk.rename(tmp_path / "unmounted")
        disk.mkdir()
        wait_for(
            "the end of the master", lambda: pool.master is None or pool.master.process.poll() is not None, 30
        )
        assert pool.master.stop() == 1
        assert "STORAGE_NOT_MOUNTED" in (tmp_path / "master.log").read_text()
        assert list(disk.iterdir()) == []
        with pytest.raises(RuntimeError, match="probably not mounted"):
            pool.start_master()
        assert list(disk.iterdir()) == []
        disk.rmdir()
        (tmp_path / "unmounted").rename(disk)
        pool.start_master()


def test_conditions_are_told_to_operators_alone(standing: Pool) -> None:
    master = standing
    assert "Nothing is wrong" in master.admin("conditions") or json.loads(master.admin("conditions", "--json"))
    with HiveMind(master.url) as client:
        token = client.login("ann", master.password).token
    address = f"{master.url}/api/v1/conditions"
    assert requests.get(address, timeout=30).status_code == 401
    assert requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code == 403
