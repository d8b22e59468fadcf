"""The checks find what does not agree, and nothing else."""

from __future__ import annotations

from sqlalchemy import text

from core.domain.attempt import AttemptState
from core.domain.node import NodeHealth
from core.domain.resources import Resources
from core.domain.spec import PreferSpec, RequiresSpec
from master_app.ports.node_pool import NodeRecord
from master_app.ports.tasks import AttemptRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt, Needs, Pool, PoolNode, PoolTask
from master_app.storage.checks import pool_differences
from master_app.storage.engine import database_url, writer_engine
from tests.support.storage import NOW_MS, Opened, a_grant, a_hold, a_node, a_task, an_attempt, submitted

RESOURCES = Resources(cpu_millis=1000, memory_bytes=1 << 30)


def fill_pool(pool: Pool, node: NodeRecord, task: TaskRecord, attempt: AttemptRecord) -> None:
    needs = Needs(resources=RESOURCES, requires=RequiresSpec(), prefer=PreferSpec(), image_ref="i")
    pool.put_node(
        PoolNode(
            node_id=node.node_id,
            name=node.name,
            owner_id=node.owner_id,
            facts=node.facts,
            admin=node.admin,
            health=NodeHealth.READY,
        )
    )
    pool.put_task(
        PoolTask(
            task_id=task.task_id,
            owner_id="owner",
            priority=50,
            submitted_ms=NOW_MS,
            generation=1,
            subtask_count=5,
            needs=needs,
            next_index=1,
        )
    )
    pool.add_attempt(
        LiveAttempt(
            attempt_id=attempt.attempt_id,
            task_id=task.task_id,
            index=0,
            node_id=node.node_id,
            epoch=1,
            generation=1,
            number=1,
            term=5,
            resources=RESOURCES,
            state=AttemptState.OFFERED,
            offered_ms=NOW_MS,
            lease_s=600,
            deadline_ms=NOW_MS,
            session_id="s",
        )
    )


def test_a_pool_that_agrees_with_the_rows_has_no_differences(opened: Opened) -> None:
    node, task = a_node(), a_task(subtask_count=5, next_index=1)
    attempt = an_attempt(task, 0, node_id=node.node_id)

    def agree(uow: UnitOfWork) -> list[str]:
        uow.nodes.add(node)
        uow.tasks.add(submitted(task))
        uow.attempts.add_many([attempt])
        fill_pool(uow.pool, node, task, attempt)
        return pool_differences(uow)

    assert opened.run(agree) == []

    def differ(uow: UnitOfWork) -> list[str]:
        uow.attempts.put_states([(attempt.attempt_id, AttemptState.RUNNING, 1)])
        uow.pool.tasks[task.task_id].next_index = 2
        uow.pool.nodes[node.node_id].reserved = Resources()
        return pool_differences(uow)

    assert len(opened.run(differ)) == 3
    opened.close()
    assert len(opened.run(pool_differences)) == 2, "a new pool is empty: one attempt and one task are missing"


def test_a_balance_that_was_altered_is_found(opened: Opened) -> None:
    task = a_task()

    def command(uow: UnitOfWork) -> None:
        uow.ledger.append([a_grant("owner", 100)])
        uow.ledger.append([a_hold("owner", task.task_id, 60)])

    opened.run(command)
    assert opened.storage.unsound_accounts() == []
    opened.close()
    engine = writer_engine(database_url(opened.url, opened.folder))
    with engine.begin() as connection:
        connection.execute(text("UPDATE accounts SET balance_ucpt = 41 WHERE account_id = 'user:owner'"))
        connection.execute(text("DELETE FROM accounts WHERE account_id = 'mint'"))
    engine.dispose()
    assert opened.storage.unsound_accounts() == ["mint", "user:owner"]
