"""The volumes of this room: the runner's, one work volume a sandbox, the bundle's files of each task, parts.

Named volumes and streams only, no paths of the host: so it is the same on Docker Desktop and on a remote engine.
A volume is filled through a container that is created and never started.
"""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
import tarfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from core.domain.errors import EngineUnavailable, HiveMindError
from worker_app.agent.ports.sandbox import InlineFile, LocalFile
from worker_app.execution.engine import Engine
from worker_app.execution.policy import (
    LABEL_KIND,
    LABEL_NODE,
    LABEL_SANDBOX,
    LABEL_TASK,
    SANDBOX_UID,
    VolumeMount,
    mount_option,
)

logger = logging.getLogger(__name__)

#: Folders of a work volume that an attempt may write to; the runner empties them.
WORK_FOLDERS = ("run", "out", "item", "checkpoint", "log")
#: Points where other volumes are mounted; they stay root's.
MOUNT_POINTS = ("src", "parts")
SPARES = 4
_PIECE = 1 << 20

OnBytes = Callable[[int], None]


def check_inside(path: str) -> str:
    """Return a relative path that stays inside, or raise: the last line of defence before a tar of ours."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise EngineUnavailable(f"refusing to place {path[:120]!r} in a volume", code="BAD_PATH")
    return path


def folder_tar(names: Iterable[tuple[str, int]]) -> bytes:
    """Return a tar of empty folders, each with its owner."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, owner in names:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, owner, owner
            tar.addfile(entry)
    return buffer.getvalue()


def file_tar(
    files: Iterable[LocalFile | InlineFile], on_bytes: OnBytes, *, owner: int = 0, writable: bool = False
) -> Iterator[bytes]:
    """Yield a tar of files piece by piece; memory stays flat whatever their size. Their time is the epoch."""
    made: set[str] = set()
    for file in files:
        path = check_inside(file.path)
        parents = path.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            folder = "/".join(parents[:depth])
            if folder not in made:
                made.add(folder)
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, owner, owner
                yield entry.tobuf(tarfile.PAX_FORMAT)
        entry = tarfile.TarInfo(path)
        entry.size = len(file.content) if isinstance(file, InlineFile) else file.size_bytes
        executable = 0 if isinstance(file, InlineFile) else file.mode & 0o111
        entry.mode = executable | (0o644 if writable else 0o444)
        entry.uid = entry.gid = owner
        yield entry.tobuf(tarfile.PAX_FORMAT)
        for piece in (file.content,) if isinstance(file, InlineFile) else _pieces(file):
            on_bytes(len(piece))
            yield piece
        yield b"\0" * (-entry.size % 512)
    yield b"\0" * 1024


def _pieces(file: LocalFile) -> Iterator[bytes]:
    left = file.size_bytes
    with file.local.open("rb") as reader:
        reader.seek(file.offset)
        while left > 0:
            piece = reader.read(min(left, _PIECE))
            if not piece:
                raise OSError(f"{file.local.name} is shorter than it was")
            left -= len(piece)
            yield piece


class Volumes:
    """Makes, fills and removes volumes of one node. What it did not make it does not touch."""

    def __init__(self, engine: Engine, node_id: str) -> None:
        self._engine = engine
        self._node_id = node_id
        self._spares: list[str] = []
        self._made_now: set[str] = set()
        self._carriers: set[str] = set()
        self._runner = ""
        self._lock = asyncio.Lock()
        self._refill: asyncio.Task[None] | None = None

    async def create(self, name: str, kind: str, labels: Mapping[str, str] | None = None) -> str:
        """Create a labelled volume if it is not there."""
        every = {LABEL_NODE: self._node_id, LABEL_KIND: kind, **(labels or {})}
        await self._engine.call(lambda api: api.create_volume(name, labels=every))
        return name

    async def create_writable(self, name: str, kind: str, image_id: str) -> str:
        """Create a volume whose top a sandbox that mounts it writable may write to."""
        await self.create(name, kind)
        mount = VolumeMount(volume=name, target="/fill/top", read_only=False)
        async with self.carrier(image_id, [mount]) as container:
            await self._engine.put_tar(container, "/fill", [folder_tar([("top", SANDBOX_UID)])])
        return name

    async def remove(self, name: str) -> bool:
        """Remove a volume; False when something still uses it."""
        gone = await self._engine.remove_volume(name)
        if gone:
            self._made_now.discard(name)
        return gone

    @asynccontextmanager
    async def carrier(self, image_id: str, mounts: Sequence[VolumeMount]) -> AsyncIterator[str]:
        """A container that is never started, through which volumes are filled and read."""
        options = carrier_options(image_id, mounts, {LABEL_NODE: self._node_id, LABEL_KIND: "carrier"})
        name = f"hivemind-carrier-{secrets.token_hex(8)}"
        self._carriers.add(name)
        try:
            container = await self._engine.create(options, name)
            try:
                yield container
            finally:
                await asyncio.shield(self._engine.remove_container(container))
        finally:
            self._carriers.discard(name)

    def carries(self, name: str) -> bool:
        """Tell whether a container of this name carries for this process now; else an agent that died left it."""
        return name in self._carriers

    async def fill(self, image_id: str, volume: str, files: Sequence[LocalFile], on_bytes: OnBytes) -> None:
        """Put files into a volume, under the paths that they name."""
        if not files:
            return
        mount = VolumeMount(volume=volume, target="/fill", read_only=False)
        async with self.carrier(image_id, [mount]) as container:
            await self._engine.put_tar(container, "/fill", file_tar(files, on_bytes))

    async def runner(self, image_id: str, code: bytes, digest: str) -> str:
        """Return the volume that holds the runner (and the watchdog), made once a version."""
        async with self._lock:
            name = f"hivemind-runner-{self._node_id[-8:].lower()}-{digest[:12]}"
            if self._runner != name:
                await self.create(name, "runner")
                mount = VolumeMount(volume=name, target="/fill", read_only=False)
                async with self.carrier(image_id, [mount]) as container:
                    await self._engine.put_tar(container, "/fill", [code])
                self._runner = name
            return name

    async def take_work(self, image_id: str) -> str:
        """Return an empty work volume with its folders. Some are kept ready: laying one out costs 40 ms."""
        async with self._lock:
            if not self._spares:
                await self._lay_out(image_id)
            name = self._spares.pop()
        if len(self._spares) < SPARES // 2 and (self._refill is None or self._refill.done()):
            self._refill = asyncio.get_running_loop().create_task(self._refill_quietly(image_id))
        return name

    async def sweep_spares(self) -> None:
        """Remove what is kept ready."""
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.gather(self._refill, return_exceptions=True)
        async with self._lock:
            spares, self._spares = self._spares, []
            for name in spares:
                await self.remove(name)

    async def clear_unused(self) -> None:
        """Remove every volume of this node that no container uses, but installed packages, which are kept."""
        wanted = {"label": [f"{LABEL_NODE}={self._node_id}"], "dangling": ["true"]}
        answer = await self._engine.call(lambda api: api.volumes(filters=wanted))
        for row in answer.get("Volumes") or ():
            if (row.get("Labels") or {}).get(LABEL_KIND) in ("work", "parts", "source", "runner"):
                await self.remove(str(row["Name"]))

    async def leftovers(self) -> list[tuple[str, str, str]]:
        """Return (name, sandbox id, task id) of this node's volumes that nothing uses and nobody here made."""
        wanted = {"label": [f"{LABEL_NODE}={self._node_id}"], "dangling": ["true"]}
        answer = await self._engine.call(lambda api: api.volumes(filters=wanted))
        found: list[tuple[str, str, str]] = []
        for row in answer.get("Volumes") or ():
            labels = row.get("Labels") or {}
            name = str(row["Name"])
            if labels.get(LABEL_KIND) in ("work", "parts", "source") and name not in self._made_now:
                found.append((name, labels.get(LABEL_SANDBOX, ""), labels.get(LABEL_TASK, "")))
        return found

    def remember(self, name: str) -> None:
        """Say that a volume belongs to something alive in this process."""
        self._made_now.add(name)

    async def _refill_quietly(self, image_id: str) -> None:
        try:
            async with self._lock:
                await self._lay_out(image_id)
        except HiveMindError as error:
            # The next sandbox makes its own and meets the same error where it can be reported.
            logger.info("no spare work volumes: %s", error.message)

    async def _lay_out(self, image_id: str) -> None:
        names = [f"hivemind-work-{secrets.token_hex(8)}" for _ in range(SPARES)]
        self._made_now.update(names)
        for name in names:
            await self.create(name, "work")
        mounts = [
            VolumeMount(volume=name, target=f"/fill/{number}", read_only=False)
            for number, name in enumerate(names)
        ]
        folders = [(name, SANDBOX_UID) for name in WORK_FOLDERS] + [(name, 0) for name in MOUNT_POINTS]
        every = [(f"{number}/{name}", owner) for number in range(len(names)) for name, owner in folders]
        async with self.carrier(image_id, mounts) as container:
            await self._engine.put_tar(container, "/fill", [folder_tar(every)])
        self._spares += names


def carrier_options(image_id: str, mounts: Sequence[VolumeMount], labels: Mapping[str, str]) -> dict[str, object]:
    """Return the options of a container that only carries volumes; it could do nothing if it were started."""
    return {
        "Image": image_id,
        "Entrypoint": ["/never-started"],
        "User": f"{SANDBOX_UID}:{SANDBOX_UID}",
        "Labels": dict(labels),
        "NetworkDisabled": True,
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "LogConfig": {"Type": "none", "Config": {}},
            "Mounts": [mount_option(mount) for mount in mounts],
        },
    }


class SourceStore:
    """Which files of each task's bundle are on this node's engine. One read-only copy a task and node."""

    def __init__(self, volumes: Volumes, node_id: str) -> None:
        self._volumes = volumes
        self._node_id = node_id
        self._present: dict[str, set[str]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def name_of(self, task_id: str) -> str:
        return f"hivemind-source-{self._node_id[-8:].lower()}-{task_id}"

    async def ensure(self, task_id: str, image_id: str, files: Sequence[LocalFile], on_bytes: OnBytes) -> str:
        """Have at least these files in the task's volume; only what is missing is sent."""
        name = self.name_of(task_id)
        present = self._present.get(task_id)
        if present is not None and all(file.path in present for file in files):
            return name
        async with self._locks.setdefault(task_id, asyncio.Lock()):
            present = self._present.get(task_id)
            if present is None:
                self._volumes.remember(name)
                await self._volumes.create(name, "source", {LABEL_TASK: task_id})
                present = self._present[task_id] = set()
            missing = [file for file in files if file.path not in present]
            await self._volumes.fill(image_id, name, missing, on_bytes)
            present.update(file.path for file in missing)
        return name

    async def release(self, task_id: str) -> None:
        """Forget and remove a task's files, unless a sandbox still uses them."""
        self._present.pop(task_id, None)
        self._locks.pop(task_id, None)
        await self._volumes.remove(self.name_of(task_id))
