"""Runs the import contracts of pyproject.toml over the rooms that exist.

import-linter stops at a module that is not there. The contracts name all rooms of the design; here the ones that
have not opened are left out, so that each room is bound from the moment it appears.

    python .ci/contracts.py
"""

from __future__ import annotations

import configparser
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "master_app", "worker_app")
#: The lists of a contract whose modules must exist; outside names (flask, docker) need not.
LISTS = ("layers", "source_modules", "forbidden_modules", "protected_modules", "allowed_importers")
NEEDED = {
    "layers": ("layers",),
    "forbidden": ("source_modules", "forbidden_modules"),
    "protected": ("protected_modules",),
}


def exists(module: str) -> bool:
    """Tell whether a module of ours is there; what is not ours always is."""
    path = ROOT.joinpath(*module.split("."))
    ours = module.split(".", maxsplit=1)[0] in PACKAGES
    return not ours or path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def declared() -> list[dict[str, Any]]:
    """Return the contracts as pyproject.toml has them."""
    with open(ROOT / "pyproject.toml", "rb") as stream:
        contracts: list[dict[str, Any]] = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    return contracts


def in_force(contracts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the contracts with only the modules that exist; one with nothing left to say is left out."""
    found = []
    for contract in contracts:
        kept = dict(contract)
        for name in LISTS:
            if name in kept:
                kept[name] = [line for entry in kept[name] if (line := _existing(entry))]
        if all(kept[name] for name in NEEDED[kept["type"]]):
            found.append(kept)
    return found


def _existing(entry: str) -> str:
    """Return one line of a contract, which may hold several modules joined by `|`, without those to come."""
    return " | ".join(part.strip() for part in entry.split("|") if exists(part.strip()))


def check() -> int:
    """Print import-linter's report and return 0 when every contract is kept."""
    from importlinter.cli import lint_imports

    config = configparser.ConfigParser()
    config["importlinter"] = {"root_packages": "\n" + "\n".join(PACKAGES), "include_external_packages": "True"}
    for contract in in_force(declared()):
        section = {name: value for name, value in contract.items() if name != "id"}
        config[f"importlinter:contract:{contract['id']}"] = {
            name: "\n" + "\n".join(value) if isinstance(value, list) else str(value)
            for name, value in section.items()
        }
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contracts.ini"
        with open(path, "w", encoding="utf-8") as stream:
            config.write(stream)
        return int(lint_imports(config_filename=str(path), no_cache=True))


if __name__ == "__main__":
    sys.exit(check())
