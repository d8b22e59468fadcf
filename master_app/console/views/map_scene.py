"""The nodes of the map as they are now: what changed since it was painted, and what moved to them and back.

Nothing here is drawn, and nothing is counted anew for each update: thousands of them a second cost little.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from core.domain.console import NodeTile
from master_app.console.views.map_layout import Chunk, Group, Key, Layout, honeycombs, shelves

BUCKETS = 24
#: States that keep their fill: the node works, or could.
WORKING = frozenset({"READY", "IN_USE", "GPU_PAUSED"})
FLOW_S = 5.0
MOVE_S = 1.0
MAX_MOVES = 2_000
HISTORY = 90


@dataclass(frozen=True, slots=True)
class Move:
    """A subtask that went to a node, or a result that came back."""

    at_s: float
    node_id: str
    back: bool


class MapScene:
    """Where every node stands: a node keeps its place while the grouping stays; a gone one leaves a hole."""

    def __init__(self) -> None:
        self.tiles: dict[str, NodeTile] = {}
        self.layout = Layout({}, [], [], QRectF(0, 0, 1, 1))
        #: By chunk: the nodes that look different since it was painted.
        self.dirty: dict[int, set[str]] = {}
        self.counts: dict[str, int] = {}
        self.moves: deque[Move] = deque(maxlen=MAX_MOVES)
        #: Load over time of the few nodes whose charts are on screen.
        self.histories: dict[str, deque[float]] = {}
        self._chunk_of: dict[str, int] = {}
        self._group_of: dict[str, int] = {}
        #: By bucket of load: how many nodes work there.
        self.spread = [0] * BUCKETS
        self._sums: list[list[float]] = []

    @property
    def boxes(self) -> dict[str, QRectF]:
        return self.layout.boxes

    @property
    def groups(self) -> list[Group]:
        return self.layout.groups

    def regroup(self, tiles: Mapping[str, NodeTile], key: Key, view: tuple[float, float], *, graph: bool) -> None:
        """Lay all nodes out anew."""
        self.tiles = dict(tiles)
        self.layout = honeycombs(tiles, key) if graph else shelves(tiles, key, view)
        self._chunk_of = {each: at for at, chunk in enumerate(self.layout.chunks) for each in chunk.members}
        self._group_of = {each: at for at, group in enumerate(self.layout.groups) for each in group.members}
        self.dirty = {}
        self.moves.clear()
        self._sums = [[0.0, 0.0, 0.0, 0.0] for _ in self.layout.groups]
        self.spread = [0] * BUCKETS
        self.counts = {}
        for tile in self.tiles.values():
            self._add(tile, 1)

    def update(self, changed: Iterable[NodeTile], gone: Iterable[str], now_s: float) -> bool:
        """Take what changed; True when a node has no place yet and the groups must be laid out anew."""
        strange = False
        for tile in changed:
            node_id = tile.node_id
            before = self.tiles.get(node_id)
            self.tiles[node_id] = tile
            if node_id not in self._chunk_of:
                strange = True
                continue
            if before is not None:
                self._add(before, -1)
                if before.running != tile.running:
                    self.moves.append(Move(now_s, node_id, tile.running < before.running))
            self._add(tile, 1)
            if before is None or looks(before) != looks(tile):
                self._touch(node_id)
            if node_id in self.histories:
                self.histories[node_id].append(tile.load)
        for node_id in gone:
            lost = self.tiles.pop(node_id, None)
            if lost is not None and node_id in self._group_of:
                self._add(lost, -1)
                self._touch(node_id)
        return strange

    def group_load(self, place: int) -> tuple[int, float]:
        """Return how many nodes a group has, and their mean load."""
        count, load, *_ = self._sums[place]
        return round(count), load / count if count else 0.0

    def group_free(self, place: int) -> int:
        """Return how many slots of a group could take something now."""
        return round(self._sums[place][2])

    def group_rate(self, place: int) -> float:
        """Return how many bytes a second move to the nodes of a group and from them."""
        rate = self._sums[place][3]
        return rate if rate > 1_000 else 0.0  # what rounding leaves is nothing

    def group_of(self, node_id: str) -> Group:
        return self.layout.groups[self._group_of[node_id]]

    def chunks_in(self, seen: QRectF) -> list[tuple[int, Chunk]]:
        return [(at, chunk) for at, chunk in enumerate(self.layout.chunks) if seen.intersects(chunk.box)]

    def watch(self, node_ids: Iterable[str]) -> None:
        """Keep the load over time of these nodes, and of no other."""
        self.histories = {
            each: self.histories.get(each) or deque([self.tiles[each].load], maxlen=HISTORY)
            for each in node_ids
            if each in self.tiles
        }

    def lately(self, now_s: float) -> dict[str, tuple[int, int]]:
        """Return node id -> (subtasks out, results back) of the last seconds."""
        while self.moves and now_s - self.moves[0].at_s > FLOW_S:
            self.moves.popleft()
        found: dict[str, tuple[int, int]] = {}
        for move in self.moves:
            out, back = found.get(move.node_id, (0, 0))
            found[move.node_id] = (out + (not move.back), back + move.back)
        return found

    def moving(self, now_s: float) -> list[Move]:
        return [move for move in self.moves if now_s - move.at_s < MOVE_S]

    def at(self, point: QPointF) -> str | None:
        for _, chunk in self.chunks_in(QRectF(point.x() - 1, point.y() - 1, 2, 2)):
            for node_id in chunk.members:
                if node_id in self.tiles and self.layout.boxes[node_id].contains(point):
                    return node_id
        return None

    def within(self, area: QRectF) -> list[str]:
        boxes = self.layout.boxes
        return [
            node_id
            for _, chunk in self.chunks_in(area)
            for node_id in chunk.members
            if node_id in self.tiles and area.intersects(boxes[node_id])
        ]

    def _touch(self, node_id: str) -> None:
        self.dirty.setdefault(self._chunk_of[node_id], set()).add(node_id)

    def _add(self, tile: NodeTile, sign: int) -> None:
        self.counts[tile.state] = self.counts.get(tile.state, 0) + sign
        sums = self._sums[self._group_of[tile.node_id]]
        sums[0] += sign
        sums[1] += sign * tile.load
        sums[3] += sign * (tile.sent_bytes_s + tile.received_bytes_s)
        if tile.state == "READY":
            sums[2] += sign * (tile.slots - tile.running)
            self.spread[bucket(tile.load)] += sign


def bucket(load: float) -> int:
    return min(BUCKETS - 1, max(0, int(load * BUCKETS)))


def looks(tile: NodeTile) -> tuple[str, int, int, int, int]:
    """Return what a node's mark on the map depends on; what does not change it is not painted again."""
    return tile.state, bucket(tile.load), tile.running, tile.gpus, capacity(tile)


def capacity(tile: NodeTile) -> int:
    """Size says capacity: three steps, so that a 4-core machine is told from a 64-core one."""
    return 0 if tile.cpu_millis < 8_000 else 1 if tile.cpu_millis < 24_000 else 2
