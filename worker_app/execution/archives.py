"""Results of a container without a runner, out of the engine's archives. Everything in them is a stranger's."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from typing import Final

from worker_app.agent.ports.sandbox import CollectedFile, CollectOrder, OutputRefused
from worker_app.execution.globs import glob_to_regex
from worker_app.execution.outputs import Collection
from worker_app.execution.policy import SANDBOX_UID

_PIECE: Final = 1 << 20
_KINDS: Final = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a FIFO",
}


def link_tar(links: Mapping[str, str]) -> bytes:
    """Return a tar of symbolic links, by their path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.uid, entry.gid = tarfile.SYMTYPE, target, SANDBOX_UID, SANDBOX_UID
            tar.addfile(entry)
    return buffer.getvalue()


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def first_file(pieces: Iterator[bytes], limit: int = 4096) -> str:
    """Return the beginning of the first entry, if that is a plain file."""
    try:
        with tarfile.open(fileobj=_Pieces(pieces), mode="r|") as tar:
            entry = tar.next()
            file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
            return file.read(limit).decode("utf-8", "replace") if file is not None else ""
    except tarfile.TarError:
        return ""


class Results:
    """Picks the files of an order out of archives. MUST end by `finish` or `abandon`. One thread at a time."""

    def __init__(self, order: CollectOrder) -> None:
        self._order = order
        self._include = [re.compile(glob_to_regex(glob)) for glob in order.include + order.required]
        self._required = {glob: re.compile(glob_to_regex(glob)) for glob in order.required}
        self._found: set[str] = set()
        self._collection = Collection(order)

    def take(self, root: str, pieces: Iterator[bytes]) -> bool:
        """Read the archive of `/work/<root>`. Raises OutputRefused."""
        try:
            with tarfile.open(fileobj=_Pieces(pieces), mode="r|", errors="surrogateescape") as tar:
                for entry in tar:
                    path = entry.name.removeprefix("run/") if root == "run" else entry.name
                    if not entry.isdir() and not _is_our_link(root, path, entry) and self._wanted(path, entry):
                        self._keep(path, entry, tar)
                    # A tar that is read as a stream remembers every entry otherwise.
                    tar.members = []  # type: ignore[attr-defined]
        except tarfile.TarError as error:
            raise OutputRefused(f"the results cannot be read: {error}") from error
        return True

    def finish(self) -> tuple[CollectedFile, ...]:
        """Return all files, each complete, or raise OutputRefused for what is missing."""
        missing = [glob for glob in self._required if glob not in self._found]
        if missing:
            raise OutputRefused(f"missing: {', '.join(missing[:5])}")
        return self._collection.finish()

    def abandon(self) -> None:
        self._collection.abandon()

    def _wanted(self, path: str, entry: tarfile.TarInfo) -> bool:
        if self._order.changes:
            # The copy of the bundle was placed with the epoch as the time of every file.
            return not (entry.isreg() and entry.mtime == 0)
        return any(glob.match(path) for glob in self._include)

    def _keep(self, path: str, entry: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        if not entry.isreg():
            raise OutputRefused(f"{path} is {_KINDS.get(entry.type, 'a device')}")
        self._found.update(glob for glob, pattern in self._required.items() if pattern.match(path))
        self._collection.start(path, entry.size, executable=bool(entry.mode & 0o100))
        file = tar.extractfile(entry)
        while file is not None and (piece := file.read(_PIECE)):
            self._collection.write(piece)


def _is_our_link(root: str, path: str, entry: tarfile.TarInfo) -> bool:
    if root != "run" or "/" in path or not entry.issym():
        return False
    return entry.linkname in (f"/work/src/{path}", f"/work/{path}")
