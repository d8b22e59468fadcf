"""The example tasks that come with HiveMind, as zips to submit with one click."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final

from flask_babel import lazy_gettext as _l

from core.domain.errors import NotFound
from core.paths import resources

#: The one that a newcomer sees first; its result is a picture.
FIRST: Final = "mandelbrot"
#: What a first run of it may cost at most; it costs a fraction.
FIRST_CAP: Final = "10"
_ABOUT: Final = {
    "mandelbrot": _l("A picture, computed in 24 bands and merged into one file"),
    "photo-sheet": _l("Photos, each sharpened and shrunk on its own, then laid out on one sheet"),
    "animation": _l("A short film: its frames are drawn on many nodes and joined into one video"),
    "word-count": _l("Word statistics of a text, shared out by lines"),
    "monte-carlo": _l("How a rumour spreads: many random runs, then one table with means and spread"),
    "train-grid": _l("A small neural network for each point of a grid, then a comparison"),
    "pi-checkpoint": _l("Digits of pi, with checkpoints that survive interruptions"),
    "shell-pipeline": _l("No Python at all: log files through a pipeline of the shell"),
    "plain-main": _l("Nothing but main.py: no manifest needed"),
}


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    about: object
    split: str
    folder: Path

    def zip_to(self, target: IO[bytes]) -> None:
        """Write the folder as a zip."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in sorted(self.folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(self.folder).as_posix())


@cache
def examples() -> Sequence[Example]:
    """Return those that are here, the first one first."""
    root = resources() / "examples"
    found = []
    for name, about in _ABOUT.items():
        folder = root / name
        if folder.is_dir():
            manifest = folder / "hivemind.toml"
            data = tomllib.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
            split = data.get("split", {})
            found.append(Example(name, about, str(split.get("mode", "none")), folder))
    return tuple(found)


def example(name: str) -> Example:
    for each in examples():
        if each.name == name:
            return each
    raise NotFound("There is no such example.", code="EXAMPLE_NOT_FOUND")
