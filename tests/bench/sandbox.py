"""Figures of the sandbox: warm rate, overhead, cold start beside the Docker API, and the fake's rate.

    python -m tests.bench.sandbox [--quick]

Each figure stands beside a floor that was taken in the same minutes. Prints Markdown rows for
docs/benchmarks/sandbox.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import docker

from tests.fakes.sandbox import FakeRuntime
from tests.support.engine import ensure_base_image, ensure_engine, remove_everything_of
from tests.support.sandboxes import order, run, sandbox_spec, shell, unwatched
from worker_app.agent.ports.sandbox import CollectOrder, InlineFile, Runtime, Sandbox, SandboxSpec
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine

NODE = f"bench-{os.getpid()}"
ITEM = (InlineFile(path="item.json", content=b'{"index": 0}'),)


def row(name: str, figure: str) -> None:
    print(f"| {name} | {figure} |", flush=True)


async def no_ops(sandbox: Sandbox, count: int) -> list[float]:
    """Run `/bin/true` with its item.json, and empty the folders each time; return the seconds of each."""
    took = []
    for number in range(count):
        started = time.perf_counter()
        last = None
        async for event in sandbox.run(order("/bin/true", attempt_id=f"N{number}", item=ITEM)):
            last = event
        took.append(time.perf_counter() - started)
        assert last is not None and last.exit_code == 0  # type: ignore[union-attr]
    return took


async def warm(runtime: Runtime, specs: list[SandboxSpec], count: int, name: str) -> None:
    sandboxes = [await runtime.open(spec, unwatched) for spec in specs]
    await asyncio.gather(*(no_ops(sandbox, 20) for sandbox in sandboxes))
    started = time.perf_counter()
    each = count // len(sandboxes)
    took = [one for some in await asyncio.gather(*(no_ops(s, each) for s in sandboxes)) for one in some]
    rate = count / (time.perf_counter() - started)
    took.sort()
    figure = (
        f"{rate:,.0f}/s; p50 {took[len(took) // 2] * 1e3:.2f} ms, p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms"
    )
    row(name, figure)
    for sandbox in sandboxes:
        await sandbox.close()


async def cold(runtime: DockerRuntime, spec: SandboxSpec, rounds: int) -> None:
    """First subtask in a new sandbox, beside create, start, wait and remove by the Docker API, alternating."""
    api = docker.from_env().api

    def plain() -> float:
        started = time.perf_counter()
        made = api.create_container(
            spec.image.ref, ["/bin/true"], host_config=api.create_host_config(network_mode="none")
        )
        api.start(made["Id"])
        api.wait(made["Id"])
        api.remove_container(made["Id"])
        return time.perf_counter() - started

    ours, to_result, floor = [], [], []
    for number in range(rounds + 1):
        base = await asyncio.to_thread(plain)
        started = time.perf_counter()
        sandbox = await runtime.open(spec, unwatched)
        assert (await run(sandbox, order("/bin/true", item=ITEM))).end.exit_code == 0
        result = time.perf_counter() - started
        await sandbox.close()
        if number:
            floor.append(base)
            to_result.append(result)
            ours.append(time.perf_counter() - started)
    api.close()
    a, b, c = (statistics.median(some) * 1e3 for some in (floor, to_result, ours))
    row("Docker API create, start, wait, remove", f"{a:.0f} ms")
    row("first subtask in a cold sandbox, until its end is reported", f"{b:.0f} ms = {b / a:.2f} x")
    row("the same with the sandbox removed again", f"{c:.0f} ms = {c / a:.2f} x")


async def big(runtime: Runtime, spec: SandboxSpec, mib: int) -> None:
    """Collect one large result; the memory of this process stays flat."""
    sandbox = await runtime.open(spec, unwatched)
    script = f"head -c {mib << 20} /dev/zero > out/big"
    assert (await run(sandbox, shell(script))).end.exit_code == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        await sandbox.collect(CollectOrder(target_folder=Path(folder), max_bytes=8 << 30))
        took = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    row(f"collect a result of {mib} MiB, hashed, to file", f"{mib / took:.0f} MiB/s; agent grew {grown} MiB")
    await sandbox.close()


async def measure(name: str, call: Callable[[], None], rounds: int) -> None:
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        await asyncio.to_thread(call)
        took.append(time.perf_counter() - started)
    row(name, f"{statistics.median(took) * 1e3:.0f} ms")


async def main(quick: bool) -> None:
    ensure_engine()
    image = ensure_base_image()
    specs = [sandbox_spec(image, sandbox_id=f"s{n}") for n in range(2)]
    runtime = DockerRuntime(default_engine(), NODE, {})
    print("| what | figure |\n|---|---|")
    try:
        await cold(runtime, specs[0], 5 if quick else 15)
        await warm(runtime, specs[:1], 300 if quick else 1000, "1,000 `/bin/true`, one warm sandbox")
        await warm(runtime, specs, 300 if quick else 1000, "1,000 `/bin/true`, two warm sandboxes")
        await big(
            runtime, sandbox_spec(image, resources=specs[0].resources + specs[0].resources), 256 if quick else 2000
        )
        fake = FakeRuntime()
        await warm(fake, specs, 5000, "the in-process fake, two sandboxes")
    finally:
        await runtime.release_task("TASK1")
        await runtime.shut()
        remove_everything_of(NODE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    asyncio.run(main(parser.parse_args().quick))
