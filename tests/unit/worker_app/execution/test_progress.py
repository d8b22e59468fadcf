"""Bytes counted on any thread arrive on the loop, with their total."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.sandboxes import local_file
from worker_app.agent.ports.sandbox import OpenProgress
from worker_app.execution.progress import byte_counter


async def test_bytes_of_a_thread_become_progress_on_the_loop(tmp_path: Path) -> None:
    seen: list[OpenProgress] = []
    count = byte_counter([local_file(tmp_path, "a", b"12345")], seen.append)
    await asyncio.to_thread(count, 2)
    await asyncio.to_thread(count, 3)
    while len(seen) < 2:
        await asyncio.to_thread(lambda: None)
    assert [(one.done_bytes, one.total_bytes) for one in seen] == [(2, 5), (5, 5)]
