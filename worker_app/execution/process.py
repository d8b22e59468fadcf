"""The process runtime: the same runner as an ordinary process. NOT ISOLATED.

For machines without an engine, off by default, and only for tasks of the node's own owner that allow it: what
runs here can read and change whatever the agent's user can. Limits of memory and cpu do not hold, the clock, the
lease, the folders, the output and the results work as in a container. Needs POSIX (the runner forks).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from core.domain.errors import EngineUnavailable
from core.paths import private_folder
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    EngineFacts,
    FoundSandbox,
    ImageFacts,
    OnProgress,
    RunEvent,
    RunOrder,
    RuntimeKind,
    Sandbox,
    SandboxLost,
    SandboxRefused,
    SandboxSpec,
)
from worker_app.execution.conductor import Conductor
from worker_app.execution.process_files import NOT_ISOLATED, PASSED_ON, copy_files, lay_out, moved
from worker_app.execution.progress import byte_counter, nobody_counts
from worker_app.execution.sandbox import contract_env

logger = logging.getLogger(__name__)

_CONNECT_TRIES = 200
_META = "sandbox.json"


class SocketStream:
    """A connected Unix socket as the link's stream."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def receive(self) -> bytes:
        return self._connection.recv(1 << 17)

    def send(self, content: bytes) -> None:
        self._connection.sendall(content)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where one sandbox is. The socket stands apart, because its path may only have 100 characters."""

    sandbox_id: str
    task_id: str
    root: Path
    socket_path: Path
    pid: int
    started: float
    disk_bytes: int
    #: Of a runner that this process started: it must be waited for, or it stays as a zombie.
    child: subprocess.Popen[bytes] | None = None

    def runner(self) -> psutil.Process | None:
        """Return the runner's process if it is still the same one."""
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.started) < 1 else None
        except psutil.Error:
            return None


class ProcessSandbox:
    """See the port. NOT ISOLATED."""

    def __init__(self, place: _Place, conductor: Conductor) -> None:
        self._place = place
        self._conductor = conductor
        self._closed = False
        self._stopped: list[psutil.Process] = []

    @property
    def sandbox_id(self) -> str:
        return self._place.sandbox_id

    @property
    def task_id(self) -> str:
        return self._place.task_id

    @property
    def image(self) -> ImageFacts:
        return ImageFacts(ref="", image_id="", arch=platform.machine(), os=sys.platform)

    async def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        root = str(self._place.root)
        if order.source:
            await asyncio.to_thread(copy_files, order.source, self._place.root / "src", nobody_counts)
        environment = contract_env(self.task_id, order, root)
        environment["TMPDIR"] = environment["HOME"] = f"{root}/tmp"
        env = {name: moved(value, root) for name, value in environment.items()}
        argv = [moved(word, root) for word in order.argv]
        async for event in self._conductor.run(replace(order, env=env), moved(order.workdir, root), argv):
            yield event

    async def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        async for event in self._conductor.resume(attempt_id, from_offset):
            yield event

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        self._conductor.cancel(attempt_id, grace_s)

    async def renew(self, seconds_left: float) -> None:
        self._conductor.renew(seconds_left)

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        return await self._conductor.collect(order)

    async def clear(self) -> bool:
        return await self._conductor.clear()

    async def freeze(self) -> None:
        await self._conductor.pause()
        runner = self._place.runner()
        self._stopped = runner.children(recursive=True) if runner else []
        for process in self._stopped:
            with contextlib.suppress(psutil.Error):
                process.suspend()

    async def thaw(self) -> None:
        for process in self._stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()
        self._stopped = []
        self._conductor.unpause()

    async def set_cpu(self, cpu_millis: int) -> None:
        """Nothing limits cpu here."""

    async def usage_interval(self, seconds: float) -> None:
        self._conductor.usage_interval(seconds)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._conductor.close()
        await asyncio.to_thread(_end, self._place)

    def detach(self) -> None:
        self._closed = True
        self._conductor.close()


class ProcessRuntime:
    """See the port. NOT ISOLATED; `folder` is private to the agent's user."""

    def __init__(self, folder: Path, *, python: str = sys.executable, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._python = python
        self._environment = {name: environment[name] for name in PASSED_ON if name in environment}
        self._open: list[ProcessSandbox] = []

    @property
    def kind(self) -> RuntimeKind:
        return RuntimeKind.PROCESS

    async def probe(self) -> EngineFacts:
        posix = os.name == "posix"
        return EngineFacts(
            kind=RuntimeKind.PROCESS,
            isolated=False,
            ok=posix,
            problem="" if posix else "the process runtime needs a POSIX system in this version",
            fix="" if posix else "install Docker Desktop",
            name=NOT_ISOLATED,
            version=platform.python_version(),
            cpu_millis=(psutil.cpu_count() or 1) * 1000,
            memory_bytes=psutil.virtual_memory().total,
            arch=platform.machine(),
            os=platform.system().lower(),
        )

    async def open(self, spec: SandboxSpec, on_progress: OnProgress) -> Sandbox:
        facts = await self.probe()
        if not facts.ok:
            raise EngineUnavailable(facts.problem, fix=facts.fix)
        if not spec.allow_process:
            raise SandboxRefused(
                "this node has no container engine, and the task does not allow running NOT isolated",
                fix="start Docker, or set allow_process = true for tasks of your own",
            )
        if spec.packages is not None:
            raise SandboxRefused("packages are installed into containers only", fix="start Docker")
        root = private_folder(self._folder) / f"{spec.sandbox_id}-{secrets.token_hex(3)}"
        try:
            await asyncio.to_thread(lay_out, root, spec, byte_counter((*spec.source, *spec.parts), on_progress))
            place = await asyncio.to_thread(self._launch, root, spec)
            conductor = await _greet(place)
        except BaseException:
            await asyncio.to_thread(_end_at, root)
            raise
        conductor.renew(spec.lease_s)
        sandbox = ProcessSandbox(place, conductor)
        self._open.append(sandbox)
        return sandbox

    async def inventory(self) -> Sequence[FoundSandbox]:
        found = []
        for meta in sorted(self._folder.glob(f"*/{_META}")):
            place = _read_place(meta)
            if place is None:
                found.append(FoundSandbox(sandbox_id="", task_id="", handle=str(meta.parent), running=False))
                continue
            running = place.runner() is not None
            found.append(
                FoundSandbox(
                    sandbox_id=place.sandbox_id, task_id=place.task_id, handle=str(place.root), running=running
                )
            )
        return found

    async def adopt(self, found: FoundSandbox) -> Sandbox:
        place = _read_place(Path(found.handle) / _META)
        if place is None or place.runner() is None:
            raise SandboxLost("the sandbox is not running any more")
        conductor = await _greet(place)
        conductor.unpause()
        sandbox = ProcessSandbox(place, conductor)
        self._open.append(sandbox)
        return sandbox

    async def remove(self, found: FoundSandbox) -> None:
        root = Path(found.handle)
        if root.parent != self._folder:
            raise EngineUnavailable("refusing to remove a folder that is not ours", code="NOT_OURS")
        await asyncio.to_thread(_end_at, root)

    async def release_task(self, task_id: str) -> None:
        """Each sandbox has its own copy of the bundle here."""

    async def shut(self) -> None:
        for sandbox in self._open:
            sandbox.detach()

    def _launch(self, root: Path, spec: SandboxSpec) -> _Place:
        apart = Path(tempfile.mkdtemp(prefix="hivemind-"))
        socket_path, code = apart / "runner", root / "runner.py"
        shutil.copyfile(Path(__file__).with_name("runner.py"), code)
        environment = {**self._environment, "CUDA_VISIBLE_DEVICES": ",".join(spec.gpu_uuids)}
        with (root / "runner.log").open("wb") as words:
            process = subprocess.Popen(
                [self._python, "-I", "-S", "-B", str(code), str(root), str(root / "tmp"), str(socket_path)],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,
            )
        place = _Place(
            sandbox_id=spec.sandbox_id,
            task_id=spec.task_id,
            root=root,
            socket_path=socket_path,
            pid=process.pid,
            started=psutil.Process(process.pid).create_time(),
            disk_bytes=spec.resources.disk_bytes,
            child=process,
        )
        names = ("sandbox_id", "task_id", "pid", "started", "disk_bytes")
        record = {name: getattr(place, name) for name in names} | {"socket_path": str(socket_path)}
        (root / _META).write_text(json.dumps(record))
        return place


def _connect(place: _Place) -> socket.socket:
    """Connect to the runner; it may still be starting."""
    for _ in range(_CONNECT_TRIES):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(place.socket_path))
            return connection
        except OSError:
            connection.close()
        runner = place.runner()
        if runner is None or runner.status() == psutil.STATUS_ZOMBIE:
            break
        with contextlib.suppress(psutil.TimeoutExpired):
            runner.wait(0.02)
    words = place.root.joinpath("runner.log").read_text(errors="replace")[-300:]
    raise SandboxLost(f"the sandbox's runner does not answer: {words.strip()}")


async def _greet(place: _Place) -> Conductor:
    conductor = Conductor(SocketStream(await asyncio.to_thread(_connect, place)))
    conductor.disk_limit_bytes = place.disk_bytes
    try:
        await conductor.hello()
    except BaseException:
        conductor.close()
        raise
    return conductor


def _read_place(meta: Path) -> _Place | None:
    try:
        record = json.loads(meta.read_text())
        record["socket_path"] = Path(record["socket_path"])
        return _Place(root=meta.parent, **record)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _end_at(root: Path) -> None:
    place = _read_place(root / _META)
    if place is not None:
        _end(place)
    shutil.rmtree(root, ignore_errors=True)


def _end(place: _Place) -> None:
    """Kill the runner's whole tree, wait for it and remove its folders."""
    runner = place.runner()
    if runner is not None:
        with contextlib.suppress(psutil.Error):
            # Stopped first, so that it cannot start anything between the listing and the killing.
            runner.suspend()
            for process in (*runner.children(recursive=True), runner):
                with contextlib.suppress(psutil.Error):
                    process.kill()
    if place.child is not None:
        place.child.wait(10)
    for folder in (place.root, place.socket_path.parent):
        _remove_folder(folder)


def _remove_folder(folder: Path) -> None:
    """Remove a folder whose modes a task may have changed."""
    for path, names, _ in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                os.chmod(os.path.join(path, name), 0o700, follow_symlinks=True)
    shutil.rmtree(folder, ignore_errors=True)
