"""TaskSpec: a manifest with every default filled in. Made by `core.manifest`, changed by nobody.

Fields are named as in `hivemind.toml` with the unit last; see the manifest reference in the docs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.resources import GIB, MIB, Resources

MAX_SUBTASKS = 1_000_000


class SplitMode(StrEnum):
    NONE = "none"
    COUNT = "count"
    FILES = "files"
    LINES = "lines"
    GRID = "grid"
    LIST = "list"


class Isolation(StrEnum):
    #: Attempts of this task reuse one sandbox in a slot, one after another.
    TASK = "task"
    #: A fresh sandbox for each attempt.
    SUBTASK = "subtask"


class CollectWhen(StrEnum):
    SUCCESS = "success"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One input of the task. `value` is what this submission uses (default or override)."""

    name: str
    type: str  # int | float | string | bool
    value: int | float | str | bool
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    ref: str = "hivemind/python"
    #: The bundle's path of the requirements file; empty: no packages.
    pip: str = ""
    prepare_timeout_s: int = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    command: tuple[str, ...] = ()
    workdir: str = "/work/run"
    env: Mapping[str, str] = field(default_factory=dict)
    success_exit: tuple[int, ...] = (0,)
    retry_exit: tuple[int, ...] = (75,)
    isolation: Isolation = Isolation.TASK
    copy: bool = False
    allow_process: bool = False
    #: 0 is off (lifecycles R12).
    checkpoint_exit: int = 85
    #: Counts RUNNING time only; 0 is none, for operators only.
    timeout_s: int = 1800
    grace_s: int = 30
    #: True for zips without a manifest: every new or changed file of /work/run is the result.
    collect_changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiresSpec:
    """Hard filters. `labels` is any-of per key; `minimum` compares numeric facts of the node."""

    arch: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    host_os: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minimum: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferSpec:
    """Soft: added to the load score (0..1), negative is better."""

    labels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntRange:
    """Inclusive values of a grid axis."""

    start: int
    stop: int
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSpec:
    mode: SplitMode = SplitMode.NONE
    #: Items before chunking: known once the bundle was read. 1 for none.
    item_count: int = 1
    chunk: int = 1
    max_parallel: int = 0
    files: tuple[str, ...] = ()
    sort: str = "name"  # name | size_desc
    file: str = ""
    skip_header: int = 0
    #: The skipped lines themselves, given to every subtask as header.txt.
    header: str = ""
    grid: Mapping[str, tuple[int | float | str | bool, ...]] = field(default_factory=dict)

    @property
    def subtask_count(self) -> int:
        """How many subtasks the items make, in chunks."""
        return -(-self.item_count // self.chunk)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsSpec:
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = (".git/**", "**/__pycache__/**")
    #: What every subtask gets. Empty: everything that is not an item's own file.
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsSpec:
    include: tuple[str, ...] = ("out/**",)
    required: tuple[str, ...] = ()
    when: CollectWhen = CollectWhen.SUCCESS
    max_bytes: int = 512 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSpec:
    command: tuple[str, ...]
    min_success: float = 1.0
    resources: Resources
    timeout_s: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySpec:
    user: int = 2
    infra: int = 5
    backoff_s: int = 10
    backoff_max_s: int = 300
    different_node: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec:
    #: Failed subtasks at which the task FAILS; computed from the count or percent, at least 1.
    max_failed: int = 1
    #: Of the whole task from its submission; 0 is none.
    deadline_s: int = 0
    #: None is no cap.
    max_ucpt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """Everything that a run of a task depends on, apart from the bundle's files."""

    schema: int = 1
    name: str = "task"
    description: str = ""
    priority: int = 50
    tags: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    lease_s: int = 600
    params: tuple[ParamSpec, ...] = ()
    image: ImageSpec = field(default_factory=ImageSpec)
    run: RunSpec = field(default_factory=RunSpec)
    resources: Resources = field(
        default_factory=lambda: Resources(cpu_millis=1000, memory_bytes=GIB, disk_bytes=5 * GIB)
    )
    shm_bytes: int = 64 * MIB
    on_oom_memory_bytes: tuple[int, ...] = ()
    requires: RequiresSpec = field(default_factory=RequiresSpec)
    prefer: PreferSpec = field(default_factory=PreferSpec)
    split: SplitSpec = field(default_factory=SplitSpec)
    inputs: InputsSpec = field(default_factory=InputsSpec)
    outputs: OutputsSpec = field(default_factory=OutputsSpec)
    merge: MergeSpec | None = None
    retry: RetrySpec = field(default_factory=RetrySpec)
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    secrets: tuple[str, ...] = ()

    @property
    def subtask_count(self) -> int:
        """Subtasks without the merge's own, whose index is this number."""
        return self.split.subtask_count
