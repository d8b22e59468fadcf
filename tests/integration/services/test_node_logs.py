"""Logs of nodes are kept within the bounds of attempt and task, and the node is told when to stop."""

from __future__ import annotations

from core.domain.session import LogAck, LogChunk, LogStream
from master_app.node_pool.node_logs import BEGINNING_BYTES, TASK_NOTE, NodeLogs
from tests.support.pool_master import PLAIN, PoolMaster

OUT = LogStream.OUT


def make_logs(pool: PoolMaster, task_bytes: int) -> NodeLogs:
    master = pool.master
    return NodeLogs(
        grants=master.grants,
        files=master.storage.log_files,
        tasks=master.storage.task_reads,
        readers=master.threads,
        task_bytes=task_bytes,
    )


def send(logs: NodeLogs, attempt_id: str, offset: int, content: bytes, node: str = "node-a") -> LogAck:
    chunk = LogChunk(attempt_id=attempt_id, stream=OUT, offset=offset, content=content)
    (ack,) = logs.append(node, [chunk]).result(30)
    return ack


def test_a_task_that_logs_too_much_keeps_the_beginning_of_each_attempt_and_says_so(pool: PoolMaster) -> None:
    node = pool.node("a")
    pool.submit(PLAIN + '[split]\nmode = "count"\ncount = 2\n')
    first, second = node.take()
    logs = make_logs(pool, task_bytes=64 << 10)
    piece = b"x" * (20 << 10)
    offset = 0
    for _ in range(4):
        ack = send(logs, first.attempt_id, offset, piece)
        assert not ack.full
        offset = ack.next_offset
    assert send(logs, first.attempt_id, offset, piece).full
    assert send(logs, first.attempt_id, offset, piece).full
    kept, _ = pool.master.storage.log_files.read(first.attempt_id, OUT, offset, 1 << 20)
    assert kept.decode() == f"\n[HiveMind: {TASK_NOTE}]\n"
    # A neighbour of the same task still tells why it fails.
    beginning = b"y" * BEGINNING_BYTES
    assert not send(logs, second.attempt_id, 0, beginning).full
    assert not send(logs, second.attempt_id, len(beginning), b"z").full
    assert send(logs, second.attempt_id, len(beginning) + 1, b"z").full
    for offer in (first, second):
        node.succeed(offer, log_bytes=offset)
    # What ended attempts wrote counts after a restart, too.
    assert pool.master.storage.task_reads.log_bytes(first.task_id) == 2 * offset


def test_strangers_are_told_to_stop_and_nothing_is_kept(pool: PoolMaster) -> None:
    node = pool.node("a")
    pool.submit()
    (offer,) = node.take()
    logs = make_logs(pool, task_bytes=1 << 20)
    assert send(logs, offer.attempt_id, 0, b"x", node="node-b").full
    assert send(logs, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 0, b"x").full
    assert pool.master.storage.log_files.size(offer.attempt_id, OUT) == 0
    node.succeed(offer)
