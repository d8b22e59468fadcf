"""Bundles in a store, made from a few names and contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.blobs.bundler import keep_folder
from core.blobs.store import BlobStore
from core.manifest.files import FileFacts, StoredFiles


def stored(root: Path, files: Mapping[str, bytes]) -> tuple[BlobStore, StoredFiles]:
    for name, content in files.items():
        (root / "task" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "task" / name).write_bytes(content)
    store = BlobStore(root / "store")
    return store, StoredFiles(store, keep_folder(root / "task", store).entries)


class MemoryFiles:
    """The files of a bundle in memory; fast enough for a hundred thousand manifests."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(sorted(files.items()))

    def facts(self) -> list[FileFacts]:
        return [FileFacts(path, len(content)) for path, content in self._files.items()]

    def has(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str, limit: int) -> bytes:
        return self._files[path][:limit]

    def pieces(self, path: str) -> Iterator[bytes]:
        yield self._files[path]
