"""Images without Python: what the watchdog holds, what it refuses, and what comes out. On busybox and on dash."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.resources import GIB, MIB, Resources
from core.domain.spec import Isolation
from tests.support.engine import docker, remove_everything_of
from tests.support.sandboxes import Run, local_file, order, read_until, run, sandbox_spec, shell, unwatched
from tests.support.shell_images import SHELLS, ensure_shell_image
from worker_app.agent.ports.sandbox import (
    CollectOrder,
    Ended,
    ImageInvalid,
    OutputRefused,
    Packages,
    Sandbox,
    SandboxLost,
    UsageTick,
)
from worker_app.execution import watchdog
from worker_app.execution.docker_runtime import DockerRuntime

SMALL = Resources(cpu_millis=1000, memory_bytes=64 * MIB, disk_bytes=32 * MIB)


@pytest.fixture(params=SHELLS)
def image(request: pytest.FixtureRequest) -> str:
    return ensure_shell_image(request.param)


@pytest.fixture
async def sandbox(runtime: DockerRuntime, image: str, node_id: str) -> AsyncIterator[Sandbox]:
    spec = sandbox_spec(image, isolation=Isolation.SUBTASK, resources=SMALL)
    opened = await runtime.open(spec, unwatched)
    yield opened
    await opened.close()
    await runtime.release_task("TASK1")
    await runtime.shut()
    assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
    assert remove_everything_of(node_id) == []


async def test_awkward_words_and_variables_arrive_as_they_are(sandbox: Sandbox) -> None:
    words = ("a b", "$HOME `x` \"q\" 'p'", "back\\slash \\n", "two\nlines\n", "", "-n", "tab\t中文", "%s")
    script = 'for w; do printf "[%s]" "$w"; done; printf "{%s}" "$V"'
    done = await run(sandbox, order("/bin/sh", "-c", script, "x", *words, env={"V": "a\\b\n= 'c'\n"}))
    assert done.stdout == "".join(f"[{word}]" for word in words) + "{a\\b\n= 'c'\n}"


async def test_ignoring_sigterm_costs_the_grace_and_no_more(sandbox: Sandbox) -> None:
    started = time.monotonic()
    done = await run(sandbox, shell("trap '' TERM INT HUP; while :; do sleep 1; done", timeout_s=1))
    assert (done.end.timed_out, done.end.signal) == (True, 9)
    assert 1.5 < time.monotonic() - started < 8


async def test_what_stops_the_watchdogs_helpers_is_ended_from_outside(sandbox: Sandbox) -> None:
    stop_all = "trap '' TERM; kill -STOP -1; while :; do :; done"
    done = await run(sandbox, shell(stop_all, timeout_s=1))
    assert done.end.timed_out
    assert done.end.signal == 9


@pytest.mark.parametrize("image", SHELLS[:1], indirect=True)
async def test_the_help_from_outside_does_not_count_frozen_time(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "OVERDUE_S", 0.0)
    events = sandbox.run(shell("echo up; sleep 1", timeout_s=4))
    await read_until(events, b"up\n")
    await sandbox.freeze()
    await asyncio.to_thread(time.sleep, 6)
    await sandbox.thaw()
    end = [event async for event in events][-1]
    assert isinstance(end, Ended)
    assert (end.exit_code, end.timed_out) == (0, False)


async def test_a_full_disk_is_the_disk_class(sandbox: Sandbox) -> None:
    one = await run(sandbox, shell("exec cat /dev/zero > /work/out/one", timeout_s=40))
    assert one.end.disk_exceeded
    many = "n=0; while :; do n=$((n+1)); head -c 4000000 /dev/zero > /work/out/f$n; sleep 0.1; done"
    done = await run(sandbox, shell(many, timeout_s=60, attempt_id="A2"))
    assert done.end.disk_exceeded


async def test_a_memory_hog_is_oom(sandbox: Sandbox) -> None:
    done = await run(sandbox, shell("x=0123456789; while :; do x=$x$x; done"))
    assert done.end.oom_killed, done.end


async def test_endless_output_is_capped_and_says_so(sandbox: Sandbox) -> None:
    done = await run(sandbox, shell("exec yes 0123456789012345678901234567890123456789", timeout_s=2))
    assert done.end.timed_out
    assert done.end.output_dropped_bytes > 0
    assert len(done.stdout) < 16 * MIB


async def test_secrets_are_masked_in_log_and_status(sandbox: Sandbox) -> None:
    script = "echo a s3cret-token b; echo hivemind_fail: s3cret-token; echo s3cret-token >&2"
    done = await run(sandbox, shell(script, masked=("s3cret-token",), env={"T": "s3cret-token"}))
    assert done.stdout == "a *** b\nhivemind_fail: ***\n"
    assert "s3cret-token" not in repr(done)


async def test_usage_is_told(sandbox: Sandbox) -> None:
    await sandbox.usage_interval(0.3)
    done = await run(sandbox, shell("n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done; sleep 1"))
    ticks = done.of(UsageTick)
    assert ticks
    assert ticks[-1].memory_bytes > 0
    assert done.end.cpu_ms > 50


@pytest.mark.parametrize(
    ("made", "word"),
    [
        ("ln -s /etc/passwd /work/out/r", "out/r is a symbolic link"),
        ("echo x > /work/out/a; ln /work/out/a /work/out/b", "is a hard link"),
        ("mkfifo /work/out/p", "out/p is a FIFO"),
        ("touch '/work/out/a\\b'", "backslashes"),
        ("truncate -s 30M /work/out/sparse", "more than 2097152 bytes"),
        ("true", "missing: out/wanted"),
    ],
)
async def test_bad_results_are_refused_by_name(sandbox: Sandbox, tmp_path: Path, made: str, word: str) -> None:
    assert (await run(sandbox, shell(made))).end.exit_code == 0
    wanted = CollectOrder(target_folder=tmp_path / "out", required=("out/wanted",), max_bytes=2 * MIB)
    with pytest.raises(OutputRefused) as refused:
        await sandbox.collect(wanted)
    assert word in refused.value.message
    assert list(tmp_path.glob("out/*")) == []


async def test_a_neighbour_ends_right_while_one_bombs(runtime: DockerRuntime, image: str, node_id: str) -> None:
    sandboxes = []
    for number in (1, 2):
        spec = sandbox_spec(
            image, isolation=Isolation.SUBTASK, resources=SMALL, sandbox_id=f"s{number}", task_id=f"TASK{number}"
        )
        sandboxes.append(await runtime.open(spec, unwatched))
    bomb = asyncio.ensure_future(run(sandboxes[0], shell("b() { b | b & b; }; b", timeout_s=3)))
    await asyncio.sleep(1)
    started = time.monotonic()
    assert (await run(sandboxes[1], shell("echo fine"))).stdout == "fine\n"
    assert time.monotonic() - started < 8
    done: Run = await bomb
    assert done.end.timed_out or done.end.exit_code != 0
    for sandbox in sandboxes:
        await sandbox.close()
        await runtime.release_task(sandbox.task_id)
    await runtime.shut()


async def test_a_dead_agents_sandbox_ends_itself(sandbox: Sandbox) -> None:
    started = time.monotonic()
    with pytest.raises(SandboxLost):
        await run(sandbox, shell("trap '' TERM; while :; do sleep 1; done", lease_s=2, timeout_s=0))
    assert 1.5 < time.monotonic() - started < 6


async def test_an_image_with_a_shell_only_needs_its_own_sandbox_for_each_attempt(
    runtime: DockerRuntime, image: str, tmp_path: Path
) -> None:
    with pytest.raises(ImageInvalid) as refused:
        await runtime.open(sandbox_spec(image), unwatched)
    assert "no Python 3.8" in refused.value.message
    assert 'isolation = "subtask"' in refused.value.fix
    packages = Packages(wheels=(local_file(tmp_path, "x.whl", b""),))
    with pytest.raises(ImageInvalid):
        await runtime.open(sandbox_spec(image, isolation=Isolation.SUBTASK, packages=packages), unwatched)
    await runtime.release_task("TASK1")


async def test_an_image_with_neither_is_refused_with_the_reason(
    runtime: DockerRuntime, base_image: str, node_id: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.tar").write_bytes(bytes(10240))
    name = f"hivemind-test/nothing:{node_id}"
    subprocess.run(["docker", "import", str(tmp_path / "empty.tar"), name], check=True, capture_output=True)
    try:
        with pytest.raises(ImageInvalid, match="neither Python"):
            await runtime.open(sandbox_spec(name, isolation=Isolation.SUBTASK), unwatched)
        assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
    finally:
        await runtime.release_task("TASK1")
        docker("rmi", "-f", name)


async def test_its_container_is_as_hardened_as_any(sandbox: Sandbox, node_id: str) -> None:
    container = docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}")
    words = (
        "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.NetworkMode}} {{.Config.User}} {{.HostConfig.CapDrop}} "
        '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}'
    )
    assert docker("inspect", "-f", words, container) == "true none 10001:10001 [ALL] local 8m"
    assert SMALL.disk_bytes < GIB
