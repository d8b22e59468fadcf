"""The one writer on real databases: group commit, failures, facts after commits, one writer only."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from core.domain.attempt import AttemptState
from core.domain.audit import check_rows
from core.domain.errors import Busy, Conflict, StorageUnavailable
from core.domain.events import AttemptEnded, AuditRecorded, TaskProgressed, TaskSubmitted
from core.domain.node import NodeFacts, NodeHealth
from master_app.ports.audit import AuditFilter
from master_app.ports.unit_of_work import Command, Lane, UnitOfWork
from master_app.scheduling.pool import PoolNode
from master_app.storage import writer as writer_module
from master_app.storage.lanes import LANE_LENGTH
from tests.fakes.clock import ManualClock
from tests.support.postgres import Postgres
from tests.support.storage import NOW_MS, Opened, a_node, a_task, new_id, submitted


def progressed(name: str) -> TaskProgressed:
    return TaskProgressed(task_id=name, owner_id="owner", at_ms=NOW_MS)


def pool_node(node_id: str) -> PoolNode:
    row = a_node(node_id=node_id)
    return PoolNode(
        node_id=node_id,
        name=row.name,
        owner_id=row.owner_id,
        facts=NodeFacts(),
        admin=row.admin,
        health=NodeHealth.READY,
    )


class Gate:
    """A command that keeps the writer busy until it is opened, so that others pile up behind it."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, uow: UnitOfWork) -> None:
        self.entered.set()
        assert self.opened.wait(30)


def test_commands_that_wait_share_one_commit(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    # By count alone: on a busy computer 20 ms end before the commands do.
    monkeypatch.setattr(writer_module, "MAX_BATCH_NS", 60 * 10**9)
    gate = Gate()
    writer = opened.storage.writer
    first = writer.execute(gate)
    gate.entered.wait(30)
    tasks = [a_task() for _ in range(20)]

    def adding(number: int) -> Command[str]:
        def command(uow: UnitOfWork) -> str:
            uow.tasks.add(submitted(tasks[number]))
            uow.publish(progressed(tasks[number].task_id))
            return tasks[number].task_id

        return command

    futures = [writer.execute(adding(number)) for number in range(20)]
    gate.opened.set()
    first.result(30)
    assert [future.result(30) for future in futures] == [task.task_id for task in tasks]
    # Those that came before the gate's batch ended share it; the rest share the next.
    assert len({number for number, _ in opened.facts}) <= 2
    assert len(opened.facts) == 20


def test_one_command_that_raises_hurts_no_other_and_leaves_no_trace(opened: Opened) -> None:
    gate, writer = Gate(), opened.storage.writer
    task, undone = a_task(), []

    def good(uow: UnitOfWork) -> str:
        uow.tasks.add(submitted(task))
        uow.publish(progressed("good"))
        uow.pool.put_node(pool_node("good"))
        return "good"

    def bad(uow: UnitOfWork) -> None:
        record = uow.tasks.get(task.task_id)
        if record is not None:
            record.priority = 99
            uow.tasks.save(record)
        uow.publish(progressed("bad"))
        uow.after_commit(lambda: undone.append("must not run"))
        uow.undo(lambda: undone.append("undone"))
        uow.pool.put_node(pool_node("bad"))
        raise ValueError("its own error")

    held = writer.execute(gate)
    gate.entered.wait(30)
    first, second = writer.execute(good), writer.execute(bad)
    third = writer.execute(lambda uow: sorted(uow.pool.nodes))
    gate.opened.set()
    held.result(30)
    assert first.result(30) == "good"
    with pytest.raises(ValueError, match="its own error"):
        second.result(30)
    assert third.result(30) == ["good"]
    assert "must not run" not in undone and undone
    assert [fact for _, fact in opened.facts] == [progressed("good")]
    kept = opened.run(lambda uow: uow.tasks.get(task.task_id))
    assert kept is not None and kept.priority == task.priority


def test_facts_and_actions_come_after_the_commit_and_before_the_answer(opened: Opened) -> None:
    task, seen = a_task(), []

    def command(uow: UnitOfWork) -> None:
        uow.tasks.add(submitted(task))
        uow.publish(progressed(task.task_id))
        uow.after_commit(
            lambda: seen.append((opened.storage.task_reads.task(task.task_id, owner_id=None), len(opened.facts)))
        )

    opened.run(command)
    view, facts = seen[0]
    assert view is not None and view.task_id == task.task_id
    assert facts == 1


def test_an_action_that_raises_does_not_take_the_commit_back(opened: Opened) -> None:
    def command(uow: UnitOfWork) -> str:
        uow.tasks.add(submitted(a_task()))
        uow.after_commit(lambda: print(1 // 0))
        return "done"

    assert opened.run(command) == "done"
    assert opened.run(lambda uow: len(list(uow.tasks.live()))) == 1


def test_a_command_may_not_wait_for_another(opened: Opened) -> None:
    with pytest.raises(RuntimeError):
        opened.run(lambda uow: opened.storage.writer.execute(lambda inner: None))


def test_a_full_lane_is_busy_and_leaves_the_others_their_share(opened: Opened) -> None:
    gate, writer = Gate(), opened.storage.writer
    writer.execute(gate)
    gate.entered.wait(30)
    futures = [writer.execute(lambda uow: None, lane=Lane.INNER) for _ in range(LANE_LENGTH[Lane.INNER])]
    with pytest.raises(Busy):
        writer.execute(lambda uow: None, lane=Lane.INNER)
    others = [writer.execute(lambda uow: 7, lane=lane) for lane in (Lane.NODES, Lane.PEOPLE)]
    gate.opened.set()
    assert [future.result(30) for future in others] == [7, 7]
    assert all(future.result(30) is None for future in futures)


def test_closing_runs_what_waits_and_takes_no_more(opened: Opened) -> None:
    gate, writer = Gate(), opened.storage.writer
    writer.execute(gate)
    gate.entered.wait(30)
    task = a_task()
    last = writer.execute(lambda uow: uow.tasks.add(submitted(task)))
    gate.opened.set()
    opened.close()
    assert last.done() and last.exception() is None
    with pytest.raises(StorageUnavailable):
        writer.execute(lambda uow: None)
    assert opened.run(lambda uow: uow.tasks.get(task.task_id)) == task


def test_a_constraint_is_a_conflict_of_the_command_that_broke_it(opened: Opened) -> None:
    node = a_node()
    opened.run(lambda uow: uow.nodes.add(node))
    with pytest.raises(Conflict):
        opened.run(lambda uow: uow.nodes.add(node))
    assert opened.rebuilds == 1, "that is no outage: nothing is rebuilt"


def test_the_term_grows_at_each_start_and_above_what_nodes_have_seen(opened: Opened, clock: ManualClock) -> None:
    first = opened.run(lambda uow: uow.term)
    assert first == clock.wall_ms() // 1000
    numbers = [opened.storage.writer.commit_number]
    opened.close()
    assert opened.run(lambda uow: uow.term) == first + 1
    assert opened.storage.writer.commit_number > numbers[0]
    assert opened.storage.raise_term(first + 100).result(30) == first + 101
    assert opened.storage.raise_term(5).result(30) == first + 101

    def raising(uow: UnitOfWork) -> None:
        uow.raise_term(first + 1_000)
        raise ValueError

    with pytest.raises(ValueError):
        opened.run(raising)
    assert opened.storage.term == first + 101
    opened.close()
    assert opened.storage.term == first + 102


def test_a_second_master_ends_the_first(url: str, tmp_path: Path, clock: ManualClock) -> None:
    old, new = Opened(url, tmp_path / "data", clock), Opened(url, tmp_path / "data", clock)
    old.run(lambda uow: uow.nodes.add(a_node()))
    try:
        if url:
            with pytest.raises(StorageUnavailable) as refused:
                assert new.storage
            assert refused.value.code == "NOT_THE_WRITER"
            old.run(lambda uow: uow.nodes.add(a_node()))
        else:
            # SQLite has no lock that outlives a transaction; the daemon's lock file keeps a second one away.
            new.run(lambda uow: uow.nodes.add(a_node()))
            with pytest.raises(StorageUnavailable) as refused:
                old.run(lambda uow: uow.nodes.add(a_node()))
            assert refused.value.code == "NOT_THE_WRITER"
            assert new.run(lambda uow: len(uow.nodes.all())) == 2
    finally:
        old.close()
        new.close()


def test_timelines_and_the_audit_log_are_written_with_the_change(opened: Opened) -> None:
    task = a_task(subtask_count=3)

    def audit(number: int) -> AuditRecorded:
        return AuditRecorded(
            actor_id="op", action="grant", subject=str(number), details="d", origin="console", at_ms=NOW_MS
        )

    def command(uow: UnitOfWork) -> None:
        uow.tasks.add(submitted(task))
        uow.publish(TaskSubmitted(task_id=task.task_id, owner_id="owner", name="n", subtask_count=3, at_ms=NOW_MS))
        for state in (AttemptState.SUCCEEDED, AttemptState.LOST):
            uow.publish(
                AttemptEnded(
                    task_id=task.task_id,
                    index=1,
                    attempt_id="a",
                    node_id="node",
                    state=state,
                    reason="lease",
                    at_ms=NOW_MS,
                )
            )
        uow.publish(audit(1))
        uow.publish(audit(2))

    opened.run(command)
    opened.run(lambda uow: uow.publish(audit(3)))
    opened.close()
    opened.run(lambda uow: uow.publish(audit(4)))
    events = opened.storage.task_reads.events(task.task_id)
    assert [(event.kind, event.index, event.text) for event in events] == [
        ("submitted", None, "3 subtasks"),
        ("attempt", 1, "LOST: lease"),
    ]
    assert opened.storage.task_reads.events(task.task_id, after=events[0].sequence) == events[1:]
    page = opened.storage.audit_reads.page(AuditFilter(), limit=3)
    assert [row.fact.subject for row in page.items] == ["4", "3", "2"]
    assert [
        row.fact.subject for row in opened.storage.audit_reads.page(AuditFilter(), cursor=page.next).items
    ] == ["1"]
    assert check_rows(opened.storage.audit_reads.rows()).misfit is None


def test_an_altered_audit_row_is_found(opened: Opened) -> None:
    for number in range(4):
        fact = AuditRecorded(actor_id="op", action="a", subject=str(number), details="", origin="", at_ms=NOW_MS)
        opened.run(lambda uow, fact=fact: uow.publish(fact))  # type: ignore[misc]
    opened.close()
    from master_app.storage.engine import database_url, writer_engine

    engine = writer_engine(database_url(opened.url, opened.folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_log SET actor_id = 'somebody' WHERE sequence = 2")
    engine.dispose()
    assert check_rows(opened.storage.audit_reads.rows()).misfit == 2


def test_a_lost_connection_fails_what_was_under_way_and_is_made_again(
    tmp_path: Path, clock: ManualClock, postgres_server: Postgres
) -> None:
    opened = Opened(postgres_server.new_database(f"t{new_id(0).lower()}"), tmp_path / "data", clock)
    node, lost = a_node(), a_node(name="lost")
    opened.run(lambda uow: uow.nodes.add(node))
    with psycopg.connect(postgres_server.connection_text("postgres"), autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hivemind writer'"
        )
    with pytest.raises(StorageUnavailable):
        opened.run(lambda uow: uow.nodes.add(lost))
    assert opened.run(lambda uow: [row.node_id for row in uow.nodes.all()]) == [node.node_id]
    assert opened.rebuilds == 2
    opened.close()
