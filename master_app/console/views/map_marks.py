"""How nodes of the map look: coloured by load; hollow, with a shape, where they do not work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from core.desktop import figures, states
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import paint_shape, shape_pixmap
from core.desktop.tokens import blend, load_rgb
from core.domain.console import NodeTile
from master_app.console.views.map_layout import CELL, hexagon
from master_app.console.views.map_scene import BUCKETS, WORKING, MapScene, bucket, capacity

#: Pixels a node has on screen, from which more is told.
SHAPES_FROM, NUMBERS_FROM, CARDS_FROM, CHARTS_FROM = 8.0, 15.0, 74.0, 150.0
SHRINK = (3.0, 1.6, 0.0)
DARK_TEXT, LIGHT_TEXT = QColor("#16202B"), QColor("#FFFFFF")
LOADS = [QColor(*load_rgb(place / (BUCKETS - 1))) for place in range(BUCKETS)]


class Marks:
    """Paints nodes of a scene. One call a colour, not one a node."""

    def __init__(self, look: Look, scene: MapScene) -> None:
        self._look, self._scene = look, scene

    def paint(self, painter: QPainter, node_ids: Iterable[str], scale: float) -> None:
        """Paint nodes in scene coordinates at this scale."""
        scene = self._scene
        tiles = [tile for each in node_ids if (tile := scene.tiles.get(each)) is not None]
        pixels = CELL * scale
        if pixels >= CARDS_FROM:
            for tile in tiles:
                self._card(painter, tile, scale)
            return
        if scene.layout.is_graph:
            self._hexagons(painter, tiles, scale)
        else:
            self._squares(painter, tiles, scale)
        if pixels >= NUMBERS_FROM:
            self._numbers(painter, tiles)

    def _squares(self, painter: QPainter, tiles: Sequence[NodeTile], scale: float) -> None:
        boxes, theme = self._scene.boxes, self._look.theme
        filled: dict[int, list[QRectF]] = {}
        hollow: dict[str, list[QRectF]] = {}
        rings: list[QRectF] = []
        for tile in tiles:
            box = boxes[tile.node_id]
            if tile.state in WORKING:
                less = SHRINK[capacity(tile)]
                filled.setdefault(bucket(tile.load), []).append(box.adjusted(less, less, -less, -less))
                if tile.gpus:
                    rings.append(box.adjusted(4.5, 4.5, -4.5, -4.5))
            if tile.state != "READY":
                hollow.setdefault(tile.state, []).append(box.adjusted(1, 1, -1, -1))
        painter.setPen(Qt.PenStyle.NoPen)
        for place, found in filled.items():
            painter.setBrush(LOADS[place])
            painter.drawRects(found)
        shapes = CELL * scale >= SHAPES_FROM
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if shapes and rings:
            painter.setPen(QPen(theme.color("surface"), 1.2))
            painter.drawRects(rings)
        for state, found in hollow.items():
            face = states.NODE[state]
            if state not in WORKING:
                dashed = face.shape is states.Shape.DASHED
                line = Qt.PenStyle.DashLine if dashed and CELL * scale >= NUMBERS_FROM else Qt.PenStyle.SolidLine
                painter.setPen(QPen(theme.tint(face.tint), 1.2, line))
                painter.drawRects(found)
                if dashed:
                    continue
            if shapes:
                self._shapes(painter, state, [box.center() for box in found], scale)

    def _hexagons(self, painter: QPainter, tiles: Sequence[NodeTile], scale: float) -> None:
        boxes, theme = self._scene.boxes, self._look.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        odd: dict[str, list[QPointF]] = {}
        for tile in tiles:
            centre = boxes[tile.node_id].center()
            radius = CELL * 0.55 - SHRINK[capacity(tile)] * 0.75
            works = tile.state in WORKING
            if works:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(LOADS[bucket(tile.load)])
                painter.drawPolygon(hexagon(centre, radius))
                if tile.gpus:
                    painter.setPen(QPen(theme.color("surface"), 1.2))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawPolygon(hexagon(centre, radius - 2.2))
            else:
                face = states.NODE[tile.state]
                dashed = face.shape is states.Shape.DASHED
                line = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
                painter.setPen(QPen(theme.tint(face.tint), 1.2, line))
                painter.setBrush(theme.color("surface"))
                painter.drawPolygon(hexagon(centre, radius))
            if tile.state != "READY":
                odd.setdefault(tile.state, []).append(centre)
        if CELL * scale >= SHAPES_FROM:
            for state, centres in odd.items():
                self._shapes(painter, state, centres, scale)

    def _shapes(self, painter: QPainter, state: str, centres: Sequence[QPointF], scale: float) -> None:
        """A shape is drawn once and then only copied."""
        face = states.NODE[state]
        colour = LIGHT_TEXT if state in WORKING else self._look.theme.tint(face.tint)
        picture = shape_pixmap(face.shape, colour, 9, max(1.0, scale * painter.device().devicePixelRatioF()))
        for centre in centres:
            painter.drawPixmap(QPointF(centre.x() - 4.5, centre.y() - 4.5), picture)

    def _numbers(self, painter: QPainter, tiles: Sequence[NodeTile]) -> None:
        painter.setFont(ui_font(9, strong=True))
        for tile in tiles:
            if tile.running and tile.state in ("READY", "GPU_PAUSED"):
                painter.setPen(text_on(tile.load))
                box = self._scene.boxes[tile.node_id]
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(tile.running))

    # ---- near enough to read

    def _card(self, painter: QPainter, tile: NodeTile, scale: float) -> None:
        """A node's name, state, CPU and memory; nearer still, its load over time."""
        theme = self._look.theme
        scene_box = card_box(self._scene.boxes[tile.node_id], self._scene.layout.is_graph)
        painter.save()
        painter.translate(scene_box.topLeft())
        painter.scale(1 / scale, 1 / scale)
        box = QRectF(0, 0, scene_box.width() * scale, scene_box.height() * scale).adjusted(2, 2, -2, -2)
        face = states.NODE[tile.state]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("border") if tile.state in WORKING else theme.tint(face.tint), 1.2))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(LOADS[bucket(tile.load)])
        if tile.state in WORKING:
            painter.drawRoundedRect(QRectF(box.left(), box.top(), 5, box.height()), 2, 2)
        inner = box.adjusted(12, 6, -8, -6)
        self._line(painter, inner, 0, tile.name, ui_font(11, strong=True), theme.color("text"))
        paint_shape(painter, face.shape, QRectF(inner.left(), inner.top() + 19, 9, 9), theme.tint(face.tint))
        words = f"{tile.running}/{tile.slots}" if tile.state in WORKING else face.text
        self._line(painter, inner.adjusted(13, 0, 0, 0), 16, words, ui_font(10), theme.tint(face.tint))
        for place, (share, colour) in enumerate(((tile.cpu_percent, "accent"), (tile.memory_percent, "good"))):
            self._meter(
                painter, QRectF(inner.left(), inner.top() + 35 + place * 7, inner.width(), 4), share, colour
            )
        if CELL * scale >= CHARTS_FROM and inner.height() > 84:
            self._line(painter, inner, 50, figures.percent(tile.load), ui_font(10), theme.color("text_2"))
            self._chart(painter, inner.adjusted(0, 66, 0, 0), tile)
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, box: QRectF, top: float, words: str, font: QFont, colour: QColor) -> None:
        painter.setFont(font)
        painter.setPen(colour)
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(box.width()))
        line = QRectF(box.left(), box.top() + top, box.width(), 16)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _meter(self, painter: QPainter, box: QRectF, share: float, colour: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.theme.color("surface_2"))
        painter.drawRect(box)
        painter.setBrush(self._look.theme.color(colour))
        painter.drawRect(QRectF(box.left(), box.top(), box.width() * min(share, 100) / 100, box.height()))

    def _chart(self, painter: QPainter, box: QRectF, tile: NodeTile) -> None:
        points = list(self._scene.histories.get(tile.node_id, ()))
        tokens = self._look.theme.tokens
        painter.setPen(QPen(QColor(blend(tokens.border, tokens.surface, 0.7)), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        if len(points) < 2:
            return
        step = box.width() / 89
        left = box.right() - step * (len(points) - 1)
        line = [
            QPointF(left + step * place, box.bottom() - box.height() * min(load, 1.0))
            for place, load in enumerate(points)
        ]
        painter.setPen(QPen(self._look.theme.color("accent"), 1.4))
        painter.drawPolyline(line)


def card_box(box: QRectF, is_graph: bool) -> QRectF:
    """Return the room of a card: rows of a honeycomb stand nearer to each other than its columns."""
    return box.adjusted(0.8, 2.2, -0.8, -2.2) if is_graph else box


def text_on(load: float) -> QColor:
    return LIGHT_TEXT if load < 0.5 else DARK_TEXT
