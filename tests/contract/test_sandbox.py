"""The sandbox port: one suite for the container runtime, the process runtime and the fake."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import Conflict, NotFound
from core.domain.spec import Isolation
from tests.fakes.sandbox import FakeOutcome, FakeRuntime, events_of_output
from tests.support.engine import ensure_base_image, ensure_engine, remove_everything_of
from tests.support.sandboxes import local_file, order, read_until, run, sandbox_spec, shell, unwatched
from tests.support.shell_images import ensure_shell_image
from worker_app.agent.ports.sandbox import (
    CollectOrder,
    FailLine,
    InlineFile,
    Metric,
    OutputRefused,
    Progress,
    Runtime,
    RuntimeKind,
    Sandbox,
    SandboxLost,
    Started,
    StatusLine,
)
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine
from worker_app.execution.plain_runtime import PlainRuntime
from worker_app.execution.process import ProcessRuntime

#: Those that run programs; the fake has no running time and no files of its own making.
REAL = ["process", "plain", "docker", "busybox"]
NODE = f"contract-{os.getpid()}"
#: The image of the runtime that is tested now.
IMAGES: dict[str, str] = {}
LINES = (
    "hivemind_progress: 42.5\nhivemind_status: half way\nhivemind_metric: loss=0.13\n"
    "hivemind_fail: no data\nhivemind_progress: nonsense\n"
)
#: What the scripts below do, for the fake.
SCRIPTED = {
    "files": FakeOutcome(files={"out/a/r.txt": b"result\n", "out/b": b"", "other": b"x"}),
    "link": FakeOutcome(links=("out/l",)),
    "exit3": FakeOutcome(exit_code=3, output=b"bye\n"),
    "lines": FakeOutcome(),
    "forever": FakeOutcome(until_cancelled=True, output=b"up\n"),
    "absent": FakeOutcome(problem="no such file: /no/such"),
    "checkpoint": FakeOutcome(exit_code=85, files={"checkpoint/step": b"1\n", "out/x": b"1"}),
    "killed": FakeOutcome(exit_code=None, signal=9),
}


class FakeShell(FakeRuntime):
    """The fake with this suite's scripts."""

    def __init__(self) -> None:
        super().__init__()
        for name, outcome in SCRIPTED.items():
            self.script(name, outcome)
        output = LINES.replace("hivemind_progress: nonsense\n", "").encode()
        self.script("lines", FakeOutcome(extra=tuple(events_of_output(output))))


@pytest.fixture(params=["fake", *REAL])
async def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runtime]:
    if request.param == "fake":
        yield FakeShell()
        return
    if request.param == "process":
        process = ProcessRuntime(tmp_path / "process", environment=os.environ)
        yield process
        await process.shut()
        assert await process.inventory() == []
        return
    if request.param == "plain":
        plain = PlainRuntime(tmp_path / "plain", environment=os.environ)
        yield plain
        await plain.shut()
        assert await plain.inventory() == []
        return
    if request.param == "busybox":
        IMAGES[NODE] = ensure_shell_image("busybox")
    else:
        ensure_engine()
        IMAGES[NODE] = ensure_base_image()
    docker = DockerRuntime(default_engine(), NODE, {})
    yield docker
    await docker.release_task("TASK1")
    await docker.shut()
    assert remove_everything_of(NODE) == []


@pytest.fixture
async def sandbox(runtime: Runtime) -> AsyncIterator[Sandbox]:
    opened = await open_one(runtime)
    yield opened
    await opened.close()


async def open_one(runtime: Runtime, **changes: Any) -> Sandbox:
    image = IMAGES.get(NODE, "none")
    return await runtime.open(sandbox_spec(image, isolation=Isolation.SUBTASK, **changes), unwatched)


async def test_probe_says_what_there_is(runtime: Runtime) -> None:
    facts = await runtime.probe()
    assert facts.ok
    assert facts.kind is runtime.kind
    assert facts.cpu_millis >= 1000
    assert facts.memory_bytes > 0
    assert facts.isolated == (runtime.kind is not RuntimeKind.PROCESS)


async def test_attempts_run_one_after_another_in_one_sandbox(sandbox: Sandbox) -> None:
    for number in range(5):
        done = await run(sandbox, order("/bin/true", attempt_id=f"N{number}"))
        assert isinstance(done.events[0], Started)
        assert done.end.exit_code == 0
        assert not done.end.dirty


async def test_the_exit_code_and_output_are_reported(sandbox: Sandbox) -> None:
    done = await run(sandbox, shell("echo bye; exit 3", attempt_id="exit3"))
    assert done.end.exit_code == 3
    assert done.stdout == "bye\n"
    assert done.end.output_bytes == 4


async def test_a_program_that_is_not_there_is_a_problem_not_an_exit(sandbox: Sandbox) -> None:
    done = await run(sandbox, order("/no/such", attempt_id="absent"))
    assert done.end.exit_code is None
    assert done.end.signal is None
    assert "/no/such" in done.end.problem


async def test_a_signal_is_no_exit_code_and_no_oom(sandbox: Sandbox) -> None:
    done = await run(sandbox, shell("kill -9 $$", attempt_id="killed"))
    assert (done.end.exit_code, done.end.signal, done.end.oom_killed) == (None, 9, False)


async def test_protocol_lines_become_events(sandbox: Sandbox) -> None:
    done = await run(sandbox, shell(f"printf '{LINES}'".replace("\n", "\\n"), attempt_id="lines"))
    assert done.of(Progress) == [Progress(percent=42.5)]
    assert done.of(StatusLine) == [StatusLine(text="half way")]
    assert done.of(Metric) == [Metric(name="loss", value=0.13)]
    assert done.of(FailLine) == [FailLine(text="no data")]


async def test_results_come_out_by_pattern_with_their_digest(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "mkdir out/a; echo result > out/a/r.txt; : > out/b; echo x > other"
    assert (await run(sandbox, shell(script, attempt_id="files"))).end.exit_code == 0
    files = await sandbox.collect(CollectOrder(target_folder=tmp_path / "out", required=("out/a/*.txt",)))
    found = {file.path: (file.size_bytes, file.local.read_bytes()) for file in files}
    assert found == {"out/a/r.txt": (7, b"result\n"), "out/b": (0, b"")}
    for file in files:
        assert file.sha256 == hashlib.sha256(file.local.read_bytes()).hexdigest()


async def test_a_missing_result_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    await run(sandbox, order("/bin/true"))
    with pytest.raises(OutputRefused, match="missing"):
        await sandbox.collect(CollectOrder(target_folder=tmp_path / "out", required=("out/never",)))


async def test_a_linked_result_is_refused_and_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    await run(sandbox, shell("ln -s /etc/passwd out/l", attempt_id="link"))
    with pytest.raises(OutputRefused, match="out/l"):
        await sandbox.collect(CollectOrder(target_folder=tmp_path / "out"))
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


async def test_nothing_of_one_attempt_reaches_the_next(sandbox: Sandbox, tmp_path: Path) -> None:
    await run(sandbox, shell("mkdir out/a; echo result > out/a/r.txt; : > out/b", attempt_id="files"))
    assert await sandbox.clear()
    await run(sandbox, order("/bin/true"))
    assert len(await sandbox.collect(CollectOrder(target_folder=tmp_path / "t", include=("**",)))) == 0


async def test_cancel_ends_it_and_says_so(sandbox: Sandbox) -> None:
    events = sandbox.run(shell("echo up; exec sleep 60", attempt_id="forever"))
    await read_until(events, b"up\n")
    await sandbox.cancel("forever", 1)
    rest = [event async for event in events]
    assert rest[-1].cancelled  # type: ignore[union-attr]
    assert rest[-1].exit_code is None  # type: ignore[union-attr]


async def test_a_timeout_ends_it_and_says_so(sandbox: Sandbox) -> None:
    started = time.monotonic()
    done = await run(sandbox, shell("echo up; exec sleep 60", attempt_id="forever", timeout_s=0.5))
    assert done.end.timed_out
    assert time.monotonic() - started < 10


async def test_a_second_attempt_at_once_is_a_conflict(sandbox: Sandbox) -> None:
    events = sandbox.run(shell("echo up; exec sleep 60", attempt_id="forever"))
    await read_until(events, b"up\n")
    with pytest.raises(Conflict):
        await run(sandbox, order("/bin/true"))
    await sandbox.cancel("forever", 0)
    assert [event async for event in events]


async def test_the_lease_ends_everything_without_the_agent(sandbox: Sandbox) -> None:
    events = sandbox.run(shell("echo up; exec sleep 60", attempt_id="forever"))
    await read_until(events, b"up\n")
    await sandbox.renew(0.5)
    with pytest.raises(SandboxLost):
        async for _ in events:
            pass
    with pytest.raises(SandboxLost):
        await run(sandbox, order("/bin/true"))


async def test_an_ended_attempt_can_be_asked_for_again(sandbox: Sandbox) -> None:
    await run(sandbox, shell("echo bye; exit 3", attempt_id="exit3"))
    events = [event async for event in sandbox.resume("exit3", 2)]
    assert events[0].content == b"e\n"  # type: ignore[union-attr]
    assert events[-1].exit_code == 3  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        async for _ in sandbox.resume("another"):
            pass


async def test_a_checkpoint_stays_for_a_restart_in_place(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "test -e checkpoint/step && exit 0; echo 1 > checkpoint/step; echo 1 > out/x; exit 85"
    assert (await run(sandbox, shell(script, attempt_id="checkpoint"))).end.exit_code == 85
    files = await sandbox.collect(CollectOrder(target_folder=tmp_path / "c", include=("checkpoint/**",)))
    assert [file.path for file in files] == ["checkpoint/step"]
    done = await run(sandbox, shell(script, attempt_id="again", keep_checkpoint=True))
    assert done.end.exit_code == 0


async def test_a_restarted_agent_finds_adopts_and_removes(runtime: Runtime) -> None:
    sandbox = await open_one(runtime)
    events = sandbox.run(shell("echo up; exec sleep 60", attempt_id="forever"))
    await read_until(events, b"up\n")
    (found,) = [one for one in await runtime.inventory() if one.running]
    assert (found.sandbox_id, found.task_id) == ("s1", "TASK1")
    adopted = await runtime.adopt(found)
    again = adopted.resume("forever")
    await read_until(again, b"up\n")
    await adopted.cancel("forever", 0)
    assert [event async for event in again][-1].cancelled  # type: ignore[union-attr]
    await adopted.close()
    await runtime.remove(found)
    await sandbox.close()
    assert [one for one in await runtime.inventory() if one.sandbox_id] == []


async def test_close_is_idempotent_and_ends_a_running_attempt(runtime: Runtime) -> None:
    sandbox = await open_one(runtime)
    events = sandbox.run(shell("echo up; exec sleep 60", attempt_id="forever"))
    await read_until(events, b"up\n")
    await sandbox.close()
    await sandbox.close()
    with pytest.raises(SandboxLost):
        async for _ in events:
            pass


@pytest.mark.parametrize("runtime", REAL, indirect=True)
async def test_freezing_does_not_count_as_running_time(runtime: Runtime) -> None:
    sandbox = await open_one(runtime)
    events = sandbox.run(shell("echo up; sleep 1; echo end", attempt_id="A1", timeout_s=5))
    await read_until(events, b"up\n")
    await sandbox.freeze()
    await asyncio.to_thread(time.sleep, 5)
    await sandbox.thaw()
    rest = [event async for event in events]
    assert rest[-1].exit_code == 0  # type: ignore[union-attr]
    await sandbox.close()


@pytest.mark.parametrize("runtime", REAL, indirect=True)
async def test_inputs_are_where_the_contract_says(runtime: Runtime, tmp_path: Path) -> None:
    source = (
        local_file(tmp_path, "main.sh", b"cat data/in.txt item.txt; cat lib/deep/x\n"),
        local_file(tmp_path, "data/in.txt", b"XXinputYY", offset=0),
        local_file(tmp_path, "lib/deep/x", "深\n".encode()),
    )
    sandbox = await open_one(runtime, source=source)
    more = local_file(tmp_path, "item.txt", b"item\n")
    item = (InlineFile(path="item.json", content=b'{"n": 1}'),)
    script = (
        "sh main.sh; cat $HIVEMIND_ITEM; cat /work/checkpoint/old 2>/dev/null || cat checkpoint/old; "
        "echo x > data/new 2>/dev/null || echo ro; cd out && pwd | grep -q out 2>/dev/null; "
        "echo $HIVEMIND_TASK_ID $HIVEMIND_SUBTASK_INDEX $HIVEMIND_SUBTASK_COUNT $HIVEMIND_ATTEMPT $TASK_ID $A"
    )
    seed = (local_file(tmp_path, "old", b"seed\n"),)
    what = shell(script, item=item, source=(more,), checkpoint=seed, env={"A": "b"})
    done = await run(sandbox, what)
    lines = done.stdout.split("\n")
    assert lines[0] == "XXinputYYitem"
    assert lines[1] == "深"
    assert lines[2].startswith('{"n": 1}seed')
    assert "TASK1 0 1 A1 TASK1 b" in done.stdout
    if runtime.kind is RuntimeKind.DOCKER:
        assert "\nro\n" in done.stdout
    await sandbox.close()


@pytest.mark.parametrize("runtime", REAL, indirect=True)
async def test_a_copy_is_writable_and_its_changes_are_the_result(runtime: Runtime, tmp_path: Path) -> None:
    source = (local_file(tmp_path, "a", b"1"), local_file(tmp_path, "d/b", b"2"))
    sandbox = await open_one(runtime, source=source)
    done = await run(sandbox, shell("echo new > d/c; echo longer > a; echo o > out/o", copy=True))
    assert done.end.exit_code == 0, done.stderr
    files = await sandbox.collect(CollectOrder(target_folder=tmp_path / "t", changes=True))
    assert sorted(file.path for file in files) == ["a", "d/c", "out/o"]
    await sandbox.close()
