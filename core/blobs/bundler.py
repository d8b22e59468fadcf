"""Zips in and out of the content store: unpacked after `core.blobs.listing` has judged them.

listing = list_zip(path)          names decoded and judged; problems, and what was changed
kept = keep_zip(path, listing, store)
pack_folder(folder, target)       what the command line sends
stream_zip(files)                 a result on its way out, never whole in memory or on disk
"""

from __future__ import annotations

import hashlib
import lzma
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from core.blobs.listing import Listing, is_skipped, list_zip
from core.blobs.store import BlobStore
from core.blobs.writing import CHUNK_BYTES, BlobWriter
from core.domain.bundle import OWN_BLOB_BYTES, PACK_BYTES, FileEntry
from core.domain.errors import Invalid

__all__ = [
    "KeptBundle", "Listing", "folder_files", "keep_folder", "keep_zip", "list_zip", "pack_folder", "stream_zip"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBundle:
    """A bundle in the store. `blobs` are all that it consists of, its index included."""

    bundle_id: str
    entries: tuple[FileEntry, ...]
    blobs: tuple[str, ...]
    size: int


def keep_zip(path: Path, listing: Listing, store: BlobStore) -> KeptBundle:
    """Unpack a judged zip into the store. Raises Invalid for damage found on the way, StorageFull."""
    if listing.problems:
        raise Invalid("The zip was refused.", listing.problems, code="ZIP_REFUSED")
    keeper = _Keeper(store)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in listing.members:
                with archive.open(member.info) as source:
                    keeper.add(member.path, member.size, member.mode, source.read)
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError,
        ValueError, OSError,
    ) as error:  # fmt: skip
        keeper.abort()
        raise Invalid(
            f"The zip is damaged: {error}.", code="ZIP_BROKEN", fix="Make the zip again and send it again."
        ) from error
    except BaseException:
        keeper.abort()
        raise
    return keeper.close()


def keep_folder(folder: Path, store: BlobStore) -> KeptBundle:
    """Put a folder of this machine into a store, by the same rules as a zip of it."""
    keeper = _Keeper(store)
    try:
        for path, relative in folder_files(folder):
            mode = 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644
            with open(path, "rb") as source:
                keeper.add(relative, path.stat().st_size, mode, source.read)
    except BaseException:
        keeper.abort()
        raise
    return keeper.close()


def folder_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path, name in the bundle) of what belongs to a task, in path order. Links are left out."""
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or is_skipped(relative.parts):
            continue
        found.append((unicodedata.normalize("NFC", relative.as_posix()), path))
    for name, path in sorted(found):
        yield path, name


def pack_folder(folder: Path, target: Path) -> int:
    """Write a zip of a folder, without what never belongs to a task; return how many files it has."""
    count = 0
    # A zip knows no day before 1980, which files have that came out of containers and archives.
    with zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=6, strict_timestamps=False
    ) as archive:
        for path, name in folder_files(folder):
            archive.write(path, name)
            count += 1
    return count


def stream_zip(files: Iterable[tuple[str, int, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a zip of (name, mode, content pieces), stored without compression, as it is made."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, mode, pieces in files:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield from sink.drain()
            yield from sink.drain()
    yield from sink.drain()


class _Sink:
    """A file that zipfile writes to and cannot seek in; what is written is taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._pieces.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def drain(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


class _Keeper:
    """Puts files into the store in path order: large ones alone, small ones in packs."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._entries: list[FileEntry] = []
        self._blobs: dict[str, None] = {}
        self._pack: BlobWriter | None = None
        #: Entries whose pack is not finished, so that its name is not known yet.
        self._packed: list[tuple[str, int, str, int, int]] = []

    def add(self, path: str, size: int, mode: int, read: Callable[[int], bytes]) -> None:
        if size >= OWN_BLOB_BYTES:
            self._add_large(path, size, mode, read)
            return
        content = read(size + 1)
        _check_size(path, len(content), size)
        if self._pack is None:
            self._pack = self._store.writer()
        digest = hashlib.sha256(content).hexdigest()
        self._packed.append((path, size, digest, mode, self._pack.size))
        self._pack.write(content)
        if self._pack.size >= PACK_BYTES - OWN_BLOB_BYTES:
            self._finish_pack()

    def _add_large(self, path: str, size: int, mode: int, read: Callable[[int], bytes]) -> None:
        with self._store.writer() as writer:
            while piece := read(CHUNK_BYTES):
                writer.write(piece)
                if writer.size > size:
                    break
            _check_size(path, writer.size, size)
            sha256, _ = writer.finish()
        self._blobs[sha256] = None
        self._entries.append(FileEntry(path=path, size=size, sha256=sha256, mode=mode, blob=sha256))

    def _finish_pack(self) -> None:
        if self._pack is None:
            return
        blob, _ = self._pack.finish()
        self._pack = None
        self._blobs[blob] = None
        for path, size, sha256, mode, offset in self._packed:
            self._entries.append(
                FileEntry(path=path, size=size, sha256=sha256, mode=mode, blob=blob, offset=offset)
            )
        self._packed = []

    def close(self) -> KeptBundle:
        self._finish_pack()
        self._entries.sort(key=lambda entry: entry.path)
        with self._store.writer() as index:
            for entry in self._entries:
                index.write(entry.to_line())
            bundle_id, _ = index.finish()
        self._blobs[bundle_id] = None
        return KeptBundle(
            bundle_id=bundle_id,
            entries=tuple(self._entries),
            blobs=tuple(self._blobs),
            size=sum(entry.size for entry in self._entries),
        )

    def abort(self) -> None:
        if self._pack is not None:
            self._pack.abort()
            self._pack = None


def _check_size(path: str, got: int, announced: int) -> None:
    if got != announced:
        raise Invalid(f"The zip is damaged: {path} has not the size that its directory says.", code="ZIP_BROKEN")
