"""What the simulation of whole pools (tests/sim) found, each once more in few steps."""

from __future__ import annotations

import threading

import pytest

from core.domain.attempt import AttemptState
from core.domain.errors import StorageFull
from core.domain.node import NodeHealth
from core.domain.session import AttemptUpdate, Hello, Refused, Resync, SyncReply, Updates, Welcome
from core.domain.task import TaskState
from core.domain.user import Principal
from master_app.node_pool.reaper import Reaper
from master_app.ports.unit_of_work import Lane, UnitOfWork
from master_app.tasks.merging import Merging
from tests.fakes.sessions import RecordingLink
from tests.support.pool_master import PLAIN, PoolMaster, ScriptedNode, person, run_all

WHO: Principal = person("submitter")
MERGED = PLAIN + '[split]\nmode = "count"\ncount = 2\n[merge]\ncommand = ["python", "main.py"]\nmemory_gb = 1.0\n'


def _finish(pool: PoolMaster, node: ScriptedNode) -> None:
    """Let a node do all there is, merges included."""
    for _ in range(5):
        run_all(pool, [node], lambda node, offer: node.succeed(offer))
        pool.settle()


def test_a_cancelled_subtask_that_ran_can_be_retried(pool: PoolMaster) -> None:
    # Its row stayed ACTIVE for ever, because cancelling raises the generation before the attempt has stopped.
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    pool.master.control.cancel(WHO, task_id).result(30)
    node.tell(offer.attempt_id, AttemptState.CANCELLED)
    assert pool.state(task_id) is TaskState.CANCELLED
    assert pool.subtasks(task_id)[0]["state"] == "CANCELLED"
    pool.master.control.retry(WHO, task_id).result(30)
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_epochs_of_a_merge_go_on_when_everything_is_retried(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(MERGED).task_id
    _finish(pool, node)
    pool.master.control.retry(WHO, task_id, all_of_it=True).result(30)
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.SUCCEEDED
    assert sorted(row["epoch"] for row in pool.attempts(task_id) if row["ix"] == 2) == [1, 2]


def test_a_merge_that_ran_before_waits_for_its_parts_after_a_restart(pool: PoolMaster) -> None:
    node = pool.node("a", slots=8)
    task_id = pool.submit(MERGED).task_id
    _finish(pool, node)
    pool.master.control.pause(WHO, pool.submit(MERGED).task_id).result(30)
    node.take()
    pool.master.control.retry(WHO, task_id, all_of_it=True).result(30)
    pool.restart()
    node.held.clear()
    node.connect()
    assert {offer.index for offer in node.take() if offer.task_id == task_id} <= {0, 1}
    ready = pool.run(lambda uow: list(uow.pool.tasks[task_id].ready))
    assert 2 not in ready


def test_parts_that_could_not_be_collected_are_collected_later(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(MERGED).task_id
    store, real = pool.master.store, pool.master.store.writer

    def full() -> object:
        raise StorageFull("no room")

    store.writer = full  # type: ignore[method-assign, assignment]
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.RUNNING
    store.writer = real  # type: ignore[method-assign]
    pool.pass_time(15, step_s=5)
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_what_waits_in_the_queue_of_a_slow_disk_still_counts(pool: PoolMaster) -> None:
    """Reports are acknowledged at the door: while they wait for the writer, no lease of their node is judged."""
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    go_on, writer = threading.Event(), pool.master.storage.writer
    writer.execute(lambda uow: go_on.wait(30), lane=Lane.INNER)
    assert node.link is not None
    # Queued before the report is, and run before it: as after a disk that stood still for longer than a lease.
    pool.clock.advance(s=700)
    look = writer.execute(pool.master.reaper.look, lane=Lane.INNER)
    said = AttemptUpdate(number=900, attempt_id=offer.attempt_id, state=AttemptState.RUNNING)
    updates = pool.master.sessions.updates(
        node.link.session_id, Updates(session_id=node.link.session_id, updates=(said,))
    )
    go_on.set()
    look.result(30)
    updates.result(30)
    assert [row["state"] for row in pool.attempts(task_id)] == ["RUNNING"]


def test_the_end_of_an_old_stream_does_not_end_its_successor(pool: PoolMaster) -> None:
    # Both wait in the writer's queue and run in one transaction, in which the old session still looks current.
    node = pool.node("a")
    old = node.link
    assert old is not None
    go_on = threading.Event()
    pool.master.storage.writer.execute(lambda uow: go_on.wait(30), lane=Lane.NODES)
    link = RecordingLink("the-next")
    hello = Hello(
        node_id=node.node_id, incarnation=node.incarnation, boot_id="boot", highest_term=node.highest_term
    )
    opened = pool.master.sessions.open(node.node_id, "1", link, hello)
    pool.master.sessions.closed(old.session_id, "cut")
    go_on.set()
    assert isinstance(opened.result(30), Welcome)
    node.link = link
    assert isinstance(node.sync(), SyncReply)
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].health) is NodeHealth.READY


def test_an_idle_node_that_was_given_up_on_a_live_session_comes_back(pool: PoolMaster) -> None:
    # It was DOWN at once, because nothing ran on it; its reports then changed nothing.
    node = pool.node("a")
    link = node.link
    assert link is not None
    pool.tick(200)
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].health) is NodeHealth.DOWN
    node.report()
    assert any(isinstance(message, Resync) for message in link.messages)


def test_what_a_full_disk_held_up_at_the_start_goes_on_with_a_later_look(
    pool: PoolMaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The merge of parts that had all ended was asked for once, at the start, and then never again.
    def full(_reaper: Reaper, _uow: UnitOfWork) -> None:
        raise StorageFull("The disk is full.")

    node = pool.node("a", slots=8)
    task_id = pool.submit(MERGED).task_id
    with monkeypatch.context() as before:
        before.setattr(Merging, "request", lambda *_: None)
        run_all(pool, [node], lambda node, offer: node.succeed(offer))
    with monkeypatch.context() as starting:
        starting.setattr(Reaper, "resume", full)
        with pytest.raises(StorageFull):
            pool.restart()
    node.connect()
    pool.tick(1)
    pool.settle()
    assert pool.state(task_id) is TaskState.MERGING
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_copy_of_a_node_cannot_take_turns_with_it(pool: PoolMaster) -> None:
    # Both had started once more since the folder was copied, so neither was the older life.
    node = pool.node("a")
    copy, again = (
        Hello(
            node_id=node.node_id,
            incarnation=node.incarnation,
            boot_id=boot_id,
            highest_term=node.highest_term,
        )
        for boot_id in ("of-another-computer", "boot")
    )
    sessions = pool.master.sessions
    answer = sessions.open(node.node_id, "1", RecordingLink("copy"), copy).result(30)
    assert isinstance(answer, Refused) and answer.code == "DUPLICATE_IDENTITY"
    assert isinstance(sessions.open(node.node_id, "1", RecordingLink("again"), again).result(30), Welcome)


def test_a_deadline_that_ended_a_task_is_not_taken_back_with_the_clock(pool: PoolMaster) -> None:
    # The end of its merge's attempt looked at the deadline again, and the task that had failed merged once more.
    node = pool.node("a", slots=8)
    task_id = pool.submit(f'{MERGED}[limits]\ndeadline = "1m"\n').task_id
    run_all(pool, [node], lambda node, offer: node.succeed(offer))
    pool.settle()
    [merge] = node.take()
    node.start(merge)
    right_ms = pool.clock.wall_ms()
    pool.clock.set_wall(right_ms + 3_600_000)
    pool.tick(1)
    assert pool.state(task_id) is TaskState.FAILED
    pool.clock.set_wall(right_ms + 2_000)
    node.tell(merge.attempt_id, AttemptState.CANCELLED)
    assert pool.state(task_id) is TaskState.FAILED
    pool.master.control.retry(WHO, task_id).result(30)
    _finish(pool, node)
    assert pool.state(task_id) is TaskState.SUCCEEDED
