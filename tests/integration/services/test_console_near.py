"""One thing from near: a node at a report each second, its labels, a task's use, a log's hits, a file."""

from __future__ import annotations

import pytest

from core.domain.attempt import AttemptState
from core.domain.console_near import LabelChange, LogHit
from core.domain.errors import Forbidden, Invalid, NotFound
from core.domain.operations import OperatorIdentity
from core.domain.session import LogStream, Orders
from core.domain.user import ALL_SCOPES, Role
from master_app.console_near import SEARCHED_BYTES, find_in_log
from tests.support.pool_master import PLAIN, PoolMaster, an_artifact

OLGA = OperatorIdentity(
    user_id="operator", name="operator", roles=frozenset(Role), scopes=frozenset(ALL_SCOPES), origin="test"
)
READER = OperatorIdentity(user_id="x", name="x", roles=frozenset({Role.SUBMITTER}), scopes=frozenset(ALL_SCOPES))
TWO = PLAIN + '[split]\nmode = "count"\ncount = 2\n'


def test_a_node_that_is_looked_at_reports_each_second_until_nobody_looks(pool: PoolMaster) -> None:
    node = pool.node("a")
    submitted = pool.submit(TWO)
    first, second = node.take()
    node.start(first)
    near = pool.master.console.near
    seen = near.node(OLGA, node.node_id).result(30)
    assert [(work.task_name, work.index, work.state) for work in seen.work] == [
        ("plain", 0, "RUNNING"),
        ("plain", 1, "OFFERED"),
    ]
    assert seen.work[0].cpu_millis == 1000 and seen.work[0].percent is None
    assert seen.reserved_cpu_millis == 2000
    assert node.link is not None
    pool.settle()
    assert [order.report_interval_s for order in node.link.of_kind(Orders)] == [1.0]
    node.link.take()
    pool.tick(4)
    near.node(OLGA, node.node_id).result(30)
    pool.settle()
    pool.tick(4)
    node.report()
    pool.settle()
    assert not list(node.link.of_kind(Orders)), "somebody looks on: nothing is said anew"
    pool.tick(2)
    node.report()
    pool.settle()
    assert [order.report_interval_s for order in node.link.of_kind(Orders)] == [30.0]
    node.succeed(second)
    node.fail(first)
    pool.settle()
    ended = near.node(OLGA, node.node_id).result(30).ended
    assert [(each.index, each.state) for each in ended[:2]] == [(0, "FAILED"), (1, "SUCCEEDED")]
    assert {each.task_id for each in ended} == {submitted.task_id}
    with pytest.raises(NotFound):
        near.node(OLGA, "nobody").result(30)
    with pytest.raises(Forbidden):
        near.node(READER, node.node_id)


def test_what_succeeded_and_what_failed_is_counted_by_the_minute(pool: PoolMaster) -> None:
    node = pool.node("a")
    pool.submit(TWO)
    first, second = node.take()
    node.succeed(first)
    node.fail(second)
    pool.settle()
    watch = pool.master.console.desk
    (minute,) = watch.history(OLGA).result(30).minutes
    assert (minute.succeeded, minute.failed) == (1, 1)
    assert watch.look(OLGA).result(30).overview.per_minute == 1.0


def test_a_label_lets_a_waiting_task_run_and_is_audited(pool: PoolMaster) -> None:
    node = pool.node("a")
    other = pool.node("b", labels={"site": "own"})
    pool.submit(PLAIN + '[requires.labels]\nsite = ["lab"]\n')
    assert node.take() == [] and other.take() == []
    near = pool.master.console.near
    near.label(OLGA, LabelChange(node_ids=(node.node_id,), put={"site": "lab", "floor": "2"})).result(30)
    pool.tick()  # it was held, because no node could: looked at anew
    pool.settle()
    (offer,) = node.take()
    node.succeed(offer)
    seen = near.node(OLGA, node.node_id).result(30)
    assert dict(seen.labels) == {"site": "lab", "floor": "2"} and seen.own_labels == {}
    near.label(OLGA, LabelChange(node_ids=(other.node_id,), put={"site": "lab"})).result(30)
    near.label(OLGA, LabelChange(node_ids=(other.node_id,), remove=("site",))).result(30)
    seen = near.node(OLGA, other.node_id).result(30)
    assert (dict(seen.labels), dict(seen.own_labels)) == ({}, {"site": "own"}), "the agent's own stays"
    assert pool.run(lambda uow: dict(uow.pool.nodes[other.node_id].labels)) == {"site": "own"}
    lines = pool.rows("SELECT details FROM audit_log WHERE action = 'node.label' ORDER BY sequence")
    assert [line["details"] for line in lines] == ["site=lab, floor=2", "site=lab", "-site"]
    pool.restart()
    assert pool.run(lambda uow: dict(uow.pool.nodes[node.node_id].labels)) == {"site": "lab", "floor": "2"}


@pytest.mark.parametrize("put", [{"": "x"}, {"a b": "x"}, {"k": ""}, {"k": "x" * 201}, {"k": "a\nb"}])
def test_a_label_that_is_none_is_refused(pool: PoolMaster, put: dict[str, str]) -> None:
    node = pool.node("a")
    with pytest.raises(Invalid):
        pool.master.console.near.label(OLGA, LabelChange(node_ids=(node.node_id,), put=put))


def test_all_nodes_are_labelled_or_none_and_only_by_operators(pool: PoolMaster) -> None:
    node = pool.node("a")
    near = pool.master.console.near
    with pytest.raises(NotFound):
        near.label(OLGA, LabelChange(node_ids=(node.node_id, "nobody"), put={"k": "v"})).result(30)
    assert pool.run(lambda uow: dict(uow.pool.nodes[node.node_id].labels)) == {}
    many = {f"k{number}": "v" for number in range(33)}
    with pytest.raises(Invalid):
        near.label(OLGA, LabelChange(node_ids=(node.node_id,), put=many)).result(30)
    with pytest.raises(Forbidden):
        near.label(READER, LabelChange(node_ids=(node.node_id,), put={"k": "v"}))


def test_what_a_task_used_is_told_over_time_and_its_files_come_out(pool: PoolMaster) -> None:
    node = pool.node("a")
    task_id = pool.submit(TWO).task_id
    first, second = node.take()
    near = pool.master.console.near
    assert near.use(OLGA, task_id).result(30).points == ()
    node.succeed(first, tick_count=2, artifacts=(an_artifact(pool, "sum.txt", b"42"),))
    use = near.use(OLGA, task_id).result(30)
    assert [(point.cpu_percent, point.memory_bytes) for point in use.points] == [(100.0, 1 << 29)] * 2
    assert use.points[1].at_ms - use.points[0].at_ms == 30_000
    assert use.memory_reserved_bytes == 1 << 30 and use.live == () and not use.has_gpu
    node.start(second)
    node.held[second.attempt_id].state = AttemptState.RUNNING
    node.report()
    assert len(near.use(OLGA, task_id).result(30).live) == 1
    found = near.file(OLGA, task_id, "0/sum.txt").result(30)
    assert (found.size, b"".join(found.pieces)) == (2, b"42")
    with pytest.raises(NotFound):
        near.file(OLGA, task_id, "0/../../etc/passwd").result(30)


def test_a_log_is_searched_line_by_line_in_bounded_parts(pool: PoolMaster) -> None:
    pool.node("a").connect()
    files = pool.master.storage.log_files
    attempt = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    line = b"%09d nothing of note here\n"
    content = b"".join(line % number for number in range(400_000))
    needle = 350_000 * len(line % 0)
    content = content[:needle] + "Grüße: FOUND it\n".encode() + content[needle:]
    for offset in range(0, len(content), 1 << 20):
        files.append(attempt, LogStream.OUT, offset, content[offset : offset + (1 << 20)])
    first = find_in_log(files, attempt, LogStream.OUT, "found IT", 0)
    assert first.hits == () and SEARCHED_BYTES // 2 < first.searched < first.size == len(content)
    at = first.searched
    hits: list[LogHit] = list(first.hits)
    while at < len(content):
        part = find_in_log(files, attempt, LogStream.OUT, "found IT", at)
        assert part.searched > at
        at, hits = part.searched, hits + list(part.hits)
    assert [(hit.offset, hit.text) for hit in hits] == [(needle, "Grüße: FOUND it")]
    with pytest.raises(Invalid):
        pool.master.console.near.find_in_log(OLGA, attempt, "out", "", 0)
