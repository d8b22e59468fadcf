"""What faces read, on both databases."""

from __future__ import annotations

from itertools import count

import pytest

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.bundle import FileEntry
from core.domain.errors import Invalid, NotFound
from core.domain.ids import SubtaskKey
from core.domain.ledger import Code, Transfer, hold_account, payment_id, user_account
from core.domain.rewards import Tick
from core.domain.session import Wheel
from core.domain.subtask import SubtaskState
from core.domain.task import MergeState, TaskState
from master_app.ports.page_reads import DayOfMoney, RunningNow
from master_app.ports.tasks import SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.ports.users import UserRecord
from master_app.storage import page_reads
from master_app.storage.page_reads import SqlPageReads
from tests.support.storage import NOW_MS, Opened, a_grant, a_hold, a_node, a_task, an_attempt, submitted


def entry(path: str, blob: str = "a" * 64) -> FileEntry:
    return FileEntry(path=path, size=3, sha256="5" * 64, blob=blob, offset=7)


def put(opened: Opened, *tasks: TaskRecord) -> None:
    def command(uow: UnitOfWork) -> None:
        for task in tasks:
            uow.tasks.add(submitted(task))

    opened.run(command)


def test_tasks_come_newest_first_page_by_page(opened: Opened) -> None:
    tasks = [a_task(name=f"Render {number}") for number in range(5)]
    put(opened, *tasks, a_task(owner_id="other", name="100%_sure"))
    reads = opened.storage.task_reads
    first = reads.tasks(owner_id="owner", limit=2)
    second = reads.tasks(owner_id="owner", limit=2, cursor=first.next)
    third = reads.tasks(owner_id="owner", limit=2, cursor=second.next)
    ids = [view.task_id for page in (first, second, third) for view in page.items]
    assert ids == [task.task_id for task in reversed(tasks)]
    assert third.next is None
    assert len(reads.tasks(owner_id=None).items) == 6
    assert [view.name for view in reads.tasks(owner_id=None, name_contains="RENDER 3").items] == ["Render 3"]
    assert [view.name for view in reads.tasks(owner_id=None, name_contains="0%_s").items] == ["100%_sure"]
    assert reads.tasks(owner_id=None, states=[TaskState.FAILED]).items == []
    with pytest.raises(Invalid):
        reads.tasks(owner_id=None, cursor="'; --")


@pytest.mark.parametrize("owner_id", ["owner", None])
def test_tasks_of_several_states_come_together_newest_first(opened: Opened, owner_id: str | None) -> None:
    mixed = (TaskState.FAILED, TaskState.HELD, TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.QUEUED)
    tasks = [a_task(state=mixed[number % 5], name=f"{number}") for number in range(20)]
    put(opened, *tasks)
    if owner_id is not None:
        put(opened, a_task(owner_id="other", state=TaskState.FAILED))
    reads = opened.storage.task_reads
    for states in (
        (TaskState.HELD,),
        (TaskState.FAILED, TaskState.CANCELLED),
        (TaskState.HELD, TaskState.SUCCEEDED),
    ):
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = reads.tasks(owner_id=owner_id, states=states, limit=3, cursor=cursor)
            found += [view.task_id for view in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert found == [task.task_id for task in reversed(tasks) if task.state in states]
    failed = reads.tasks(owner_id=owner_id, states=(TaskState.FAILED,), name_contains="15").items
    assert [view.name for view in failed] == ["15"]


def test_a_task_shows_its_owner_its_hold_and_the_unborn(opened: Opened) -> None:
    task = a_task(subtask_count=10, active=2, succeeded=3, failed=1)

    def command(uow: UnitOfWork) -> None:
        uow.users.add(UserRecord(user_id="owner", username="mei"))
        uow.tasks.add(submitted(task))
        uow.ledger.append([a_grant("owner", 100)])
        uow.ledger.append([a_hold("owner", task.task_id, 60)])

    opened.run(command)
    view = opened.storage.task_reads.task(task.task_id, owner_id="owner")
    assert view is not None
    assert (view.owner_name, view.hold_ucpt) == ("mei", 60)
    assert view.counts[SubtaskState.READY] == 4
    assert view.progress == 0.4
    assert opened.storage.task_reads.task(task.task_id, owner_id="somebody") is None
    assert opened.storage.task_reads.resolved_manifest(task.task_id) == "x = 1\n"
    with pytest.raises(NotFound):
        opened.storage.task_reads.resolved_manifest("x")


def test_subtasks_show_the_unborn_their_attempts_and_the_merge_last(opened: Opened) -> None:
    task = a_task(subtask_count=1_000_000, merge=MergeState.BLOCKED)
    node = a_node(name="mill")
    failed = an_attempt(
        task,
        1,
        node_id=node.node_id,
        state=AttemptState.FAILED,
        failure=Failure(failure_class=FailureClass.USER, code="EXIT", message="exit 3"),
        metrics=(("loss", 0.5),),
    )
    again = an_attempt(task, 1, node_id=node.node_id, number=2)

    def command(uow: UnitOfWork) -> None:
        uow.nodes.add(node)
        uow.tasks.add(submitted(task))
        uow.subtasks.put_many(
            [SubtaskRecord(task_id=task.task_id, index=1, state=SubtaskState.BACKOFF, ready_at_ms=9)]
        )
        uow.attempts.add_many([failed, again])

    opened.run(command)
    reads = opened.storage.task_reads
    page = reads.subtasks(task.task_id, limit=3)
    assert [(view.index, view.state) for view in page.items] == [
        (0, SubtaskState.READY),
        (1, SubtaskState.BACKOFF),
        (2, SubtaskState.READY),
    ]
    assert [view.attempt_id for view in page.items[1].attempts] == [failed.attempt_id, again.attempt_id]
    assert page.items[1].failure == failed.failure
    assert page.items[1].attempts[0].node_name == "mill"
    assert page.items[1].attempts[0].metrics == {"loss": 0.5}
    assert page.next == "3"
    last = reads.subtasks(task.task_id, cursor="999999")
    assert [(view.index, view.is_merge, view.state) for view in last.items] == [
        (999_999, False, SubtaskState.READY),
        (1_000_000, True, SubtaskState.BLOCKED),
    ]
    assert last.next is None
    latest = reads.latest_attempt(task.task_id, 1)
    assert latest is not None and latest.attempt_id == again.attempt_id
    assert reads.attempt(failed.attempt_id) == page.items[1].attempts[0]
    assert reads.attempt("nobody") is None and reads.latest_attempt(task.task_id, 0) is None


def win(uow: UnitOfWork, task: TaskRecord, index: int, *files: FileEntry) -> str:
    attempt = an_attempt(task, index, state=AttemptState.SUCCEEDED)
    uow.attempts.add_many([attempt])
    uow.attempts.add_artifacts(attempt.attempt_id, SubtaskKey(task.task_id, index), files)
    uow.subtasks.put_many(
        [SubtaskRecord(task_id=task.task_id, index=index, state=SubtaskState.SUCCEEDED, winner=attempt.attempt_id)]
    )
    return attempt.attempt_id


def test_a_result_is_named_by_the_shape_of_its_task(opened: Opened) -> None:
    one, many, merged = a_task(), a_task(subtask_count=12), a_task(subtask_count=2, merge=MergeState.SUCCEEDED)
    put(opened, one, many, merged)

    def command(uow: UnitOfWork) -> None:
        win(uow, one, 0, entry("a/b.txt"))
        for index in (10, 2):
            win(uow, many, index, *[entry(f"f{number}") for number in range(400)])
        win(uow, merged, 0, entry("part"))
        win(uow, merged, 2, entry("whole.png"))

    opened.run(command)
    reads = opened.storage.task_reads
    assert [view.name for view in reads.artifacts(one.task_id)] == ["a/b.txt"]
    names = [view.name for view in reads.artifacts(many.task_id)]
    assert names == [f"{index}/f{number}" for index in (2, 10) for number in range(400)]
    assert [view.name for view in reads.artifacts(merged.task_id)] == ["merged/whole.png"]
    for task, name in ((one, "a/b.txt"), (many, "10/f399"), (merged, "merged/whole.png")):
        view = reads.artifact(task.task_id, name)
        assert view is not None and view.name == name and view.offset == 7
    for task, name in ((one, "0/a/b.txt"), (many, "010/f1"), (many, "f1"), (merged, "0/part"), (merged, "part")):
        assert reads.artifact(task.task_id, name) is None, name
    assert list(reads.artifacts("nobody")) == [] and reads.artifact("nobody", "x") is None


def test_usage_averages_ticks_by_their_time(opened: Opened) -> None:
    task, node = a_task(subtask_count=600), a_node(name="mill")
    ticks = (
        Tick(duration_ms=30_000, cpu_percent=100, memory_percent=10),
        Tick(duration_ms=10_000, cpu_percent=20, memory_percent=50),
    )
    attempts = [
        an_attempt(task, index, node_id=node.node_id, state=AttemptState.SUCCEEDED, ticks=ticks, paid_ucpt=7)
        for index in range(600)
    ]

    def command(uow: UnitOfWork) -> None:
        uow.nodes.add(node)
        uow.tasks.add(submitted(task))
        uow.attempts.add_many(attempts)

    opened.run(command)
    rows = list(opened.storage.task_reads.usage(task.task_id))
    assert [row.index for row in rows] == list(range(600))
    assert (rows[0].run_ms, rows[0].cpu_percent, rows[0].memory_percent) == (40_000, 80.0, 20.0)
    assert (rows[0].node_name, rows[0].paid_ucpt) == ("mill", 7)


def test_a_task_may_read_its_own_blobs_and_no_others(opened: Opened) -> None:
    task = a_task(items_blob="1" * 64, parts_blob="2" * 64, wheels=(Wheel(filename="w", sha256="3" * 64, size=1),))
    other = a_task(bundle_id="9" * 64)
    put(opened, task, other)

    def command(uow: UnitOfWork) -> None:
        uow.subtasks.put_many(
            [
                SubtaskRecord(
                    task_id=task.task_id,
                    index=0,
                    state=SubtaskState.READY,
                    checkpoint=(entry("c", "4" * 64),),
                )
            ]
        )
        win(uow, task, 0, entry("r", "5" * 64))
        win(uow, other, 0, entry("r", "6" * 64))

    opened.run(command)
    may = opened.storage.blob_reads.task_may_read
    for digit in "12345bp":
        assert may([other.task_id, task.task_id], digit * 64), digit
    for digit in "69":
        assert not may([task.task_id], digit * 64), digit
    assert not may([], "b" * 64) and not may([task.task_id], "")


def test_reads_see_one_moment_and_cannot_write(opened: Opened) -> None:
    from sqlalchemy import text

    from core.domain.errors import StorageUnavailable
    from master_app.storage.engine import database_url, reader_engine
    from master_app.storage.readers import Readers

    put(opened, a_task())
    engine = reader_engine(database_url(opened.url, opened.folder))
    readers = Readers(engine)
    with readers.snapshot() as connection:
        count = text("SELECT count(*) FROM tasks")
        assert connection.execute(count).scalar() == 1
        put(opened, a_task())
        assert connection.execute(count).scalar() == 1
    with pytest.raises(StorageUnavailable), readers.snapshot() as connection:
        connection.execute(text("DELETE FROM tasks"))
    engine.dispose()
    assert len(opened.storage.task_reads.tasks(owner_id=None).items) == 2
    assert NOW_MS


def test_a_search_finds_the_newest_of_an_owner_in_pages(opened: Opened) -> None:
    tasks = [a_task(name=f"Render {number % 2}") for number in range(6)]
    put(opened, *tasks, a_task(owner_id="other", name="Render 1"))
    reads = opened.storage.task_reads
    first = reads.tasks(owner_id="owner", name_contains="render 1", limit=2)
    second = reads.tasks(owner_id="owner", name_contains="render 1", limit=2, cursor=first.next)
    found = [view.task_id for page in (first, second) for view in page.items]
    assert found == [task.task_id for task in reversed(tasks) if task.name == "Render 1"] and second.next is None
    assert reads.tasks(owner_id="owner", name_contains="nothing").items == []


def test_days_of_money_grow_with_the_ledger_and_are_the_same_as_summed_anew(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_ms = 86_400_000
    number = count()
    for user in ("ann", "bob", "eve"):
        held = [a_grant(user, 1_000), a_hold(user, f"task of {user}", 1_000)]
        opened.run(lambda uow, held=held: uow.ledger.append(held))  # type: ignore[misc]

    def pay(spender: str, provider: str, amount_ucpt: int, at_ms: int) -> None:
        attempt_id = f"attempt-{next(number)}"
        paid = Transfer(
            transfer_id=payment_id(attempt_id),
            debit=hold_account(f"task of {spender}"),
            credit=user_account(provider),
            amount_ucpt=amount_ucpt,
            code=Code.ATTEMPT_PAID,
            at_ms=at_ms,
            actor_id=spender,
            attempt_id=attempt_id,
        )
        opened.run(lambda uow: uow.ledger.append([paid]))

    reads, since = opened.storage.page_reads, NOW_MS + day_ms  # times grow with the ledger
    pay("ann", "bob", 5, since - 1)
    pay("ann", "bob", 7, since + 1)

    def days(user: str) -> list[DayOfMoney]:
        return list(reads.money_by_day(user, since + 5, 0))

    today = since // day_ms
    assert days("ann") == [DayOfMoney(today, 7, 0)] and days("bob") == [DayOfMoney(today, 0, 7)]
    pay("ann", "bob", 11, since + day_ms)
    pay("bob", "ann", 2, since + day_ms)
    pay("eve", "eve", 100, since + day_ms)
    kept = days("ann"), days("bob"), days("eve")
    assert kept[0] == [DayOfMoney(today, 7, 0), DayOfMoney(today + 1, 11, 2)]
    assert kept[1] == [DayOfMoney(today, 0, 7), DayOfMoney(today + 1, 2, 11)]
    assert kept[2] == [DayOfMoney(today + 1, 100, 100)]
    monkeypatch.setattr(page_reads, "LATER_AT_MOST", 0)
    pay("eve", "bob", 1, since + day_ms)
    assert days("bob")[-1] == DayOfMoney(today + 1, 2, 12)
    fresh = SqlPageReads(opened.storage._readers)
    assert [list(fresh.money_by_day(user, since, 0)) for user in ("ann", "bob", "eve")] == [
        days(user) for user in ("ann", "bob", "eve")
    ]


def test_what_runs_is_counted_for_an_owner_and_for_all(opened: Opened) -> None:
    put(
        opened,
        a_task(state=TaskState.RUNNING, active=3),
        a_task(state=TaskState.RUNNING, active=2),
        a_task(state=TaskState.HELD),
        a_task(state=TaskState.SUCCEEDED),
        a_task(owner_id="other", state=TaskState.RUNNING, active=1),
    )
    reads = opened.storage.page_reads
    assert reads.running("owner") == RunningNow(subtasks=5, tasks=2, live=3, held=1)
    assert reads.running(None) == RunningNow(subtasks=6, tasks=3, live=4, held=1)
    assert reads.running("nobody") == RunningNow(subtasks=0, tasks=0, live=0, held=0)


def test_a_grid_adds_up_neighbours(opened: Opened) -> None:
    task = a_task(subtask_count=7)
    put(opened, task)
    done = [
        SubtaskRecord(task_id=task.task_id, index=index, state=SubtaskState.SUCCEEDED, ready_at_ms=0)
        for index in range(5)
    ]
    opened.run(lambda uow: uow.subtasks.put_many(done))
    cells = opened.storage.page_reads.cells(task.task_id, 7, 3)
    assert sorted((each.cell, each.count) for each in cells) == [(0, 3), (1, 2)]
