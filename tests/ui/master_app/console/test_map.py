"""The map: where nodes stand, what is painted again, what moves, and what is beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.desktop.look import Look
from core.domain.console import NodeTile
from master_app.console.models.node_search import found_nodes
from master_app.console.views.map_layout import CELL, honeycombs, shelves
from master_app.console.views.map_page import STOPS, MapPage
from master_app.console.views.map_scene import MOVE_S, MapScene
from master_app.console.views.map_side import lost_together
from tests.fakes.console_sample import SampleMaster

pytestmark = pytest.mark.qt


def owner(tile: NodeTile) -> str:
    return tile.owner_name


def tiles_of(size: str = "usual") -> dict[str, NodeTile]:
    return {tile.node_id: tile for tile in SampleMaster(size).tiles}


@pytest.fixture
def page(look: Look, qtbot: QtBot) -> Iterator[MapPage]:
    made = MapPage(look)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    tiles = tiles_of()
    made.show_nodes(tiles, list(tiles.values()), [], True)
    yield made


def test_no_two_nodes_of_a_graph_touch_and_groups_stand_apart() -> None:
    tiles = {
        key: replace(tile, owner_name=f"o{place % 9}") for place, (key, tile) in enumerate(tiles_of().items())
    }
    layout = honeycombs(tiles, owner)
    assert set(layout.boxes) == set(tiles)
    for one, two in combinations([box.center() for box in layout.boxes.values()], 2):
        assert math.hypot(one.x() - two.x(), one.y() - two.y()) > CELL * 0.99
    for first, second in combinations(layout.groups, 2):
        assert not QRectF(first.heading).intersects(second.heading), (first.name, second.name)
    assert all(layout.size.contains(box) for box in layout.boxes.values())


def test_ten_thousand_tiles_keep_names_that_can_be_read_when_all_is_seen() -> None:
    tiles = tiles_of("overfull")
    layout = shelves(tiles, owner, (1000.0, 700.0))
    scale = min(1000 / layout.size.width(), 700 / layout.size.height())
    assert all(group.heading.height() * scale >= 13 for group in layout.groups)
    assert sum(len(chunk.members) for chunk in layout.chunks) == len(tiles)
    assert max(len(chunk.members) for chunk in layout.chunks) <= 256


def test_only_what_looks_different_is_painted_again_and_what_moved_is_told() -> None:
    tiles, scene = tiles_of(), MapScene()
    scene.regroup(tiles, owner, (1000.0, 700.0), graph=False)
    one = next(tile for tile in tiles.values() if tile.state == "READY" and tile.running == 0)
    scene.update([replace(one, last_seen_ms=one.last_seen_ms + 1, cpu_percent=3.0)], [], 10.0)
    assert scene.dirty == {}
    scene.update([replace(one, running=2)], [], 11.0)
    scene.update([replace(one, running=1)], [], 11.2)
    assert [each for part in scene.dirty.values() for each in part] == [one.node_id]
    assert [(move.node_id, move.back) for move in scene.moving(11.3)] == [
        (one.node_id, False),
        (one.node_id, True),
    ]
    assert scene.moving(11.3 + MOVE_S) == []
    assert scene.lately(11.3) == {one.node_id: (1, 1)} and scene.lately(30.0) == {}


def test_counts_loads_and_free_slots_follow_without_counting_anew() -> None:
    tiles, scene = tiles_of(), MapScene()
    scene.regroup(tiles, owner, (1000.0, 700.0), graph=False)
    for number, tile in enumerate(list(tiles.values())[:30]):
        tiles[tile.node_id] = replace(
            tile, state=("READY", "DOWN")[number % 2], load=number / 40, running=number % 4
        )
        scene.update([tiles[tile.node_id]], [], 1.0)
    lost = list(tiles)[40]
    del tiles[lost]
    scene.update([], [lost], 1.0)
    fresh = MapScene()
    fresh.regroup(tiles, owner, (1000.0, 700.0), graph=False)
    assert {state: n for state, n in scene.counts.items() if n} == fresh.counts
    assert scene.spread == fresh.spread
    for place, group in enumerate(scene.groups):
        there = next(at for at, each in enumerate(fresh.groups) if each.name == group.name)
        assert scene.group_load(place) == pytest.approx(fresh.group_load(there))
        assert scene.group_free(place) == fresh.group_free(there)


def test_a_small_pool_is_a_graph_and_a_large_one_tiles(page: MapPage, qtbot: QtBot) -> None:
    assert page.view.scene.layout.is_graph and page._shape.current == "graph"
    page._shape.button_of("tiles").click()
    assert not page.view.scene.layout.is_graph
    page._shape.button_of("graph").click()
    many = tiles_of("overfull")
    page.show_nodes(many, list(many.values()), [], True)
    assert not page.view.scene.layout.is_graph and not page._shape.button_of("graph").isEnabled()


def test_the_zoom_stops_lead_from_groups_to_charts_and_back(page: MapPage) -> None:
    said = []
    for stop in range(len(STOPS)):
        page._stop.setValue(stop)
        said.append(page._near.text())
        assert not page.view.grab().isNull()
    assert said == ["Groups", "Nodes", "Cards", "Charts"]
    assert not page.view.picture().isNull()


def test_states_and_the_spread_of_load_are_filters(page: MapPage, qtbot: QtBot) -> None:
    page._states.wanted.emit("DOWN")
    down = {tile.node_id for tile in tiles_of().values() if tile.state == "DOWN"}
    assert down and page.view.matched == down
    spread = page._spread
    QTest.mousePress(spread, Qt.MouseButton.LeftButton, pos=QPoint(0, 20))
    QTest.mouseMove(spread, QPoint(spread.width() // 2, 20))
    QTest.mouseRelease(spread, Qt.MouseButton.LeftButton, pos=QPoint(spread.width() // 2, 20))
    assert page.search.text() == "load>0 load<50"
    page._take.click()
    assert page.view.chosen and all(page._tiles[each].load < 0.5 for each in page.view.chosen)
    assert page.node.isVisible() and "1 of" in page.node._which.text()
    page.node._after.click()
    assert "2 of" in page.node._which.text()


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("gpu-00", "node00000"),
        ("rack-a cores>3 cores<5", "node00000"),
        ("gpu>12 site=rack-a", "node00000"),
        ("CHEN state:ready load>0", ""),
        ("load>200", None),
        ("nothing-of-the-kind", None),
    ],
)
def test_search_words_are_understood(text: str, fits: str | None) -> None:
    found = found_nodes(tiles_of().values(), text)
    assert (found == set()) if fits is None else (fits in found or not fits) and len(found) < 64


def test_nodes_lost_together_are_one_trouble() -> None:
    tiles = list(tiles_of().values())
    lost = [
        replace(tile, state="DISCONNECTED", last_seen_ms=1_000_000 + n * 2_000) for n, tile in enumerate(tiles[:8])
    ]
    assert set(lost_together(lost, lambda _tile: "room")) == {tile.node_id for tile in lost}
    alone = [replace(tile, last_seen_ms=1_000_000 + n * 120_000) for n, tile in enumerate(lost)]
    assert lost_together(alone, lambda _tile: "room") == []
