"""Ten thousand nodes on one picture: tiles or a graph around the master, from far away to one node's card."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QStyle, QToolTip, QWidget

from core.desktop import figures, states
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.translations import tr
from core.domain.console import NodeTile
from master_app.console.views.map_cache import ChunkCache
from master_app.console.views.map_graph import GraphBack
from master_app.console.views.map_layout import CELL, HUB, Group, Key, hexagon
from master_app.console.views.map_marks import CARDS_FROM, CHARTS_FROM, LOADS, Marks, card_box, text_on
from master_app.console.views.map_scene import MapScene, bucket

MIN_ZOOM, MAX_ZOOM, FIT_ZOOM = 0.06, 14.0, 2.6
#: Pixels of a node below which only groups are told apart.
GROUPS_BELOW = 4.0
FRAME_MS = 33
MARGIN = 8.0
MAX_CHARTS = 80
#: Up to so many nodes the load over time is kept of all, so that a chart is there when it is looked at.
KEEPS_ALL = 2_000
#: Tiles that are lit at once because work moved.
MAX_LIT = 200


class MapView(QWidget):
    """Drag moves, wheel zooms at the pointer, click chooses, Ctrl adds, Shift drags a band, arrows walk."""

    chosen_changed = Signal(object)
    zoomed = Signal(float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.scene = MapScene()
        self.marks = Marks(look, self.scene)
        self.back = GraphBack(look, self.scene)
        self._cache = ChunkCache(self.scene, self.marks)
        self.chosen: set[str] = set()
        self.matched: set[str] | None = None
        self.flows = True
        self.scale = 1.0
        self._offset = QPointF(MARGIN, MARGIN)
        self._drag: QPointF | None = None
        self._band: QRectF | None = None
        self._moved = self._dragging = False
        self._current = ""
        self.frames = 0
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self.update)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        look.paints(self, self._recolour)
        look.says(self, lambda: self.setAccessibleName(tr("Node map")))

    # ---- what is shown

    def show_tiles(self, changed: Sequence[NodeTile], gone: Sequence[str]) -> bool:
        """Take what changed; True when all must be laid out anew. It is painted at most 30 times a second."""
        strange = self.scene.update(changed, gone, time.monotonic())
        self.chosen -= set(gone)
        self.soon()
        return strange

    def regroup(self, tiles: Mapping[str, NodeTile], key: Key, *, graph: bool) -> None:
        self.scene.regroup(tiles, key, (float(max(self.width(), 1)), float(max(self.height(), 1))), graph=graph)
        self.scene.watch(tiles if len(tiles) <= KEEPS_ALL else ())
        self._cache.clear()
        if not self._moved:
            self.fit()
        self.update()

    def soon(self) -> None:
        if not self._frame.isActive():
            self._frame.start()

    def match(self, node_ids: set[str] | None) -> None:
        self.matched = node_ids
        self.update()

    def choose(self, node_ids: Iterable[str]) -> None:
        self.chosen = set(node_ids)
        self.chosen_changed.emit(self.chosen)
        self.update()

    def fit(self) -> None:
        """Zoom so that all is seen, but not larger than is useful."""
        size = self.scene.layout.size
        wide, high = self.width() - 2 * MARGIN, self.height() - 2 * MARGIN
        self.scale = min(max(min(wide / size.width(), high / size.height(), FIT_ZOOM), MIN_ZOOM), MAX_ZOOM)
        middle = QPointF(self.width() / 2, self.height() / 2)
        self._offset = middle - size.center() * self.scale
        if not self.scene.layout.is_graph:
            self._offset = QPointF(MARGIN, MARGIN)
        self._moved = False
        self.zoomed.emit(self.scale)
        self.update()

    def zoom_to(self, scale: float) -> None:
        """Go to a scale, around what is chosen or else the middle."""
        box = next((self.scene.boxes[each] for each in self.chosen if each in self.scene.boxes), None)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if box is not None:
            self._offset = middle - box.center() * self.scale
        self.zoom(scale / self.scale, middle)

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        point = at if at is not None else QPointF(self.width() / 2, self.height() / 2)
        before = self._to_scene(point)
        self._moved = True
        self.scale = min(max(self.scale * factor, MIN_ZOOM), MAX_ZOOM)
        self._offset = point - before * self.scale
        self.zoomed.emit(self.scale)
        self.update()

    def pan(self, dx: float, dy: float) -> None:
        self._moved = True
        self._offset += QPointF(dx, dy)
        self.update()

    def place_of(self, node_id: str) -> QPointF | None:
        """Return where on this widget a node stands."""
        box = self.scene.boxes.get(node_id)
        return box.center() * self.scale + self._offset if box is not None else None

    def picture(self) -> QImage:
        """Return the whole map as a picture, large enough to read."""
        size = self.scene.layout.size
        scale = max(1.0, min(self.scale, 4_000 / size.width()))
        image = QImage(
            round(size.width() * scale) + 32, round(size.height() * scale) + 32, QImage.Format.Format_RGB32
        )
        painter = QPainter(image)
        painter.fillRect(image.rect(), self._look.theme.color("bg"))
        offset = QPointF(16, 16) - size.topLeft() * scale
        self._paint_behind(painter, size, scale, offset)
        painter.translate(offset)
        painter.scale(scale, scale)
        self.marks.paint(painter, list(self.scene.tiles), scale)
        painter.resetTransform()
        self._paint_headings(painter, size, scale, offset)
        painter.end()
        return image

    # ---- painting

    def _recolour(self) -> None:
        self._cache.clear()
        self.update()

    @property
    def _still(self) -> bool:
        """True where the desktop asks for no motion."""
        return self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self) == 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.frames += 1
        now_s = time.monotonic()
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look.theme.color("bg"))
        seen = QRectF(self._to_scene(QPointF(0, 0)), self._to_scene(QPointF(self.width(), self.height())))
        if self.scale * CELL >= CHARTS_FROM and len(self.scene.tiles) > KEEPS_ALL:
            self.scene.watch(self.scene.within(seen)[:MAX_CHARTS])
        self._paint_behind(painter, seen, self.scale, self._offset)
        later = False
        if self.scale * CELL < GROUPS_BELOW:
            self._paint_blocks(painter, seen)
        else:
            ground = self._look.theme.color("surface")
            later = self._cache.draw(painter, seen, self.scale, self._offset, ground)
        self._paint_headings(painter, seen, self.scale, self._offset)
        self._paint_rings(painter, seen, now_s)
        if later or (self.flows and not self._still and self.scene.moving(now_s)):
            self.soon()

    def _paint_behind(self, painter: QPainter, seen: QRectF, scale: float, offset: QPointF) -> None:
        painter.save()
        painter.translate(offset)
        painter.scale(scale, scale)
        if self.scene.layout.is_graph:
            self.back.paint(painter, scale, time.monotonic(), flows=self.flows)
        else:
            theme = self._look.theme
            painter.setPen(QPen(theme.color("border"), 1 / scale))
            painter.setBrush(theme.color("surface"))
            for group in self.scene.groups:
                if seen.intersects(group.box):
                    painter.drawRoundedRect(group.box, 6, 6)
        painter.restore()

    def _paint_blocks(self, painter: QPainter, seen: QRectF) -> None:
        """Far away: one area a group, in the colour of its mean load."""
        painter.setPen(Qt.PenStyle.NoPen)
        for place, group in enumerate(self.scene.groups):
            if seen.intersects(group.box):
                count, load = self.scene.group_load(place)
                box = self._to_view(group.box).adjusted(3, 3, -3, -3)
                painter.setBrush(LOADS[bucket(load)])
                painter.drawRect(box)
                painter.setPen(text_on(load))
                words = f"{group.name}\n{figures.number(count)} · {figures.percent(load)}"
                painter.setFont(ui_font(11, strong=True))
                painter.drawText(box.adjusted(4, 2, -4, -2), Qt.AlignmentFlag.AlignLeft, words)
                painter.setPen(Qt.PenStyle.NoPen)

    def _paint_rings(self, painter: QPainter, seen: QRectF, now_s: float) -> None:
        theme, boxes = self._look.theme, self.scene.boxes
        rings: list[tuple[str, Collection[str], float]] = []
        if self.flows and not self.scene.layout.is_graph:
            rings.append(("accent", [move.node_id for move in self.scene.moving(now_s)][-MAX_LIT:], 1.5))
        rings += [("accent", self.matched or (), 2.5), ("text", self.chosen, 3.0)]
        painter.save()
        painter.translate(self._offset)
        painter.scale(self.scale, self.scale)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, node_ids, width in rings:
            pen = QPen(theme.color(colour), width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            found = [box for each in node_ids if (box := boxes.get(each)) is not None]
            if self.scene.layout.is_graph and self.scale * CELL < CARDS_FROM:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                for box in found:
                    if seen.intersects(box):
                        painter.drawPolygon(hexagon(box.center(), CELL * 0.58))
            else:
                painter.drawRects([card_box(box, self.scene.layout.is_graph) for box in found])
        painter.restore()
        if self._band is not None:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRect(self._to_view(self._band))

    def _paint_headings(self, painter: QPainter, seen: QRectF, scale: float, offset: QPointF) -> None:
        """Names have the size of text at every zoom; where there is no room they are left out."""
        if scale * CELL < GROUPS_BELOW:
            return
        for place, group in enumerate(self.scene.groups):
            if not seen.intersects(group.box):
                continue
            box = QRectF(group.heading.topLeft() * scale + offset, group.heading.bottomRight() * scale + offset)
            if box.height() >= 13 and box.width() > 30:
                self._heading(painter, group, place, box)

    def _heading(self, painter: QPainter, group: Group, place: int, box: QRectF) -> None:
        theme = self._look.theme
        count, load = self.scene.group_load(place)
        note = tr("{n} nodes · load {load}", n=figures.number(count), load=figures.percent(load))
        painter.setFont(ui_font(13, strong=True))
        metrics = painter.fontMetrics()
        name = metrics.elidedText(group.name, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.setPen(theme.color("text"))
        if self.scene.layout.is_graph:
            middle = box.center()
            wide = QRectF(middle.x() - 150, middle.y() - 18, 300, 18)
            painter.drawText(wide, Qt.AlignmentFlag.AlignCenter, name)
            painter.setFont(ui_font(11))
            painter.setPen(theme.color("text_2"))
            painter.drawText(wide.translated(0, 17), Qt.AlignmentFlag.AlignCenter, note)
            return
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        left = box.width() - metrics.horizontalAdvance(name) - 14
        painter.setFont(ui_font(11))
        if painter.fontMetrics().horizontalAdvance(note) < left:
            painter.setPen(theme.color("text_2"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, note)

    # ---- hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._moved:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(1.0015 ** event.angleDelta().y(), event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag = event.position()
        self._dragging = False
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
        if self._dragging or step.manhattanLength() > 4:
            self._dragging = True
            self._drag = event.position()
            self.pan(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, self._drag = self._drag, None
        if self._band is not None:
            found = self.scene.within(self._band.normalized())
            self._band = None
            self.choose(self.chosen | set(found))
            return
        if start is None or self._dragging:
            return
        node_id = self.scene.at(self._to_scene(event.position()))
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and node_id:
            self.choose(self.chosen ^ {node_id})
        else:
            self.choose({node_id} if node_id else set())
        self._current = node_id or ""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Near to one node, and back to all."""
        near = self.scale * CELL >= CHARTS_FROM
        node_id = self.scene.at(self._to_scene(event.position()))
        if near or node_id is None:
            self.fit()
        else:
            self.choose({node_id})
            self.zoom_to(CHARTS_FROM * 1.2 / CELL)

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
        elif key == Qt.Key.Key_Space and self._current in self.scene.tiles:
            self.choose(self.chosen ^ {self._current})
        elif key == Qt.Key.Key_Home:
            self._offset = QPointF(self.width() / 2, self.height() / 2)
            self.update()
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
        wanted = (current.center() + step) if current is not None else QPointF(HUB, HUB)
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

    def _to_view(self, box: QRectF) -> QRectF:
        return QRectF(box.topLeft() * self.scale + self._offset, box.bottomRight() * self.scale + self._offset)
