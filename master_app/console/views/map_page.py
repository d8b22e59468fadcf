"""The map with its tools: grouping, search, selection and what is done to it, the chosen node, the legend."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QFrame, QSplitter, QWidget

from core.desktop import figures, states
from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.desktop.tokens import load_rgb
from core.desktop.translations import plural, tr
from core.desktop.widgets import (
    Bar,
    Card,
    EmptyState,
    StatePill,
    button,
    caption,
    column,
    label,
    row,
    section,
)
from core.domain.console import NodeTile
from core.domain.operations import NodeAction
from master_app.console.models.page_rows import hardware, node_columns
from master_app.console.views.node_map import MapView
from master_app.console.views.page import Page, plain_note, search_field


class LoadLegend(QWidget):
    """The colour bar of load, with its numbers."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(220, 30)
        look.paints(self, self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = QLinearGradient(0, 0, self.width(), 0)
        for step in range(11):
            red, green, blue = load_rgb(step / 10)
            fill.setColorAt(step / 10, f"#{red:02X}{green:02X}{blue:02X}")
        painter.fillRect(QRectF(0, 2, self.width(), 9), fill)
        painter.setPen(self._look.theme.color("text_2"))
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            side = Qt.AlignmentFlag.AlignLeft if share == 0 else Qt.AlignmentFlag.AlignRight
            right = self.width() * share
            box = (
                QRectF(0, 13, 40, 16) if share == 0 else QRectF(right - 40 + (18 if share < 1 else 0), 13, 40, 16)
            )
            painter.drawText(box, side, figures.percent(share))


class MapPage(Page):
    """`wanted` carries (action, node ids)."""

    wanted = Signal(object, object)
    go = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, lambda: tr("Node map"))
        self._tiles: dict[str, NodeTile] = {}
        self.view = MapView(look)
        self.view.chosen_changed.connect(self._chosen)
        self._group = QComboBox()
        self._group.setMinimumWidth(150)
        self._group.currentIndexChanged.connect(self._regroup)
        look.says(self._group, lambda: self._group.setAccessibleName(tr("Group")))
        self.search = search_field(look, lambda: tr("Name, label, owner, load>80"), self)
        self.search.textChanged.connect(self._search)
        self._take = button(look, lambda: tr("Select matches"), on_click=self._take_matches)
        self._take.hide()
        picture = button(look, lambda: tr("Export picture…"), icon="picture", on_click=self._export)
        self.add_tools(caption(look, lambda: tr("Group")), self._group, self.search, self._take, picture)
        self._labels: list[str] = []
        split = QSplitter()
        split.setHandleWidth(12)
        split.setChildrenCollapsible(False)
        split.addWidget(self._picture_side())
        split.addWidget(self._dock())
        split.setSizes([920, 330])
        split.setStretchFactor(0, 1)
        self.body.addWidget(split, 1)
        look.says(self, self._fill_groups)

    def _picture_side(self) -> QWidget:
        look = self.look
        card = Card(margins=0, spacing=0)
        self._bar = QFrame()
        self._bar_words = label(look, strong=True)
        acts = [
            button(look, lambda: tr("Pause"), icon="pause", on_click=lambda: self._want(NodeAction.PAUSE)),
            button(look, lambda: tr("Resume"), icon="play", on_click=lambda: self._want(NodeAction.RESUME)),
            button(look, lambda: tr("Drain…"), icon="drain", on_click=lambda: self._want(NodeAction.DRAIN)),
            button(
                look,
                lambda: tr("Clear quarantine"),
                icon="shield",
                on_click=lambda: self._want(NodeAction.CLEAR_QUARANTINE),
            ),
            button(
                look,
                lambda: tr("Revoke…"),
                icon="revoke",
                kind="danger",
                on_click=lambda: self._want(NodeAction.REVOKE),
            ),
        ]
        self._bar.setLayout(row(self._bar_words, None, *acts, margins=(12, 6, 12, 6)))
        self._bar.hide()
        card.body.addWidget(self._bar)
        self._empty = EmptyState(
            look,
            lambda: tr("No node yet. Nodes appear here as soon as they join."),
            lambda: tr("Make a join link"),
            lambda: self.go.emit("join"),
        )
        card.body.addWidget(self.view, 1)
        card.body.addWidget(self._empty, 1)
        self._zoom = caption(look)
        self.view.zoomed.connect(lambda scale: self._zoom.setText(figures.percent(scale)))
        foot = row(
            label(look, lambda: tr("Effective load"), strong=True, pixels=12),
            LoadLegend(look),
            caption(look, lambda: tr("inner square = has a GPU · size = capacity · number = running attempts")),
            None,
            button(
                look, icon="minus", kind="icon", tip=lambda: tr("Zoom out"), on_click=lambda: self.view.zoom(0.8)
            ),
            self._zoom,
            button(
                look, icon="plus", kind="icon", tip=lambda: tr("Zoom in"), on_click=lambda: self.view.zoom(1.25)
            ),
            button(look, icon="fit", kind="icon", tip=lambda: tr("Show all"), on_click=self.view.fit),
            margins=(12, 6, 12, 6),
        )
        card.body.addLayout(foot)
        return card

    def _dock(self) -> QWidget:
        look = self.look
        card = Card()
        self._dock_title = section(look, lambda: tr("States"))
        self._pill = StatePill(look)
        self._facts = label(look, wrap=True)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._cpu, self._memory = Bar(look), Bar(look, "good")
        self._meters = QFrame()
        self._meters.setLayout(
            column(
                caption(look, lambda: tr("CPU of the computer")),
                self._cpu,
                caption(look, lambda: tr("Memory of the computer")),
                self._memory,
                spacing=4,
            )
        )
        self.model: RowModel[NodeTile] = RowModel(node_columns(), key=lambda tile: tile.node_id)
        self.table = Table(look, self.model, "map")
        self.table.opened.connect(lambda node_id: self.view.choose((node_id,)))
        card.body.addLayout(row(self._dock_title, None, self._pill))
        card.body.addWidget(self._facts)
        card.body.addWidget(self._meters)
        card.body.addWidget(self.table, 1)
        card.setMinimumWidth(260)
        return card

    # ---- showing

    def show_nodes(
        self, tiles: dict[str, NodeTile], changed: list[NodeTile], gone: list[str], snapshot: bool
    ) -> None:
        self._tiles = tiles
        labels = sorted({key for tile in tiles.values() for key in tile.labels})[:20]
        if labels != self._labels:
            self._labels = labels
            self._fill_groups()
        if snapshot or self.view.show_tiles(changed, gone):
            self._regroup()
        self._empty.setVisible(not tiles)
        self.view.setVisible(bool(tiles))
        if len(tiles) <= 2_000 or snapshot:
            self._fill_table()
        plain_note(self.note, plural(len(tiles), "{n} node", "{n} nodes"))
        self._dock_words()

    def _fill_table(self) -> None:
        chosen = [self._tiles[each] for each in self.view.chosen if each in self._tiles]
        rows = chosen or sorted(self._tiles.values(), key=lambda tile: (tile.state == "READY", tile.name))
        self.model.set_rows(rows[:2_000])

    def _fill_groups(self) -> None:
        kept = self._group.currentData()
        self._group.blockSignals(True)
        self._group.clear()
        self._group.addItem(tr("Owner"), "owner")
        self._group.addItem(tr("State"), "state")
        for key in self._labels:
            self._group.addItem(tr("Label: {key}", key=key), f"label:{key}")
        found = self._group.findData(kept)
        self._group.setCurrentIndex(max(0, found))
        self._group.blockSignals(False)
        if self._tiles:
            self._regroup()

    def _regroup(self) -> None:
        self.view.regroup(self._tiles, _key(str(self._group.currentData() or "owner")))

    def _search(self) -> None:
        text = self.search.text().strip().lower()
        found = {tile.node_id for tile in self._tiles.values() if _matches(tile, text)} if text else None
        self.view.match(found)
        self._take.setVisible(bool(found))
        if found is not None:
            plain_note(self.note, plural(len(found), "{n} node matches", "{n} nodes match"))

    def _take_matches(self) -> None:
        self.view.choose(self.view.matched or ())

    def _chosen(self, node_ids: set[str]) -> None:
        running = sum(self._tiles[each].running for each in node_ids if each in self._tiles)
        count = plural(len(node_ids), "{n} node selected", "{n} nodes selected")
        self._bar_words.setText(f"{count} · {plural(running, '{n} attempt runs there', '{n} attempts run there')}")
        self._bar.setVisible(bool(node_ids))
        self._fill_table()
        self._dock_words()

    def _dock_words(self) -> None:
        chosen = [self._tiles[each] for each in self.view.chosen if each in self._tiles]
        one = chosen[0] if len(chosen) == 1 else None
        self._pill.setVisible(one is not None)
        self._meters.setVisible(one is not None)
        if one is None:
            self._dock_title.setText(tr("States"))
            self._facts.setText(_state_words(chosen or self._tiles.values()))
            return
        self._dock_title.setText(one.name)
        self._pill.show_state(states.NODE[one.state])
        self._facts.setText(_node_words(one))
        self._cpu.show_shares(one.cpu_percent / 100)
        self._memory.show_shares(one.memory_percent / 100)

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


def _matches(tile: NodeTile, text: str) -> bool:
    for word in text.split():
        if word.startswith(("load>", "load<")):
            try:
                limit = float(word[5:].rstrip("%")) / 100
            except ValueError:
                continue
            if (tile.load > limit) is not (word[4] == ">"):
                return False
            continue
        labels = " ".join(f"{key}={value}" for key, value in tile.labels.items())
        if word not in f"{tile.name} {tile.owner_name} {labels} {tile.state} {tile.gpu_name}".lower():
            return False
    return True


def _state_words(tiles: Iterable[NodeTile]) -> str:
    counts: dict[str, int] = {}
    for tile in tiles:
        counts[tile.state] = counts.get(tile.state, 0) + 1
    return "\n".join(
        f"{states.NODE[state].text}: {figures.number(n)}"
        for state, n in sorted(counts.items(), key=lambda pair: -pair[1])
    )


def _node_words(tile: NodeTile) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in tile.labels.items()) or tr("none")
    lines = [
        tr("Owner: {name}", name=tile.owner_name or tr("not known yet")),
        tr("Lends: {what}", what=hardware(tile)),
        tr("Labels: {labels}", labels=labels),
        tr("Effective load: {load}", load=figures.percent(tile.load)),
        tr("Attempts: {n} of {slots} slots", n=tile.running, slots=tile.slots),
        tr(
            "Last seen: {time}",
            time=figures.stamp(tile.last_seen_ms).split(" · ")[0] if tile.last_seen_ms else tr("not known yet"),
        ),
    ]
    if tile.runtime == "process":
        lines.append(tr("Not isolated: runs tasks of its own owner only"))
    return "\n".join(lines)
