"""What services are promised of their repositories, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.bundle import FileEntry
from core.domain.errors import Conflict, NotFound
from core.domain.ids import SubtaskKey
from core.domain.node import NodeAdmin, NodeFacts
from core.domain.resources import Resources
from core.domain.rewards import Tick
from core.domain.session import ImagePin, Wheel
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, MergeState, TaskState, WaitFor, Wish
from core.domain.templates import TaskTemplate
from master_app.ports.node_pool import JoinTokenRecord
from master_app.ports.secrets import SecretRecord
from master_app.ports.tasks import SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from tests.support.storage import NOW_MS, Opened, a_node, a_task, an_attempt, new_id, submitted


def entry(path: str = "out/a.txt", blob: str = "a" * 64) -> FileEntry:
    return FileEntry(path=path, size=3, sha256="5" * 64, blob=blob, offset=7)


def put(opened: Opened, *tasks: TaskRecord) -> None:
    def command(uow: UnitOfWork) -> None:
        for task in tasks:
            uow.tasks.add(submitted(task))

    opened.run(command)


def test_a_task_is_read_as_it_was_saved(opened: Opened) -> None:
    task = a_task()
    put(opened, task)
    changed = a_task(
        task_id=task.task_id,
        state=TaskState.HELD,
        state_reason="理由",
        state_since_ms=4,
        wish=Wish.PAUSE,
        held=HeldCode.OUT_OF_FUNDS,
        held_reason="no funds",
        wait_for=WaitFor.PIN,
        merge=MergeState.BLOCKED,
        started_ms=1,
        ended_ms=2,
        deadline_ms=3,
        generation=2,
        next_index=9,
        ready=1,
        backoff=2,
        active=3,
        succeeded=4,
        failed=5,
        cancelled=6,
        eaten=7,
        live_attempts=8,
        max_failed=9,
        min_success=0.1,
        revision=3,
        pin=ImagePin(ref="r", digest="d"),
        wheels=(Wheel(filename="a.whl", sha256="f" * 64, size=5),),
        parts_blob="c" * 64,
        paid_ucpt=10**15,
        max_ucpt=0,
        returned=21,
        idempotency_key="key",
        expires_ms=11,
        expired=True,
        items_blob="d" * 64,
        subtask_count=1_000_000,
        priority=-3,
    )
    opened.run(lambda uow: uow.tasks.save(changed))
    assert opened.run(lambda uow: uow.tasks.get(task.task_id)) == changed


def test_within_a_transaction_a_task_is_one_object_and_queries_see_its_changes(opened: Opened) -> None:
    task = a_task(subtask_count=10)
    put(opened, task)

    def command(uow: UnitOfWork) -> None:
        first, second = uow.tasks.get(task.task_id), uow.tasks.get(task.task_id)
        assert first is not None and first is second
        assert uow.tasks.count_live("owner") == (1, 10)
        first.state, first.expires_ms = TaskState.SUCCEEDED, 5
        uow.tasks.save(first)
        assert uow.tasks.count_live("owner") == (0, 0)
        assert list(uow.tasks.live()) == []
        assert uow.tasks.expired(5, 10) == [task.task_id]
        assert uow.tasks.expired(4, 10) == []

    opened.run(command)


def test_live_goes_through_all_live_tasks_oldest_first(opened: Opened) -> None:
    tasks = [a_task() for _ in range(1_100)]
    tasks[3].state = TaskState.CANCELLED
    put(opened, *tasks)
    live = opened.run(lambda uow: [task.task_id for task in uow.tasks.live()])
    assert live == [task.task_id for task in tasks if task.state is TaskState.QUEUED]


def test_a_key_makes_one_task_an_owner(opened: Opened) -> None:
    task = a_task(idempotency_key="k")
    put(opened, task)
    assert opened.run(lambda uow: uow.tasks.find_by_key("owner", "k")) == task.task_id
    assert opened.run(lambda uow: uow.tasks.find_by_key("other", "k")) is None
    assert opened.run(lambda uow: uow.tasks.find_by_key("owner", "")) is None
    with pytest.raises(Conflict):
        put(opened, a_task(idempotency_key="k"))
    put(opened, a_task(idempotency_key="k", owner_id="other"), a_task(), a_task())


def test_dependants_are_the_live_ones(opened: Opened) -> None:
    first, second, ended = a_task(), a_task(), a_task(state=TaskState.FAILED)

    def command(uow: UnitOfWork) -> None:
        uow.tasks.add(submitted(first))
        uow.tasks.add(submitted(second, after=(first.task_id,)))
        uow.tasks.add(submitted(ended, after=(first.task_id,)))

    opened.run(command)
    assert opened.run(lambda uow: uow.tasks.dependants(first.task_id)) == [second.task_id]
    assert opened.run(lambda uow: uow.tasks.after(second.task_id)) == [first.task_id]


def test_a_spec_is_replaced_and_its_absence_is_said(opened: Opened) -> None:
    task = a_task()
    put(opened, task)
    opened.run(lambda uow: uow.tasks.set_spec(task.task_id, "new", "new = 1"))
    assert opened.run(lambda uow: uow.tasks.spec_json(task.task_id)) == "new"
    with pytest.raises(NotFound):
        opened.run(lambda uow: uow.tasks.spec_json("nobody"))


def test_overdue_are_live_tasks_whose_deadline_passed(opened: Opened) -> None:
    late = a_task(deadline_ms=100)
    put(opened, late, a_task(deadline_ms=101), a_task(), a_task(deadline_ms=50, state=TaskState.FAILED))
    assert opened.run(lambda uow: uow.tasks.overdue(100, 10)) == [late.task_id]


def test_subtasks_are_inserted_and_replaced_whole(opened: Opened) -> None:
    task = a_task(subtask_count=300)
    put(opened, task)
    rows = [SubtaskRecord(task_id=task.task_id, index=index, state=SubtaskState.READY) for index in range(300)]
    full = SubtaskRecord(
        task_id=task.task_id,
        index=7,
        state=SubtaskState.BACKOFF,
        generation=2,
        epoch=3,
        ready_at_ms=4,
        winner="w",
        user_failures=5,
        infra_failures=6,
        returned=7,
        free_retries=8,
        oom_step=9,
        failed_nodes=("n1", "n2"),
        checkpoint=(entry(),),
    )

    def command(uow: UnitOfWork) -> None:
        uow.subtasks.put_many(rows)
        uow.subtasks.put_many([full])
        found = uow.subtasks.get_many([row.key for row in rows])
        assert len(found) == 300
        assert found[full.key] == full
        assert found[rows[299].key] == rows[299]
        assert uow.subtasks.get_many([SubtaskKey(task.task_id, 300), SubtaskKey("other", 0)]) == {}

    opened.run(command)


def test_only_one_attempt_wins_a_subtask(opened: Opened) -> None:
    task = a_task(subtask_count=3)
    put(opened, task)
    rows = [SubtaskRecord(task_id=task.task_id, index=index, state=SubtaskState.ACTIVE) for index in range(3)]
    opened.run(lambda uow: uow.subtasks.put_many(rows))
    opened.run(lambda uow: uow.subtasks.win([(rows[0].key, 1, "first")]))
    with pytest.raises(Conflict):
        opened.run(lambda uow: uow.subtasks.win([(rows[1].key, 1, "x"), (rows[0].key, 1, "second")]))
    with pytest.raises(Conflict):
        opened.run(lambda uow: uow.subtasks.win([(rows[2].key, 2, "of another generation")]))
    assert opened.run(lambda uow: list(uow.attempts.winners(task.task_id))) == [(0, "first")]
    assert opened.run(lambda uow: uow.subtasks.missing(task.task_id, 3)) == [1, 2]


def test_reset_keeps_successes_unless_everything_is_run_again(opened: Opened) -> None:
    task = a_task(subtask_count=4)
    put(opened, task)
    states = [SubtaskState.SUCCEEDED, SubtaskState.FAILED, SubtaskState.CANCELLED, SubtaskState.ACTIVE]
    rows = [
        SubtaskRecord(
            task_id=task.task_id,
            index=index,
            state=state,
            winner="w" if state is SubtaskState.SUCCEEDED else "",
            user_failures=2,
        )
        for index, state in enumerate(states)
    ]

    def retry_failed(uow: UnitOfWork) -> None:
        uow.subtasks.put_many(rows)
        assert uow.subtasks.reset(task.task_id, 1, all_of_them=False) == 2
        ready = uow.subtasks.of_state(task.task_id, [SubtaskState.READY])
        assert [(row.index, row.user_failures) for row in ready] == [(1, 0), (2, 0)]
        assert [row.index for row in uow.subtasks.of_state(task.task_id, [SubtaskState.SUCCEEDED])] == [0]

    opened.run(retry_failed)

    def retry_all(uow: UnitOfWork) -> None:
        record = uow.tasks.get(task.task_id)
        assert record is not None
        record.generation = 2
        uow.tasks.save(record)
        assert uow.subtasks.reset(task.task_id, 2, all_of_them=True) == 4
        assert uow.subtasks.missing(task.task_id, 4) == [0, 1, 2, 3]
        assert uow.subtasks.cancel_open(task.task_id) == 4

    opened.run(retry_all)


def test_an_attempt_is_read_as_it_ended(opened: Opened) -> None:
    task = a_task()
    put(opened, task)
    attempts = [an_attempt(task, index) for index in range(20)]
    opened.run(lambda uow: uow.attempts.add_many(attempts))
    ended = replace(
        attempts[0],
        state=AttemptState.FAILED,
        reason="because",
        failure=Failure(failure_class=FailureClass.OOM, code="OOM", message="too much"),
        exit_code=-9,
        started_ms=1,
        ended_ms=2,
        ticks=(Tick(duration_ms=30_000, cpu_percent=99.5, memory_percent=0.125, gpu_percent=3.0),),
        peak_memory_bytes=2**40,
        paid_ucpt=0,
        pay_reason="INFRA",
        log_bytes=6,
        metrics=(("loss", 0.25),),
    )

    def command(uow: UnitOfWork) -> None:
        uow.attempts.put_states([(attempts[1].attempt_id, AttemptState.RUNNING, 77)])
        uow.attempts.end_many([ended])
        found = uow.attempts.get_many([attempt.attempt_id for attempt in attempts])
        assert found[ended.attempt_id] == ended
        assert found[attempts[1].attempt_id] == replace(attempts[1], state=AttemptState.RUNNING, started_ms=77)
        assert found[attempts[2].attempt_id] == attempts[2]
        live = [attempt.attempt_id for attempt in uow.attempts.live()]
        assert live == [attempt.attempt_id for attempt in attempts[1:]]

    opened.run(command)


def test_artifacts_keep_their_order(opened: Opened) -> None:
    task = a_task()
    put(opened, task)
    attempt = an_attempt(task)
    files = (entry("z"), entry("a"), entry("m", "e" * 64))
    opened.run(lambda uow: uow.attempts.add_artifacts(attempt.attempt_id, SubtaskKey(task.task_id, 0), files))
    assert tuple(opened.run(lambda uow: uow.attempts.artifacts_of(attempt.attempt_id))) == files


def test_run_times_are_of_this_bundle_and_name(opened: Opened) -> None:
    task, other = a_task(), a_task(name="other")
    put(opened, task, other)
    ended = [
        an_attempt(task, 0, state=AttemptState.SUCCEEDED, started_ms=10, ended_ms=30),
        an_attempt(task, 1, state=AttemptState.SUCCEEDED, started_ms=10, ended_ms=50),
        an_attempt(task, 2, state=AttemptState.FAILED, started_ms=10, ended_ms=99),
        an_attempt(other, 0, state=AttemptState.SUCCEEDED, started_ms=10, ended_ms=98),
    ]
    opened.run(lambda uow: uow.attempts.add_many(ended))
    assert opened.run(lambda uow: uow.attempts.run_times_ms("task", task.bundle_id, 5)) == [40, 20]
    assert opened.run(lambda uow: uow.attempts.run_times_ms("task", task.bundle_id, 1)) == [40]


def test_a_node_is_read_as_it_was_saved(opened: Opened) -> None:
    node, gone = a_node(name="Mill"), a_node(name="gone", admin=NodeAdmin.REVOKED, created_ms=NOW_MS - 1)

    def command(uow: UnitOfWork) -> None:
        uow.nodes.add(node)
        uow.nodes.add(gone)

    opened.run(command)
    changed = a_node(
        node_id=node.node_id,
        name="Mill",
        facts=NodeFacts(
            host_name="h", capacity=Resources(cpu_millis=4000), labels={"zone": "a"}, numbers={"mbps": 1.5}
        ),
        labels={"rack": "7"},
        incarnation=3,
        practice_asks=(7, 9),
        quarantined_until_ms=5,
    )
    opened.run(lambda uow: uow.nodes.save(changed))

    def look(uow: UnitOfWork) -> None:
        assert uow.nodes.get(node.node_id) == changed
        assert [row.node_id for row in uow.nodes.all()] == [gone.node_id, node.node_id]
        assert uow.nodes.all()[1] is uow.nodes.get(node.node_id)
        assert uow.nodes.name_taken("mILL")
        assert not uow.nodes.name_taken("gone")

    opened.run(look)


def test_join_links_that_are_used_up_are_not_listed(opened: Opened) -> None:
    def token(**values: object) -> JoinTokenRecord:
        defaults: dict[str, object] = {
            "token_sha256": new_id(NOW_MS),
            "owner_id": "owner",
            "created_by": "op",
            "created_ms": NOW_MS,
            "expires_ms": NOW_MS + 1,
        }
        return JoinTokenRecord(**(defaults | values))  # type: ignore[arg-type]

    good, used = token(labels={"a": "b"}, approve=True), token()

    def command(uow: UnitOfWork) -> None:
        for each in (good, used, token(expires_ms=NOW_MS), token(revoked=True), token(owner_id="other")):
            uow.nodes.add_join_token(each)
        used.uses_left = 0
        uow.nodes.save_join_token(used)

    opened.run(command)
    assert opened.run(lambda uow: uow.nodes.join_token(good.token_sha256)) == good
    assert list(opened.run(lambda uow: uow.nodes.join_tokens("owner"))) == [good]
    assert len(opened.run(lambda uow: uow.nodes.join_tokens())) == 2


def test_secrets_are_kept_by_owner_and_name(opened: Opened) -> None:
    def record(owner_id: str, name: str, sealed: bytes) -> SecretRecord:
        return SecretRecord(owner_id=owner_id, name=name, sealed=sealed, changed_ms=NOW_MS)

    first, other = record("mei", "B", b"\x00\xff"), record("bob", "A", b"bobs")

    def command(uow: UnitOfWork) -> bool:
        uow.secrets.put(record("mei", "B", b"older"))
        for each in (first, record("mei", "A", b"1"), other):
            uow.secrets.put(each)
        return uow.secrets.remove("mei", "A") and not uow.secrets.remove("mei", "C")

    assert opened.run(command)
    assert opened.storage.user_reads.secrets_of("mei") == [first]
    assert opened.run(lambda uow: list(uow.secrets.of("bob"))) == [other]
    opened.run(lambda uow: uow.secrets.remove_all("mei"))
    assert opened.storage.user_reads.secrets_of("mei") == []


def test_templates_are_kept_by_owner_and_name(opened: Opened) -> None:
    def kept(name: str, *, owner: str = "1", changed_ms: int = 1, **fields: str) -> TaskTemplate:
        return TaskTemplate(owner_id=owner, name=name, fields=fields, changed_ms=changed_ms)

    night, again = kept("夜間", memory_gb="2"), kept("夜間", changed_ms=9, **{"params.文字": "é\n"})
    others = kept("夜間", owner="2")

    def put(uow: UnitOfWork) -> None:
        for template in (night, kept("b"), kept("B"), others, again):
            uow.templates.put(template)

    opened.run(put)
    assert list(opened.storage.template_reads.templates("1")) == [kept("B"), kept("b"), again]
    assert sorted(opened.run(lambda uow: uow.templates.names("1"))) == ["B", "b", "夜間"]
    assert opened.run(lambda uow: uow.templates.remove("1", "b")) is True
    assert opened.run(lambda uow: uow.templates.remove("1", "b")) is False
    opened.run(lambda uow: uow.templates.forget("1"))
    assert list(opened.storage.template_reads.templates("1")) == []
    assert list(opened.storage.template_reads.templates("2")) == [others]
