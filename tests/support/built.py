"""The tests on what is shipped, instead of on the sources beside them:

    HIVEMIND_BUILT=dist python -m pytest -p tests.support.built tests/unit/core/test_fuzz.py ...

Modules of `core`, `master_app` and `worker_app` then come out of the archives of the frozen programs, with the
files that lie beside those; and where a test starts a master or an agent, it is the frozen one. The end of the run
says what no program carries, and so came from the sources (the command line of submitters, say).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import pytest

OURS: Final = ("core", "master_app", "worker_app")
#: Name -> folder of the build, its program without a window.
PROGRAMS: Final = {
    "master_app": ("HiveMind-Master", "hivemind-masterd"),
    "worker_app": ("HiveMind-Worker", "hivemind-agent"),
}
_PACKAGE: Final = 1


def folder() -> Path | None:
    """Return the folder with both frozen programs, where the tests are to use it."""
    named = os.environ.get("HIVEMIND_BUILT")
    return Path(named).absolute() if named else None


def program(name: str, where: Path | None = None) -> tuple[str, ...]:
    """Return how `master_app` or `worker_app` is started: frozen, or from the sources."""
    release = where or folder()
    if release is None:
        return (sys.executable, "-m", name)
    return (str(release.joinpath(*PROGRAMS[name])),)


class ShippedModules(MetaPathFinder, InspectLoader):
    """Finds our modules in the archives of frozen programs; the sources are asked for the rest."""

    def __init__(self, release: Path) -> None:
        from PyInstaller.archive.readers import CArchiveReader

        self._archives = [
            (
                release / top / "_internal",
                CArchiveReader(str(release / top / name)).open_embedded_archive("PYZ.pyz"),
            )
            for top, name in PROGRAMS.values()
        ]
        self.taken: list[str] = []
        self.from_sources: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.split(".", maxsplit=1)[0] not in OURS:
            return None
        for inside, archive in self._archives:
            if fullname in archive.toc:
                is_package = archive.toc[fullname][0] == _PACKAGE
                place = inside.joinpath(*fullname.split("."))
                origin = place / "__init__.py" if is_package else place.with_suffix(".py")
                spec = ModuleSpec(fullname, self, origin=str(origin), is_package=is_package)
                spec.has_location = True
                if is_package:
                    # What is not in the archive is looked for in the sources.
                    spec.submodule_search_locations = [
                        str(Path(__file__).parents[2].joinpath(*fullname.split(".")))
                    ]
                self.taken.append(fullname)
                return spec
        self.from_sources.append(fullname)
        return None

    def get_code(self, fullname: str) -> CodeType | None:
        for _, archive in self._archives:
            if fullname in archive.toc:
                found = archive.extract(fullname)
                assert isinstance(found, CodeType)
                return found
        return None

    def get_source(self, fullname: str) -> str | None:
        return None


_finder: list[ShippedModules] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before anything of ours is imported: this runs only where the plugin is named."""
    release = folder()
    if release is None:
        raise pytest.UsageError("tests.support.built: say in HIVEMIND_BUILT where the frozen programs are")
    early = sorted(name for name in sys.modules if name.split(".", maxsplit=1)[0] in OURS)
    if early:
        raise pytest.UsageError(f"tests.support.built: too late, these are imported: {', '.join(early)}")
    _finder.append(ShippedModules(release))
    sys.meta_path.insert(0, _finder[0])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for finder in _finder:
        rest = ", ".join(finder.from_sources) or "none"
        terminalreporter.write_line(
            f"{len(finder.taken)} modules out of the frozen programs; from the sources: {rest}"
        )
