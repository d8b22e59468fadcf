"""The practice subtask: for the nodes of one provider alone, paid once, by money that the mint gave for it."""

from __future__ import annotations

import pytest

from core.domain.errors import Conflict, NotFound, RateLimited
from core.domain.ledger import MINT, user_account
from core.domain.node import NodeAdmin
from core.domain.task import TaskState
from core.domain.user import PRACTICE_USER, UserState
from master_app.node_pool.wishes import NodeWishes
from master_app.ports.users import UserRecord
from master_app.tasks.practice import ASKS_WINDOW_MS, LIFE_MS, NODE_ASKS, OWNER_ASKS
from tests.support.pool_master import WAIT_S, PoolMaster


def practise(pool: PoolMaster, node_id: str) -> str:
    return pool.master.practice.start(node_id).result(WAIT_S).task_id


def test_only_the_providers_own_node_gets_it_and_is_paid(pool: PoolMaster) -> None:
    other, mine = pool.node("other", "carl"), pool.node("mine", "bob")
    minted = pool.balance(MINT)
    task_id = practise(pool, mine.node_id)
    pool.tick(1)
    assert other.take() == []
    (offer,) = mine.take()
    assert offer.task_id == task_id
    mine.start(offer)
    mine.succeed(offer)
    earned = pool.balance(user_account("bob"))
    assert earned > 0
    assert pool.state(task_id) is TaskState.SUCCEEDED
    left = pool.balance(user_account(PRACTICE_USER))
    assert left >= 0 and pool.balance(MINT) == minted - left - earned
    pool.verify_ledger()


def test_another_machine_of_the_same_owner_earns_nothing_more(pool: PoolMaster) -> None:
    first, second = pool.node("first", "bob"), pool.node("second", "bob")
    task_id = practise(pool, first.node_id)
    assert practise(pool, second.node_id) == task_id
    pool.tick(1)
    (offer,) = [*first.take(), *second.take()]
    node = first if offer.attempt_id in first.held else second
    node.start(offer)
    node.succeed(offer)
    minted = pool.balance(MINT)
    assert practise(pool, second.node_id) == ""
    pool.clock.advance(s=LIFE_MS // 1000)
    third = pool.node("third", "bob", connect=False)
    assert practise(pool, third.node_id) == ""
    assert pool.balance(MINT) == minted
    assert len(pool.rows("SELECT task_id FROM tasks")) == 1


def test_a_node_that_waits_for_approval_or_has_left_gets_none(pool: PoolMaster) -> None:
    waiting = pool.node("waiting", "bob", connect=False, admin=NodeAdmin.PENDING)
    with pytest.raises(Conflict):
        practise(pool, waiting.node_id)
    wishes = NodeWishes(pool.master.practice, pool.master.membership)
    wishes.leave(waiting.node_id).result(WAIT_S)
    wishes.leave(waiting.node_id).result(WAIT_S)
    with pytest.raises(NotFound):
        wishes.practise(waiting.node_id).result(WAIT_S)
    (row,) = pool.rows("SELECT admin FROM nodes")
    assert row["admin"] == NodeAdmin.REVOKED.value


def test_its_user_can_never_sign_in(pool: PoolMaster) -> None:
    practise(pool, pool.node("n", "bob").node_id)
    user = pool.run(lambda uow: uow.users.get(PRACTICE_USER))
    assert user is not None and (user.state, user.password_hash) == (UserState.LOCKED, "")


def test_a_blocked_owner_is_not_offered_again(pool: PoolMaster) -> None:
    node = pool.node("n", "bob", owners_blocked=("submitter",))
    task_id = pool.submit().task_id
    pool.tick(1)
    assert node.take() == []
    free = pool.node("free", "carl")
    pool.tick(1)
    assert [offer.task_id for offer in free.take()] == [task_id]
    pool.restart()
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].facts.owners_blocked) == ("submitter",)


def test_a_node_and_an_owner_ask_so_often_an_hour_and_a_restart_does_not_forget(pool: PoolMaster) -> None:
    pool.run(lambda uow: uow.users.add(UserRecord(user_id="bob", username="bob")))
    nodes = [pool.node(f"n{number}", "bob", connect=False) for number in range(4)]
    task_id = practise(pool, nodes[0].node_id)
    for _ in range(NODE_ASKS - 1):
        assert practise(pool, nodes[0].node_id) == task_id
    with pytest.raises(RateLimited, match=f"asked for {NODE_ASKS} times in an hour by this computer") as refused:
        practise(pool, nodes[0].node_id)
    assert refused.value.retry_after_s == ASKS_WINDOW_MS // 1000 and "Try again in 60 min" in refused.value.fix
    # Nothing is made for who is refused.
    before = pool.rows("SELECT count(*) AS n FROM audit_log")[0]["n"]
    pool.restart()
    with pytest.raises(RateLimited):
        practise(pool, nodes[0].node_id)
    assert pool.rows("SELECT count(*) AS n FROM audit_log")[0]["n"] == before
    for _ in range(OWNER_ASKS - NODE_ASKS - 1):
        practise(pool, nodes[1].node_id)
    assert practise(pool, nodes[2].node_id) == task_id
    with pytest.raises(RateLimited, match="by computers of its owner"):
        practise(pool, nodes[3].node_id)
    # Another owner is not their matter; and after the hour it may ask again.
    carl = pool.node("carls", "carl", connect=False)
    assert practise(pool, carl.node_id) != task_id
    pool.clock.advance(s=ASKS_WINDOW_MS // 1000)
    assert practise(pool, nodes[3].node_id) == task_id
