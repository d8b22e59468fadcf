"""Which nodes a line of search words means: parts of names, `state:down`, `load>80`, `gpu>12` (GB), `cores>16`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from core.domain.console import NodeTile
from core.domain.resources import GIB

_FIGURES: Final[dict[str, Callable[[NodeTile], float]]] = {
    "load": lambda tile: tile.load * 100,
    "cpu": lambda tile: tile.cpu_percent,
    "cores": lambda tile: tile.cpu_millis / 1000,
    "memory": lambda tile: tile.memory_bytes / GIB,
    "gpu": lambda tile: tile.gpu_memory_bytes / GIB,
    "running": lambda tile: tile.running,
}
_BOUND = re.compile(r"(load|cpu|cores|memory|gpu|running)(>|<)(\d+(?:\.\d+)?)%?")


def bounds(text: str) -> bool:
    """Tell whether the words speak of figures that change by themselves."""
    return bool(_BOUND.search(text.lower()) or "state:" in text.lower())


def found_nodes(tiles: Iterable[NodeTile], text: str) -> set[str]:
    """Return the ids of the nodes that every word of `text` fits."""
    tests: list[Callable[[NodeTile], bool]] = []
    for word in text.lower().split():
        bound = _BOUND.fullmatch(word)
        if bound is not None:
            tests.append(_figure(_FIGURES[bound[1]], bound[2] == ">", float(bound[3])))
        elif word.startswith("state:"):
            tests.append(_state(word.removeprefix("state:").upper()))
        else:
            tests.append(_part(word))
    return {tile.node_id for tile in tiles if all(fits(tile) for fits in tests)}


def _figure(value: Callable[[NodeTile], float], above: bool, limit: float) -> Callable[[NodeTile], bool]:
    return (lambda tile: value(tile) > limit) if above else (lambda tile: value(tile) < limit)


def _state(state: str) -> Callable[[NodeTile], bool]:
    return lambda tile: tile.state == state


def _part(word: str) -> Callable[[NodeTile], bool]:
    def fits(tile: NodeTile) -> bool:
        if word in tile.name.lower() or word in tile.owner_name.lower() or word in tile.gpu_name.lower():
            return True
        return any(word in f"{key}={value}".lower() for key, value in tile.labels.items())

    return fits
