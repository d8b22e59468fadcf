"""The images that every pool knows by name: `resources/images/catalogue.toml` and the recipes beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.domain.recipe import recipe_digest
from core.domain.session import ImagePin


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImage:
    """One image of the catalogue, as far as submitting a task needs it."""

    name: str
    recipe: str
    python: str
    gpu: bool
    description: str
    #: Import names that a task may count on besides the standard library.
    packages: frozenset[str]

    @property
    def pin(self) -> ImagePin:
        """Any copy with this recipe is this image."""
        return ImagePin(ref=self.name, recipe=self.recipe)


def read_catalogue(folder: Path) -> Mapping[str, KnownImage]:
    """Read the catalogue in `folder` (resources/images). Raises OSError or KeyError when it is damaged."""
    rows = tomllib.loads((folder / "catalogue.toml").read_text(encoding="utf-8"))["images"]
    images = {}
    for name, row in rows.items():
        context = folder / row["context"]
        files = {
            path.relative_to(context).as_posix(): path.read_bytes()
            for path in sorted(context.rglob("*"))
            if path.is_file()
        }
        images[name] = KnownImage(
            name=name,
            recipe=recipe_digest(files),
            python=row["python"],
            gpu=row["gpu"],
            description=row["description"],
            packages=frozenset(row["packages"]),
        )
    return images
