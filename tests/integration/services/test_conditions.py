"""What is wrong with a pool is told in words, and is over when its cause is: a real master, files and rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.node import NodeFacts
from core.domain.resources import GIB, Resources
from core.domain.session import Refused, Welcome
from master_app.storage import engine
from master_app.storage.engine import DATABASE_FILE
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PoolMaster


def look(pool: PoolMaster) -> dict[ConditionCode, Condition]:
    pool.master.vitals.tick()
    return {condition.code: condition for condition in pool.master.conditions.current()}


def test_a_healthy_pool_has_nothing_to_say(pool: PoolMaster) -> None:
    pool.node("a")
    pool.submit()
    pool.master.vitals.check_ledger()
    # A machine of the tests may itself be short of disk or memory; everything else is ours.
    ours = set(look(pool)) - {ConditionCode.DISK_LOW, ConditionCode.DISK_FULL, ConditionCode.MEMORY_LOW}
    assert ours == set()


def test_a_silent_node_says_what_is_at_risk_and_until_when(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    node.disconnect()
    pool.tick(10)
    assert ConditionCode.NODE_SILENT not in look(pool)  # an agent that restarts is no news
    pool.tick(10)
    found = look(pool)[ConditionCode.NODE_SILENT]
    assert (found.subject, found.gravity) == (node.node_id, Gravity.WARNING)
    assert "1 attempts" in found.at_risk and "nothing is repeated yet" in found.at_risk
    assert "go on as if nothing had happened" in found.next
    node.connect()
    assert ConditionCode.NODE_SILENT not in look(pool)
    assert [c.code for c in pool.master.conditions.ended()] == [ConditionCode.NODE_SILENT]
    assert pool.attempts(task_id)[0]["state"] == "RUNNING"


def test_an_engine_that_went_and_came_back(pool: PoolMaster) -> None:
    capacity = Resources(cpu_millis=2000, memory_bytes=8 * GIB, disk_bytes=100 * GIB)
    node = pool.node("a")
    node.facts = NodeFacts(arch="x86_64", os="linux", slots=0, engine_ok=False, engine_problem="no answer")
    node.disconnect()
    node.connect()
    found = look(pool)[ConditionCode.NODE_NO_ENGINE]
    assert "no answer" in found.what and "as soon as its engine answers" in found.next
    node.facts = NodeFacts(arch="x86_64", os="linux", slots=2, capacity=capacity)
    node.disconnect()
    node.connect()
    assert ConditionCode.NODE_NO_ENGINE not in look(pool)


@pytest.mark.parametrize("restarted", [False, True], ids=["the first comes back", "both count alike"])
def test_two_computers_with_one_identity_are_told_and_one_of_them_is_the_node(
    pool: PoolMaster, restarted: bool
) -> None:
    node = pool.node("a")
    assert isinstance(node.hello(incarnation=2, boot_id="copy"), Welcome)
    node.sync()
    assert ConditionCode.NODE_DUPLICATE not in look(pool)  # an agent that restarted, or a system
    answer = node.hello(incarnation=2 if restarted else 1, boot_id="first")
    assert isinstance(answer, Refused) and answer.code == "DUPLICATE_IDENTITY" and "link of its own" in answer.fix
    found = look(pool)[ConditionCode.NODE_DUPLICATE]
    assert found.gravity is Gravity.ALERT and found.subject == node.node_id
    assert "the other is turned away" in found.next and "revoke" in found.fix
    pool.tick(15 * 60)
    assert ConditionCode.NODE_DUPLICATE not in look(pool)


def test_a_balance_that_is_not_the_sum_of_its_transfers_is_an_alert(pool: PoolMaster) -> None:
    pool.grant("ann", 5)
    pool.master.vitals.check_ledger()
    assert ConditionCode.LEDGER_UNSOUND not in look(pool)
    tamper(pool, "UPDATE accounts SET balance_ucpt = balance_ucpt + 1 WHERE account_id LIKE '%ann%'")
    pool.master.vitals.check_ledger()
    found = look(pool)[ConditionCode.LEDGER_UNSOUND]
    assert found.gravity is Gravity.ALERT and "ann" in found.what and "ledger verify" in found.fix
    tamper(pool, "UPDATE accounts SET balance_ucpt = balance_ucpt - 1 WHERE account_id LIKE '%ann%'")
    pool.master.vitals.check_ledger()
    assert ConditionCode.LEDGER_UNSOUND not in look(pool)


def tamper(pool: PoolMaster, statement: str) -> None:
    pool.run(lambda uow: None)
    connection = sqlite3.connect(pool.folder / DATABASE_FILE, timeout=10)
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


def test_a_damaged_blob_is_never_served_and_heals_when_it_is_sent_again(pool: PoolMaster) -> None:
    content = b"what was stored" * 1000
    sha256 = pool.master.store.put(content)
    pool.master.store.path(sha256).write_bytes(b"what the disk made of it" * 1000)
    assert not pool.master.store.verify(sha256)
    found = look(pool)[ConditionCode.BLOB_DAMAGED]
    assert found.subject == sha256 and "never served" in found.at_risk
    assert pool.master.store.put(content) == sha256
    assert ConditionCode.BLOB_DAMAGED not in look(pool)
    assert pool.master.store.verify(sha256)


def test_a_locked_database_is_told_and_heals(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 300)  # ten seconds, twice, are long for a test
    pool = PoolMaster(tmp_path, clock)
    try:
        pool.node("a")
        pool.run(lambda uow: None)
        with closing(sqlite3.connect(pool.folder / DATABASE_FILE, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            look(pool)
            found = look(pool)[ConditionCode.DATABASE_AWAY]
            assert "goes on by itself" in found.next and "nodes go on" in found.at_risk
            assert "database" in pool.master.vitals.not_ready()
            other.execute("ROLLBACK")
        assert ConditionCode.DATABASE_AWAY not in look(pool)
        assert pool.master.vitals.not_ready() == ""
    finally:
        pool.stop()


def test_a_clock_that_was_set_is_told_for_a_while(pool: PoolMaster) -> None:
    pool.tick(1)
    pool.clock.set_wall(pool.clock.wall_ms() - 7_200_000)
    pool.tick(1)
    found = look(pool)[ConditionCode.CLOCK_JUMPED]
    assert "back by 2 hours" in found.what and "not affected" in found.at_risk
    pool.clock.advance(s=16 * 60)
    assert ConditionCode.CLOCK_JUMPED not in look(pool)
