"""Short ways to say in a test what a sandbox is given and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

from core.domain.resources import GIB, MIB, Resources
from worker_app.agent.ports.sandbox import (
    Ended,
    ImageWanted,
    LocalFile,
    OpenProgress,
    Output,
    RunEvent,
    RunOrder,
    Sandbox,
    SandboxSpec,
)

E = TypeVar("E")


def sandbox_spec(image_ref: str, **changes: Any) -> SandboxSpec:
    """A small sandbox; name what is different."""
    spec = SandboxSpec(
        sandbox_id="s1",
        task_id="TASK1",
        owner="owner",
        image=ImageWanted(ref=image_ref),
        resources=Resources(cpu_millis=1000, memory_bytes=128 * MIB, disk_bytes=GIB),
        allow_process=True,
    )
    return dataclasses.replace(spec, **changes)


def shell(script: str, **changes: Any) -> RunOrder:
    """An order that runs a shell script."""
    return order("/bin/sh", "-c", script, **changes)


def python(code: str, **changes: Any) -> RunOrder:
    """An order that runs Python code."""
    return order("python3", "-c", code, **changes)


def order(*argv: str, attempt_id: str = "A1", **changes: Any) -> RunOrder:
    plain = RunOrder(attempt_id=attempt_id, index=0, count=1, argv=argv, grace_s=1, timeout_s=60)
    return dataclasses.replace(plain, **changes)


def local_file(folder: Path, path: str, content: bytes, **changes: Any) -> LocalFile:
    """A file on this computer that shall appear as `path` inside."""
    local = folder / f"local-{len(list(folder.iterdir()))}"
    local.write_bytes(content)
    return LocalFile(path=path, local=local, size_bytes=len(content), **changes)


@dataclasses.dataclass
class Run:
    """Everything that came of an attempt."""

    events: list[RunEvent]

    @property
    def end(self) -> Ended:
        last = self.events[-1]
        assert isinstance(last, Ended)
        return last

    @property
    def stdout(self) -> str:
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        return self._text("stderr")

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def _text(self, stream: str) -> str:
        parts = [event.content for event in self.of(Output) if event.stream == stream]
        return b"".join(parts).decode("utf-8", "replace")


async def run(sandbox: Sandbox, what: RunOrder) -> Run:
    """Run an attempt to its end."""
    return Run([event async for event in sandbox.run(what)])


async def read_until(events: AsyncIterator[RunEvent], text: bytes) -> list[RunEvent]:
    """Read events until the output has said `text`."""
    seen: list[RunEvent] = []
    said = b""
    async for event in events:
        seen.append(event)
        if isinstance(event, Output):
            said += event.content
            if text in said:
                return seen
    raise AssertionError(f"{text!r} was never said; it said {said[-500:]!r}")


def unwatched(progress: OpenProgress) -> None:
    """Nobody looks at the progress."""
