"""What is in the way to the master is said plainly, and decides how soon it is tried again."""

from __future__ import annotations

import asyncio
import socket

import pytest

from worker_app.agent.ports.link import LinkClosed, NobodyListens
from worker_app.wire.reaching import reach


async def test_somebody_who_listens_is_reached() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        await reach(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_a_computer_without_a_master_is_told_from_one_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NobodyListens) as refused:
        await reach(f"127.0.0.1:{port}")
    assert "no master runs there" in refused.value.message
    with pytest.raises(LinkClosed) as unknown:
        await reach("no-such-computer.invalid:50051")
    assert unknown.value.code == "MASTER_NAME_UNKNOWN" and not isinstance(unknown.value, NobodyListens)


async def test_a_silent_computer_is_given_up_on() -> None:
    # A backlog that is full answers nobody, as a firewall that drops.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(8)]
        try:
            for each in held:
                each.setblocking(False)
                each.connect_ex(("127.0.0.1", port))
            with pytest.raises(LinkClosed) as silent:
                await reach(f"127.0.0.1:{port}", timeout_s=0.5)
            assert silent.value.code == "MASTER_SILENT"
        finally:
            for each in held:
                each.close()
