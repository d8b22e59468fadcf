"""A task's result as one zip that is never whole anywhere: its length, and its pieces from any offset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from core.blobs.bundler import stream_zip
from core.domain.views import ArtifactView

BlobPieces = Callable[[str, int, int], Iterator[bytes]]
_MODE: Final = 0o644
# The layout of `stream_zip`: stored members with 64-bit headers and a descriptor behind each.
_LOCAL, _LOCAL_EXTRA, _DESCRIPTOR, _CENTRAL, _END, _END64 = 30, 20, 24, 46, 22, 76
_LIMIT: Final = (1 << 31) - 1
_MAX_COUNT: Final = 0xFFFF

Part = tuple[str, int, Iterable[bytes]]


def zip_pieces(parts: Iterable[Part], *, skip: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Yield the zip of (name, mode, content) from an offset on, at most `length` bytes."""
    left = length
    for piece in stream_zip(parts):
        if skip >= len(piece):
            skip -= len(piece)
            continue
        wanted = piece[skip:] if left is None else piece[skip : skip + left]
        skip = 0
        if wanted:
            yield wanted
        if left is not None:
            left -= len(wanted)
            if left <= 0:
                return


def artifact_parts(artifacts: Iterable[ArtifactView], read: BlobPieces) -> Iterator[Part]:
    """Return the members that artifacts are."""
    for each in artifacts:
        yield each.name, _MODE, read(each.blob, each.offset, each.size)


def zip_length(files: Iterable[tuple[str, int]]) -> int:
    """Return how long the zip of (name, size) is, without making it."""
    offset = central = count = 0
    for name, size in files:
        name_bytes = len(name.encode("utf-8"))
        wide = 2 * (size > _LIMIT) + (offset > _LIMIT)
        central += _CENTRAL + name_bytes + (4 + 8 * wide if wide else 0)
        offset += _LOCAL + name_bytes + _LOCAL_EXTRA + size + _DESCRIPTOR
        count += 1
    needs_end64 = count > _MAX_COUNT or offset > _LIMIT or central > _LIMIT
    return offset + central + (_END64 if needs_end64 else 0) + _END
