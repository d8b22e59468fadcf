"""The worker's settings: `agent.toml` in the data folder, `HIVEMIND_*`, command line."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from core.domain.node import RuntimeKind
from core.settings import Settings

FILE_NAME: Final = "agent.toml"


class WorkerSettings(Settings):
    """What the owner of this machine allows. 0 and empty mean: everything, or what the engine has."""

    #: Attempts that run at the same time; 0: one a core of the engine, at most 64.
    slots: int = Field(default=0, ge=0, le=256)
    cpu_cores: float = Field(default=0, ge=0, le=4096)
    memory_gb: float = Field(default=0, ge=0, le=65536)
    #: For bundles, results and sandboxes; 0: half of what is free when the agent starts.
    disk_gb: float = Field(default=0, ge=0)
    #: Free space below which nothing new is taken.
    disk_reserve_gb: float = Field(default=2, ge=0)
    gpus: bool = True
    runtime: RuntimeKind = RuntimeKind.DOCKER
    label: dict[str, str] = Field(default_factory=dict)
    #: Names (any tag unless one is named) or patterns with *; empty: any that the pool allows.
    images_allowed: list[str] = Field(default_factory=list)
    owners_allowed: list[str] = Field(default_factory=list)
    #: The owner agrees that this machine does not go to sleep by itself while it works.
    keep_awake: bool = False
    #: A WireGuard file of the pool: its tunnel is held open while the agent runs.
    vpn: str = ""
    #: How long SIGTERM waits for work to be given back.
    quit_grace_s: float = Field(default=30, ge=0, le=3600)
    log_level: str = "INFO"
