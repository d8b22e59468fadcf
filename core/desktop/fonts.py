"""Type: the system's own faces, Traditional shapes for Chinese, figures of one width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QAbstractButton

_LATIN: Final = ("Segoe UI Variable", "Segoe UI", "SF Pro Text", "Inter", "Noto Sans")
_CHINESE: Final = ("Noto Sans TC", "Microsoft JhengHei UI", "PingFang TC", "Noto Sans CJK TC")
_CODE: Final = ("Cascadia Mono", "JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono", "monospace")
BODY_PX: Final = 13
CAPTION_PX: Final = 11
SECTION_PX: Final = 15
TITLE_PX: Final = 20
FIGURE_PX: Final = 22


def ui_font(pixels: int = BODY_PX, *, strong: bool = False) -> QFont:
    """Return the interface's face at a size. Sizes are logical pixels: the screen's scale is applied by Qt."""
    font = QFont()
    font.setFamilies([*_LATIN, *_CHINESE, "sans-serif"])
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code_font(pixels: int = 12) -> QFont:
    """Return the face of code, logs, addresses and fingerprints."""
    font = QFont()
    font.setFamilies([*_CODE, *_CHINESE])
    font.setPixelSize(pixels)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def row_height(font: QFont, *, least: int = 28) -> int:
    """Return the height of a table's row: Chinese needs more than Latin, so the font is asked."""
    return max(least, QFontMetrics(font).height() + 8)


def room_for_bold(button: QAbstractButton) -> Callable[[], None]:
    """Return what gives a button the room that its text wants once it is chosen, and bold: so nothing moves."""

    def keep() -> None:
        bold = QFont(button.font())
        bold.setBold(True)
        button.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(button.text()) + 28)

    return keep
