"""Where every node of the map stands: tiles in shelves, or honeycombs around the master. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from core.desktop.translations import tr
from core.domain.console import NodeTile

#: From the middle of a node to the middle of the next.
CELL = 22.0
GAP = 3.0
PAD = 10.0
#: The name of a group; on a large pool it is higher, so that it can be read when all is seen.
HEAD, HEAD_MAX = 26.0, 110.0
HUB = 42.0
CHUNK = 256
#: Wider than high, as windows are.
STRETCH = 1.35
GRAPH_NODES, GRAPH_GROUPS = 1_500, 40

Key = Callable[[NodeTile], str]


@dataclass(slots=True)
class Group:
    """Nodes that belong together. `heading` is where its name is written."""

    name: str
    box: QRectF
    members: list[str]
    heading: QRectF
    #: Of a honeycomb: its hull, the way from the master, and the wires from there to each node.
    hull: QPolygonF | None = None
    trunk: QPainterPath | None = None
    wires: QPainterPath | None = None
    anchor: QPointF = field(default_factory=QPointF)


@dataclass(slots=True)
class Chunk:
    """A few neighbours of one group, painted together."""

    box: QRectF
    members: list[str]


@dataclass(slots=True)
class Layout:
    boxes: dict[str, QRectF]
    groups: list[Group]
    chunks: list[Chunk]
    size: QRectF
    is_graph: bool = False


def grouped(tiles: Mapping[str, NodeTile], key: Key) -> list[tuple[str, list[str]]]:
    """Return (name, node ids by their name), the largest group first."""
    named: dict[str, list[str]] = {}
    for tile in tiles.values():
        named.setdefault(key(tile) or tr("no value"), []).append(tile.node_id)
    for members in named.values():
        members.sort(key=lambda each: tiles[each].name)
    return sorted(named.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def shelves(tiles: Mapping[str, NodeTile], key: Key, view: tuple[float, float]) -> Layout:
    """Tiles in boxes, boxes in shelves: thousands fit."""
    groups = grouped(tiles, key)
    counts = [len(members) for _, members in groups]
    side = math.sqrt(max(len(tiles), 1)) * CELL
    widths = [max(side * share / 10, CELL * 20) for share in range(8, 26)]

    def scale_of(width: float, head: float) -> float:
        right, bottom = _packed(counts, width, head)
        return min(view[0] / right, view[1] / bottom)

    best = max(widths, key=lambda width: scale_of(width, HEAD))
    scale, head = scale_of(best, HEAD), HEAD
    if scale < 1:
        # Names keep their size on screen; room for them makes all a little smaller, so once more.
        head = min(HEAD / scale, HEAD_MAX)
        best = max(widths, key=lambda width: scale_of(width, head))
        head = min(HEAD / scale_of(best, head), HEAD_MAX)
    return _shelves(groups, best, head)


def _columns(count: int, right: float) -> int:
    return max(6, min(math.ceil(math.sqrt(count * 1.9)), int((right - 2 * PAD) // CELL)))


def _packed(counts: Sequence[int], right: float, head: float) -> tuple[float, float]:
    """Return how wide and high shelves of this width come out."""
    x = y = shelf = widest = 0.0
    for count in counts:
        columns = _columns(count, right)
        width, height = columns * CELL + 2 * PAD - GAP, math.ceil(count / columns) * CELL + head + PAD
        if x and x + width > right:
            x, y, shelf = 0.0, y + shelf + 10, 0.0
        x += width + 10
        widest, shelf = max(widest, x - 10), max(shelf, height)
    return widest or 1.0, y + shelf or 1.0


def _shelves(named: Sequence[tuple[str, list[str]]], width: float, head: float) -> Layout:
    boxes: dict[str, QRectF] = {}
    groups: list[Group] = []
    chunks: list[Chunk] = []
    x = y = shelf = 0.0
    right = width
    for name, members in named:
        columns = _columns(len(members), right)
        rows = math.ceil(len(members) / columns)
        box = QRectF(0, 0, columns * CELL + 2 * PAD - GAP, rows * CELL + head + PAD)
        if x and x + box.width() > right:
            x, y, shelf = 0.0, y + shelf + 10, 0.0
        box.moveTo(x, y)
        for place, node_id in enumerate(members):
            left = box.left() + PAD + (place % columns) * CELL
            top = box.top() + head + (place // columns) * CELL
            boxes[node_id] = QRectF(left, top, CELL - GAP, CELL - GAP)
        step = max(columns, CHUNK // columns * columns)
        chunks += [_chunk(members[start : start + step], boxes) for start in range(0, len(members), step)]
        heading = QRectF(box.left() + PAD, box.top() + 2, box.width() - 2 * PAD, head - 4)
        groups.append(Group(name, box, members, heading))
        x += box.width() + 10
        shelf = max(shelf, box.height())
    right = max((group.box.right() for group in groups), default=1.0)
    return Layout(boxes, groups, chunks, QRectF(0, 0, right, y + shelf or 1.0))


def honeycombs(tiles: Mapping[str, NodeTile], key: Key) -> Layout:
    """The master in the middle, groups as honeycombs on rings around it."""
    named = grouped(tiles, key)
    boxes: dict[str, QRectF] = {}
    groups: list[Group] = []
    chunks: list[Chunk] = []
    for (name, members), centre in zip(named, _rings([len(members) for _, members in named]), strict=True):
        spots = [centre + spot for spot in _spiral(len(members))]
        for node_id, spot in zip(members, spots, strict=True):
            boxes[node_id] = QRectF(spot.x() - CELL / 2, spot.y() - CELL / 2, CELL, CELL)
        groups.append(_comb(name, members, spots, centre))
        chunks += [_chunk(members[at : at + CHUNK], boxes) for at in range(0, len(members), CHUNK)]
    size = QRectF(-HUB, -HUB, 2 * HUB, 2 * HUB)
    for group in groups:
        size = size.united(group.box)
    return Layout(boxes, groups, chunks, size, is_graph=True)


def _comb(name: str, members: list[str], spots: Sequence[QPointF], centre: QPointF) -> Group:
    hull = _hull(spots)
    inner = hull.boundingRect().adjusted(-CELL, -CELL, CELL, CELL)
    wide = QRectF(0, 0, max(inner.width(), 190.0), 34)
    wide.moveCenter(QPointF(centre.x(), 0))
    below = centre.y() > HUB
    wide.moveTop(inner.bottom() + 2 if below else inner.top() - 36)
    length = math.hypot(centre.x(), centre.y()) or 1.0
    reach = max(inner.width(), inner.height()) / 2
    towards = QPointF(centre.x() / length, centre.y() / length)
    anchor = centre - towards * min(reach + 4, length - HUB - 12)
    start = towards * HUB
    aside = QPointF(-towards.y(), towards.x()) * (length * 0.06)
    bend = QPointF((start.x() + anchor.x()) / 2, (start.y() + anchor.y()) / 2) + aside
    trunk = QPainterPath(start)
    trunk.quadTo(bend, anchor)
    wires = QPainterPath()
    for spot in spots:
        wires.moveTo(anchor)
        wires.lineTo(spot)
    return Group(name, inner.united(wide), members, wide, hull, trunk, wires, anchor)


def hexagon(centre: QPointF, radius: float) -> QPolygonF:
    """Return a hexagon that stands on a corner."""
    corners = [(math.sin(math.pi / 3 * each), -math.cos(math.pi / 3 * each)) for each in range(6)]
    return QPolygonF([QPointF(centre.x() + x * radius, centre.y() + y * radius) for x, y in corners])


def _spiral(count: int) -> list[QPointF]:
    """Return the middles of a honeycomb's cells, from the middle outwards."""
    steps = ((-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0), (0, 1))
    found, ring = [(0, 0)], 0
    while len(found) < count:
        ring += 1
        q, r = ring, 0
        for dq, dr in steps:
            for _ in range(ring):
                found.append((q, r))
                q, r = q + dq, r + dr
    return [QPointF(CELL * (q + r / 2), CELL * r * math.sqrt(3) / 2) for q, r in found[:count]]


def _rings(counts: Sequence[int]) -> list[QPointF]:
    """Return a middle for each group so that none touches another."""
    reaches = [CELL * (math.sqrt(count / 2.6) + 1.4) + 26 for count in counts]
    centres: list[QPointF] = []
    wider = STRETCH if len(counts) > 2 else 1.0
    start, radius = 0, 0.0
    while start < len(reaches):
        radius += HUB + 46 + reaches[start] if not centres else 2 * reaches[start] + 24
        room, end = 2 * math.pi * radius * 1.1, start
        while end < len(reaches) and (end == start or sum(reaches[start : end + 1]) * 2.05 <= room):
            end += 1
        part = reaches[start:end]
        angle = -math.pi / 2 + (0.5 if start else 0.0)
        for reach in part:
            turn = 2 * math.pi * reach / sum(part)
            middle = angle + turn / 2
            centres.append(QPointF(math.cos(middle) * radius * wider, math.sin(middle) * radius))
            angle += turn
        start = end
    return centres


def _hull(spots: Sequence[QPointF]) -> QPolygonF:
    """Return the convex hull (monotone chain)."""
    points = sorted({(spot.x(), spot.y()) for spot in spots})
    if len(points) < 3:
        return QPolygonF([QPointF(x, y) for x, y in points])

    def half(ordered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        line: list[tuple[float, float]] = []
        for x, y in ordered:
            while len(line) > 1:
                (ax, ay), (bx, by) = line[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                line.pop()
            line.append((x, y))
        return line[:-1]

    return QPolygonF([QPointF(x, y) for x, y in half(points) + half(points[::-1])])


def _chunk(members: list[str], boxes: Mapping[str, QRectF]) -> Chunk:
    box = QRectF()
    for each in members:
        box = box.united(boxes[each])
    return Chunk(box.adjusted(-GAP, -GAP, GAP, GAP), members)
