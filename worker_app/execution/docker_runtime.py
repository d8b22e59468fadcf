"""The docker runtime: opens, finds and removes sandboxes on one container engine. See the port."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.domain.errors import EngineUnavailable, HiveMindError
from core.domain.resources import GIB
from core.domain.spec import Isolation
from worker_app.agent.ports.sandbox import (
    EngineFacts,
    FoundSandbox,
    ImageUnsuitable,
    ImageWanted,
    LocalFile,
    OnProgress,
    OpenProgress,
    Packages,
    RuntimeKind,
    Sandbox,
    SandboxLost,
    SandboxRefused,
    SandboxSpec,
)
from worker_app.execution.conductor import Conductor
from worker_app.execution.engine import Engine, ProgramAbsent
from worker_app.execution.first_process import RUNNER_COMMAND, greet_runner, runner_tar
from worker_app.execution.images import CatalogueImage, Images, ReadyImage, facts_label, facts_of_label
from worker_app.execution.keeping import DockerKeeping
from worker_app.execution.kept_images import KeptImages
from worker_app.execution.output_reader import OutputReader
from worker_app.execution.packages import INSTALL_S, PackageStore, unpack
from worker_app.execution.policy import (
    LABEL_DISK,
    LABEL_IMAGE,
    LABEL_KIND,
    LABEL_MODE,
    LABEL_NODE,
    LABEL_SANDBOX,
    LABEL_TASK,
    LABEL_WORK,
    MIN_MEMORY_BYTES,
    PACKAGES_FOLDER,
    RUNNER_FOLDER,
    ContainerPlan,
    VolumeMount,
    container_options,
)
from worker_app.execution.progress import byte_counter, nobody_counts
from worker_app.execution.sandbox import DockerSandbox, SandboxFacts, quietly
from worker_app.execution.volumes import SourceStore, Volumes
from worker_app.execution.watchdog import WATCHDOG_COMMAND, WatchdogSandbox, greet

logger = logging.getLogger(__name__)

WATCHED = "watchdog"


class DockerRuntime:
    """See the port. One per node and engine; MUST be used on one event loop."""

    def __init__(
        self,
        engine: Engine,
        node_id: str,
        catalogue: Mapping[str, CatalogueImage],
        *,
        packages_index: Path | None = None,
        packages_budget_bytes: int = 10 * GIB,
        images_index: Path | None = None,
    ) -> None:
        """Indexes are files in the agent's data folder. Without `packages_index` tasks with packages are refused,
        without `images_index` no image is ever removed.
        """
        self._engine = engine
        self._node_id = node_id
        kept = KeptImages(engine, images_index)
        self._images = Images(engine, catalogue, kept)
        self._volumes = Volumes(engine, node_id)
        self._sources = SourceStore(self._volumes, node_id)
        self._packages = (
            PackageStore(self._volumes, packages_index, packages_budget_bytes) if packages_index else None
        )
        self.keeping = DockerKeeping(kept, self._packages)
        self._packages_lock = asyncio.Lock()
        self._runner = runner_tar()
        self._open: dict[str, DockerSandbox | WatchdogSandbox] = {}
        self._without_python: set[ImageWanted] = set()
        self._facts: EngineFacts | None = None

    @property
    def kind(self) -> RuntimeKind:
        return RuntimeKind.DOCKER

    async def probe(self) -> EngineFacts:
        self._facts = await self._engine.facts()
        return self._facts

    async def open(self, spec: SandboxSpec, on_progress: OnProgress) -> Sandbox:
        if spec.image not in self._without_python:
            try:
                return await self._open_with(spec, on_progress)
            except ProgramAbsent:
                self._without_python.add(spec.image)
        if spec.isolation is not Isolation.SUBTASK or spec.packages is not None:
            raise ImageUnsuitable(
                f"the image {spec.image.ref} has no Python 3.8 or newer",
                fix='write isolation = "subtask" under [run], without packages, or use an image with Python',
            )
        try:
            return await self._open_with(spec, on_progress, watched=True)
        except ProgramAbsent as error:
            raise ImageUnsuitable(
                f"the image {spec.image.ref} has neither Python 3.8 or newer nor a POSIX shell (sh)",
                fix="add one of them to the image",
            ) from error

    async def _open_with(
        self,
        spec: SandboxSpec,
        on_progress: OnProgress,
        extra: tuple[VolumeMount, ...] = (),
        *,
        watched: bool = False,
    ) -> DockerSandbox | WatchdogSandbox:
        facts = self._facts or await self.probe()
        self._check(spec, facts)
        image = await self._images.ensure(spec.image, on_progress)
        made: list[str] = []
        container = ""
        try:
            mounts = await self._mounts(spec, image, made, on_progress) + extra
            plan = self._plan(spec, image, mounts, facts, watched=watched)
            container = await self._engine.create(
                container_options(plan), f"hivemind-{spec.sandbox_id}-{secrets.token_hex(3)}"
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(self._fill(spec, image, on_progress))
                starting = group.create_task(self._start(container, spec.resources.disk_bytes, watched=watched))
            voice = starting.result()
        except BaseException as error:
            await asyncio.shield(self._undo(container, made))
            if isinstance(error, BaseExceptionGroup):
                raise next((one for one in error.exceptions if isinstance(one, HiveMindError)), error) from None
            raise
        made_of = SandboxFacts(
            sandbox_id=spec.sandbox_id,
            task_id=spec.task_id,
            container=container,
            volumes=tuple(made),
            image=image.facts,
            cpu_millis=spec.resources.cpu_millis,
        )
        sandbox = self._sandbox(made_of, voice, spec.resources.disk_bytes, spec.source)
        await sandbox.renew(spec.lease_s)
        return sandbox

    async def inventory(self) -> Sequence[FoundSandbox]:
        wanted = {"label": [f"{LABEL_NODE}={self._node_id}"]}
        rows = await self._engine.call(lambda api: api.containers(all=True, filters=wanted))
        found = []
        for row in rows:
            labels = row.get("Labels") or {}
            if any(self._volumes.carries(name.lstrip("/")) for name in row.get("Names") or ()):
                continue
            found.append(
                FoundSandbox(
                    sandbox_id=labels.get(LABEL_SANDBOX, ""),
                    task_id=labels.get(LABEL_TASK, ""),
                    handle=f"container:{row['Id']}",
                    running=row.get("State") in ("running", "paused"),
                )
            )
        for name, sandbox_id, task_id in await self._volumes.leftovers():
            found.append(
                FoundSandbox(sandbox_id=sandbox_id, task_id=task_id, handle=f"volume:{name}", running=False)
            )
        return found

    async def adopt(self, found: FoundSandbox) -> Sandbox:
        container = found.handle.removeprefix("container:")
        record = await self._engine.inspect(container)
        if record is None or not record["State"].get("Running"):
            raise SandboxLost("the sandbox is not running any more")
        labels: dict[str, str] = record["Config"].get("Labels") or {}
        if record["State"].get("Paused"):
            await self._engine.call(lambda api: api.unpause(container))
        disk_bytes = int(labels.get(LABEL_DISK, "0"))
        voice: Conductor | OutputReader
        if labels.get(LABEL_MODE) == WATCHED:
            voice = await greet(self._engine, container, start=False)
        else:
            voice = await greet_runner(self._engine, container, disk_bytes, start=False)
            # If the agent died while it was frozen, its clock stands still.
            voice.unpause()
        volumes = tuple(name for name in labels.get(LABEL_WORK, "").split(",") if name)
        for name in volumes:
            self._volumes.remember(name)
        adopted = SandboxFacts(
            sandbox_id=found.sandbox_id,
            task_id=found.task_id,
            container=container,
            volumes=volumes,
            image=facts_of_label(labels.get(LABEL_IMAGE, "")),
            cpu_millis=int(record["HostConfig"].get("CpuQuota") or 100_000) // 100,
        )
        sandbox = self._sandbox(adopted, voice, disk_bytes)
        if isinstance(sandbox, WatchdogSandbox):
            await sandbox.adopt()
        return sandbox

    async def remove(self, found: FoundSandbox) -> None:
        kind, _, name = found.handle.partition(":")
        if kind == "volume":
            await self._volumes.remove(name)
            return
        record = await self._engine.inspect(name)
        if record is None:
            return
        labels = record["Config"].get("Labels") or {}
        if labels.get(LABEL_NODE) != self._node_id:
            raise EngineUnavailable("refusing to remove a container that is not ours", code="NOT_OURS")
        await self._engine.remove_container(name)
        for volume in labels.get(LABEL_WORK, "").split(","):
            if volume:
                await self._volumes.remove(volume)

    async def release_task(self, task_id: str) -> None:
        await self._sources.release(task_id)

    async def shut(self) -> None:
        for sandbox in self._open.values():
            sandbox.detach()
        try:
            await self._remove_dead()
            await self._volumes.sweep_spares()
            await self._volumes.clear_unused()
        except HiveMindError as error:
            logger.info("volumes stay behind: %s", quietly(error))
        self._engine.close()

    async def _remove_dead(self) -> None:
        """Remove containers of this node that do not run: an engine that went took them, or an agent that died
        left them, and nobody could close them.
        """
        wanted = {"label": [f"{LABEL_NODE}={self._node_id}"], "status": ["exited", "dead", "created"]}
        for row in await self._engine.call(lambda api: api.containers(all=True, filters=wanted)):
            await self._engine.remove_container(str(row["Id"]))

    # ---- opening

    def _check(self, spec: SandboxSpec, facts: EngineFacts) -> None:
        if not facts.ok:
            raise EngineUnavailable(facts.problem, fix=facts.fix)
        if spec.resources.memory_bytes < MIN_MEMORY_BYTES:
            raise SandboxRefused(f"a sandbox needs at least {MIN_MEMORY_BYTES >> 20} MiB of memory")
        if spec.resources.memory_bytes > facts.memory_bytes or spec.resources.cpu_millis > facts.cpu_millis:
            raise SandboxRefused("the engine has less cpu or memory than this sandbox needs")
        if spec.gpu_uuids and not facts.has_gpu_runtime:
            raise SandboxRefused(
                "the engine cannot give GPUs to containers", fix="install the NVIDIA container toolkit"
            )

    async def _mounts(
        self, spec: SandboxSpec, image: ReadyImage, made: list[str], on_progress: OnProgress
    ) -> tuple[VolumeMount, ...]:
        """Have every volume that the container names; `made` lists those that end with it."""
        image_id = image.facts.image_id
        runner = await self._volumes.runner(image_id, *self._runner)
        work = await self._volumes.take_work(image_id)
        made.append(work)
        source = await self._sources.ensure(spec.task_id, image_id, (), nobody_counts)
        mounts = [
            VolumeMount(volume=work, target="/work", read_only=False),
            VolumeMount(volume=source, target="/work/src"),
            VolumeMount(volume=runner, target=RUNNER_FOLDER),
        ]
        if spec.parts:
            parts = f"hivemind-parts-{spec.sandbox_id}-{secrets.token_hex(3)}"
            self._volumes.remember(parts)
            labels = {LABEL_TASK: spec.task_id, LABEL_SANDBOX: spec.sandbox_id}
            await self._volumes.create(parts, "parts", labels)
            made.append(parts)
            await self._volumes.fill(image_id, parts, spec.parts, byte_counter(spec.parts, on_progress))
            mounts.append(VolumeMount(volume=parts, target="/work/parts"))
        if spec.packages is not None:
            packages = await self._have_packages(spec, spec.packages, image, on_progress)
            mounts.append(VolumeMount(volume=packages, target=PACKAGES_FOLDER))
        return tuple(mounts)

    async def _have_packages(
        self, spec: SandboxSpec, packages: Packages, image: ReadyImage, on_progress: OnProgress
    ) -> str:
        if self._packages is None:
            raise SandboxRefused("this node keeps no packages")

        async def install(volume: str, wheels: Sequence[str]) -> int:
            on_progress(OpenProgress(phase="packages", text=f"{len(wheels)} packages"))
            mount = VolumeMount(volume=volume, target=PACKAGES_FOLDER, read_only=False)
            own = replace(
                spec,
                sandbox_id=f"{spec.sandbox_id}-packages",
                # A source volume of its own: wheels are no part of the bundle.
                task_id=f"{spec.task_id}-{secrets.token_hex(4)}",
                source=packages.wheels,
                parts=(),
                packages=None,
                gpu_uuids=(),
                lease_s=INSTALL_S,
            )
            sandbox = await self._open_with(own, on_progress, (mount,))
            try:
                return await unpack(sandbox, wheels)
            finally:
                await sandbox.close()
                await self.release_task(own.task_id)

        async with self._packages_lock:
            return await self._packages.ensure(spec.owner, image, packages, install)

    def _plan(
        self,
        spec: SandboxSpec,
        image: ReadyImage,
        mounts: tuple[VolumeMount, ...],
        facts: EngineFacts,
        *,
        watched: bool,
    ) -> ContainerPlan:
        ending = [mount.volume for mount in mounts if mount.target in ("/work", "/work/parts")]
        env = {}
        if any(mount.target == PACKAGES_FOLDER for mount in mounts):
            env = {"PYTHONPATH": PACKAGES_FOLDER, "PATH": f"{PACKAGES_FOLDER}/bin:{image.path}"}
        return ContainerPlan(
            image_id=image.facts.image_id,
            command=WATCHDOG_COMMAND if watched else RUNNER_COMMAND,
            keeps_output=watched,
            mounts=mounts,
            labels={
                LABEL_NODE: self._node_id,
                LABEL_TASK: spec.task_id,
                LABEL_SANDBOX: spec.sandbox_id,
                LABEL_KIND: "sandbox",
                LABEL_MODE: WATCHED if watched else "runner",
                LABEL_WORK: ",".join(ending),
                LABEL_DISK: str(spec.resources.disk_bytes),
                LABEL_IMAGE: facts_label(image.facts),
            },
            cpu_millis=spec.resources.cpu_millis,
            memory_bytes=spec.resources.memory_bytes,
            disk_bytes=spec.resources.disk_bytes,
            shm_bytes=spec.shm_bytes,
            gpu_uuids=spec.gpu_uuids,
            env=env,
            image_volumes=image.volumes,
            cgroup_version=facts.cgroup_version,
        )

    async def _fill(self, spec: SandboxSpec, image: ReadyImage, on_progress: OnProgress) -> None:
        counter = byte_counter(spec.source, on_progress)
        await self._sources.ensure(spec.task_id, image.facts.image_id, spec.source, counter)

    async def _start(self, container: str, disk_bytes: int, *, watched: bool) -> Conductor | OutputReader:
        if watched:
            return await greet(self._engine, container, start=True)
        return await greet_runner(self._engine, container, disk_bytes, start=True)

    def _sandbox(
        self,
        facts: SandboxFacts,
        voice: Conductor | OutputReader,
        disk_bytes: int,
        source: Sequence[LocalFile] = (),
    ) -> DockerSandbox | WatchdogSandbox:
        async def add_source(files: Sequence[LocalFile]) -> None:
            await self._sources.ensure(facts.task_id, facts.image.image_id, files, nobody_counts)

        sandbox: DockerSandbox | WatchdogSandbox
        if isinstance(voice, Conductor):
            sandbox = DockerSandbox(facts, self._engine, voice, add_source)
        else:
            sandbox = WatchdogSandbox(facts, self._engine, voice, add_source, disk_bytes=disk_bytes, source=source)
        self._open[facts.sandbox_id] = sandbox
        return sandbox

    async def _undo(self, container: str, volumes: Sequence[str]) -> None:
        """Leave nothing behind of an opening that failed; errors here must not hide the first one."""
        try:
            if container:
                await self._engine.remove_container(container)
            for volume in volumes:
                await self._volumes.remove(volume)
        except HiveMindError as error:
            logger.warning("a failed sandbox was not removed: %s", quietly(error))
