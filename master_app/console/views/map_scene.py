"""Where every node of the map stands, and ready lists of what has one colour. Nothing here is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize

from core.desktop.translations import tr
from core.domain.console import NodeTile

CELL = 22.0
GAP = 3.0
HEAD = 26.0
PAD = 10.0
BUCKETS = 24
#: States that keep their fill: the node works, or could.
WORKING = frozenset({"READY", "IN_USE", "GPU_PAUSED"})


@dataclass(slots=True)
class Group:
    name: str
    box: QRectF
    members: list[str] = field(default_factory=list)
    load: float = 0.0


class MapScene:
    """Where every node stands: a node keeps its place while the grouping stays; a gone one leaves a hole."""

    def __init__(self) -> None:
        self.tiles: dict[str, NodeTile] = {}
        self.boxes: dict[str, QRectF] = {}
        self.groups: list[Group] = []
        self.size = QSize(1, 1)
        self.filled: list[list[QRectF]] = [[] for _ in range(BUCKETS)]
        self.hollow: dict[str, list[QRectF]] = {}
        self.gpu_rings: list[QRectF] = []
        self._key: Callable[[NodeTile], str] = lambda tile: tile.owner_name

    def regroup(self, tiles: Mapping[str, NodeTile], key: Callable[[NodeTile], str], width: float) -> None:
        """Lay all nodes out anew."""
        self._key = key
        self.tiles = dict(tiles)
        named: dict[str, list[str]] = {}
        for tile in tiles.values():
            named.setdefault(key(tile) or tr("no value"), []).append(tile.node_id)
        self.groups, self.boxes = [], {}
        x = y = shelf = 0.0
        right = max(width, CELL * 20)
        for name, members in sorted(named.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            columns = max(6, min(math.ceil(math.sqrt(len(members) * 1.9)), int((right - 2 * PAD) // CELL)))
            rows = math.ceil(len(members) / columns)
            box = QRectF(0, 0, columns * CELL + 2 * PAD - GAP, rows * CELL + HEAD + PAD)
            if x and x + box.width() > right:
                x, y, shelf = 0.0, y + shelf + 10, 0.0
            box.moveTo(x, y)
            for place, node_id in enumerate(sorted(members, key=lambda each: tiles[each].name)):
                left = box.left() + PAD + (place % columns) * CELL
                top = box.top() + HEAD + (place // columns) * CELL
                self.boxes[node_id] = QRectF(left, top, CELL - GAP, CELL - GAP)
            self.groups.append(Group(name, box, members))
            x += box.width() + 10
            shelf = max(shelf, box.height())
        width_used = max((group.box.right() for group in self.groups), default=1.0)
        self.size = QSize(math.ceil(width_used), math.ceil(y + shelf) or 1)
        self.refill()

    def update(self, changed: Iterable[NodeTile], gone: Iterable[str]) -> bool:
        """Take what changed; True when a node has no place yet and the groups must be laid out anew."""
        strange = False
        for tile in changed:
            self.tiles[tile.node_id] = tile
            strange = strange or tile.node_id not in self.boxes
        for node_id in gone:
            self.tiles.pop(node_id, None)
        return strange

    def refill(self) -> None:
        """Sort the tiles into lists of one colour each: painting is then a call a colour, not a call a node."""
        filled: list[list[QRectF]] = [[] for _ in range(BUCKETS)]
        hollow: dict[str, list[QRectF]] = {}
        rings: list[QRectF] = []
        for node_id, tile in self.tiles.items():
            box = self.boxes.get(node_id)
            if box is None:
                continue
            if tile.state in WORKING:
                filled[min(BUCKETS - 1, int(tile.load * BUCKETS))].append(_scaled(box, tile))
                if tile.gpus:
                    rings.append(box.adjusted(4.5, 4.5, -4.5, -4.5))
                if tile.state != "READY":
                    hollow.setdefault(tile.state, []).append(box.adjusted(1, 1, -1, -1))
            else:
                hollow.setdefault(tile.state, []).append(box.adjusted(1, 1, -1, -1))
        self.filled, self.hollow, self.gpu_rings = filled, hollow, rings
        for group in self.groups:
            there = [self.tiles[each] for each in group.members if each in self.tiles]
            group.load = sum(tile.load for tile in there) / len(there) if there else 0.0

    def at(self, point: QPointF) -> str | None:
        for group in self.groups:
            if group.box.contains(point):
                for node_id in group.members:
                    box = self.boxes.get(node_id)
                    if box is not None and box.contains(point) and node_id in self.tiles:
                        return node_id
        return None

    def within(self, area: QRectF) -> list[str]:
        return [node_id for node_id, box in self.boxes.items() if area.intersects(box) and node_id in self.tiles]


def _scaled(box: QRectF, tile: NodeTile) -> QRectF:
    """Size says capacity: four steps, so that a 4-core machine is told from a 64-core one."""
    shrink = 3.0 if tile.cpu_millis < 8_000 else 1.6 if tile.cpu_millis < 24_000 else 0.0
    return box.adjusted(shrink, shrink, -shrink, -shrink)
