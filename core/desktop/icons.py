"""Icons from `resources/icons`: one line drawing each, in the colour that its place has."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from core.desktop.theme import Theme
from core.paths import resources

MARK: Final = "hivemind"
_MAX_KEPT: Final = 512
_SCALES: Final = (1, 2)


class Icons:
    """Draws icons once for each colour and size."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._sources: dict[str, str] = {}
        self._kept: dict[tuple[str, str, int], QIcon] = {}

    def icon(self, name: str, colour: str = "text", size: int = 16) -> QIcon:
        """Return an icon in the colour of a token; its disabled form is paler."""
        value = str(getattr(self._theme.tokens, colour))
        key = (name, value, size)
        found = self._kept.get(key)
        if found is None:
            found = QIcon()
            for scale in _SCALES:
                found.addPixmap(self._draw(name, value, size, scale))
                faint = self._draw(name, self._theme.tokens.text_3, size, scale)
                found.addPixmap(faint, QIcon.Mode.Disabled)
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def pixmap(self, name: str, colour: str = "text", size: int = 16, scale: float = 1.0) -> QPixmap:
        """Return a picture for painting; `colour` is a token's name or `#RRGGBB`."""
        value = colour if colour.startswith("#") else str(getattr(self._theme.tokens, colour))
        return self._draw(name, value, size, scale)

    def mark(self, size: int = 32) -> QIcon:
        """Return the product's own mark, which has its own colours."""
        icon = QIcon()
        for scale in _SCALES:
            icon.addPixmap(self._draw(MARK, "", size, scale))
        return icon

    def _draw(self, name: str, colour: str, size: int, scale: float) -> QPixmap:
        source = self._source(name)
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
        pixmap = QPixmap(round(size * scale), round(size * scale))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size * scale, size * scale))
        painter.end()
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    def _source(self, name: str) -> str:
        found = self._sources.get(name)
        if found is None:
            found = (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
            self._sources[name] = found
        return found
