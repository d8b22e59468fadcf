"""Files of a bundle that is kept: reading one, and making a zip of all of them with some changed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Final

from core.domain.bundle import FileEntry, entries_from_lines
from core.domain.errors import HiveMindError
from master_app.web.identity import services

MANIFEST: Final = "hivemind.toml"
_MAX_TEXT_BYTES: Final = 1 << 20


def entries(bundle_id: str) -> dict[str, FileEntry]:
    """Return the files of a bundle by path; nothing when it has expired."""
    try:
        index = b"".join(services().blobs.pieces(bundle_id))
    except (HiveMindError, OSError):
        return {}
    return {entry.path: entry for entry in entries_from_lines(io.BytesIO(index))}


def text_of(entry: FileEntry) -> str:
    """Return the beginning of a file as text."""
    read = services().blobs.pieces(entry.blob, entry.offset, min(entry.size, _MAX_TEXT_BYTES))
    return b"".join(read).decode("utf-8", "replace")


def zip_bundle(bundle_id: str, changed: Mapping[str, bytes], target: IO[bytes]) -> int:
    """Write a zip of a bundle with some files replaced or added; return how many bytes those have."""
    known = entries(bundle_id)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted({*known, *changed}):
            info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
            info.external_attr = (known[path].mode if path in known else 0o644) << 16
            with archive.open(info, "w", force_zip64=True) as member:
                if path in changed:
                    member.write(changed[path])
                    continue
                for piece in _pieces(known[path]):
                    member.write(piece)
    return sum(len(content) for content in changed.values())


def _pieces(entry: FileEntry) -> Iterator[bytes]:
    return services().blobs.pieces(entry.blob, entry.offset, entry.size) if entry.size else iter(())
