"""The port through which the agent runs attempts: runtimes open sandboxes, sandboxes run attempts.

    runtime = ...                                   # docker, process or the fake; `runtime.kind` says which
    facts   = await runtime.probe()                 # capacity comes from the ENGINE, not from the host
    sandbox = await runtime.open(spec, on_progress) # one sandbox = one slot = one attempt at a time
    async for event in sandbox.run(order): ...      # Started, Output, ..., and always one Ended at the end
    files   = await sandbox.collect(order)          # after Ended and before the next run: results, untrusted
    clean   = await sandbox.clear()                 # False: dirty, close it
    await sandbox.close()

After a restart of the agent: `inventory()`, then `adopt(found)`, then `sandbox.resume(attempt_id, from_offset)`.
The sandbox ends everything by itself when its countdown runs out: `renew(seconds_left)` tops it up, always,
also while no attempt runs. Decisions (retry_exit, checkpoint_exit, which failure class) are the agent's; this
port reports facts. Everything that comes out of a sandbox was written by a stranger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.domain.errors import HiveMindError
from core.domain.resources import MIB, Resources
from core.domain.spec import Isolation
from worker_app.agent.ports.sandbox_events import (
    Ended,
    FailLine,
    Metric,
    Output,
    Progress,
    RunEvent,
    Started,
    StatusLine,
    UsageTick,
)

# fmt: off
__all__ = [
    "CollectOrder", "CollectedFile", "Ended", "EngineFacts", "FailLine", "FoundSandbox", "ImageFacts",
    "ImageInvalid", "ImageUnsuitable", "ImageWanted", "InlineFile", "LocalFile", "Metric", "OnProgress",
    "OpenProgress",
    "Output", "OutputRefused", "Packages", "PackagesInvalid", "Progress", "RunEvent", "RunOrder", "Runtime",
    "RuntimeKind", "Sandbox", "SandboxDirty", "SandboxLost", "SandboxRefused", "SandboxSpec", "Started",
    "StatusLine", "UsageTick",
]
# fmt: on

# ---------------------------------------------------------------------------------------------- errors


class ImageInvalid(HiveMindError):
    """The image cannot be had or cannot run attempts; every attempt of the task would meet the same."""

    default_code = "IMAGE_INVALID"


class ImageUnsuitable(ImageInvalid):
    """The image is there and cannot run attempts, on this node or any other: its submitter must change it."""

    default_code = "IMAGE_UNSUITABLE"


class SandboxRefused(HiveMindError):
    """This node's engine cannot give what the spec asks for (GPU, isolation, memory); another node may."""

    default_code = "SANDBOX_REFUSED"


class SandboxLost(HiveMindError):
    """The sandbox ended or stopped answering; what ran in it is gone (failure class infra)."""

    default_code = "SANDBOX_LOST"


class SandboxDirty(HiveMindError):
    """The sandbox could not be emptied; nothing was started in it. Close it and open another."""

    default_code = "SANDBOX_DIRTY"


class OutputRefused(HiveMindError):
    """A result is missing, too large, too many, or not a plain file; names it (failure class output)."""

    default_code = "OUTPUT_REFUSED"


class PackagesInvalid(HiveMindError):
    """The resolved packages do not install into this image (failure class user)."""

    default_code = "PACKAGES_INVALID"


# ---------------------------------------------------------------------------------------------- facts


class RuntimeKind(StrEnum):
    DOCKER = "docker"
    #: NOT ISOLATED: an ordinary process of the agent's own user.
    PROCESS = "process"
    FAKE = "fake"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """An image as pinned: by `digest` (registry), `recipe` (catalogue) or `image_id` (this node only)."""

    ref: str
    image_id: str
    digest: str = ""
    recipe: str = ""
    size_bytes: int = 0
    arch: str = ""
    os: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What the engine has. `ok` False: nothing can run; `problem` and `fix` say why, for a person."""

    kind: RuntimeKind
    isolated: bool
    ok: bool
    problem: str = ""
    fix: str = ""
    name: str = ""
    version: str = ""
    address: str = ""
    cpu_millis: int = 0
    memory_bytes: int = 0
    arch: str = ""
    os: str = ""
    cgroup_version: int = 0
    runtimes: tuple[str, ...] = ()
    has_gpu_runtime: bool = False
    images: tuple[ImageFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProgress:
    """How far opening is. `total_bytes` 0: not known."""

    phase: str  # image | source | packages | container
    done_bytes: int = 0
    total_bytes: int = 0
    text: str = ""


OnProgress = Callable[[OpenProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSandbox:
    """Something of ours that the runtime found after a restart, known by its labels."""

    sandbox_id: str
    task_id: str
    handle: str
    running: bool


# ---------------------------------------------------------------------------------------------- inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """`size_bytes` bytes at `offset` of a local file, to appear under the relative path `path` inside.

    `path` uses `/` and was judged by `core.blobs`; the sandbox judges it again.
    """

    path: str
    local: Path
    size_bytes: int
    offset: int = 0
    mode: int = 0o644
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineFile:
    """A small file given by its content (item.json, a slice's header)."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Wheels resolved at submit; installed once per (image, arch, set, owner) without any index."""

    wheels: tuple[LocalFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWanted:
    """The image asked for; the pin, once known, must match: "" means not pinned by it."""

    ref: str
    digest: str = ""
    recipe: str = ""
    image_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """Everything that a sandbox is made from. Two attempts may share one while this stays the same.

    `source` may grow: give files that later attempts need as `RunOrder.source`.
    """

    sandbox_id: str
    task_id: str
    #: The submitter's user id: packages are never shared between owners.
    owner: str
    image: ImageWanted
    resources: Resources
    isolation: Isolation = Isolation.TASK
    shm_bytes: int = 64 * MIB
    gpu_uuids: tuple[str, ...] = ()
    source: tuple[LocalFile, ...] = ()
    #: Of a merge only: `<index>/<path>` under /work/parts, read-only.
    parts: tuple[LocalFile, ...] = ()
    packages: Packages | None = None
    #: Countdown at the start; the sandbox ends itself at zero.
    lease_s: float = 600
    #: The task's and the node owner's word; the process runtime refuses without it.
    allow_process: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One attempt, or its restart in place (`keep_checkpoint`). Paths are those of the container contract."""

    attempt_id: str
    index: int
    count: int
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    workdir: str = "/work/run"
    #: Under /work/item: item.json, lines.txt, header.txt.
    item: tuple[InlineFile | LocalFile, ...] = ()
    #: Source files that this attempt needs and the sandbox may not have yet.
    source: tuple[LocalFile, ...] = ()
    #: Seed of /work/checkpoint: a new attempt starts from the last committed one.
    checkpoint: tuple[LocalFile, ...] = ()
    #: Restart in place (R12): /work/checkpoint is left as it is.
    keep_checkpoint: bool = False
    #: A private writable copy of the bundle in /work/run instead of links.
    copy: bool = False
    #: RUNNING time, not counted while frozen. 0 is none.
    timeout_s: float = 0
    grace_s: float = 30
    lease_s: float = 600
    #: Texts that are replaced by *** in the output (secrets).
    masked: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectOrder:
    """Which files to take out: globs relative to /work/run (`out/**`, `checkpoint/**`)."""

    target_folder: Path
    include: tuple[str, ...] = ("out/**",)
    required: tuple[str, ...] = ()
    #: Every new or changed file of /work/run instead of `include` (needs RunOrder.copy).
    changes: bool = False
    max_bytes: int = 512 * MIB
    max_files: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedFile:
    """A result: relative `path` as the task named it (checked), content in `local`, a name of our own."""

    path: str
    size_bytes: int
    sha256: str
    local: Path
    executable: bool = False


# ---------------------------------------------------------------------------------------------- the port


class Sandbox(Protocol):
    """One slot's place to run attempts of one task, one after another. MUST be closed."""

    @property
    def sandbox_id(self) -> str: ...

    @property
    def task_id(self) -> str: ...

    @property
    def image(self) -> ImageFacts:
        """The image that it really runs, for pinning."""
        ...

    def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        """Empty the folders, run the attempt and yield what happens; the last event is `Ended`.

        Raises SandboxDirty before Started when the folders cannot be emptied, SandboxLost when the sandbox
        dies (then no Ended comes). One attempt at a time: a second raises Conflict. Leaving the iteration
        early does not end the attempt; `cancel` does.
        """
        ...

    def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        """Follow an attempt that was started before (running or just ended), replaying output from an offset.

        Raises NotFound when the sandbox's last attempt is another one.
        """
        ...

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        """SIGTERM now, SIGKILL to everything after `grace_s` of the attempt's time; `Ended` follows in `run`."""
        ...

    async def renew(self, seconds_left: float) -> None:
        """Set the countdown. Also counts while frozen; a top-up sent while frozen is seen first on thaw."""
        ...

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        """Take files out after `Ended` and before `clear` or the next `run`. Raises OutputRefused.

        MUST be safe against everything a task can leave behind: links, devices, names, sizes. Nothing of a
        refused collection stays in `target_folder`.
        """
        ...

    async def clear(self) -> bool:
        """Empty all folders and verify. False: dirty, close it. `run` does it too when it was not done."""
        ...

    async def freeze(self) -> None:
        """Stop everything inside; RUNNING time stands still."""
        ...

    async def thaw(self) -> None: ...

    async def set_cpu(self, cpu_millis: int) -> None:
        """Change the cpu limit while it runs (yielding to the node's owner)."""
        ...

    async def usage_interval(self, seconds: float) -> None:
        """How often UsageTick comes: 30, or 1 while somebody looks."""
        ...

    async def close(self) -> None:
        """End and remove everything of this sandbox. Idempotent, bounded in time, also after SandboxLost."""
        ...


class Runtime(Protocol):
    """A way to run sandboxes. All methods are bounded in time and raise EngineUnavailable past it."""

    @property
    def kind(self) -> RuntimeKind: ...

    async def probe(self) -> EngineFacts:
        """Ask the engine what it has. Never raises for an absent engine: `ok` is False then."""
        ...

    async def open(self, spec: SandboxSpec, on_progress: OnProgress) -> Sandbox:
        """Prepare image, source, packages and container. Raises ImageInvalid, SandboxRefused, PackagesInvalid,
        EngineUnavailable; nothing is left behind then. MAY be cancelled; then too."""
        ...

    async def inventory(self) -> Sequence[FoundSandbox]:
        """Everything of this node's that exists, running or not."""
        ...

    async def adopt(self, found: FoundSandbox) -> Sandbox:
        """Take over a running sandbox of an earlier agent. Raises SandboxLost when it does not answer."""
        ...

    async def remove(self, found: FoundSandbox) -> None:
        """End and remove it, with all that belongs to it. Idempotent."""
        ...

    async def release_task(self, task_id: str) -> None:
        """Remove what is kept for a task between its sandboxes (its source on this node)."""
        ...

    async def shut(self) -> None:
        """Give back threads and connections. Sandboxes run on: an agent's restart must not cost an attempt."""
        ...
