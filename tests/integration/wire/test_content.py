"""Blobs and logs over real mutual TLS: resumed both ways, granted by attempt, flat."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.errors import Invalid, NotFound
from core.domain.session import LogAck, LogChunk, LogStream
from tests.integration.wire.conftest import Master
from worker_app.wire.gateway import Gateway

SIZE = 5 * (1 << 20) + 321


async def fetched(gateway: Gateway, digest: str, *, offset: int = 0, length: int = 0) -> bytes:
    pieces = [piece async for piece in gateway.fetch("attempt", digest, offset=offset, length=length)]
    return b"".join(pieces)


async def test_a_blob_comes_whole_in_part_and_from_an_offset(master: Master) -> None:
    content = os.urandom(SIZE)
    digest = master.blobs.put(content)
    gateway = Gateway(await master.enrol())
    assert await fetched(gateway, digest) == content
    assert await fetched(gateway, digest, offset=SIZE - 100) == content[-100:]
    assert await fetched(gateway, digest, offset=7, length=2_000_000) == content[7:2_000_007]
    assert await fetched(gateway, digest, offset=SIZE) == b""
    with pytest.raises(Invalid):
        await fetched(gateway, digest, offset=SIZE + 1)
    await gateway.close()


async def test_a_blob_without_grant_is_as_if_it_were_not_there(master: Master) -> None:
    digest = master.blobs.put(b"secret of another task")
    gateway = Gateway(await master.enrol())
    master.grants.refused = {digest}
    with pytest.raises(NotFound):
        await fetched(gateway, digest)
    with pytest.raises(NotFound):
        await fetched(gateway, "0" * 64)
    with pytest.raises(Invalid):
        await fetched(gateway, "../../etc/passwd")
    master.grants.refused = {"attempt"}
    with pytest.raises(NotFound):
        await gateway.missing("attempt", [digest])
    await gateway.close()


async def test_a_blob_that_is_not_here_or_spoilt_is_noted_before_the_node_is_told(master: Master) -> None:
    damaged, lost = master.blobs.put(b"what was stored" * 99), "0" * 64
    master.blobs.path(damaged).write_bytes(b"what the disk made of it")
    node = await master.enrol()
    gateway = Gateway(node)
    for digest in (damaged, lost):
        with pytest.raises(NotFound):
            await fetched(gateway, digest)
        assert master.grants.missing[-1] == (node.node_id, "attempt", digest)
    await gateway.close()


async def test_a_stored_blob_is_whole_and_is_not_sent_twice(master: Master, tmp_path: Path) -> None:
    content = os.urandom(SIZE)
    digest = hashlib.sha256(content).hexdigest()
    file = tmp_path / "result"
    file.write_bytes(content)
    gateway = Gateway(await master.enrol())
    assert await gateway.missing("attempt", [digest]) == {digest}
    await gateway.store("attempt", digest, file, SIZE)
    assert master.blobs.read(digest, 0, SIZE) == content
    assert await gateway.missing("attempt", [digest]) == frozenset()
    file.unlink()
    await gateway.store("attempt", digest, file, SIZE)
    await gateway.close()


async def test_a_broken_upload_goes_on_where_it_ended(master: Master, tmp_path: Path) -> None:
    content = os.urandom(SIZE)
    digest = hashlib.sha256(content).hexdigest()
    partial = master.blobs.receive(digest, SIZE)
    partial.write(content[:2_000_000])
    partial.close()
    file = tmp_path / "result"
    # Were the first part sent again, the digest would not fit.
    file.write_bytes(bytes(2_000_000) + content[2_000_000:])
    gateway = Gateway(await master.enrol())
    await gateway.store("attempt", digest, file, SIZE)
    assert master.blobs.read(digest, 0, SIZE) == content
    await gateway.close()


async def test_content_that_is_not_what_was_announced_is_refused(master: Master, tmp_path: Path) -> None:
    file = tmp_path / "result"
    file.write_bytes(os.urandom(SIZE))
    gateway = Gateway(await master.enrol())
    with pytest.raises(Invalid) as refused:
        await gateway.store("attempt", "0" * 64, file, SIZE)
    assert refused.value.code == "DIGEST_MISMATCH"
    assert not master.blobs.has("0" * 64)
    file.write_bytes(b"")
    empty = hashlib.sha256(b"").hexdigest()
    await gateway.store("attempt", empty, file, 0)
    assert master.blobs.size(empty) == 0
    await gateway.close()


async def test_log_chunks_are_kept_and_acknowledged_in_order(master: Master) -> None:
    gateway = Gateway(await master.enrol())

    async def chunks() -> AsyncIterator[LogChunk]:
        for number in range(5):
            yield LogChunk(attempt_id="a", stream=LogStream.OUT, offset=number * 2, content=b"xy")

    acks = [ack async for ack in gateway.append(chunks())]
    assert acks[-1] == LogAck(attempt_id="a", stream=LogStream.OUT, next_offset=10)
    assert master.logs.content == {("a", "out"): b"xy" * 5}
    await gateway.close()


async def test_secrets_are_given_to_the_node_that_runs_the_attempt(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    master.secrets.values[identity.node_id, "attempt"] = {"TOKEN": "line one\nline two"}
    assert await gateway.secrets("attempt") == {"TOKEN": "line one\nline two"}
    with pytest.raises(NotFound):
        await gateway.secrets("another")
    await gateway.close()
