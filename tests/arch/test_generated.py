"""What is generated is what its source says now, and the lists of packages agree with each other."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.arch.house import ROOT, text, tool

PROTOS = tool("protos")


@pytest.mark.skipif(not PROTOS.sources(), reason="no proto yet")
def test_generated_code_is_fresh(tmp_path: Path) -> None:
    # In a process of its own: protoc's Python plugins keep state and print as they like.
    command = [sys.executable, str(ROOT / ".ci" / "protos.py"), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fresh = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "core" / "pb").iterdir()}
    present = {
        path.name: path.read_text(encoding="utf-8")
        for path in (ROOT / "core" / "pb").iterdir()
        if path.is_file() and path.name != "__init__.py"
    }
    stale = [name for name in fresh.keys() | present.keys() if fresh.get(name) != present.get(name)]
    assert stale == [], "run: python dev.py protos"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(path: str) -> dict[str, set[str]]:
    """Return the pinned versions of each package; a lock for several Pythons may hold two."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text(path), re.M):
        found.setdefault(_plain(name), set()).add(version)
    return found


def _declared() -> dict[str, list[str]]:
    with open(ROOT / "pyproject.toml", "rb") as stream:
        project = tomllib.load(stream)["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return _plain(found.group())


def test_the_ten_fixed_packages_stand_first_in_requirements() -> None:
    ten = [
        "pyside6-essentials",
        "pyqtgraph",
        "grpcio",
        "protobuf",
        "docker",
        "psutil",
        "pynvml",
        "sqlalchemy",
        "flask",
        "pyinstaller",
    ]
    listed = [name for name in _pins("requirements.txt") if name != "nvidia-ml-py"]
    assert listed[: len(ten)] == ten


def test_requirements_and_lock_name_the_same_versions() -> None:
    lock = _pins(".ci/lock.txt")
    wrong = {name: versions for name, versions in _pins("requirements.txt").items() if versions != lock.get(name)}
    assert wrong == {}


def test_requirements_hold_every_run_time_package_that_pyproject_names() -> None:
    wanted = {
        _name(requirement)
        for extra, requirements in _declared().items()
        if extra != "dev"
        for requirement in requirements
    } - {"hivemind"}
    assert wanted == set(_pins("requirements.txt"))


def test_the_hashed_lock_holds_what_uv_locked() -> None:
    with open(ROOT / "uv.lock", "rb") as stream:
        locked: dict[str, set[str]] = {}
        for package in tomllib.load(stream)["package"]:
            locked.setdefault(_plain(package["name"]), set()).add(package["version"])
    exported = _pins(".ci/lock.txt")
    assert {name: versions for name, versions in exported.items() if not versions <= locked.get(name, set())} == {}
    assert {_name(line) for lines in _declared().values() for line in lines} - {"hivemind"} <= exported.keys()
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text(".ci/lock.txt")) if "==" in block)


def test_the_images_of_master_and_agent_hold_the_locked_versions_of_their_packages() -> None:
    locked, pinned = _pins(".ci/lock.txt"), _pins("resources/docker/requirements.txt")
    # What only another system needs is in the lock with a marker of its own.
    assert {name: versions for name, versions in pinned.items() if not versions & locked.get(name, set())} == {}
    declared = _declared()
    wanted = {_name(line) for extra in ("", "wire", "master", "worker", "postgres") for line in declared[extra]}
    assert wanted - {"hivemind"} <= pinned.keys(), "export it again: CONTRIBUTING.md says how"


def test_the_command_line_needs_no_qt_flask_sqlalchemy_or_docker() -> None:
    heavy = {"pyside6-essentials", "pyqtgraph", "flask", "apiflask", "sqlalchemy", "docker", "grpcio"}
    assert {_name(line) for line in _declared()[""]} & heavy == set()
