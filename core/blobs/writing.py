"""Blobs on their way into the content store: in one go, or in pieces over several connections."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from core import paths
from core.domain.errors import Invalid, StorageFull, StorageUnavailable, TooLarge

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from core.blobs.store import BlobStore

CHUNK_BYTES = 1 << 20
WRITE_BACK_BYTES = 8 << 20
#: As many as any system takes in one call.
_PIECES_AT_ONCE = 16
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def storage_error(error: OSError, what: str) -> StorageFull | StorageUnavailable:
    """Return the error that stands for an OSError of the store."""
    if error.errno in _FULL:
        return StorageFull(
            f"The disk is full: {what} was not kept.", fix="Free some space; nothing that was there is lost."
        )
    return StorageUnavailable(f"{what} could not be written or read: {error.strerror}.")


class _WriteBack:
    """Has the disk begin with what was written, so that the one wait for it at the end is short."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._begun = file.tell()

    def written(self, offset: int) -> None:
        """All is written up to here. Costs nothing until much has gathered."""
        gathered = offset - self._begun
        if gathered >= WRITE_BACK_BYTES:
            if hasattr(os, "posix_fadvise"):
                # On Linux it starts writing what is not on the disk yet, and leaves that in memory.
                os.posix_fadvise(self._file.fileno(), self._begun, gathered, os.POSIX_FADV_DONTNEED)
            self._begun = offset


class BlobWriter:
    """One blob on its way in. Use it in one thread; `finish` or `abort`, or leave its `with` block."""

    def __init__(self, store: BlobStore, path: Path) -> None:
        self._store = store
        self._path = path
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: FileIO | None = FileIO(path, "x", opener=paths.private_opener)
        self._write_back = _WriteBack(self._file)

    @property
    def size(self) -> int:
        return self._size

    def write(self, content: bytes | memoryview) -> None:
        """Append. Raises StorageFull; the writer is then aborted."""
        assert self._file is not None, "this writer has ended"
        try:
            view = memoryview(content)
            while view:
                written = self._file.write(view)
                view = view[written:]
            self._write_back.written(self._size + len(content))
        except OSError as error:
            self.abort()
            raise storage_error(error, "this file") from error
        self._hash.update(content)
        self._size += len(content)

    def finish(self, expected_sha256: str = "") -> tuple[str, int]:
        """Make the blob durable and return its name and size. Raises Invalid when it is not what was expected."""
        assert self._file is not None, "this writer has ended"
        sha256 = self._hash.hexdigest()
        if expected_sha256 and sha256 != expected_sha256:
            self.abort()
            raise Invalid("The content does not have the digest that was announced.", code="DIGEST_MISMATCH")
        try:
            # What the disk has spoilt is replaced: to send it again is how it heals.
            if self._store.is_sound(sha256):
                self.abort()
                return sha256, self._size
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self._store._adopt(self._path, sha256)
        except OSError as error:
            self.abort()
            raise storage_error(error, "this file") from error
        return sha256, self._size

    def abort(self) -> None:
        """Forget what was written. Safe to call again."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self.abort()


class PartialBlob:
    """A blob that is uploaded in pieces, over several connections. `offset` is how much is there."""

    def __init__(self, store: BlobStore, sha256: str, size: int) -> None:
        self._store = store
        self._sha256 = sha256
        self._size = size
        self._path = store.root / "partial" / sha256
        self._file = FileIO(self._path, "a+", opener=paths.private_opener)
        self.offset = self._file.seek(0, os.SEEK_END)
        if self.offset > size:
            self._file.truncate(0)
            self.offset = 0
        self._write_back = _WriteBack(self._file)
        #: Of what is there, when this process has seen all of it arrive; else it is read once more at the end.
        seen = store._seen_so_far(sha256, self._file)
        self._digest = seen if self.offset else hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Append. Raises TooLarge past the announced size, StorageFull when the disk ends."""
        if self.offset + len(content) > self._size:
            raise TooLarge("More was sent than was announced.", code="BLOB_TOO_LARGE")
        try:
            view = memoryview(content)
            while view:
                written = self._file.write(view)
                if self._digest is not None:
                    self._digest.update(view[:written])
                view = view[written:]
                self.offset += written
            self._write_back.written(self.offset)
        except OSError as error:
            raise storage_error(error, "this upload") from error

    def write_all(self, pieces: Sequence[bytes]) -> None:
        """Append pieces as they came, without joining them. Raises as `write` does."""
        size = sum(map(len, pieces))
        if self.offset + size > self._size:
            raise TooLarge("More was sent than was announced.", code="BLOB_TOO_LARGE")
        if not hasattr(os, "writev") or len(pieces) > _PIECES_AT_ONCE:
            for piece in pieces:
                self.write(piece)
            return
        try:
            written = os.writev(self._file.fileno(), pieces)
            self._write_back.written(self.offset + written)
        except OSError as error:
            raise storage_error(error, "this upload") from error
        for piece in pieces:
            part = memoryview(piece)[:written]
            if self._digest is not None:
                self._digest.update(part)
            self.offset += len(part)
            written -= len(part)
            if len(part) < len(piece):
                self.write(piece[len(part) :])

    def commit(self) -> None:
        """Check and keep it. Raises Invalid, and drops what was there, when it is not what its name says."""
        try:
            if self.offset != self._size:
                raise Invalid(f"{self.offset} of {self._size} bytes have arrived.", code="BLOB_INCOMPLETE")
            digest = self._digest or self._file_digest()
            if digest.hexdigest() != self._sha256:
                self._file.truncate(0)
                self.offset, self._digest = 0, hashlib.sha256()
                raise Invalid("The content does not have the digest that was announced.", code="DIGEST_MISMATCH")
            os.fsync(self._file.fileno())
            self._digest = None
            self.close()
            self._store._adopt(self._path, self._sha256)
        except OSError as error:
            raise storage_error(error, "this upload") from error

    def _file_digest(self) -> Digest:
        self._file.seek(0)
        digest = hashlib.sha256()
        while piece := self._file.read(CHUNK_BYTES):
            digest.update(piece)
        return digest

    def close(self) -> None:
        """Let go; what is there stays for a later try."""
        if not self._file.closed:
            self._store._saw_so_far(self._sha256, self._file, self._digest)
            self._file.close()
            self._store._let_go(self._sha256)
