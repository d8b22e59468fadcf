"""What a file is known by on the master: its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from core.client.errors import ClientError

_READ_BYTES: Final = 1 << 20


def digest(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file, and its size."""
    found, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as source:
            while piece := source.read(_READ_BYTES):
                found.update(piece)
                size += len(piece)
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}.", code="FILE_UNREADABLE") from error
    return found.hexdigest(), size
