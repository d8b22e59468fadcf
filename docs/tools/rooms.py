"""Draws the floors of the house from the import contracts of pyproject.toml, for the page on architecture."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path


def page(pyproject: Path) -> str:
    """Return a diagram for each contract of layers, the roof first."""
    contracts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    parts = [_floors(each["name"], each["layers"]) for each in contracts if each["type"] == "layers"]
    others = [f"- {each['name']}" for each in contracts if each["type"] != "layers"]
    return "\n\n".join(parts) + "\n\nBesides:\n\n" + "\n".join(others) + "\n"


def _floors(name: str, layers: list[str]) -> str:
    lines = ["```mermaid", "flowchart TB"]
    for number, layer in enumerate(layers):
        rooms = [re.sub(r"^(core|master_app|worker_app)\.", "", room.strip()) for room in layer.split("|")]
        lines.append(f'    floor{number}["{" | ".join(rooms)}"]')
    lines += [f"    floor{number} --> floor{number + 1}" for number in range(len(layers) - 1)]
    return f"### {name[0].upper()}{name[1:]}\n\n" + "\n".join([*lines, "```"])
