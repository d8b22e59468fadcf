"""Files of a bundle or of a result: where their content stands in the content store.

A bundle is a list of FileEntry in path order. Files of OWN_BLOB_BYTES or more have a blob of their own; smaller
ones are put one after another into packs of at most PACK_BYTES, so that ten thousand small files are a few blobs.
The list itself is one blob of JSON lines; its SHA-256 is the `bundle_id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OWN_BLOB_BYTES = 1 << 20
PACK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file. Its content is `size` bytes at `offset` of `blob`, and has the digest `sha256` (both hex)."""

    path: str
    size: int
    sha256: str
    #: Permission bits; only 0o111 matters.
    mode: int = 0o644
    blob: str
    offset: int = 0

    def to_line(self) -> bytes:
        """Return the line of an index blob that stands for this file."""
        row = [self.path, self.size, self.sha256, self.mode, self.blob, self.offset]
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> FileEntry:
        """Read one line of an index blob. Raises ValueError for anything else."""
        path, size, sha256, mode, blob, offset = json.loads(line)
        if not (isinstance(path, str) and isinstance(size, int) and isinstance(offset, int)):
            raise ValueError("not a line of an index")
        return cls(path=path, size=size, sha256=sha256, mode=int(mode), blob=blob, offset=offset)


def entries_from_lines(lines: Iterable[bytes]) -> Iterator[FileEntry]:
    """Read an index blob line by line."""
    for line in lines:
        if line.strip():
            yield FileEntry.from_line(line)
