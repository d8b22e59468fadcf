"""What both process runtimes share: which environment is passed on, where the contract's folders really are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from worker_app.agent.ports.sandbox import LocalFile, SandboxSpec
from worker_app.execution.volumes import check_inside

NOT_ISOLATED = "NOT ISOLATED: tasks run as ordinary processes of this user"
#: What a task gets of the agent's environment: nothing that could hold a secret.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")


def moved(text: str, root: str) -> str:
    """Return an argument with the contract's paths turned into the real ones."""
    return root + text[len("/work") :] if text == "/work" or text.startswith("/work/") else text


def lay_out(root: Path, spec: SandboxSpec, counter: Callable[[int], None]) -> None:
    root.mkdir(mode=0o700)
    for name in ("run", "out", "item", "checkpoint", "log", "src", "parts", "tmp"):
        (root / name).mkdir()
    copy_files(spec.source, root / "src", counter)
    copy_files(spec.parts, root / "parts", counter)


def copy_files(files: Iterable[LocalFile], folder: Path, counter: Callable[[int], None]) -> None:
    for file in files:
        target = folder / check_inside(file.path)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        left = file.size_bytes
        with file.local.open("rb") as reader, target.open("xb") as writer:
            reader.seek(file.offset)
            while left > 0 and (piece := reader.read(min(left, 1 << 20))):
                left -= len(piece)
                writer.write(piece)
                counter(len(piece))
        target.chmod((file.mode & 0o111) | 0o444)
