"""Real programs under the agent: bundle, items, log, results and failures through the process runtime."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.blobs.bundler import keep_folder
from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.domain.attempt import AttemptState, FailureClass
from core.domain.node import RuntimeKind
from core.domain.session import LogStream, TaskBrief
from core.domain.spec import TaskSpec
from core.manifest.files import StoredFiles
from core.manifest.reading import read_manifest
from tests.fakes.link import FakeMaster
from tests.support.agents import FACTS, Rig, make_brief, make_offer, running_agent
from worker_app.agent import stimuli
from worker_app.agent.fetching import Fetching
from worker_app.agent.inputs import CachedInputs
from worker_app.agent.pauses import Pauses
from worker_app.execution.process import ProcessRuntime

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the process runtime's limits need POSIX")

MANIFEST = """
schema = 1
[params]
word = { type = "string", default = "hello" }
[run]
command = ["python3", "main.py", "{{index}}", "{{params.word}}"]
allow_process = true
[split]
mode = "count"
count = 3
"""

PROGRAM = """
import sys
index, word = sys.argv[1:]
print(word, index, flush=True)
if index == "1":
    raise ValueError("one is not allowed")
open(f"out/result_{index}.txt", "w").write(open("data/input.txt").read() + index)
"""


@dataclass(frozen=True, slots=True)
class Task:
    brief: TaskBrief
    spec: TaskSpec


def keep_task(folder: Path, master: FakeMaster) -> Task:
    """Put a small task into the master's blobs."""
    source = folder / "bundle"
    (source / "data").mkdir(parents=True)
    (source / "hivemind.toml").write_text(MANIFEST)
    (source / "main.py").write_text(PROGRAM)
    (source / "data" / "input.txt").write_text("in")
    (source / "data" / "empty.txt").write_text("")
    store = BlobStore(folder / "master")
    bundle = keep_folder(source, store)
    for name in bundle.blobs:
        master.blobs[name] = store.path(name).read_bytes()
    spec = read_manifest(StoredFiles(store, bundle.entries)).spec
    assert spec is not None
    return Task(make_brief(spec=spec, bundle_id=bundle.bundle_id), spec)


@asynccontextmanager
async def process_agent(folder: Path, master: FakeMaster) -> AsyncIterator[Rig]:
    """An agent with a real cache and real processes."""
    cache = BlobCache(BlobStore(folder / "blobs"), 1 << 30)
    runtime = ProcessRuntime(folder / "process", environment=os.environ)
    inputs = CachedInputs(Fetching(master, cache, Pauses()), cache, master)
    facts = replace(FACTS, runtime=RuntimeKind.PROCESS)
    async with running_agent(folder, master=master, runtime=runtime, inputs=inputs, facts=facts) as rig:
        try:
            yield rig
        finally:
            # Else the sandboxes run on, as they must when an agent crashes.
            rig.performer.tell(stimuli.QuitAsked(5_000))
            await rig.until(lambda: bool(rig.exits))


async def test_real_subtasks_run_and_their_results_logs_and_failures_come_back(tmp_path: Path) -> None:
    master = FakeMaster()
    task = keep_task(tmp_path, master)
    async with process_agent(tmp_path, master) as rig:
        offers = [make_offer(f"a{index}", index=index, resources=task.spec.resources) for index in range(3)]
        master.offer(task.brief, *offers)
        await rig.until_real(lambda: len(master.terminal) == 3)
        for index in (0, 2):
            update = master.terminal[f"a{index}"]
            assert update.state is AttemptState.SUCCEEDED, update
            (entry,) = update.artifacts
            assert (entry.path, master.blobs[entry.blob]) == (f"out/result_{index}.txt", f"in{index}".encode())
            assert bytes(master.logs[f"a{index}", LogStream.OUT]) == f"hello {index}\n".encode()
            assert update.exit_code == 0
            assert update.started_at_ms
            assert sum(tick.duration_ms for tick in update.ticks) > 0
        failed = master.terminal["a1"]
        assert failed.failure is not None
        assert failed.failure.failure_class is FailureClass.USER
        assert failed.failure.message == "ValueError: one is not allowed (main.py:6)"


async def test_another_persons_task_is_refused_by_a_node_that_does_not_isolate(tmp_path: Path) -> None:
    master = FakeMaster()
    task = keep_task(tmp_path, master)
    stranger = replace(task.brief, owner_id="somebody-else")
    async with process_agent(tmp_path, master) as rig:
        master.offer(stranger, make_offer("a1", resources=task.spec.resources))
        await rig.until_real(lambda: "a1" in master.terminal)
        update = master.terminal["a1"]
        assert (update.state, update.reason) == (AttemptState.REJECTED, "owner_not_allowed")
