"""The runtime of plain processes: opens, finds and removes their sandboxes. NOT ISOLATED: `plain_process.py`."""

from __future__ import annotations

import asyncio
import platform
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from core.domain.errors import EngineUnavailable
from core.paths import private_folder
from worker_app.agent.ports.sandbox import (
    EngineFacts,
    FoundSandbox,
    OnProgress,
    RuntimeKind,
    Sandbox,
    SandboxLost,
    SandboxRefused,
    SandboxSpec,
)
from worker_app.execution.plain_files import remove_root
from worker_app.execution.plain_process import PlainSandbox
from worker_app.execution.process_files import NOT_ISOLATED, PASSED_ON, lay_out
from worker_app.execution.progress import byte_counter

#: What programs on Windows do not start without.
_WINDOWS_NAMES = ("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "SYSTEMDRIVE", "NUMBER_OF_PROCESSORS")


class PlainRuntime:
    """See the port. A sandbox ends with the agent that opened it."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self._folder = folder
        names = (*PASSED_ON, *_WINDOWS_NAMES)
        self._environment = {name: environment[name] for name in names if name in environment}
        self._open: dict[str, PlainSandbox] = {}

    @property
    def kind(self) -> RuntimeKind:
        return RuntimeKind.PROCESS

    async def probe(self) -> EngineFacts:
        return EngineFacts(
            kind=RuntimeKind.PROCESS,
            isolated=False,
            ok=True,
            name=NOT_ISOLATED,
            version=platform.python_version(),
            cpu_millis=(psutil.cpu_count() or 1) * 1000,
            memory_bytes=psutil.virtual_memory().total,
            arch=platform.machine(),
            os=platform.system().lower(),
        )

    async def open(self, spec: SandboxSpec, on_progress: OnProgress) -> Sandbox:
        if not spec.allow_process:
            raise SandboxRefused(
                "this node has no container engine, and the task does not allow running NOT isolated",
                fix="start Docker, or set allow_process = true for tasks of your own",
            )
        if spec.packages is not None:
            raise SandboxRefused("packages are installed into containers only", fix="start Docker")
        root = private_folder(self._folder) / f"{spec.sandbox_id}-{secrets.token_hex(3)}"
        counter = byte_counter((*spec.source, *spec.parts), on_progress)
        try:
            await asyncio.to_thread(lay_out, root, spec, counter)
        except BaseException:
            await asyncio.to_thread(remove_root, root)
            raise
        sandbox = self._open[str(root)] = PlainSandbox(spec, root, self._environment)
        await sandbox.renew(spec.lease_s)
        return sandbox

    async def inventory(self) -> Sequence[FoundSandbox]:
        found = []
        for root in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            known = self._open.get(str(root))
            found.append(
                FoundSandbox(
                    sandbox_id=known.sandbox_id if known else "",
                    task_id=known.task_id if known else "",
                    handle=str(root),
                    running=known is not None and known.is_alive,
                )
            )
        return found

    async def adopt(self, found: FoundSandbox) -> Sandbox:
        known = self._open.get(found.handle)
        if known is None or not known.is_alive:
            raise SandboxLost("the sandbox ended with the agent that opened it")
        return known

    async def remove(self, found: FoundSandbox) -> None:
        root = Path(found.handle)
        if root.parent != self._folder:
            raise EngineUnavailable("refusing to remove a folder that is not ours", code="NOT_OURS")
        known = self._open.pop(found.handle, None)
        if known is not None:
            await known.close()
        await asyncio.to_thread(remove_root, root)

    async def release_task(self, task_id: str) -> None:
        """Each sandbox has its own copy of the bundle here."""

    async def shut(self) -> None:
        """End everything: without the agent nothing would watch it."""
        for sandbox in list(self._open.values()):
            await sandbox.close()
