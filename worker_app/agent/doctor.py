"""Does this machine really have what a node needs? Each check tries it, and says how to mend what fails.

The engine's check starts a container, limits it, meters it and removes it: nothing is believed unproven.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from core.domain.errors import HiveMindError
from core.domain.resources import GIB, MIB, Resources
from core.domain.spec import Isolation
from worker_app.agent.gpus import Gpus
from worker_app.agent.ports.link import Identity
from worker_app.agent.ports.sandbox import Ended, ImageWanted, RunOrder, Runtime, SandboxSpec

MIN_FREE_BYTES: Final = 5 * GIB
IMAGE: Final = "hivemind/minimal"
TRY_LIMIT_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried. `fix` can be copied as it stands."""

    name: str
    ok: bool
    result: str
    fix: str = ""
    #: False: work is possible without it.
    needed: bool = True


class Doctor:
    """Runs all checks; none raises."""

    def __init__(self, runtime: Runtime, folder: Path, identity: Identity | None, gpus: Gpus) -> None:
        self._runtime = runtime
        self._folder = folder
        self._identity = identity
        self._gpus = gpus

    async def examine(self) -> list[Check]:
        return [await self.one(name) for name in ("engine", "container", "disk", "clock", "gpu", "network")]

    async def one(self, name: str) -> Check:
        """Try one thing."""
        checks: dict[str, Callable[[], Awaitable[Check]]] = {
            "engine": self._engine,
            "container": self._container,
            "disk": self._disk,
            "clock": self._clock,
            "gpu": self._gpu,
            "network": self._network,
        }
        try:
            async with asyncio.timeout(TRY_LIMIT_S):
                return await checks[name]()
        except HiveMindError as error:
            return Check(name=name, ok=False, result=error.message, fix=error.fix)
        except (OSError, TimeoutError) as error:
            return Check(name=name, ok=False, result=str(error) or "it took too long")

    async def _engine(self) -> Check:
        facts = await self._runtime.probe()
        if not facts.ok:
            return Check(name="engine", ok=False, result=facts.problem, fix=facts.fix)
        isolation = "" if facts.isolated else ", NOT ISOLATED"
        cores, memory = facts.cpu_millis / 1000, facts.memory_bytes / GIB
        words = f"{facts.name} {facts.version}: {cores:g} cores, {memory:.1f} GiB{isolation}"
        return Check(name="engine", ok=True, result=words)

    async def _container(self) -> Check:
        """Start, limit, meter and remove a real sandbox."""
        name = f"doctor{int(time.time())}"
        spec = SandboxSpec(
            sandbox_id=name,
            task_id="doctor",
            owner="doctor",
            image=ImageWanted(ref=IMAGE),
            resources=Resources(cpu_millis=500, memory_bytes=256 * MIB, disk_bytes=256 * MIB),
            isolation=Isolation.SUBTASK,
            lease_s=120,
            allow_process=True,
        )
        began = time.monotonic()
        sandbox = await self._runtime.open(spec, lambda progress: None)
        try:
            ended: Ended | None = None
            order = RunOrder(attempt_id=name, index=0, count=1, argv=("/bin/true",), timeout_s=60, lease_s=60)
            async for event in sandbox.run(order):
                if isinstance(event, Ended):
                    ended = event
        finally:
            await sandbox.close()
        seconds = time.monotonic() - began
        if ended is None or ended.exit_code != 0:
            return Check(
                name="container",
                ok=False,
                result=f"a container started, but did not run: {ended}",
                fix="See the log of the engine.",
            )
        left = [found for found in await self._runtime.inventory() if found.sandbox_id == name]
        if left:
            return Check(name="container", ok=False, result="a container was left behind", fix="docker ps -a")
        return Check(name="container", ok=True, result=f"started, ran, metered, removed in {seconds:.1f} s")

    async def _disk(self) -> Check:
        free = shutil.disk_usage(self._folder).free
        words = f"{free / GIB:.1f} GiB free in {self._folder}"
        fix = "" if free >= MIN_FREE_BYTES else "Free some space, or choose another --data-dir."
        return Check(name="disk", ok=free >= MIN_FREE_BYTES, result=words, fix=fix)

    async def _clock(self) -> Check:
        year = time.gmtime().tm_year
        return Check(
            name="clock",
            ok=2025 <= year < 2100,
            result=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            fix="" if year >= 2025 else "Set the clock: certificates are not valid at this time.",
        )

    async def _gpu(self) -> Check:
        gpus = await asyncio.to_thread(self._gpus.present)
        facts = await self._runtime.probe()
        if not gpus:
            return Check(name="gpu", ok=True, needed=False, result="no NVIDIA GPU")
        names = ", ".join(gpu.name for gpu in gpus)
        return Check(
            name="gpu",
            ok=facts.has_gpu_runtime,
            needed=False,
            result=names if facts.has_gpu_runtime else f"{names}, but containers cannot use it",
            fix="" if facts.has_gpu_runtime else "Install the NVIDIA Container Toolkit and restart the engine.",
        )

    async def _network(self) -> Check:
        if self._identity is None:
            return Check(name="network", ok=True, needed=False, result="has not joined a pool yet")
        host, _, port = self._identity.node_door.rpartition(":")
        began = time.monotonic()
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.close()
        milliseconds = (time.monotonic() - began) * 1000
        return Check(name="network", ok=True, result=f"master {self._identity.node_door} in {milliseconds:.0f} ms")


def as_text(checks: list[Check]) -> str:
    """Return the checks for a person."""
    lines = []
    for check in checks:
        mark = "ok  " if check.ok else ("FAIL" if check.needed else "warn")
        lines.append(f"{mark} {check.name:<10} {check.result}")
        if check.fix:
            lines.append(f"     {'':<10} fix: {check.fix}")
    return "\n".join(lines)


def as_json(checks: list[Check]) -> str:
    """Return the checks for a program."""
    good = all(check.ok or not check.needed for check in checks)
    return json.dumps({"ok": good, "checks": [asdict(check) for check in checks]}, indent=1)
