"""The port that makes an attempt's inputs ready: files on this machine, and its command as it will run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.spec import OutputsSpec
from worker_app.agent.instructions import Prepare
from worker_app.agent.ports.sandbox import InlineFile, LocalFile, SandboxSpec

#: phase (fetch, image, packages, sandbox) and percent, negative: not known.
OnPhase = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything that running one attempt needs, apart from its lease and time limit. Paths are the sandbox's."""

    #: None when the slot's sandbox is open already.
    sandbox: SandboxSpec | None
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    workdir: str
    outputs: OutputsSpec
    item: tuple[InlineFile | LocalFile, ...] = ()
    source: tuple[LocalFile, ...] = ()
    checkpoint: tuple[LocalFile, ...] = ()
    copy: bool = False
    #: Blobs that are pinned on this machine until `release`.
    pinned: tuple[str, ...] = ()
    #: Values of secrets among `env`: replaced by *** in what the attempt writes.
    masked: tuple[str, ...] = field(default=(), repr=False)


class Inputs(Protocol):
    """Used on the agent's loop. `prepare` may be cancelled at any time and leaves nothing pinned then."""

    async def prepare(self, wanted: Prepare, on_phase: OnPhase) -> Ready:
        """Fetch what is missing and say how to run it. Raises what the blobs' port raises, Invalid for a spec
        or content that cannot be run, StorageFull when this machine's disk budget does not allow it.
        """
        ...

    def release(self, ready: Ready) -> None:
        """Its files are not needed any more by this attempt."""
        ...
