"""Nodes as pages show them: the pool in one look, bands of load, sums. Read at most once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.node import NodeAdmin, NodeHealth, NodeOwner
from core.domain.user import Principal
from core.domain.views import NodeView
from master_app.web.api.parts import done
from master_app.web.identity import services

_FRESH_S: Final = 1.0
#: Of more nodes there is one tile for each band of load.
MAX_TILES: Final = 60
BANDS: Final = 6
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One node in the picture of the pool: width = cores, colour = load. `load` None: kept by its owner."""

    name: str
    cores: float
    load: int | None
    band: int
    light: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """The pool in some numbers. Of a large pool there is no tile for each node, but how many are in each band."""

    nodes: int
    online: int
    cores: float
    cores_free: float
    gpus: int
    gpus_free: int
    memory_bytes: int
    memory_free_bytes: int
    running: int
    tiles: tuple[Tile, ...]
    bands: tuple[int, ...]


class NodeList:
    """All nodes as of at most a second ago: 300 open pages must not ask the writer 300 times."""

    def __init__(self) -> None:
        self._at = 0.0
        self._nodes: tuple[NodeView, ...] = ()
        self._facts: tuple[tuple[NodeView, ...], PoolFacts] | None = None

    def get(self, who: Principal) -> tuple[NodeView, ...]:
        with _lock:
            now = time.monotonic()
            if now - self._at >= _FRESH_S or not self._nodes:
                found: Sequence[NodeView] = done(services().nodes.nodes(who))
                self._nodes = tuple(node for node in found if node.admin is not NodeAdmin.REVOKED)
                self._at = time.monotonic()
            return self._nodes

    def facts(self, who: Principal) -> PoolFacts:
        """Return the pool in one look, added up once for all who look within that second."""
        nodes, kept = self.get(who), self._facts
        if kept is None or kept[0] is not nodes:
            kept = self._facts = nodes, _added_up(nodes)
        return kept[1]


def all_nodes(who: Principal) -> Sequence[NodeView]:
    """Return the nodes of the pool, revoked ones left out."""
    return _node_list().get(who)


def pool_facts(who: Principal) -> PoolFacts:
    """Return the pool in one look."""
    return _node_list().facts(who)


def _node_list() -> NodeList:
    from flask import current_app

    found: NodeList = current_app.extensions["hivemind.node_list"]
    return found


def load_of(node: NodeView) -> float:
    """Return the load that placement looks at, 0..1: the machine's own, or what is reserved on it."""
    shares = [node.host.cpu_percent / 100, node.host.memory_percent / 100]
    if node.capacity.cpu_millis:
        shares.append(node.reserved.cpu_millis / node.capacity.cpu_millis)
    if node.capacity.memory_bytes:
        shares.append(node.reserved.memory_bytes / node.capacity.memory_bytes)
    return min(1.0, max(shares))


def _band(load: int) -> int:
    return min(BANDS - 1, round(load / 20))


def _bands(nodes: Sequence[NodeView]) -> tuple[int, ...]:
    """Return how many nodes are in each band of load; those that their owners keep are in none."""
    counts = [0] * BANDS
    for node in nodes:
        if not _is_kept(node):
            counts[_band(round(load_of(node) * 100))] += 1
    return tuple(counts)


def _is_kept(node: NodeView) -> bool:
    return node.owner_state not in (NodeOwner.AVAILABLE, NodeOwner.GPU_PAUSED)


def tile(node: NodeView) -> Tile:
    load = round(load_of(node) * 100)
    return Tile(
        name=node.name,
        cores=max(1.0, node.capacity.cpu_millis / 1000),
        load=None if _is_kept(node) else load,
        band=_band(load),
        light=load < 50,
    )


def takes_work(node: NodeView) -> bool:
    """Tell whether neither operator nor owner keeps the node from taking work; it may be full all the same."""
    return node.admin is NodeAdmin.ACTIVE and node.health is NodeHealth.READY and not _is_kept(node)


def is_online(node: NodeView) -> bool:
    return node.health in (NodeHealth.READY, NodeHealth.SUSPECT) and node.admin is not NodeAdmin.PENDING


def _added_up(nodes: Sequence[NodeView]) -> PoolFacts:
    online = [node for node in nodes if is_online(node)]
    largest = sorted(online, key=lambda n: -n.capacity.cpu_millis) if len(online) <= MAX_TILES else ()
    open_ones = [node for node in online if takes_work(node)]
    return PoolFacts(
        nodes=len(nodes),
        online=len(online),
        cores=sum(node.capacity.cpu_millis for node in online) / 1000,
        cores_free=sum(max(0, n.capacity.cpu_millis - n.reserved.cpu_millis) for n in open_ones) / 1000,
        gpus=sum(node.capacity.gpus for node in online),
        gpus_free=sum(max(0, n.capacity.gpus - n.reserved.gpus) for n in open_ones),
        memory_bytes=sum(node.capacity.memory_bytes for node in online),
        memory_free_bytes=sum(max(0, n.capacity.memory_bytes - n.reserved.memory_bytes) for n in open_ones),
        running=sum(node.running for node in online),
        tiles=tuple(tile(node) for node in largest),
        bands=_bands(online) if len(online) > MAX_TILES else (),
    )
