"""The Docker Engine API as this room uses it: found, bounded in time, and with its errors in our words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import docker
import docker.errors
import requests.exceptions

from core.domain.errors import EngineUnavailable, HiveMindError
from core.domain.recipe import RECIPE_LABEL
from worker_app.agent.ports.sandbox import (
    EngineFacts,
    ImageFacts,
    ImageInvalid,
    RuntimeKind,
    SandboxRefused,
    UsageTick,
)
from worker_app.execution.calls import CallPool
from worker_app.execution.streams import AttachedStream, KeptOutput

R = TypeVar("R")
QUICK_S = 20.0
START_S = 60.0
TRANSFER_S = 3600.0
THREADS = 8
#: The tray has these, and those of `facts_of`, in Chinese as well.
NO_ENGINE = "Docker is not running"
START_IT = "Start Docker; on Windows and macOS that is Docker Desktop."


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """Where an engine may listen, and which setting says so."""

    url: str
    source: str


def candidate_addresses(
    environment: Mapping[str, str], home: Path, platform: str = sys.platform
) -> list[EngineAddress]:
    """Return where to look for the engine, in order: what the person set, then the usual places."""
    if environment.get("DOCKER_HOST"):
        return [EngineAddress(url=environment["DOCKER_HOST"], source="DOCKER_HOST")]
    found = _context_address(environment, home)
    if platform == "win32":
        names = ("docker_engine", "dockerDesktopLinuxEngine")
        usual = [EngineAddress(url=f"npipe:////./pipe/{name}", source="usual pipe") for name in names]
    else:
        paths = [home / ".docker/run/docker.sock", Path("/var/run/docker.sock")]
        runtime = environment.get("XDG_RUNTIME_DIR")
        if runtime:
            paths += [Path(runtime) / "docker.sock", Path(runtime) / "podman/podman.sock"]
        usual = [EngineAddress(url=f"unix://{path}", source="usual socket") for path in paths if path.exists()]
    return found + [address for address in usual if address.url not in {one.url for one in found}]


def _context_address(environment: Mapping[str, str], home: Path) -> list[EngineAddress]:
    """The current docker context's address, from the CLI's own files; nothing when there is none."""
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    try:
        name = environment.get("DOCKER_CONTEXT") or json.loads((folder / "config.json").read_text()).get(
            "currentContext", ""
        )
        if not name or name == "default":
            return []
        for meta in sorted((folder / "contexts/meta").glob("*/meta.json")):
            context = json.loads(meta.read_text())
            if context.get("Name") == name:
                url = context["Endpoints"]["docker"]["Host"]
                return [EngineAddress(url=str(url), source=f"docker context {name}")]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return []
    return []


class ProgramAbsent(ImageInvalid):
    """The image has no program to be its process 1 (no Python, no shell)."""


class Engine:
    """One container engine. Every call is bounded in time and raises errors of ours only."""

    def __init__(self, addresses: Iterable[EngineAddress]) -> None:
        self._addresses = tuple(addresses)
        self._address: EngineAddress | None = None
        self._pool: CallPool[docker.APIClient] = CallPool(self._connect, lambda client: client.close(), THREADS)

    def _connect(self) -> docker.APIClient:
        last: Exception | None = None
        for address in [self._address] if self._address else self._addresses:
            try:
                client = docker.APIClient(base_url=address.url, timeout=60, version="auto")
            except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
                last = error
                continue
            self._address = address
            return client
        # Which address failed how is for the log of whoever asks; people are told what to do.
        raise EngineUnavailable(NO_ENGINE, fix=START_IT) from last

    async def call(self, work: Callable[[docker.APIClient], R], deadline_s: float = QUICK_S) -> R:
        """Run one SDK call. Raises EngineUnavailable, ImageInvalid or SandboxRefused."""
        try:
            return await self._pool.call(work, deadline_s)
        except HiveMindError:
            raise
        except docker.errors.APIError as error:
            raise error_of(error) from error
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
            raise EngineUnavailable(f"the container engine failed: {type(error).__name__}") from error

    async def follow(self, container: str) -> KeptOutput:
        """Attach to stdin, and read the output again from its beginning, as far as the log driver kept it."""
        stdin = await self.call(
            lambda api: AttachedStream(api.attach_socket(container, params={"stdin": 1, "stream": 1}))
        )
        wanted = {"stdout": 1, "stderr": 1, "follow": 1}

        def read(api: Any) -> Any:
            url = api._url("/containers/{0}/logs", container)
            # The SDK's own call mixes both streams. It waits for output that may never come: no time limit.
            response = api._get(url, params=wanted, stream=True, timeout=None)
            api._raise_for_status(response)
            return response

        try:
            return KeptOutput(await self.call(read), stdin)
        except BaseException:
            stdin.close()
            raise

    async def attach(self, container: str) -> AttachedStream:
        """Attach to stdin, stdout and stderr of a container; MAY be done before its start."""
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        return AttachedStream(await self.call(lambda api: api.attach_socket(container, params=wanted)))

    async def create(self, options: Mapping[str, Any], name: str) -> str:
        """Create a container and return its id. Cancelled meanwhile, it is removed before that is passed on."""
        making = asyncio.ensure_future(
            self.call(lambda api: api.create_container_from_config(dict(options), name), START_S)
        )
        try:
            return str((await asyncio.shield(making))["Id"])
        except asyncio.CancelledError:
            # The engine makes it all the same, and nobody else would know its name.
            with contextlib.suppress(HiveMindError):
                await self.remove_container(str((await making)["Id"]))
            raise

    async def start(self, container: str) -> None:
        await self.call(lambda api: api.start(container), START_S)

    async def inspect(self, container: str) -> dict[str, Any] | None:
        """Return the engine's record of a container, None when there is no such."""
        return await self.call(_or_none(lambda api: api.inspect_container(container)))

    async def remove_container(self, container: str) -> None:
        """Kill and remove a container with its anonymous volumes. Idempotent."""
        await self.call(_or_none(lambda api: api.remove_container(container, v=True, force=True)), START_S)

    async def remove_volume(self, volume: str) -> bool:
        """Remove a volume; False when a container still uses it. Idempotent."""

        def remove(api: docker.APIClient) -> bool:
            try:
                api.remove_volume(volume, force=True)
            except docker.errors.NotFound:
                return True
            except docker.errors.APIError as error:
                if error.status_code == 409:
                    return False
                raise
            return True

        return await self.call(remove)

    async def kill(self, container: str) -> None:
        """End a container at once; nothing when it has ended."""

        def kill(api: docker.APIClient) -> None:
            try:
                api.kill(container)
            except docker.errors.APIError as error:
                if error.status_code not in (404, 409):
                    raise

        await self.call(kill)

    async def usage(self, container: str) -> UsageTick:
        """Return what a container uses now, as the engine counts it; disk is not among it."""
        row = await self.call(lambda api: api.stats(container, stream=False, one_shot=True))
        memory = row.get("memory_stats") or {}
        details = memory.get("stats") or {}
        cache = details.get("inactive_file", details.get("total_inactive_file", 0))
        cpu = (row.get("cpu_stats") or {}).get("cpu_usage") or {}
        return UsageTick(
            cpu_ms=int(cpu.get("total_usage") or 0) // 1_000_000,
            memory_bytes=max(0, int(memory.get("usage") or 0) - int(cache or 0)),
            disk_bytes=0,
            pids=int((row.get("pids_stats") or {}).get("current") or 0),
        )

    async def read_tar(self, container: str, path: str, consume: Callable[[Iterator[bytes]], R]) -> R | None:
        """Hand a path of a container to `consume`, on a thread, as a tar stream; None when it is not there."""

        def read(api: docker.APIClient) -> R | None:
            try:
                pieces, _ = api.get_archive(container, path, chunk_size=1 << 20)
            except docker.errors.NotFound:
                return None
            try:
                return consume(iter(pieces))
            finally:
                pieces.close()

        return await self.call(read, TRANSFER_S)

    async def put_tar(self, container: str, folder: str, pieces: Iterable[bytes]) -> None:
        """Unpack a tar stream into a folder of a container: of a running one, only into a writable volume."""
        await self.call(lambda api: api.put_archive(container, folder, iter(pieces)), TRANSFER_S)

    async def facts(self, kind: RuntimeKind = RuntimeKind.DOCKER) -> EngineFacts:
        """Ask what the engine has; never raises for an engine that is absent or unfit."""
        try:
            details = await self.call(lambda api: api.info())
            version = await self.call(lambda api: api.version())
            images = await self.call(lambda api: api.images())
        except HiveMindError as error:
            return EngineFacts(kind=kind, isolated=True, ok=False, problem=error.message, fix=error.fix)
        return facts_of(details, version, images, self._address.url if self._address else "", kind)

    def close(self) -> None:
        self._pool.close()


def _or_none(work: Callable[[docker.APIClient], R]) -> Callable[[docker.APIClient], R | None]:
    def run(api: docker.APIClient) -> R | None:
        try:
            return work(api)
        except docker.errors.NotFound:
            return None

    return run


def error_of(error: docker.errors.APIError) -> HiveMindError:
    """Say in our words what the engine refused. Its texts are only shown, except where it has no code."""
    text = str(error.explanation or error)[:300]
    lower = text.lower()
    if isinstance(error, docker.errors.ImageNotFound) or "no such image" in lower:
        return ImageInvalid(f"the image is not there: {text}", fix="check the image's name")
    if "could not select device driver" in lower or "nvidia" in lower:
        return SandboxRefused(
            "the engine cannot give GPUs to containers", fix="install the NVIDIA container toolkit"
        )
    if "executable file not found" in lower or "no such file or directory" in lower:
        return ProgramAbsent(f"the image lacks what a sandbox needs: {text}")
    if error.is_client_error() and ("cpus" in lower or "memory" in lower):
        return SandboxRefused(f"the engine cannot give these resources: {text}")
    return EngineUnavailable(f"the container engine refused: {text}")


def facts_of(
    details: Mapping[str, Any],
    version: Mapping[str, Any],
    images: Iterable[Mapping[str, Any]],
    address: str,
    kind: RuntimeKind,
) -> EngineFacts:
    """Translate the engine's answers. Windows-container mode is refused with the fix."""
    problem = fix = ""
    if details.get("OSType") != "linux":
        problem = "the container engine is in Windows-container mode"
        fix = "Choose “Switch to Linux containers…” in the menu of Docker Desktop's tray icon."
    elif not any("seccomp" in str(option) for option in details.get("SecurityOptions") or ()):
        problem = "the container engine has no seccomp, so tasks could not be isolated"
        fix = "Use a kernel and an engine with seccomp."
    elif not details.get("MemoryLimit", True) or not details.get("PidsLimit", True):
        problem = "the container engine cannot limit memory or processes"
        fix = "Enable the memory and pids cgroup controllers."
    runtimes = tuple(sorted(cast("dict[str, Any]", details.get("Runtimes") or {})))
    arch = str(details.get("Architecture") or "")
    return EngineFacts(
        kind=kind,
        isolated=True,
        ok=not problem,
        problem=problem,
        fix=fix,
        name=str(details.get("Name") or ""),
        version=str(version.get("Version") or ""),
        address=address,
        cpu_millis=int(details.get("NCPU") or 0) * 1000,
        memory_bytes=int(details.get("MemTotal") or 0),
        arch=arch_name(arch),
        os=str(details.get("OSType") or ""),
        cgroup_version=int(details.get("CgroupVersion") or 1),
        runtimes=runtimes,
        has_gpu_runtime="nvidia" in runtimes,
        images=tuple(image for one in images for image in image_facts_of_row(one)),
    )


def arch_name(text: str) -> str:
    """Return an architecture in the words of manifests; images and engines use two sets of names."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(text, text)


def image_facts_of_row(row: Mapping[str, Any]) -> list[ImageFacts]:
    """Return one fact a name of an image in the engine's list; images without a name are no offer."""
    digests = {str(text).split("@")[0]: str(text).split("@")[1] for text in row.get("RepoDigests") or ()}
    recipe = str((row.get("Labels") or {}).get(RECIPE_LABEL, ""))
    return [
        ImageFacts(
            ref=tag,
            image_id=str(row["Id"]),
            digest=digests.get(tag.rsplit(":", 1)[0], ""),
            recipe=recipe,
            size_bytes=int(row.get("Size") or 0),
        )
        for tag in row.get("RepoTags") or ()
        if tag != "<none>:<none>"
    ]


def default_engine() -> Engine:
    """The engine of this computer, found as the docker command would find it."""
    return Engine(candidate_addresses(os.environ, Path.home()))
