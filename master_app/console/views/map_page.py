"""The map with its tools: graph or tiles, grouping, search, what is done to a selection, zoom stops, legend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QFrame, QScrollArea, QSlider, QSplitter, QWidget

from core.desktop import states
from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.desktop.translations import plural, tr
from core.desktop.widgets import (
    Card,
    EmptyState,
    Segmented,
    button,
    caption,
    column,
    holder,
    label,
    row,
    section,
    set_tone,
)
from core.domain.console import NodeTile
from core.domain.operations import NodeAction
from master_app.console.models.node_search import bounds, found_nodes
from master_app.console.views.map_layout import CELL, GRAPH_GROUPS, GRAPH_NODES
from master_app.console.views.map_marks import CARDS_FROM, CHARTS_FROM
from master_app.console.views.map_side import (
    Distribution,
    GroupRow,
    LoadLegend,
    StateRows,
    group_columns,
    group_rows,
    lost_together,
)
from master_app.console.views.node_card import NodeCard
from master_app.console.views.node_map import GROUPS_BELOW, MapView
from master_app.console.views.page import Page, kept_split, plain_note, search_field

#: Pixels of a node at the stops of the zoom: groups, nodes, cards, charts.
STOPS = (GROUPS_BELOW * 0.8, CELL, CARDS_FROM * 1.15, CHARTS_FROM * 1.2)
SIDE_MS = 1_000


class MapPage(Page):
    """`wanted` carries (action, node ids)."""

    wanted = Signal(object, object)
    labels_wanted = Signal(object)
    #: A node is looked at: asked again each second for as long as it is.
    near_wanted = Signal(str)
    go = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, lambda: tr("Node map"))
        self._tiles: dict[str, NodeTile] = {}
        self._labels: list[str] = []
        self._mode = ""
        self._step = self._tick = 0
        self._lost: list[str] = []
        self.view = MapView(look)
        self.view.chosen_changed.connect(self._chosen)
        self.view.zoomed.connect(self._zoomed)
        self._shape = Segmented(
            look,
            [("graph", lambda: tr("Graph")), ("tiles", lambda: tr("Tiles"))],
            "graph",
            lambda: tr("Shape of the map"),
        )
        self._shape.chosen.connect(self._choose_shape)
        self._group = QComboBox()
        self._group.setMinimumWidth(150)
        self._group.currentIndexChanged.connect(self._regroup)
        look.says(self._group, lambda: self._group.setAccessibleName(tr("Group")))
        self.search = search_field(look, lambda: tr("Name, label, owner, load>80"), self)
        self.search.textChanged.connect(self._search)
        self._take = button(look, lambda: tr("Select matches"), on_click=self._take_matches)
        self._take.hide()
        self._flow = button(look, lambda: tr("Flow"), icon="activity", tip=lambda: tr("Show work that moves"))
        self._flow.setCheckable(True)
        self._flow.setChecked(True)
        self._flow.toggled.connect(self._show_flows)
        picture = button(look, lambda: tr("Export picture…"), icon="picture", on_click=self._export)
        self.add_tools(
            self._shape,
            caption(look, lambda: tr("Group")),
            self._group,
            self.search,
            self._take,
            self._flow,
            picture,
        )
        split = QSplitter()
        split.addWidget(self._picture_side())
        split.addWidget(self._dock())
        split.setStretchFactor(0, 1)
        kept_split(look, split, "map", [870, 380])
        self.body.addWidget(split, 1)
        self._side = QTimer(self)
        self._side.setInterval(SIDE_MS)
        self._side.timeout.connect(self._refresh_side)
        self._side.start()
        look.says(self, self._fill_groups)

    def _picture_side(self) -> QWidget:
        look = self.look
        card = Card(margins=0, spacing=0)
        card.body.addWidget(self._action_bar())
        self._empty = EmptyState(
            look,
            lambda: tr("No node yet. Nodes appear here as soon as they join."),
            lambda: tr("Make a join link"),
            lambda: self.go.emit("join"),
        )
        card.body.addWidget(self.view, 1)
        card.body.addWidget(self._empty, 1)
        self._stop = QSlider(Qt.Orientation.Horizontal)
        self._stop.setRange(0, len(STOPS) - 1)
        self._stop.setPageStep(1)
        self._stop.setFixedWidth(96)
        self._stop.setTickPosition(QSlider.TickPosition.TicksBelow)
        self._stop.valueChanged.connect(lambda stop: self.view.zoom_to(STOPS[stop] / CELL))
        look.says(self._stop, lambda: self._stop.setAccessibleName(tr("How near")))
        self._near = caption(look)
        self._near.setMinimumWidth(56)
        look.says(self._near, lambda: self._zoomed(self.view.scale))
        foot = row(
            label(look, lambda: tr("Effective load"), strong=True, pixels=12),
            LoadLegend(look),
            caption(look, lambda: tr("inner line = GPU · size = capacity · number = attempts")),
            None,
            self._stop,
            self._near,
            button(
                look, icon="minus", kind="icon", tip=lambda: tr("Zoom out"), on_click=lambda: self.view.zoom(0.8)
            ),
            button(
                look, icon="plus", kind="icon", tip=lambda: tr("Zoom in"), on_click=lambda: self.view.zoom(1.25)
            ),
            button(look, icon="fit", kind="icon", tip=lambda: tr("Show all"), on_click=self.view.fit),
            margins=(12, 6, 12, 6),
        )
        self._foot = holder(foot)
        card.body.addWidget(self._foot)
        return card

    def _action_bar(self) -> QWidget:
        look = self.look
        self._bar = QFrame()
        self._bar_words = label(look, strong=True)
        acts = [
            button(look, text, icon=icon, kind=kind, on_click=partial(self._want, action))
            for text, icon, kind, action in (
                (lambda: tr("Pause"), "pause", "", NodeAction.PAUSE),
                (lambda: tr("Resume"), "play", "", NodeAction.RESUME),
                (lambda: tr("Drain…"), "drain", "", NodeAction.DRAIN),
                (lambda: tr("Clear quarantine"), "shield", "", NodeAction.CLEAR_QUARANTINE),
                (lambda: tr("Revoke…"), "revoke", "danger", NodeAction.REVOKE),
            )
        ]
        tag = button(
            look,
            lambda: tr("Label…"),
            icon="tag",
            on_click=lambda: self.labels_wanted.emit(sorted(self.view.chosen)),
        )
        acts.insert(3, tag)
        self._bar.setLayout(row(self._bar_words, None, *acts, margins=(12, 6, 12, 6)))
        self._bar.hide()
        return self._bar

    def _dock(self) -> QWidget:
        look = self.look
        self.node = NodeCard(look)
        self.node.stepped.connect(self._step_to)
        self._spread, self._states = Distribution(look), StateRows(look)
        self._spread.wanted.connect(
            lambda low, top: self.search.setText(f"load>{round(low * 100)} load<{round(top * 100)}")
        )
        self._states.wanted.connect(lambda state: self.search.setText(f"state:{state.lower()}"))
        self._trouble = label(look, wrap=True, pixels=12)
        set_tone(self._trouble, "needs")
        self._trouble_take = button(
            look, lambda: tr("Select them"), kind="link", on_click=lambda: self.view.choose(self._lost)
        )
        self._trouble_row = holder(column(self._trouble, row(self._trouble_take, None), spacing=2))
        self.groups: RowModel[GroupRow] = RowModel(group_columns(), key=lambda each: each.name)
        self._group_table = Table(look, self.groups, "map-groups")
        self._group_table.opened.connect(self._take_group)
        self._pool = holder(
            column(
                section(look, lambda: tr("Load of the nodes that work")),
                self._spread,
                section(look, lambda: tr("States")),
                self._states,
                self._trouble_row,
                section(look, lambda: tr("Groups")),
                self._group_table,
                spacing=8,
            )
        )
        card = Card()
        card.body.addWidget(self.node)
        card.body.addWidget(self._pool, 1)
        card.body.addStretch(0)
        card.setMinimumWidth(260)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(card)
        area.setMinimumWidth(276)
        self.node.hide()
        self._trouble_row.hide()
        return area

    # ---- showing

    def show_master(self, name: str, note: str) -> None:
        """Say who stands in the middle of the graph."""
        self.view.back.master, self.view.back.note = name, note
        self.view.soon()

    def show_nodes(
        self, tiles: dict[str, NodeTile], changed: list[NodeTile], gone: list[str], snapshot: bool
    ) -> None:
        self._tiles = tiles
        if snapshot or any(key not in self._labels for tile in changed for key in tile.labels):
            labels = sorted({key for tile in tiles.values() for key in tile.labels})[:20]
            if labels != self._labels:
                self._labels = labels
                self._fill_groups()
        if snapshot or self.view.show_tiles(changed, gone):
            self._regroup()
        for widget in (self.view, self._foot):
            widget.setVisible(bool(tiles))
        self._empty.setVisible(not tiles)
        if snapshot or self.view.chosen:
            self._refresh_node()
        if snapshot:
            self._refresh_side(now=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_side(now=True)

    def _refresh_side(self, now: bool = False) -> None:
        """Once a second, and only while it is looked at: what is counted over all nodes."""
        if not self.isVisible() and not now:
            return
        if not self.search.text().strip():
            plain_note(self.note, plural(len(self._tiles), "{n} node", "{n} nodes"))
        self._tick += 1
        if self._pool.isVisible() or now:
            self._spread.show_counts(self.view.scene.spread)
            self._states.show_counts({state: n for state, n in self.view.scene.counts.items() if n > 0})
            if self._tick % 3 == 0 or now:
                self.groups.set_rows(group_rows(self.view.scene))
                self._lost = lost_together(list(self._tiles.values()), self._key())
                self._trouble_row.setVisible(bool(self._lost))
                self._trouble.setText(
                    tr("{n} nodes of one group were lost within a minute. One cause is likely.", n=len(self._lost))
                )
        self._refresh_node()
        if self.isVisible() and self.node.isVisible():
            self.near_wanted.emit(self.node.node_id)
        if self._tick % 2 and bounds(self.search.text()):
            self._search()

    def _fill_groups(self) -> None:
        kept = self._group.currentData()
        self._group.blockSignals(True)
        self._group.clear()
        self._group.addItem(tr("Owner"), "owner")
        self._group.addItem(tr("State"), "state")
        for key in self._labels:
            self._group.addItem(tr("Label: {key}", key=key), f"label:{key}")
        self._group.setCurrentIndex(max(0, self._group.findData(kept)))
        self._group.blockSignals(False)
        if self._tiles:
            self._regroup()

    def _key(self) -> Callable[[NodeTile], str]:
        return _key(str(self._group.currentData() or "owner"))

    def _regroup(self) -> None:
        key = self._key()
        few = len(self._tiles) <= GRAPH_NODES and len({key(tile) for tile in self._tiles.values()}) <= GRAPH_GROUPS
        self._shape.button_of("graph").setEnabled(few)
        self._shape.button_of("graph").setToolTip(
            ""
            if few
            else tr("The graph is for up to {n} nodes in {groups} groups.", n=GRAPH_NODES, groups=GRAPH_GROUPS)
        )
        graph = few and self._mode != "tiles"
        self._shape.choose("graph" if graph else "tiles")
        self.view.regroup(self._tiles, key, graph=graph)
        self.groups.set_rows(group_rows(self.view.scene))

    def _choose_shape(self, shape: str) -> None:
        self._mode = shape
        self._regroup()
        self.view.fit()

    def _show_flows(self, shown: bool) -> None:
        self.view.flows = shown
        self.view.update()

    def _zoomed(self, scale: float) -> None:
        pixels = scale * CELL
        stop = 0 if pixels < GROUPS_BELOW else 3 if pixels >= CHARTS_FROM else 2 if pixels >= CARDS_FROM else 1
        self._stop.blockSignals(True)
        self._stop.setValue(stop)
        self._stop.blockSignals(False)
        self._near.setText((tr("Groups"), tr("Nodes"), tr("Cards"), tr("Charts"))[stop])

    # ---- search and selection

    def _search(self) -> None:
        text = self.search.text().strip()
        found = found_nodes(self._tiles.values(), text) if text else None
        self.view.match(found)
        self._take.setVisible(bool(found))
        plain_note(
            self.note,
            plural(len(found), "{n} node matches", "{n} nodes match")
            if found is not None
            else plural(len(self._tiles), "{n} node", "{n} nodes"),
        )

    def _take_matches(self) -> None:
        self.view.choose(self.view.matched or ())

    def _take_group(self, name: object) -> None:
        self.view.choose(next((group.members for group in self.view.scene.groups if group.name == name), ()))

    def _chosen(self, node_ids: set[str]) -> None:
        running = sum(self._tiles[each].running for each in node_ids if each in self._tiles)
        count = plural(len(node_ids), "{n} node selected", "{n} nodes selected")
        self._bar_words.setText(f"{count} · {plural(running, '{n} attempt runs there', '{n} attempts run there')}")
        self._bar.setVisible(bool(node_ids))
        self._step = 0
        self._refresh_node()
        if node_ids:
            self.near_wanted.emit(self.node.node_id)

    def _step_to(self, by: int) -> None:
        self._step += by
        self._refresh_node()
        self.near_wanted.emit(self.node.node_id)

    def _refresh_node(self) -> None:
        chosen = sorted(each for each in self.view.chosen if each in self._tiles)
        self.node.setVisible(bool(chosen))
        self._pool.setVisible(len(chosen) != 1)
        if chosen:
            self._step %= len(chosen)
            self.node.show_node(self._tiles[chosen[self._step]], self._step, len(chosen))

    def _want(self, action: NodeAction) -> None:
        self.wanted.emit(action, sorted(self.view.chosen))

    def _export(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Export picture"), "node-map.png", "PNG (*.png)")
        if chosen:
            self.view.picture().save(chosen)


def _key(name: str) -> Callable[[NodeTile], str]:
    if name.startswith("label:"):
        key = name.removeprefix("label:")
        return lambda tile: tile.labels.get(key, "")
    if name == "state":
        return lambda tile: states.NODE[tile.state].text
    return lambda tile: tile.owner_name
