"""The port through which the agent keeps its disk budget: what a runtime holds between tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptThing:
    """Something on the disk that would be fetched or made again if it were wanted."""

    #: image, packages or blob.
    kind: str
    name: str
    size_bytes: int
    #: Unix time of the last use.
    used_ms: int


class Keeping(Protocol):
    """All methods are bounded in time and raise EngineUnavailable past it."""

    async def kept(self) -> Sequence[KeptThing]:
        """Everything that this worker itself brought or made, and nothing else."""
        ...

    async def discard(self, thing: KeptThing) -> bool:
        """Remove it; False when something still uses it."""
        ...
