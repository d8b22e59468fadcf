"""Looks through built programs before anybody gets them: `python .ci/shipped.py FOLDER...`

    no private key
    no path of the computer that built them, but in files that are byte by byte as their publishers made them
    no file and no module whose licence is not on docs/licences.md

A Python that was compiled below somebody's home tells so in itself: that is noted; build no release with it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import licences
from PyInstaller.archive.readers import CArchiveReader

ROOT = Path(__file__).resolve().parent.parent
OURS = frozenset({"core", "master_app", "worker_app", "resources", "LICENSE.txt", "licences.md"})
_PYTHON = re.compile(r"python3[.\d]*|base_library\.zip|_sysconfigdata[\w-]*|DLLs|libpython3.*|python3\d*\.dll")
#: Of PyInstaller, which is listed and goes with what it freezes.
_LOADER = re.compile(r"__main__|PYZ|pyi_\w+|pyimod\d+_\w+|_pyi_\w+|pyiboot\w+|PyInstaller")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{60}")
_PREFIX = sys.base_prefix.encode()
_LIBRARY = re.compile(
    r"(?:lib)?(.+?)(?:-[0-9a-f]{8,40})*(?:-v3)?(?:\.abi3)?(?:-[\d_.]+)?(?:-x64)?\.(?:so|dll|pyd)(?:\.[\d.]+)?"
)


def faults(folder: Path) -> list[str]:
    """Return what is wrong with the programs in a folder, a sentence each."""
    found = []
    unlisted: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        inside = path.relative_to(folder)
        for fault in _faults_of(content):
            if not _is_published(content):
                found.append(f"{inside} {fault}")
        if inside.parts[0] == "_internal" and not _is_listed(inside.relative_to("_internal")):
            unlisted.add("/".join(inside.parts[:2]))
        if len(inside.parts) == 1 and path.suffix in ("", ".exe"):
            found += [f"{inside}: {fault}" for fault in _faults_of_program(path)]
    return [*found, *(f"{name}: its licence is not listed" for name in sorted(unlisted))]


def _faults_of(content: bytes) -> list[str]:
    found = []
    if b"PRIVATE KEY-----" in content and _KEY.search(content):
        found.append("holds a private key")
    for place in _places():
        # A search for plain bytes first: half a gigabyte is looked through.
        at = -1
        while (at := content.find(place, at + 1)) >= 0:
            around = content[at : at + 80]
            begins = not re.match(rb"[\w.]", content[at - 1 : at]) if at else True
            if begins and re.match(rb"[/\\][\w.]", around[len(place) :]) and not around.startswith(_PREFIX):
                found.append(f"holds a path of its builder: {around!r}")
                break
    return found


def _faults_of_program(program: Path) -> list[str]:
    """Look into the archive of modules that a program carries."""
    reader = CArchiveReader(str(program))
    modules = reader.open_embedded_archive("PYZ.pyz")
    tops = {name.split(".", maxsplit=1)[0] for name in [*reader.toc, *modules.toc]}
    found = [f"the licence of the module {top} is not listed" for top in sorted(tops) if not _is_known(top)]
    for name in modules.toc:
        content = modules.extract(name, raw=True)
        if isinstance(content, bytes):
            found += [f"{name} {fault}" for fault in _faults_of(content)]
    return found


@cache
def _places() -> tuple[bytes, ...]:
    """Return how a path of this computer begins: the checkout, the home, the folder of builds; on Windows too."""
    places = {str(ROOT), str(Path.home()), os.environ.get("HIVEMIND_BUILD_CACHE") or str(Path.home())}
    return tuple(one.encode() for place in sorted(places) for one in {place, place.replace("/", "\\")})


@cache
def _published() -> frozenset[str]:
    """Return the hashes of all files of the installed packages, as their publishers recorded them."""
    files = [file for one in metadata.distributions() for file in one.files or ()]
    return frozenset(file.hash.value for file in files if file.hash is not None)


def _is_published(content: bytes) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return digest in _published()


def _is_known(top: str) -> bool:
    return _is_python(top) or top in OURS or bool(_LOADER.fullmatch(top)) or _packages(top) <= _listed_packages()


def _is_python(top: str) -> bool:
    return top in sys.stdlib_module_names or _PYTHON.fullmatch(top) is not None


@cache
def _packages(top: str) -> frozenset[str]:
    """Return which packages bring a top name of modules."""
    names = metadata.packages_distributions().get(top, [])
    names += [name for name, (tops, _) in licences.ON_WINDOWS.items() if top in tops]
    return frozenset(re.sub(r"[-_.]+", "-", name).lower() for name in names) or frozenset({top})


@cache
def _listed_packages() -> frozenset[str]:
    return frozenset({*licences.shipped(), *licences.ON_WINDOWS})


def _is_listed(inside: Path) -> bool:
    top = inside.parts[0]
    if top in OURS or _PYTHON.fullmatch(top):
        return True
    if top.endswith((".dist-info", ".libs")):
        name = top.removesuffix(".libs").removesuffix(".dist-info")
        name = name.rsplit("-", 1)[0] if top.endswith(".dist-info") else name
        return re.sub(r"[-_.]+", "-", name).lower() in _listed_packages()
    if len(inside.parts) == 1:
        library = _LIBRARY.fullmatch(top)
        name = library[1] if library else top
        if any(re.fullmatch(pattern, name) for pattern, _ in licences.NATIVE.values()):
            return True
    stem = top.split(".", maxsplit=1)[0]
    return _is_python(stem) or _packages(stem) <= _listed_packages()


def main() -> int:
    wrong = [f"{name}: {fault}" for name in sys.argv[1:] for fault in faults(Path(name))]
    for sentence in wrong:
        print(f"shipped: {sentence}")
    prefix = Path(sys.base_prefix)
    if prefix.is_relative_to(Path.home()):
        print(
            f"shipped: note: this Python says that it was compiled for {prefix}; build releases with the system's"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
