"""Pictures of the map's chunks: panning copies them, a change repaints marks, a new zoom redraws a few a frame."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from master_app.console.views.map_layout import CELL, Chunk
from master_app.console.views.map_marks import CARDS_FROM, Marks
from master_app.console.views.map_scene import MapScene

#: What may be spent a frame on drawing anew what is shown stretched until then.
BUDGET_S = 0.010
#: Above this a chunk is so near that its few visible nodes are painted directly.
MAX_PIXELS = 1_500_000
MAX_KEPT = 160


@dataclass(slots=True)
class _Kept:
    picture: QPixmap
    scale: float


class ChunkCache:
    """`draw` returns True when something is still to be drawn in a later frame."""

    def __init__(self, scene: MapScene, marks: Marks) -> None:
        self._scene, self._marks = scene, marks
        self._kept: dict[int, _Kept] = {}

    def clear(self) -> None:
        self._kept.clear()

    def draw(self, painter: QPainter, seen: QRectF, scale: float, offset: QPointF, ground: QColor) -> bool:
        until = time.perf_counter() + BUDGET_S
        left_over = False
        if len(self._kept) > MAX_KEPT:
            self._kept.clear()
        for at, chunk in self._scene.chunks_in(seen):
            width, height = chunk.box.width() * scale, chunk.box.height() * scale
            target = QRectF(chunk.box.topLeft() * scale + offset, chunk.box.bottomRight() * scale + offset)
            if width * height > MAX_PIXELS or CELL * scale >= CARDS_FROM:
                self._direct(painter, chunk, seen, scale, offset)
                continue
            kept = self._kept.get(at)
            dirty = self._scene.dirty.get(at)
            if kept is None or kept.scale != scale or dirty:
                # Something is there to be stretched: it is drawn anew only while there is time.
                if kept is not None and time.perf_counter() > until:
                    left_over = True
                else:
                    kept = self._kept[at] = self._drawn(painter, chunk, kept, dirty, scale, ground)
                    self._scene.dirty.pop(at, None)
            if kept.scale == scale:
                painter.drawPixmap(target.topLeft(), kept.picture)
            else:
                painter.drawPixmap(target, kept.picture, QRectF(kept.picture.rect()))
        return left_over

    def _drawn(
        self,
        onto: QPainter,
        chunk: Chunk,
        kept: _Kept | None,
        dirty: set[str] | None,
        scale: float,
        ground: QColor,
    ) -> _Kept:
        ratio = onto.device().devicePixelRatioF()
        few = dirty is not None and len(dirty) * 2 < len(chunk.members)
        graph = self._scene.layout.is_graph
        if kept is not None and kept.scale == scale and few and not graph:
            painter = self._painter(kept.picture, chunk, scale)
            for node_id in dirty or ():
                painter.fillRect(self._scene.boxes[node_id].adjusted(-1, -1, 1, 1), ground)
            self._marks.paint(painter, dirty or (), scale)
            painter.end()
            return kept
        picture = QPixmap(
            max(1, round(chunk.box.width() * scale * ratio)), max(1, round(chunk.box.height() * scale * ratio))
        )
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent if graph else ground)
        painter = self._painter(picture, chunk, scale)
        self._marks.paint(painter, chunk.members, scale)
        painter.end()
        return _Kept(picture, scale)

    @staticmethod
    def _painter(picture: QPixmap, chunk: Chunk, scale: float) -> QPainter:
        painter = QPainter(picture)
        painter.scale(scale, scale)
        painter.translate(-chunk.box.topLeft())
        return painter

    def _direct(self, painter: QPainter, chunk: Chunk, seen: QRectF, scale: float, offset: QPointF) -> None:
        boxes = self._scene.boxes
        painter.save()
        painter.translate(offset)
        painter.scale(scale, scale)
        self._marks.paint(painter, [each for each in chunk.members if seen.intersects(boxes[each])], scale)
        painter.restore()
