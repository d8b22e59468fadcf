"""The content store: files named by the SHA-256 of their content.

    root/ab/abcdef...       whole blobs, never changed
    root/tmp/               being written; swept when stale
    root/partial/<sha256>   uploads that may go on later, by offset
    root/damaged/           blobs whose content did not match their name: kept for a person, never served

A blob appears under its name only after its bytes are on the disk. Thread-safe; memory stays flat.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core import paths
from core.blobs.writing import CHUNK_BYTES, BlobWriter, PartialBlob, storage_error
from core.domain.errors import Busy, NotFound

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

MAX_TRUSTED = 200_000
MAX_UNFINISHED = 64
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    """Tell whether `text` names a blob; ask it of every name that comes from outside."""
    return _SHA256.fullmatch(text) is not None


def _mark(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns


class BlobStore:
    """See the module's words. The folder is made owner-only; several stores never share one."""

    def __init__(self, root: Path) -> None:
        self.root = paths.private_folder(root)
        for name in ("tmp", "partial", "damaged"):
            paths.private_folder(root / name)
        self._lock = threading.Lock()
        self._receiving: set[str] = set()
        #: Blobs whose content this process has seen to be right, with what their file looked like then.
        self._trusted: dict[str, tuple[int, int]] = {}
        #: Digests of uploads between two pieces, with what their file looked like after the last one.
        self._unfinished: OrderedDict[str, tuple[tuple[int, int], Digest]] = OrderedDict()

    # ---- reading

    def path(self, sha256: str) -> Path:
        """Return where a blob of this name stands or would stand."""
        if not is_sha256(sha256):
            raise NotFound("There is no such blob.", code="BLOB_NOT_FOUND")
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int | None:
        """Return the size of a whole blob, None where there is none."""
        try:
            return self.path(sha256).stat().st_size
        except (FileNotFoundError, NotFound):
            return None

    def open(self, sha256: str) -> BinaryIO:
        """Open a whole blob for reading. Raises NotFound, with code BLOB_DAMAGED when its content is wrong.

        The first opening after a start reads it whole, as does each after its file changed.
        """
        try:
            self._check(sha256)
            return open(self.path(sha256), "rb")
        except FileNotFoundError as error:
            raise NotFound("There is no such blob.", code="BLOB_NOT_FOUND") from error
        except OSError as error:
            raise storage_error(error, "a blob") from error

    def read(self, sha256: str, offset: int, length: int) -> bytes:
        """Return bytes of a blob; fewer at its end. Raises NotFound."""
        with self.open(sha256) as blob:
            blob.seek(offset)
            return blob.read(length)

    def pieces(self, sha256: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range of a blob in pieces of at most 1 MiB."""
        with self.open(sha256) as blob:
            blob.seek(offset)
            left = length
            while left is None or left > 0:
                piece = blob.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece

    def whole(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield all of a blob in pieces of at most 1 MiB. Raises NotFound as `open` does.

        One that was not read since the start, or whose file changed, is checked on its way instead of before: no
        wait for the first piece of a large one. When it is damaged, its last piece is never given.
        """
        try:
            with open(self.path(sha256), "rb") as blob:
                mark = _mark(os.fstat(blob.fileno()))
                digest = None if self._trusted.get(sha256) == mark else hashlib.sha256()
                piece = blob.read(CHUNK_BYTES)
                while piece:
                    if digest is not None:
                        digest.update(piece)
                    following = blob.read(CHUNK_BYTES)
                    if not following and digest is not None:
                        if digest.hexdigest() != sha256:
                            self._check(sha256)
                            raise NotFound("This blob was read wrong; ask for it again.", code="BLOB_DAMAGED")
                        self._trust(sha256, mark)
                    yield piece
                    piece = following
        except FileNotFoundError as error:
            raise NotFound("There is no such blob.", code="BLOB_NOT_FOUND") from error
        except OSError as error:
            raise storage_error(error, "a blob") from error

    def verify(self, sha256: str) -> bool:
        """Read a blob whole. One that is damaged is moved aside and False returned; it can be fetched again."""
        digest = hashlib.sha256()
        try:
            with open(self.path(sha256), "rb") as blob:
                mark = _mark(os.fstat(blob.fileno()))
                while piece := blob.read(CHUNK_BYTES):
                    digest.update(piece)
        except FileNotFoundError as error:
            raise NotFound("There is no such blob.", code="BLOB_NOT_FOUND") from error
        except OSError as error:
            raise storage_error(error, "a blob") from error
        if digest.hexdigest() == sha256:
            self._trust(sha256, mark)
            return True
        aside = self.root / "damaged" / f"{sha256}.{secrets.token_hex(4)}"
        os.replace(self.path(sha256), aside)
        return False

    def _check(self, sha256: str) -> None:
        if self._trusted.get(sha256) == _mark(self.path(sha256).stat()):
            return
        if not self.verify(sha256):
            raise NotFound(
                "This blob was damaged on the disk and is not served.",
                code="BLOB_DAMAGED",
                fix="Send it again, and look after the disk.",
            )

    def _trust(self, sha256: str, mark: tuple[int, int]) -> None:
        with self._lock:
            if len(self._trusted) >= MAX_TRUSTED:
                self._trusted.clear()
            self._trusted[sha256] = mark

    def is_sound(self, sha256: str) -> bool:
        """Tell whether a blob is here with the right content. Reads it whole, once, unless this process wrote it;
        one that is damaged is moved aside.
        """
        try:
            self._check(sha256)
        except (NotFound, FileNotFoundError):
            return False
        except OSError as error:
            raise storage_error(error, "a blob") from error
        return True

    def is_trusted(self, sha256: str) -> bool:
        """Tell whether this process knows already that a blob is here with the right content. Reads nothing."""
        try:
            return self._trusted.get(sha256) == _mark(self.path(sha256).stat())
        except (NotFound, OSError):
            return False

    # ---- writing

    def writer(self) -> BlobWriter:
        """Start a blob whose digest is not known yet. Raises StorageFull."""
        try:
            return BlobWriter(self, self.root / "tmp" / secrets.token_hex(16))
        except OSError as error:
            raise storage_error(error, "a new file") from error

    def put(self, content: bytes) -> str:
        """Keep bytes that are at hand and return their name."""
        with self.writer() as writer:
            writer.write(content)
            return writer.finish()[0]

    def receive(self, sha256: str, size: int) -> PartialBlob:
        """Start, or go on with, a blob whose name is known. Raises Busy while another call writes it."""
        self.path(sha256)
        with self._lock:
            if sha256 in self._receiving:
                raise Busy("This blob is being uploaded by another connection.", retry_after_s=2)
            self._receiving.add(sha256)
        try:
            return PartialBlob(self, sha256, size)
        except OSError as error:
            self._let_go(sha256)
            raise storage_error(error, "this upload") from error

    def partial_size(self, sha256: str) -> int:
        """Return how much of an upload is there."""
        self.path(sha256)
        try:
            return (self.root / "partial" / sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not there is no error. Who reads it now keeps reading."""
        self.path(sha256).unlink(missing_ok=True)

    # ---- housekeeping

    def free_bytes(self) -> int:
        """Return what the disk of the store has left for us."""
        return shutil.disk_usage(self.root).free

    def names(self) -> Iterator[tuple[str, int, float]]:
        """Yield (sha256, size, time of last use in seconds) of whole blobs."""
        for shard in self.root.iterdir():
            if len(shard.name) == 2 and shard.is_dir():
                for path in shard.iterdir():
                    if is_sha256(path.name):
                        try:
                            stat = path.stat()
                        except FileNotFoundError:
                            continue
                        yield path.name, stat.st_size, max(stat.st_atime, stat.st_mtime)

    def sweep(self, older_than_s: float) -> int:
        """Remove files left by writers and uploads that ended long ago; return how many."""
        before = time.time() - older_than_s
        count = 0
        for folder in ("tmp", "partial"):
            for path in (self.root / folder).iterdir():
                try:
                    if path.stat().st_mtime < before:
                        path.unlink()
                        count += 1
                except FileNotFoundError:
                    continue
        return count

    def _adopt(self, path: Path, sha256: str) -> None:
        target = self.path(sha256)
        if not target.parent.is_dir():
            paths.private_folder(target.parent)
            paths.sync_folder(self.root)
        os.replace(path, target)
        paths.sync_folder(target.parent)
        self._trust(sha256, _mark(target.stat()))

    def _seen_so_far(self, sha256: str, file: FileIO) -> Digest | None:
        with self._lock:
            mark, digest = self._unfinished.pop(sha256, ((-1, -1), None))
        return digest if mark == _mark(os.fstat(file.fileno())) else None

    def _saw_so_far(self, sha256: str, file: FileIO, digest: Digest | None) -> None:
        if digest is None:
            return
        with self._lock:
            self._unfinished[sha256] = _mark(os.fstat(file.fileno())), digest
            while len(self._unfinished) > MAX_UNFINISHED:
                self._unfinished.popitem(last=False)

    def _let_go(self, sha256: str) -> None:
        with self._lock:
            self._receiving.discard(sha256)
