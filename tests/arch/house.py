"""What the tests of the house share: which files are ours, and how a file's tests are found."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "master_app", "worker_app")
#: Written by protoc; never read by people.
GENERATED = ("core/pb/",)


@cache
def tracked() -> tuple[str, ...]:
    """Return the paths of the repository's files that exist now, with `/`, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:  # an unpacked source archive has no history
        files = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file()]
        return tuple(sorted(path for path in files if not path.startswith((".venv/", "build/", "dist/"))))
    names = done.stdout.decode().split("\0")
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


def python_files(*folders: str) -> list[str]:
    """Return our own Python files below `folders` (everywhere by default), without generated ones."""
    return [
        path
        for path in tracked()
        if path.endswith(".py")
        and not path.startswith(GENERATED)
        and (not folders or path.split("/", maxsplit=1)[0] in folders)
    ]


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: str) -> ast.Module:
    return ast.parse(text(path), path)


def tool(name: str) -> ModuleType:
    """Import a script of `.ci`, which is no package."""
    spec = importlib.util.spec_from_file_location(f"_ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up while it is being read.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
