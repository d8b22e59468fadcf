"""Rules R1 to R12 of attempts, each from the outside: what nodes say, what rows and money show."""

from __future__ import annotations

from core.domain.attempt import AttemptState, FailureClass
from core.domain.events import FenceViolated
from core.domain.resources import GIB, Resources
from core.domain.session import AttemptUpdate, Orders, Resync, SyncReply, Verdict
from core.domain.task import TaskState
from core.domain.user import Role
from tests.support.pool_master import OPERATOR, PLAIN, PoolMaster, ScriptedNode, person, run_all, ticks

COUNT = PLAIN + '[split]\nmode = "count"\ncount = {}\n'
PATIENT = PLAIN + "[retry]\nuser = 5\ninfra = 2\n"


def _again(pool: PoolMaster, *nodes: ScriptedNode, s: int = 400) -> ScriptedNode:
    """Let a back-off or quarantine pass until the next attempt is offered, which must be taken within 15 s."""
    for _ in range(0, s, 10):
        if any(node.link is not None and node.link.offers for node in nodes):
            break
        pool.pass_time(10, step_s=10)
    return nodes[0]


# ---- R1 and R4


def test_an_offer_that_nobody_answers_is_lost_and_costs_nothing(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    link = node.link
    assert link is not None
    pool.tick(16)
    # Whether the offer is still on its way nobody knows: the session ends, and the next inventory tells.
    assert "15 s" in link.closed
    assert [row["state"] for row in pool.attempts(task_id)] == ["OFFERED"]
    node.connect()
    first, second = pool.attempts(task_id)
    assert (first["state"], first["reason"], first["paid_ucpt"]) == ("LOST", "no_ack", 0)
    assert second["state"] == "OFFERED"
    assert pool.state(task_id) is TaskState.QUEUED


def test_an_offer_that_was_answered_late_runs_once(pool: PoolMaster) -> None:
    node, other = pool.node("a"), pool.node("b")
    task_id = pool.submit().task_id
    holder, spare = (node, other) if node.take() else (other, node)
    holder.link, late = None, holder.link
    pool.tick(16)
    assert spare.take() == []
    assert late is not None and late.closed
    holder.connect()
    [only] = pool.attempts(task_id)
    assert only["state"] == "ACCEPTED"
    assert spare.take() == []


def test_an_offer_of_a_broken_session_waits_for_the_next_sync(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    node.take()
    node.disconnect()
    pool.tick(20)
    assert [row["state"] for row in pool.attempts(task_id)] == ["OFFERED"]
    reply = node.connect()
    assert [verdict for _, verdict in reply.verdicts] == [Verdict.CONTINUE]
    assert pool.state(task_id) is TaskState.RUNNING


def test_what_the_inventory_lacks_is_lost_at_once(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    node.held.clear()
    node.disconnect()
    node.connect()
    first, second = pool.attempts(task_id)
    assert (first["state"], first["reason"]) == ("LOST", "absent")
    assert second["state"] == "OFFERED"


def test_attempts_of_a_revoked_node_are_lost_and_run_elsewhere(pool: PoolMaster) -> None:
    bad, good = pool.node("bad"), pool.node("good", slots=1)
    task_id = pool.submit(COUNT.format(3)).task_id
    run_all(pool, [good, bad], lambda node, offer: node.start(offer))
    pool.master.membership.act(OPERATOR, bad.node_id, _action("revoke")).result(10)
    assert bad.link is not None and bad.link.closed
    assert {row["reason"] for row in pool.attempts(task_id) if row["node_id"] == bad.node_id} == {"revoked"}
    for held in list(good.held.values()):
        good.succeed(held.offer)
    run_all(pool, [good], lambda node, offer: node.succeed(offer))
    assert pool.state(task_id) is TaskState.SUCCEEDED


# ---- R2


def test_reports_keep_a_lease_and_silence_ends_it(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    pool.pass_time(1200, step_s=10)
    assert [row["state"] for row in pool.attempts(task_id)] == ["RUNNING"]
    node.silent = True
    # The last report came 20 s before it fell silent; a lease of 600 s and a minute follow.
    pool.pass_time(630, step_s=10)
    assert [row["state"] for row in pool.attempts(task_id)] == ["RUNNING"]
    pool.pass_time(20, step_s=10)
    [first] = pool.attempts(task_id)
    assert (first["state"], first["reason"]) == ("LOST", "lease")


def test_a_report_on_a_session_given_up_for_dead_still_renews_what_it_lists(pool: PoolMaster) -> None:
    """The acknowledgement lets the agent run on, so the master must wait as long (C3b)."""
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    node.silent = True
    pool.pass_time(600, step_s=10)
    node.report()
    assert node.link is not None and list(node.link.of_kind(Resync))
    pool.pass_time(590, step_s=10)
    assert [row["state"] for row in pool.attempts(task_id)] == ["RUNNING"]


# ---- R5 and R6


def _lost(pool: PoolMaster, node: ScriptedNode, manifest: str = PLAIN) -> tuple[str, ScriptedNode]:
    task_id = pool.submit(manifest).task_id
    [offer] = node.take()
    node.start(offer)
    node.silent = True
    pool.pass_time(700, step_s=10)
    return task_id, node


def test_a_late_result_is_accepted_and_paid_while_nobody_else_has_won(pool: PoolMaster) -> None:
    task_id, node = _lost(pool, pool.node("a"))
    [held] = node.held.values()
    node.silent = False
    node.connect()
    node.succeed(held.offer)
    first = pool.attempts(task_id)[0]
    assert (first["state"], first["reason"]) == ("SUCCEEDED", "late")
    assert first["paid_ucpt"] == 75_000
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_late_result_stops_the_attempt_that_was_made_in_its_place(pool: PoolMaster) -> None:
    late, other = pool.node("late"), pool.node("other", connect=False)
    task_id, _ = _lost(pool, late)
    other.connect()
    [offer] = other.take()
    other.start(offer)
    [held] = late.held.values()
    late.connect()
    late.succeed(held.offer)
    assert [stop.reason for stop in other.link.stops] == ["superseded"]  # type: ignore[union-attr]
    assert pool.state(task_id) is TaskState.SUCCEEDED
    other.tell(offer.attempt_id, AttemptState.CANCELLED, ticks=ticks(), **other.ran_ms(offer))
    states = {row["node_id"]: (row["state"], row["paid_ucpt"]) for row in pool.attempts(task_id)}
    # Superseded while running is paid; its work was wanted when it was done.
    assert states == {late.node_id: ("SUCCEEDED", 75_000), other.node_id: ("SUPERSEDED", 75_000)}


def test_the_rival_of_a_late_result_cannot_win_after_a_restart(pool: PoolMaster) -> None:
    late, other = pool.node("late"), pool.node("other", connect=False)
    task_id, _ = _lost(pool, late, COUNT.format(1) + "[merge]\ncommand = ['true']\n")
    other.connect()
    [offer] = other.take()
    other.start(offer)
    [held] = late.held.values()
    late.connect()
    late.succeed(held.offer)
    pool.restart()
    other.connect()
    other.succeed(offer)
    states = {row["node_id"]: row["state"] for row in pool.attempts(task_id) if row["ix"] == 0}
    assert states == {late.node_id: "SUCCEEDED", other.node_id: "SUPERSEDED"}


def test_a_late_result_after_a_winner_is_acknowledged_and_changes_nothing(pool: PoolMaster) -> None:
    late, other = pool.node("late"), pool.node("other", connect=False)
    task_id, _ = _lost(pool, late)
    other.connect()
    [offer] = other.take()
    other.succeed(offer)
    [held] = late.held.values()
    late.connect()
    late.succeed(held.offer)
    first, second = pool.attempts(task_id)
    assert (first["state"], first["paid_ucpt"]) == ("LOST", 0)
    assert second["state"] == "SUCCEEDED"
    assert pool.balance("user:provider") == 75_000


def test_a_node_that_runs_what_was_given_up_is_stopped_and_told_of(pool: PoolMaster) -> None:
    _task_id, node = _lost(pool, pool.node("a"))
    reply = node.connect()
    assert isinstance(reply, SyncReply)
    assert [verdict for _, verdict in reply.verdicts] == [Verdict.STOP]
    assert any(isinstance(fact, FenceViolated) for fact in pool.facts)


def test_a_duplicate_report_is_acknowledged_and_pays_once(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(COUNT.format(2)).task_id
    offers = node.take()
    update = node.succeed(offers[0])
    for _ in range(3):
        node.send(update)
    node.disconnect()
    node.connect()
    node.send(update, update)
    task = pool.task(task_id)
    assert (task.succeeded, task.paid_ucpt) == (1, 75_000)
    assert pool.balance("user:provider") == 75_000


def test_an_update_of_another_nodes_attempt_changes_nothing(pool: PoolMaster) -> None:
    node, thief = pool.node("a"), pool.node("thief", "thief", slots=0)
    task_id = pool.submit().task_id
    [offer] = node.take()
    thief.tell(offer.attempt_id, AttemptState.SUCCEEDED, ticks=ticks())
    assert pool.attempts(task_id)[0]["state"] == "OFFERED"
    thief.send(AttemptUpdate(number=99, attempt_id="unknown", state=AttemptState.SUCCEEDED))


# ---- R8, R9, R12


def test_user_failures_spend_the_users_retries_and_are_paid(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(PLAIN + "[retry]\nuser = 1\n").task_id
    for _ in range(2):
        [offer] = node.take()
        node.fail(offer)
        _again(pool, node)
    assert [row["paid_ucpt"] for row in pool.attempts(task_id)] == [75_000, 75_000]
    assert pool.state(task_id) is TaskState.FAILED


def test_a_subtask_that_backs_off_is_not_offered_before_its_time(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.fail(offer)
    assert pool.task(task_id).backoff == 1
    pool.tick(5)
    assert node.take() == []
    pool.tick(10)
    assert len(node.take()) == 1
    task = pool.task(task_id)
    assert (task.backoff, task.ready, task.active) == (0, 0, 1)


def test_infra_failures_spend_their_own_budget_and_are_not_paid(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(PATIENT).task_id
    for _ in range(3):
        [offer] = node.take()
        node.fail(offer, FailureClass.INFRA)
        _again(pool, node)
    assert [row["pay_reason"] for row in pool.attempts(task_id)] == ["FAILED_INFRA"] * 3
    assert pool.state(task_id) is TaskState.FAILED


def test_what_is_returned_spends_no_budget_and_asks_for_steadier_nodes(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    for _ in range(20):
        [offer] = node.take()
        node.start(offer)
        node.hand_back(offer)
    task = pool.task(task_id)
    assert (task.returned, task.state) == (20, TaskState.RUNNING)
    assert "steadier nodes" in task.state_reason
    assert pool.run(lambda uow: uow.pool.tasks[task_id].prefers_reliable)
    row = pool.subtasks(task_id)[0]
    assert (row["user_failures"], row["infra_failures"]) == (0, 0)


def test_a_free_retry_waits_a_minute_and_spends_nothing(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(PLAIN + "[retry]\nuser = 0\n").task_id
    [offer] = node.take()
    node.fail(offer, retry_free=True)
    pool.tick(55)
    assert node.take() == []
    pool.tick(10)
    [offer] = node.take()
    node.succeed(offer)
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_out_of_memory_climbs_the_ladder(pool: PoolMaster) -> None:
    node = pool.node("a")
    manifest = PLAIN.replace("disk_gb = 1.0", "disk_gb = 1.0\non_oom_memory_gb = [2.0, 4.0]")
    task_id = pool.submit(manifest).task_id
    sizes = []
    for _ in range(2):
        [offer] = node.take()
        sizes.append(offer.resources.memory_bytes >> 30)
        node.fail(offer, FailureClass.OOM)
    pool.restart()
    node.connect()
    [offer] = node.take()
    sizes.append(offer.resources.memory_bytes >> 30)
    node.succeed(offer)
    assert sizes == [1, 2, 4]
    assert pool.state(task_id) is TaskState.SUCCEEDED


def test_a_checkpoint_is_carried_to_the_next_offer_and_paid_up_to(pool: PoolMaster) -> None:
    from tests.support.pool_master import an_artifact

    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    entry = an_artifact(pool, "checkpoint/state.bin", b"half")
    node.hand_back(offer, checkpoint=(entry,), ticks=ticks(3), ticks_committed=2, **node.ran_ms(offer))  # type: ignore[arg-type]
    [offer] = node.take()
    assert offer.checkpoint == (entry,)
    assert offer.attempt_number == 2
    assert pool.attempts(task_id)[0]["pay_reason"] == "PAID_TO_CHECKPOINT"
    # It is durable: the master that comes after offers it too, once this offer is gone with its session.
    pool.restart()
    node.held.clear()
    node.connect()
    [offer] = node.take()
    assert offer.checkpoint == (entry,)
    assert offer.attempt_number == 3


def test_a_checkpoint_that_was_committed_in_place_survives_the_loss_of_its_attempt(pool: PoolMaster) -> None:
    from tests.support.pool_master import an_artifact

    node = pool.node("a")
    pool.submit()
    [offer] = node.take()
    node.start(offer)
    entry = an_artifact(pool, "checkpoint/state.bin", b"half")
    node.tell(offer.attempt_id, AttemptState.RUNNING, checkpoint=(entry,), ticks_committed=2)
    node.held.clear()
    node.disconnect()
    node.connect()
    [offer] = node.take()
    assert offer.checkpoint == (entry,)


def test_returned_without_a_checkpoint_is_not_paid(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    node.hand_back(offer, ticks=ticks(3), **node.ran_ms(offer))  # type: ignore[arg-type]
    assert pool.attempts(task_id)[0]["pay_reason"] == "RETURNED_WITHOUT_CHECKPOINT"


def test_a_rejected_offer_does_not_count_as_a_start(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.tell(offer.attempt_id, AttemptState.REJECTED, reason="capacity")
    task = pool.task(task_id)
    assert (task.state, task.ready) == (TaskState.QUEUED, 1)
    assert pool.attempts(task_id)[0]["pay_reason"] == "REJECTED"


def test_a_report_that_overtakes_its_update_starts_the_task(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.held[offer.attempt_id].state = AttemptState.RUNNING
    node.report()
    assert pool.state(task_id) is TaskState.RUNNING


def test_an_attempt_that_ends_cancelled_without_an_order_runs_again(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    node.tell(offer.attempt_id, AttemptState.CANCELLED, reason="unknown")
    assert len(node.take()) == 1
    assert pool.state(task_id) is TaskState.RUNNING


# ---- money


def test_an_own_task_on_an_own_node_pays_nothing_and_says_why(pool: PoolMaster) -> None:
    node = pool.node("a", "submitter")
    task_id = pool.submit().task_id
    [offer] = node.take()
    assert not offer.paid
    node.succeed(offer)
    [attempt] = pool.attempts(task_id)
    assert (attempt["paid_ucpt"], attempt["pay_reason"]) == (0, "OWN_NODE")
    assert pool.balance("user:submitter") == 150_000_000


# ---- bad nodes


def test_a_subtask_avoids_the_node_on_which_it_failed(pool: PoolMaster) -> None:
    first, second = pool.node("a", slots=1), pool.node("b", slots=1)
    task_id = pool.submit().task_id
    [(node, offer)] = [(node, offer) for node in (first, second) for offer in node.take()]
    node.fail(offer)
    other = second if node is first else first
    pool.tick(30)
    assert [len(one.take()) for one in (node, other)] == [0, 1]
    assert pool.subtasks(task_id)[0]["state"] == "ACTIVE"


def test_three_distinct_nodes_that_fail_it_end_a_subtask(pool: PoolMaster) -> None:
    nodes = [pool.node(name) for name in "abc"]
    task_id = pool.submit(PLAIN + "[retry]\nuser = 9\n").task_id
    for _ in range(3):
        for node in nodes:
            for offer in node.take():
                node.fail(offer)
        _again(pool, *nodes)
    assert len({row["node_id"] for row in pool.attempts(task_id)}) == 3
    assert pool.state(task_id) is TaskState.FAILED


def test_a_task_avoids_a_node_on_which_it_fails_while_others_succeed(pool: PoolMaster) -> None:
    bad, good = pool.node("bad", slots=1), pool.node("good", slots=1)
    manifest = COUNT.format(40) + '[limits]\nmax_failed = "100%"\n[retry]\nuser = 9\n'
    task_id = pool.submit(manifest).task_id
    for _ in range(3):
        pool.tick(10)
        for offer in good.take():
            good.succeed(offer)
        for offer in bad.take():
            bad.fail(offer)
    assert pool.run(lambda uow: uow.pool.tasks[task_id].avoided) == frozenset({bad.node_id})
    assert bad.take() == []
    run_all(pool, [good], lambda node, offer: node.succeed(offer))
    assert {row["node_id"] for row in pool.attempts(task_id) if row["state"] == "SUCCEEDED"} == {good.node_id}


def test_a_node_that_fails_by_its_own_fault_becomes_less_reliable_and_recovers(pool: PoolMaster) -> None:
    node = pool.node("a")
    pool.submit(COUNT.format(30))
    offer, other = node.take()
    node.start(other)
    node.fail(offer, FailureClass.INFRA)
    poor = pool.run(lambda uow: uow.pool.nodes[node.node_id].reliability)
    assert poor < 1.0
    pool.tick(60)
    for held in list(node.held.values()):
        node.succeed(held.offer)
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].reliability) > poor


def test_infra_failures_quarantine_a_node_longer_each_time(pool: PoolMaster) -> None:
    node = pool.node("a")
    pool.submit(PLAIN + "[retry]\ninfra = 9\n")
    rests = []
    for _ in range(3):
        [offer] = node.take()
        node.fail(offer, FailureClass.INFRA)
        now_ms = pool.clock.wall_ms()
        rests.append(pool.run(lambda uow: uow.pool.nodes[node.node_id].quarantined_until_ms) - now_ms)
        pool.tick(rests[-1] / 1000 - 1)
        node.report()
        assert node.take() == []
        pool.tick(2)
    assert rests == [10_000, 20_000, 40_000]


def test_a_black_hole_is_stopped_at_once(pool: PoolMaster) -> None:
    node = pool.node("hole", slots=8, capacity=_big())
    for index in range(8):
        pool.submit(PLAIN.replace('"plain"', f'"plain-{index}"'))
    now_ms = pool.clock.wall_ms()
    for offer in node.take()[:5]:
        node.fail(offer, started_at_ms=now_ms - 100, ended_at_ms=now_ms)
    assert pool.run(lambda uow: uow.pool.nodes[node.node_id].quarantined_until_ms) > now_ms


def _big() -> Resources:
    return Resources(cpu_millis=64_000, memory_bytes=256 * GIB, disk_bytes=1000 * GIB)


def _action(name: str):  # type: ignore[no-untyped-def]
    from core.domain.operations import NodeAction

    return NodeAction(name)


def test_orders_name_what_must_stop_again_with_each_report(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit().task_id
    [offer] = node.take()
    node.start(offer)
    pool.master.control.cancel(person("submitter", Role.SUBMITTER), task_id).result(10)
    assert node.link is not None
    assert len(node.link.stops) == 1
    node.link.take()
    node.report()
    [orders] = node.link.of_kind(Orders)
    assert [stop.attempt_id for stop in orders.stops] == [offer.attempt_id]
