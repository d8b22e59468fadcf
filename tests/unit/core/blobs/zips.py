"""Zips as people and attackers write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path


def write_zip(path: Path, files: Sequence[tuple[str | bytes, bytes]], *, mode: int = 0) -> Path:
    """Write a zip; names given as bytes stand in it as they are, without the UTF-8 flag."""
    buffer = io.BytesIO()
    swaps = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files):
            shown = name
            if isinstance(name, bytes):
                shown = f"{number:04}".ljust(len(name), "@")
                swaps.append((shown.encode(), name))
            info = zipfile.ZipInfo(str(shown))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, content)
    data = buffer.getvalue()
    for placeholder, name in swaps:
        data = data.replace(placeholder, name)
    path.write_bytes(data)
    return path
