"""Ten thousand nodes on one picture: groups of tiles, colour by load, painted as a raster from ready lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from core.desktop import figures, states
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import shape_pixmap
from core.desktop.tokens import load_rgb
from core.desktop.translations import tr
from core.domain.console import NodeTile
from master_app.console.views.map_scene import BUCKETS, CELL, HEAD, PAD, WORKING, Group, MapScene

MIN_ZOOM, MAX_ZOOM = 0.12, 8.0
#: Pixels a tile has on screen, from which more is told.
SHAPES_FROM, NUMBERS_FROM, NAMES_FROM = 9.0, 17.0, 70.0


class MapView(QWidget):
    """Drag moves, wheel zooms at the pointer, click chooses, Ctrl adds, Shift drags a band, arrows walk."""

    chosen_changed = Signal(object)
    opened = Signal(str)
    zoomed = Signal(float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.scene = MapScene()
        self.chosen: set[str] = set()
        self.matched: set[str] | None = None
        self.scale = 1.0
        self._offset = QPointF(8, 8)
        self._drag: QPointF | None = None
        self._band: QRectF | None = None
        self._moved = False
        self._fitted = False
        self._current = ""
        self.frames = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        look.paints(self, self.update)
        look.says(self, lambda: self.setAccessibleName(tr("Node map")))

    # ---- what is shown

    def show_tiles(self, changed: Sequence[NodeTile], gone: Sequence[str]) -> bool:
        strange = self.scene.update(changed, gone)
        self.chosen -= set(gone)
        if not strange:
            self.scene.refill()
        self.update()
        return strange

    def regroup(self, tiles: Mapping[str, NodeTile], key: Callable[[NodeTile], str]) -> None:
        total = len(tiles)
        side = math.sqrt(max(total, 1)) * CELL
        self.scene.regroup(
            tiles, key, max(side * math.sqrt(max(self.width() / max(self.height(), 1), 0.5)) * 1.15, 320)
        )
        if not self._fitted:
            self.fit()
        self.update()

    def match(self, node_ids: set[str] | None) -> None:
        self.matched = node_ids
        self.update()

    def choose(self, node_ids: Iterable[str]) -> None:
        self.chosen = set(node_ids)
        self.chosen_changed.emit(self.chosen)
        self.update()

    def fit(self) -> None:
        """Zoom so that all is seen, at most at its own size."""
        size = self.scene.size
        wanted = min((self.width() - 16) / size.width(), (self.height() - 16) / size.height(), 1.6)
        self.scale = min(max(wanted, MIN_ZOOM), MAX_ZOOM)
        self._offset = QPointF(8, 8)
        self._fitted = bool(self.scene.tiles)
        self.zoomed.emit(self.scale)
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        point = at if at is not None else QPointF(self.width() / 2, self.height() / 2)
        before = self._to_scene(point)
        self.scale = min(max(self.scale * factor, MIN_ZOOM), MAX_ZOOM)
        self._offset = point - before * self.scale
        self.zoomed.emit(self.scale)
        self.update()

    def pan(self, dx: float, dy: float) -> None:
        self._offset += QPointF(dx, dy)
        self.update()

    def place_of(self, node_id: str) -> QPointF | None:
        """Return where on this widget a node stands."""
        box = self.scene.boxes.get(node_id)
        return box.center() * self.scale + self._offset if box is not None else None

    def picture(self) -> QImage:
        """Return the whole map as a picture."""
        image = QImage(self.scene.size + QSize(16, 16), QImage.Format.Format_RGB32)
        image.fill(self._look.theme.color("bg"))
        painter = QPainter(image)
        painter.translate(8, 8)
        self._paint(painter, 1.0, QRectF(QPointF(0, 0), self.scene.size.toSizeF()))
        painter.end()
        return image

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        self.frames += 1
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look.theme.color("bg"))
        painter.setTransform(QTransform(self.scale, 0, 0, self.scale, self._offset.x(), self._offset.y()))
        seen = QRectF(self._to_scene(QPointF(0, 0)), self._to_scene(QPointF(self.width(), self.height())))
        self._paint(painter, self.scale, seen)
        if self._band is not None:
            painter.setPen(QPen(self._look.theme.color("accent"), 1 / self.scale))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._band)

    def _paint(self, painter: QPainter, scale: float, seen: QRectF) -> None:
        theme, scene = self._look.theme, self.scene
        painter.setPen(QPen(theme.color("border"), 1 / scale))
        painter.setBrush(theme.color("surface"))
        for group in scene.groups:
            if seen.intersects(group.box):
                painter.drawRoundedRect(group.box, 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        for bucket, boxes in enumerate(scene.filled):
            if boxes:
                painter.setBrush(QColor(*load_rgb(bucket / (BUCKETS - 1))))
                painter.drawRects(boxes)
        if CELL * scale >= SHAPES_FROM:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("surface"), 1.2))
            painter.drawRects(scene.gpu_rings)
        self._paint_hollow(painter, scale, seen)
        self._paint_rings(painter, scale)
        self._paint_words(painter, scale, seen)

    def _paint_hollow(self, painter: QPainter, scale: float, seen: QRectF) -> None:
        """One call a state for the frames; shapes are drawn once a state and then only copied."""
        theme = self._look.theme
        for state, boxes in self.scene.hollow.items():
            face = states.NODE[state]
            works = state in WORKING
            dashed = face.shape is states.Shape.DASHED
            if not works:
                line = Qt.PenStyle.DashLine if dashed and CELL * scale >= NUMBERS_FROM else Qt.PenStyle.SolidLine
                painter.setBrush(theme.color("surface"))
                painter.setPen(QPen(theme.tint(face.tint), 1.2, line))
                painter.drawRects(boxes)
            if CELL * scale < SHAPES_FROM or (dashed and not works):
                continue
            colour = QColor("#FFFFFF") if works else theme.tint(face.tint)
            picture = shape_pixmap(face.shape, colour, 9, max(1.0, scale))
            for box in boxes:
                if seen.intersects(box):
                    painter.drawPixmap(QPointF(box.center().x() - 4.5, box.center().y() - 4.5), picture)

    def _paint_rings(self, painter: QPainter, scale: float) -> None:
        theme = self._look.theme
        painter.setBrush(Qt.BrushStyle.NoBrush)
        boxes = self.scene.boxes
        marked = [boxes[each].adjusted(-1, -1, 1, 1) for each in self.matched or () if each in boxes]
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRects(marked)
        chosen = [boxes[each].adjusted(-2, -2, 2, 2) for each in self.chosen if each in boxes]
        painter.setPen(QPen(theme.color("text"), 2.5))
        painter.drawRects(chosen)

    def _paint_words(self, painter: QPainter, scale: float, seen: QRectF) -> None:
        theme, scene = self._look.theme, self.scene
        on_screen = CELL * scale
        if scale > 0.35:
            painter.setFont(ui_font(13, strong=True))
            for group in scene.groups:
                if seen.intersects(group.box):
                    self._group_words(painter, group)
        if on_screen < NUMBERS_FROM:
            return
        painter.setFont(ui_font(9 if on_screen < NAMES_FROM else 5, strong=True))
        for node_id, box in scene.boxes.items():
            tile = scene.tiles.get(node_id)
            if tile is None or tile.state not in ("READY", "GPU_PAUSED") or not seen.intersects(box):
                continue
            painter.setPen(QColor("#FFFFFF" if tile.load < 0.5 else "#16202B"))
            if on_screen >= NAMES_FROM:
                painter.setFont(ui_font(4))
                words = f"{tile.name}\n{figures.percent(tile.load)} · {tile.running}/{tile.slots}"
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
            elif tile.running:
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(tile.running))
        painter.setPen(theme.color("text"))

    def _group_words(self, painter: QPainter, group: Group) -> None:
        theme = self._look.theme
        box = QRectF(group.box.left() + PAD, group.box.top() + 2, group.box.width() - 2 * PAD, HEAD - 4)
        count = sum(1 for each in group.members if each in self.scene.tiles)
        note = tr("{n} nodes · load {load}", n=figures.number(count), load=figures.percent(group.load))
        metrics = painter.fontMetrics()
        painter.setPen(theme.color("text"))
        name = metrics.elidedText(group.name, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        left = box.width() - metrics.horizontalAdvance(name) - 14
        painter.save()
        painter.setFont(ui_font(11))
        if painter.fontMetrics().horizontalAdvance(note) < left:
            painter.setPen(theme.color("text_2"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, note)
        painter.restore()

    # ---- hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._moved:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._moved = True
        self.zoom(1.0015 ** event.angleDelta().y(), event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag = event.position()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            start = self._to_scene(event.position())
            self._band = QRectF(start, start)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None or not event.buttons():
            self._hover(event)
            return
        if self._band is not None:
            self._band.setBottomRight(self._to_scene(event.position()))
            self.update()
            return
        step = event.position() - self._drag
        if self._moved or step.manhattanLength() > 4:
            self._moved = True
            self._drag = event.position()
            self.pan(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, self._drag = self._drag, None
        if self._band is not None:
            found = self.scene.within(self._band.normalized())
            self._band = None
            self.choose(self.chosen | set(found))
            return
        if start is None or (event.position() - start).manhattanLength() > 4:
            return
        node_id = self.scene.at(self._to_scene(event.position()))
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and node_id:
            self.choose(self.chosen ^ {node_id})
        else:
            self.choose({node_id} if node_id else set())
        self._current = node_id or ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: QPointF(-CELL, 0),
            Qt.Key.Key_Right: QPointF(CELL, 0),
            Qt.Key.Key_Up: QPointF(0, -CELL),
            Qt.Key.Key_Down: QPointF(0, CELL),
        }
        key = Qt.Key(event.key())
        if key in steps and self.scene.boxes:
            self._walk(steps[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom(0.8)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Escape:
            self.choose(())
        else:
            super().keyPressEvent(event)

    def _walk(self, step: QPointF) -> None:
        current = self.scene.boxes.get(self._current)
        wanted = (current.center() + step) if current is not None else QPointF(PAD + 4, HEAD + 4)
        nearest = min(
            (each for each in self.scene.boxes if each in self.scene.tiles),
            key=lambda each: (self.scene.boxes[each].center() - wanted).manhattanLength(),
            default="",
        )
        self._current = nearest
        self.choose({nearest} if nearest else ())

    def _hover(self, event: QMouseEvent) -> None:
        node_id = self.scene.at(self._to_scene(event.position()))
        if node_id is None:
            QToolTip.hideText()
            return
        tile = self.scene.tiles[node_id]
        face = states.NODE[tile.state]
        words = f"{tile.name} · {face.text} · {figures.percent(tile.load)} · {tile.running}/{tile.slots}"
        QToolTip.showText(event.globalPosition().toPoint() + QPoint(12, 12), words, self)

    def _to_scene(self, point: QPointF) -> QPointF:
        moved = point - self._offset
        return QPointF(moved.x() / self.scale, moved.y() / self.scale)
