"""What both PyInstaller specs share: data files, and what is left out.

python dev.py build        runs PyInstaller on build_master.spec and build_worker.spec; see docs/building.md
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

Data = list[tuple[str, str]]
#: As PyInstaller collects it: name in the bundle, where it is, kind.
Entry = tuple[str, str, str]
#: Of Qt, what no window of ours uses: 80 MB. Of the rest, what only tests and builds use.
LEFT_OUT = [
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtPdf",
    "PySide6.QtVirtualKeyboard",
    "PySide6.QtDesigner",
    "PySide6.QtHelp",
    "PySide6.QtTest",
    "PyInstaller",
    "grpc_tools",
    "hypothesis",
    "mypy",
    "pytest",
    "matplotlib",
    "scipy",
    "setuptools",
    "_distutils_hack",
    "dns",
    "email_validator",
    "greenlet",
    "yaml",
    "_pytest",
    "trove_classifiers",
    "tkinter",
]
_LEFT_OUT_FILES = (
    *("Qt6Quick", "Qt6Qml", "Qt6Pdf", "Qt6VirtualKeyboard", "qtvirtualkeyboard", "wayland", "Wayland", "WlShell"),
    # Looks of GTK, which bring forty of its libraries where those happen to be installed; screens without X.
    *("libqgtk3", "libqglib", "eglfs", "EglFS", "egldevice", "libqlinuxfb", "libqvnc", "libqvkkhr", "libqminimal"),
    *("plugins/generic/libq", "email_validator-"),
)
_LOCALES = ("en", "zh", "root")


def package_files(package: str, *patterns: str) -> Data:
    """Return files of a package as PyInstaller wants them: (where it is, folder in the bundle)."""
    folder = ROOT / package
    return _listed(path for pattern in patterns for path in folder.rglob(pattern))


def resources() -> Data:
    """Return everything below resources/, and the licences that travel with the programs."""
    listed = _listed((ROOT / "resources").rglob("*"))
    return [*listed, (str(ROOT / "LICENSE.txt"), "."), (str(ROOT / "docs" / "licences.md"), ".")]


def options(name: str, text: str) -> dict[str, Any]:
    """Return how a program is made: its name, icon, and on Windows what its properties say."""
    icon = str(ROOT / "resources" / "icons" / "hivemind.ico")
    return {"name": name, "exclude_binaries": True, "icon": icon, "version": _about(name, text)}


def _about(name: str, text: str) -> Any:
    """Return the version resource of a Windows program; None elsewhere."""
    if sys.platform != "win32":
        return None
    from PyInstaller.utils.win32 import versioninfo as info

    release = str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    numbers = tuple([*map(int, release.split(".")), 0, 0, 0][:4])
    words = {
        "CompanyName": "HiveMind",
        "FileDescription": text,
        "FileVersion": release,
        "InternalName": name,
        "LegalCopyright": "GNU GPL 3",
        "OriginalFilename": f"{name}.exe",
        "ProductName": "HiveMind",
        "ProductVersion": release,
    }
    # US English, Unicode.
    table = info.StringTable("040904B0", [info.StringStruct(key, word) for key, word in words.items()])
    return info.VSVersionInfo(
        ffi=info.FixedFileInfo(filevers=numbers, prodvers=numbers),
        kids=[info.StringFileInfo([table]), info.VarFileInfo([info.VarStruct("Translation", [0x0409, 1200])])],
    )


def _listed(paths: Iterable[Path]) -> Data:
    files = {path for path in paths if path.is_file() and "__pycache__" not in path.parts}
    return [(str(path), str(path.parent.relative_to(ROOT))) for path in sorted(files)]


def wanted_binaries(entries: Iterable[Entry]) -> list[Entry]:
    """Return the collected binaries without what is left out, and without what only that needs."""
    from PyInstaller.depend.bindepend import get_imports

    collected = list(entries)
    if sys.platform != "linux":
        return [entry for entry in collected if wanted(entry)]

    def needs(sources: list[str]) -> set[str]:
        seen: set[str] = set()
        while sources:
            for _, path in get_imports(sources.pop()):
                if path and str(path) not in seen:
                    seen.add(str(path))
                    sources.append(str(path))
        return seen

    files = [entry for entry in collected if entry[2] != "SYMLINK"]
    only_theirs = needs([source for _, source, _ in filter(lambda entry: not wanted(entry), files)])
    kept = [entry for entry in collected if wanted(entry) and entry[1] not in only_theirs]
    ours = needs([source for _, source, kind in kept if kind != "SYMLINK"])
    return [entry for entry in collected if wanted(entry) and (entry[1] not in only_theirs or entry[1] in ours)]


def wanted(entry: Entry) -> bool:
    """Tell whether a collected file goes into the programs."""
    name = entry[0].replace("\\", "/")
    if any(part in name for part in _LEFT_OUT_FILES):
        return False
    if "/locale-data/" in name and name.startswith("babel/"):
        return Path(name).stem.split("_")[0] in _LOCALES
    return not (name.startswith("PySide6/Qt/translations/") and not ("_en" in name or "_zh_TW" in name))
