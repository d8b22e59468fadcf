"""Draws resources/icons/hivemind.ico, which Windows wants, from hivemind.svg: `python .ci/icon.py`."""

from __future__ import annotations

import os
import struct
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
SIZES = (16, 20, 24, 32, 48, 64, 256)


def png(renderer: QSvgRenderer, size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(content.data())


def ico(images: dict[int, bytes]) -> bytes:
    """Pack PNGs by size: a header, an entry each, the pictures. 256 is written as 0."""
    offset = 6 + 16 * len(images)
    entries, pictures = b"", b""
    for size, picture in images.items():
        entries += struct.pack(
            "<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), offset + len(pictures)
        )
        pictures += picture
    return struct.pack("<HHH", 0, 1, len(images)) + entries + pictures


def main() -> None:
    application = QGuiApplication([])
    renderer = QSvgRenderer(str(ICONS / "hivemind.svg"))
    (ICONS / "hivemind.ico").write_bytes(ico({size: png(renderer, size) for size in SIZES}))
    del application


if __name__ == "__main__":
    main()
