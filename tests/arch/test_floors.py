"""The import contracts hold, and no room stands outside them."""

from __future__ import annotations

import subprocess
import sys

from tests.arch.house import PACKAGES, ROOT, tool


def test_every_import_contract_is_kept() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "contracts.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_that_exists_is_bound_by_a_contract() -> None:
    contracts = tool("contracts").declared()
    named = {
        part.strip()
        for contract in contracts
        for line in [*contract.get("layers", []), *contract.get("source_modules", [])]
        for part in line.split("|")
    }
    rooms = {
        f"{package}.{path.stem}"
        for package in PACKAGES
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert rooms - named == set(), "add these to the contracts in pyproject.toml"


def test_a_contract_with_rooms_to_come_still_binds_those_that_exist() -> None:
    contracts = tool("contracts")
    kept = contracts.in_force(
        [{"id": "x", "type": "layers", "layers": ["core.nowhere", "core.clock | core.nothing", "core.paths"]}]
    )
    assert kept == [{"id": "x", "type": "layers", "layers": ["core.clock", "core.paths"]}]


def test_every_package_folder_is_a_package() -> None:
    # Without __init__.py a folder is a namespace package, which the contracts do not see.
    bare = [
        folder.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for folder in [ROOT / package, *(ROOT / package).rglob("*")]
        if "migrations" not in folder.parts  # alembic loads its scripts by path
        and folder.is_dir()
        and any(folder.glob("*.py"))
        and not (folder / "__init__.py").is_file()
    ]
    assert bare == []
