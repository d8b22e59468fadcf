"""A real sandbox outlives an agent that dies between the end of a run and its own note of that."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState
from core.domain.spec import ImageSpec, Isolation, RunSpec, TaskSpec
from tests.fakes.agent_inputs import FakeInputs
from tests.fakes.agent_store import FakeAgentStore
from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeMaster
from tests.support.agents import make_brief, make_offer, running_agent
from tests.support.engine import base_image, docker, node_id
from worker_app.agent.instructions import Prepare
from worker_app.agent.ports.inputs import OnPhase, Ready
from worker_app.agent.ports.store import Changes
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine

__all__ = ["base_image", "node_id"]


class ShellInputs(FakeInputs):
    """Every attempt leaves a file."""

    async def prepare(self, wanted: Prepare, on_phase: OnPhase) -> Ready:
        ready = await super().prepare(wanted, on_phase)
        return replace(ready, argv=("/bin/sh", "-c", "echo hello > out/a"))


class StuckStore(FakeAgentStore):
    """The disk does not answer when an end is to be written; nothing of that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.is_stuck = threading.Event()
        self.is_over = threading.Event()

    def write(self, changes: Changes) -> None:
        if changes.ended() and not self.is_over.is_set():
            self.is_stuck.set()
            assert self.is_over.wait(60)
            return
        super().write(changes)


async def test_an_end_that_was_not_written_is_collected_by_the_next_life(
    tmp_path: Path, base_image: str, node_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunSpec(isolation=Isolation.SUBTASK)
    spec = TaskSpec(run=run, image=ImageSpec(ref=base_image))
    store, master, clock, inputs = StuckStore(), FakeMaster(), ManualClock(), ShellInputs()
    ours = ("ps", "-q", "--no-trunc", "--filter", f"label=hivemind.node={node_id}")

    def runtime() -> DockerRuntime:
        return DockerRuntime(default_engine(), node_id, {})

    async with running_agent(
        tmp_path, runtime=runtime(), store=store, master=master, clock=clock, inputs=inputs
    ) as rig:
        master.offer(make_brief(spec=spec), make_offer("a1"))
        await rig.until_real(store.is_stuck.is_set)
        monkeypatch.setattr(rig.performer, "tell", lambda stimulus: None)  # it is dead from here on
        store.is_over.set()
    container = docker(*ours)
    assert container, "the sandbox was removed before its end was durable"
    async with running_agent(
        tmp_path, runtime=runtime(), store=store, master=master, clock=clock, inputs=inputs
    ) as rig:
        await rig.until_real(lambda: "a1" in master.terminal)
        update = master.terminal["a1"]
        assert update.state is AttemptState.SUCCEEDED, update
        assert [master.blobs[entry.blob] for entry in update.artifacts] == [b"hello\n"]
        await rig.until_real(lambda: docker(*ours) == "")
