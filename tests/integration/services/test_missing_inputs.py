"""A file that the pool's disk has spoilt: its task waits with a reason, nobody pays for it, and it heals."""

from __future__ import annotations

import pytest

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.condition import Condition, ConditionCode
from core.domain.session import Offer
from core.domain.task import HeldCode, TaskState
from tests.support.pool_master import PLAIN, PoolMaster, ScriptedNode, an_artifact, run_all

FILES = PLAIN + '[split]\nmode = "files"\nfiles = ["data/*.bin"]\n'
BUNDLE = {"data/a.bin": b"a" * (1 << 20), "data/b.bin": b"b" * (1 << 20)}


def spoil(pool: PoolMaster, blob: str) -> None:
    pool.master.store.path(blob).write_bytes(b"what the disk made of it")


def blob_of(pool: PoolMaster, task_id: str, name: str) -> str:
    store, bundle_id = pool.master.store, pool.task(task_id).bundle_id
    for line in store.read(bundle_id, 0, store.size(bundle_id) or 0).decode().splitlines():
        if f'"{name}"' in line:
            return str(line.split(",")[4]).strip('"')
    raise AssertionError(f"{name} is not in the bundle")


def ask_in_vain(pool: PoolMaster, node: ScriptedNode, offer: Offer, blob: str) -> None:
    """A node fetches a blob, is refused, and says so of its attempt, as the real ones do."""
    assert not pool.master.store.is_sound(blob)
    pool.master.grants.note_missing(node.node_id, offer.attempt_id, blob).result(30)
    failure = Failure(failure_class=FailureClass.INFRA, code="BLOB_DAMAGED", message="it is not served")
    node.tell(offer.attempt_id, AttemptState.FAILED, failure=failure)


def lost(pool: PoolMaster) -> Condition | None:
    pool.master.vitals.tick()
    codes = (ConditionCode.BLOB_DAMAGED, ConditionCode.BLOB_LOST)
    return next((c for c in pool.master.conditions.current() if c.code in codes), None)


def test_a_task_waits_for_a_spoilt_file_and_goes_on_when_it_is_sent_again(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id = pool.submit(FILES, files=BUNDLE).task_id
    [offer] = node.take()
    blob = blob_of(pool, task_id, "data/a.bin")
    spoil(pool, blob)
    ask_in_vain(pool, node, offer, blob)
    task = pool.task(task_id)
    assert (task.state, task.held) == (TaskState.HELD, HeldCode.INPUT_MISSING)
    assert "data/a.bin" in task.state_reason and "send the same zip once more" in task.state_reason
    # Nobody is to blame, and no budget is spent.
    row = pool.subtasks(task_id)[0]
    assert (row["state"], row["infra_failures"], row["user_failures"]) == ("READY", 0, 0)
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].quarantined_until_ms) == 0
    found = lost(pool)
    assert found is not None and found.code is ConditionCode.BLOB_DAMAGED
    assert "1 task waits for it (INPUT_MISSING)" in found.at_risk
    pool.tick(60)
    assert node.take() == [] and pool.state(task_id) is TaskState.HELD
    # A restart forgets what was seen, not what is so.
    pool.restart()
    assert lost(pool) is not None and pool.state(task_id) is TaskState.HELD
    node.connect()
    pool.submit(FILES, files=BUNDLE)
    assert lost(pool) is None
    assert pool.state(task_id) is TaskState.RUNNING
    pool.tick(1)
    run_all(pool, [node], lambda node, offer: node.succeed(offer))
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_file_that_is_gone_is_told_and_heals_when_it_is_put_back(pool: PoolMaster) -> None:
    node = pool.node("a", slots=1)
    task_id = pool.submit(FILES, files=BUNDLE).task_id
    [offer] = node.take()
    blob = blob_of(pool, task_id, "data/b.bin")
    path = pool.master.store.path(blob)
    path.rename(path.with_suffix(".away"))
    ask_in_vain(pool, node, offer, blob)
    assert pool.state(task_id) is TaskState.HELD
    found = lost(pool)
    assert found is not None and found.code is ConditionCode.BLOB_LOST and "put the file back" in found.fix
    path.with_suffix(".away").rename(path)
    assert lost(pool) is None and pool.state(task_id) is TaskState.RUNNING


def test_a_spoilt_list_of_items_holds_its_task_and_no_other(pool: PoolMaster) -> None:
    # The master itself reads it when it places an attempt: an error there stopped the whole pool.
    pool.submit(FILES, files=BUNDLE)
    spoilt = pool.submit(FILES + "# another\n", files={**BUNDLE, "data/c.bin": b"c"}).task_id
    other = pool.submit().task_id
    spoil(pool, pool.task(spoilt).items_blob)
    node = pool.node("a", slots=8)
    run_all(pool, [node], lambda node, offer: node.succeed(offer))
    assert pool.state(other) is TaskState.SUCCEEDED
    task = pool.task(spoilt)
    assert (task.state, task.held) == (TaskState.HELD, HeldCode.INPUT_MISSING)
    assert "its bundle was damaged" in task.state_reason
    assert pool.attempts(spoilt) == [] and task.next_index == 0
    pool.submit(FILES + "# another\n", files={**BUNDLE, "data/c.bin": b"c"})
    assert lost(pool) is None
    pool.tick(1)
    run_all(pool, [node], lambda node, offer: node.succeed(offer))
    assert pool.state(spoilt) is TaskState.SUCCEEDED


def test_a_spoilt_checkpoint_costs_what_it_held_and_no_more(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    saved = an_artifact(pool, "checkpoint/step", b"step 7")
    node.tell(offer.attempt_id, AttemptState.RETURNED, reason="owner", checkpoint=(saved,), **node.ran_ms(offer))
    [offer] = node.take()
    assert offer.checkpoint == (saved,)
    spoil(pool, saved.blob)
    ask_in_vain(pool, node, offer, saved.blob)
    [offer] = node.take()
    assert offer.checkpoint == ()
    assert pool.subtasks(task_id)[0]["infra_failures"] == 0
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_spoilt_result_holds_the_merge_that_needs_it(pool: PoolMaster) -> None:
    node = pool.node("a")
    merge = '[split]\nmode = "count"\ncount = 2\n[merge]\ncommand = ["python", "main.py"]\nmemory_gb = 1.0\n'
    task_id = pool.submit(PLAIN + merge).task_id
    parts = {index: an_artifact(pool, f"out/{index}", b"part %d" % index) for index in range(2)}
    for offer in node.take():
        node.succeed(offer, artifacts=(parts[offer.index],))
    pool.settle()
    [offer] = node.take()
    spoil(pool, parts[1].blob)
    ask_in_vain(pool, node, offer, parts[1].blob)
    task = pool.task(task_id)
    assert (task.state, task.held) == (TaskState.HELD, HeldCode.INPUT_MISSING)
    assert "retry the task with all its parts" in task.state_reason


@pytest.mark.parametrize("code", ["BLOB_DAMAGED", "BLOB_NOT_FOUND"])
def test_a_node_that_only_says_so_is_not_believed(pool: PoolMaster, code: str) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.fail(offer, FailureClass.INFRA)
    failure = Failure(failure_class=FailureClass.INFRA, code=code, message="says the node")
    pool.tick(30)
    [offer] = node.take()
    node.tell(offer.attempt_id, AttemptState.FAILED, failure=failure)
    assert pool.state(task_id) is not TaskState.HELD
    assert pool.subtasks(task_id)[0]["infra_failures"] == 2
