"""Installers that an operator put into the folder `installers` of the master's data, for people to download."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.domain.errors import NotFound

_PIECE: Final = 1 << 20
#: What `dev.py build --windows` and `--deb` make. Nothing else in the folder is shown to anybody.
_NAMES: Final = (
    ("windows", re.compile(r"HiveMind-(?P<program>Master|Worker)-(?P<release>\d+(?:\.\d+)*)-Setup\.exe")),
    ("debian", re.compile(r"hivemind-(?P<program>master|worker)_(?P<release>\d+(?:\.\d+)*)_[a-z0-9]+\.deb")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    name: str
    #: worker or master.
    program: str
    #: windows or debian.
    system: str
    release: tuple[int, ...]
    size: int
    sha256: str
    path: Path


class Installers:
    """Looks at the folder anew each time; a file is hashed once for as long as it stays as it is."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._hashed: dict[tuple[str, int, int], str] = {}

    def offered(self) -> list[Installer]:
        """Return the newest release of each program for each system, workers first."""
        newest: dict[tuple[str, str], Installer] = {}
        if self._folder is None or not self._folder.is_dir():
            return []
        for path in sorted(self._folder.iterdir()):
            found = self._read(path)
            if found is None:
                continue
            key = (found.program, found.system)
            if key not in newest or newest[key].release < found.release:
                newest[key] = found
        return sorted(newest.values(), key=lambda one: (one.program != "worker", one.system != "windows"))

    def find(self, name: str) -> Installer:
        """Return an installer that is offered; raise NotFound for every other name."""
        for one in self.offered():
            if one.name == name:
                return one
        raise NotFound("There is no such installer.", code="INSTALLER_UNKNOWN")

    def _read(self, path: Path) -> Installer | None:
        for system, pattern in _NAMES:
            match = pattern.fullmatch(path.name)
            if match is not None and path.is_file():
                status = path.stat()
                return Installer(
                    name=path.name,
                    program=match["program"].lower(),
                    system=system,
                    release=tuple(map(int, match["release"].split("."))),
                    size=status.st_size,
                    sha256=self._hash(path, status.st_size, status.st_mtime_ns),
                    path=path,
                )
        return None

    def _hash(self, path: Path, size: int, changed_ns: int) -> str:
        key = (path.name, size, changed_ns)
        with self._lock:
            if key not in self._hashed:
                with open(path, "rb") as stream:
                    self._hashed[key] = hashlib.file_digest(stream, "sha256").hexdigest()
            return self._hashed[key]


def pieces(found: Installer, start: int, length: int) -> Iterator[bytes]:
    """Read `length` bytes of an installer from `start` on."""
    with open(found.path, "rb") as stream:
        stream.seek(start)
        while length > 0 and (piece := stream.read(min(_PIECE, length))):
            length -= len(piece)
            yield piece
