"""Opening, losing and cleaning up on the real engine."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from core.domain.resources import GIB, MIB, Resources
from tests.integration.execution.conftest import Open
from tests.support.engine import docker
from tests.support.sandboxes import local_file, order, read_until, run, sandbox_spec, shell, unwatched
from worker_app.agent.ports.sandbox import ImageInvalid, ImageWanted, SandboxLost, SandboxRefused, UsageTick
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine
from worker_app.execution.policy import LABEL_KIND, LABEL_NODE, VolumeMount
from worker_app.execution.volumes import carrier_options


def left(node_id: str) -> list[str]:
    """What of a node is on the engine, but for the runner and spare volumes."""
    mine = f"label=hivemind.node={node_id}"
    volumes = docker("volume", "ls", "-q", "--filter", mine).split()
    kept = ("hivemind-runner-", "hivemind-work-", "hivemind-source-")
    return docker("ps", "-aq", "--filter", mine).split() + [one for one in volumes if not one.startswith(kept)]


async def test_an_image_that_is_nowhere_is_named(runtime: DockerRuntime, base_image: str, node_id: str) -> None:
    spec = sandbox_spec("127.0.0.1:1/absent:1")
    with pytest.raises(ImageInvalid, match="absent") as refused:
        await runtime.open(spec, unwatched)
    assert refused.value.code == "IMAGE_INVALID"
    assert left(node_id) == []


async def test_an_image_of_another_node_is_refused(runtime: DockerRuntime, base_image: str) -> None:
    wanted = ImageWanted(ref="mine:1", image_id="sha256:" + "0" * 64)
    with pytest.raises(ImageInvalid, match="other nodes"):
        await runtime.open(sandbox_spec(base_image, image=wanted), unwatched)


async def test_an_image_without_python_is_refused_and_leaves_nothing(
    runtime: DockerRuntime, base_image: str, node_id: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.tar").write_bytes(bytes(10240))
    name = f"hivemind-test/empty:{node_id}"
    subprocess.run(["docker", "import", str(tmp_path / "empty.tar"), name], check=True, capture_output=True)
    try:
        with pytest.raises(ImageInvalid, match="has no Python"):
            await runtime.open(sandbox_spec(name), unwatched)
        assert left(node_id) == []
    finally:
        await runtime.release_task("TASK1")
        docker("rmi", "-f", name)


async def test_more_than_the_engine_has_is_refused(runtime: DockerRuntime, base_image: str) -> None:
    for resources in (
        Resources(cpu_millis=10**6, memory_bytes=GIB, disk_bytes=GIB),
        Resources(cpu_millis=1000, memory_bytes=1 << 50, disk_bytes=GIB),
        Resources(cpu_millis=1000, memory_bytes=8 * MIB, disk_bytes=GIB),
    ):
        with pytest.raises(SandboxRefused):
            await runtime.open(sandbox_spec(base_image, resources=resources), unwatched)
    with pytest.raises(SandboxRefused, match="GPU"):
        await runtime.open(sandbox_spec(base_image, gpu_uuids=("GPU-1",)), unwatched)


async def test_a_killed_container_is_a_lost_sandbox(open_sandbox: Open, node_id: str) -> None:
    sandbox = await open_sandbox()
    events = sandbox.run(shell("echo up; sleep 60"))
    await read_until(events, b"up\n")
    docker("kill", docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}"))
    with pytest.raises(SandboxLost):
        async for _ in events:
            pass
    with pytest.raises(SandboxLost):
        await run(sandbox, order("/bin/true"))


async def test_an_opening_that_is_cancelled_leaves_nothing(
    runtime: DockerRuntime, base_image: str, node_id: str
) -> None:
    await runtime.probe()
    opening = asyncio.ensure_future(runtime.open(sandbox_spec(base_image), unwatched))
    done, _ = await asyncio.wait([opening], timeout=0.1)
    opening.cancel()
    if not done:
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert left(node_id) == []
    else:
        await opening.result().close()
    await runtime.release_task("TASK1")


async def test_what_a_dead_agent_left_is_found_and_removed(
    runtime: DockerRuntime, base_image: str, node_id: str
) -> None:
    sandbox = await runtime.open(sandbox_spec(base_image), unwatched)
    docker("kill", docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}"))
    again = DockerRuntime(default_engine(), node_id, {})
    found = await again.inventory()
    dead = [one for one in found if one.handle.startswith("container:")]
    assert [(one.sandbox_id, one.task_id, one.running) for one in dead] == [("s1", "TASK1", False)]
    with pytest.raises(SandboxLost):
        await again.adopt(dead[0])
    for one in (*dead, *found):
        await again.remove(one)
    for one in await again.inventory():
        await again.remove(one)
    assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
    assert await again.inventory() == []
    await again.shut()
    await sandbox.close()


async def test_a_carrier_that_a_dead_agent_left_goes_with_its_volumes(base_image: str, node_id: str) -> None:
    image_id = docker("image", "inspect", "--format", "{{.Id}}", base_image)
    dead, again = (DockerRuntime(default_engine(), node_id, {}) for _ in range(2))
    volume = await dead._volumes.create("hivemind-work-" + node_id, "work")
    mount = VolumeMount(volume=volume, target="/fill", read_only=False)
    async with dead._volumes.carrier(image_id, [mount]) as carrier:
        # Not found by the process that works with it; by any other it was left.
        assert await dead.inventory() == []
        [found] = await again.inventory()
        assert (found.handle, found.running) == (f"container:{carrier}", False)
        await again.remove(found)
        [found] = await again.inventory()
        assert found.handle == f"volume:{volume}"
        await again.remove(found)
        assert await again.inventory() == []
    # At its end an agent looks once more, however long ago the other died.
    await dead._engine.create(
        carrier_options(image_id, [mount], {LABEL_NODE: node_id, LABEL_KIND: "carrier"}), f"hivemind-{node_id}"
    )
    await again.shut()
    assert left(node_id) == []
    await dead.shut()


async def test_a_merge_reads_its_parts(open_sandbox: Open, tmp_path: Path) -> None:
    parts = (local_file(tmp_path, "0/out/a", b"zero "), local_file(tmp_path, "1/out/a", b"one"))
    sandbox = await open_sandbox(parts=parts)
    done = await run(sandbox, shell("cat /work/parts/*/out/a; touch /work/parts/x || echo ro"))
    assert done.stdout == "zero onero\n"


async def test_cpu_can_be_taken_and_given_back(open_sandbox: Open, node_id: str) -> None:
    sandbox = await open_sandbox()
    await sandbox.set_cpu(250)
    container = docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}")
    assert docker("inspect", "-f", "{{.HostConfig.CpuQuota}}", container) == "25000"
    await sandbox.usage_interval(0.2)
    done = await run(sandbox, shell("sleep 1"))
    ticks = done.of(UsageTick)
    assert len(ticks) >= 3
    assert ticks[-1].memory_bytes > 0
    assert ticks[-1].pids >= 2
