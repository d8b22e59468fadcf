"""Bytes that threads have sent, as progress on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from worker_app.agent.ports.sandbox import LocalFile, OnProgress, OpenProgress


def nobody_counts(count: int) -> None:
    """For bytes that nobody watches."""


def byte_counter(files: Sequence[LocalFile], on_progress: OnProgress) -> Callable[[int], None]:
    """Return a function that any thread may call with bytes done; `on_progress` is called on this loop."""
    loop = asyncio.get_running_loop()
    total = sum(file.size_bytes for file in files)
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress = OpenProgress(phase="source", done_bytes=done, total_bytes=total)
        loop.call_soon_threadsafe(on_progress, progress)

    return count
