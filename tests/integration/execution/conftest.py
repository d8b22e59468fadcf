"""A docker runtime of a node of its own for each test; at the end nothing of it may be left on the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.support.engine import base_image, docker, node_id, remove_everything_of
from tests.support.sandboxes import sandbox_spec, unwatched
from worker_app.agent.ports.sandbox import Sandbox
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine

__all__ = ["base_image", "node_id"]

Open = Callable[..., Awaitable[Sandbox]]


@pytest.fixture
async def runtime(node_id: str) -> AsyncIterator[DockerRuntime]:
    runtime = DockerRuntime(default_engine(), node_id, {})
    yield runtime
    await runtime.shut()


@pytest.fixture
async def open_sandbox(runtime: DockerRuntime, base_image: str, node_id: str) -> AsyncIterator[Open]:
    """Open sandboxes; they are closed at the end, and then nothing may be left."""
    opened: list[Sandbox] = []

    async def open_one(**changes: Any) -> Sandbox:
        sandbox = await runtime.open(sandbox_spec(base_image, **changes), unwatched)
        opened.append(sandbox)
        return sandbox

    yield open_one
    for sandbox in opened:
        await sandbox.close()
        await runtime.release_task(sandbox.task_id)
    await runtime.shut()
    assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
    assert remove_everything_of(node_id) == []
