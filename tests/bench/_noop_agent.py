"""The agent of the no-op bench: everything real but the sandbox, which ends each attempt at once.

Started by the no-op benches in a process of its own: `python -m tests.bench._noop_agent DATA_DIR SLOTS < LINK`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core import logs
from tests.fakes.sandbox import FakeRuntime
from worker_app import bootstrap
from worker_app.agent.tail import AgentTail
from worker_app.agent.workspace import Workspace
from worker_app.settings import WorkerSettings


def main() -> None:
    """Join and run until told to stop."""
    folder, slots = Path(sys.argv[1]), int(sys.argv[2])
    settings = WorkerSettings(slots=slots, cpu_cores=256, memory_gb=256)
    bootstrap.make_runtime = lambda settings, folder, node_id: FakeRuntime()
    with logs.configure(file=folder / "logs" / "agent.log", level="INFO"), Workspace(folder) as workspace:
        asyncio.run(bootstrap.join(workspace, settings, sys.stdin.readline().strip()))
        asyncio.run(bootstrap.run_agent(workspace, settings, AgentTail()))


if __name__ == "__main__":
    main()
