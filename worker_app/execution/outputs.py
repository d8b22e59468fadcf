"""Judges and keeps what comes out of a sandbox. Names and content were made by a stranger.

Files are written under names of our own (`0000001`), so a name from inside never reaches a file system; the name
is kept as a checked text.
"""

from __future__ import annotations

import hashlib
import unicodedata
from io import BufferedWriter
from pathlib import Path

from worker_app.agent.ports.sandbox import CollectedFile, CollectOrder, OutputRefused

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_DEPTH = 64


def check_path(path: str) -> str:
    """Return the path in NFC, or raise OutputRefused naming it and what is wrong."""
    shown = repr(path[:120])
    try:
        encoded = path.encode("utf-8")
    except UnicodeEncodeError:
        raise OutputRefused(f"the result {shown} has a name that is not UTF-8") from None
    parts = path.split("/")
    if len(encoded) > MAX_PATH_BYTES or len(parts) > MAX_DEPTH:
        raise OutputRefused(f"the result {shown} has a path that is too long")
    if any(part in ("", ".", "..") or len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise OutputRefused(f"the result {shown} does not stay inside its folder")
    if any(unicodedata.category(sign) in ("Cc", "Cs") or sign == "\\" for sign in path):
        raise OutputRefused(f"the result {shown} has control characters or backslashes in its name")
    return unicodedata.normalize("NFC", path)


class Collection:
    """Results on their way to files; bounded in number and bytes whatever the other side says.

    MUST end by `finish` or `abandon`. After `abandon` nothing of it is left in the target folder.
    """

    def __init__(self, order: CollectOrder) -> None:
        self._order = order
        self._files: list[CollectedFile] = []
        self._names: set[str] = set()
        self._bytes = 0
        self._open: BufferedWriter | None = None
        self._path = ""
        self._local = Path()
        self._left = 0
        self._size = 0
        self._executable = False
        self._digest = hashlib.sha256()
        self._made: list[Path] = []

    def start(self, path: str, size_bytes: int, *, executable: bool) -> None:
        """The next file begins; exactly `size_bytes` bytes of it must follow."""
        if self._open is not None:
            raise OutputRefused(f"the result {self._path!r} was not sent to its end")
        checked = check_path(path)
        if checked.casefold() in self._names:
            raise OutputRefused(f"two results are named {checked!r} on some systems")
        if size_bytes < 0 or self._bytes + size_bytes > self._order.max_bytes:
            raise OutputRefused(f"{checked}: more than {self._order.max_bytes} bytes in all")
        if len(self._files) >= self._order.max_files:
            raise OutputRefused(f"{checked}: more than {self._order.max_files} files")
        self._bytes += size_bytes
        self._names.add(checked.casefold())
        self._path, self._size, self._left, self._executable = checked, size_bytes, size_bytes, executable
        if not self._made:
            self._order.target_folder.mkdir(parents=True, exist_ok=True)
        self._local = self._order.target_folder / f"{len(self._files):07d}"
        self._digest = hashlib.sha256()
        # An agent that was killed in the middle of a collection left its files: this one starts over.
        self._local.unlink(missing_ok=True)
        self._open = self._local.open("xb")
        self._made.append(self._local)
        if size_bytes == 0:
            self._end_file()

    def write(self, content: bytes) -> None:
        """Content of the file that `start` announced."""
        if self._open is None or len(content) > self._left:
            raise OutputRefused(f"the result {self._path!r} is longer than it was announced")
        self._left -= len(content)
        self._digest.update(content)
        self._open.write(content)
        if self._left == 0:
            self._end_file()

    def finish(self) -> tuple[CollectedFile, ...]:
        """Return all files, each complete."""
        if self._open is not None:
            raise OutputRefused(f"the result {self._path!r} was not sent to its end")
        return tuple(self._files)

    def abandon(self) -> None:
        """Remove what was written."""
        if self._open is not None:
            self._open.close()
            self._open = None
        for path in self._made:
            path.unlink(missing_ok=True)

    def _end_file(self) -> None:
        assert self._open is not None
        self._open.close()
        self._open = None
        self._files.append(
            CollectedFile(
                path=self._path,
                size_bytes=self._size,
                sha256=self._digest.hexdigest(),
                local=self._local,
                executable=self._executable,
            )
        )
