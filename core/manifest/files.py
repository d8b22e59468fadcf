"""The files of a bundle as manifest reading sees them, wherever they stand: store, or folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.domain.bundle import FileEntry

PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFacts:
    path: str
    size: int


class BundleFiles(Protocol):
    """Names, sizes and content of the files of one bundle."""

    def facts(self) -> Sequence[FileFacts]:
        """Return all files in path order."""

    def has(self, path: str) -> bool: ...

    def read(self, path: str, limit: int) -> bytes:
        """Return at most `limit` bytes of a file that is there."""

    def pieces(self, path: str) -> Iterator[bytes]: ...


class Pieces(Protocol):
    """A content store, as far as bundles are read from it."""

    def pieces(self, sha256: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]: ...

    def read(self, sha256: str, offset: int, length: int) -> bytes: ...


class StoredFiles:
    """The files of a bundle that is in a store."""

    def __init__(self, store: Pieces, entries: Sequence[FileEntry]) -> None:
        self._store = store
        self._entries: Mapping[str, FileEntry] = {entry.path: entry for entry in entries}

    def facts(self) -> Sequence[FileFacts]:
        return [FileFacts(entry.path, entry.size) for entry in self._entries.values()]

    def has(self, path: str) -> bool:
        return path in self._entries

    def entry(self, path: str) -> FileEntry:
        return self._entries[path]

    def read(self, path: str, limit: int) -> bytes:
        entry = self._entries[path]
        return self._store.read(entry.blob, entry.offset, min(limit, entry.size))

    def pieces(self, path: str) -> Iterator[bytes]:
        entry = self._entries[path]
        return self._store.pieces(entry.blob, entry.offset, entry.size)


class FolderFiles:
    """The files of a folder, by the names that they have in a bundle."""

    def __init__(self, named: Mapping[str, Path]) -> None:
        self._named = dict(sorted(named.items()))

    def facts(self) -> Sequence[FileFacts]:
        return [FileFacts(name, path.stat().st_size) for name, path in self._named.items()]

    def has(self, path: str) -> bool:
        return path in self._named

    def read(self, path: str, limit: int) -> bytes:
        with open(self._named[path], "rb") as stream:
            return stream.read(limit)

    def pieces(self, path: str) -> Iterator[bytes]:
        with open(self._named[path], "rb") as stream:
            while piece := stream.read(PIECE_BYTES):
                yield piece
