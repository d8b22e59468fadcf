"""One chosen node from near: what it is, its charts at a report each second, and what runs and ran on it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.desktop import figures, states
from core.desktop.charts import Ring
from core.desktop.look import Look
from core.desktop.plots import Curve, LivePlot
from core.desktop.tables import Column, RowModel, Table
from core.desktop.translations import tr
from core.desktop.widgets import StatePill, button, caption, label, row, section
from core.domain.console import NodeTile
from core.domain.console_near import NodeNear
from master_app.console.models.page_rows import hardware
from master_app.console.models.sentences import said

CHART_S = 600.0
SAMPLES = 1_200
#: After so long without an answer the charts have a gap.
GAP_S = 90.0
ATTEMPTS_PX = 190


@dataclass(frozen=True, slots=True)
class NodeRow:
    """An attempt that runs there or ran there."""

    attempt_id: str
    task_id: str
    task: str
    index: int
    state: str
    words: str
    #: 0..1 where it is known.
    share: float | None
    #: Of one that runs: since when it is there; of one that ended: when.
    at_ms: int
    live: bool
    use: str


def node_rows(found: NodeNear) -> list[NodeRow]:
    """Return what runs, and below it what ended last."""
    rows = [
        NodeRow(
            attempt_id=each.attempt_id,
            task_id=each.task_id,
            task=each.task_name or each.task_id,
            index=each.index,
            state=each.state,
            words=each.status or each.phase,
            share=each.percent / 100 if each.percent is not None else None,
            at_ms=each.offered_ms,
            live=True,
            use=f"{figures.percent(each.cpu_percent / 100)} · {figures.size(each.memory_bytes)}",
        )
        for each in found.work
    ]
    rows += [
        NodeRow(
            attempt_id=each.attempt_id,
            task_id=each.task_id,
            task=each.task_name or each.task_id,
            index=each.index,
            state=each.state,
            words=each.reason,
            share=None,
            at_ms=each.at_ms,
            live=False,
            use="",
        )
        for each in found.ended
    ]
    return rows


def node_row_columns() -> list[Column[NodeRow]]:
    return [
        Column(
            name="task",
            heading=lambda: tr("Task"),
            text=lambda each: f"{each.task} #{figures.number(each.index)}",
            width=104,
            strong=True,
            tip=lambda each: f"{each.task} #{each.index}",
        ),
        Column(
            name="state",
            heading=lambda: tr("State"),
            text=lambda each: "",
            width=112,
            face=lambda each: states.ATTEMPT[each.state],
            tip=lambda each: said(each.words),
        ),
        Column(
            name="progress",
            heading=lambda: tr("Done"),
            text=lambda each: (
                figures.percent(each.share)
                if each.share is not None
                else figures.clock(each.at_ms)
                if not each.live
                else ""
            ),
            width=56,
            right=True,
        ),
        Column(
            name="time",
            heading=lambda: tr("For"),
            text=lambda each: figures.duration(now_ms() - each.at_ms) if each.live else "",
            width=58,
            right=True,
        ),
        Column(
            name="use",
            heading=lambda: tr("CPU and memory"),
            text=lambda each: each.use,
            width=112,
            tone=lambda each: "text_2",
        ),
    ]


class NodeCard(QWidget):
    """With several chosen it steps through them. `opened` carries (task id, attempt id) of a row."""

    stepped = Signal(int)
    opened = Signal(str, str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.node_id = ""
        self._tile: NodeTile | None = None
        self.near: NodeNear | None = None
        self._name = section(look, lambda: "")
        self._pill = StatePill(look)
        self._which = caption(look)
        self._before = button(
            look,
            icon="chevron-left",
            kind="icon",
            tip=lambda: tr("Node before"),
            on_click=lambda: self.stepped.emit(-1),
        )
        self._after = button(
            look,
            icon="chevron-right",
            kind="icon",
            tip=lambda: tr("Node after"),
            on_click=lambda: self.stepped.emit(1),
        )
        self._facts = label(look, wrap=True, pixels=12)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._load, self._memory = Ring(2, SAMPLES, gap_s=GAP_S), Ring(1, SAMPLES, gap_s=GAP_S)
        self._wire = Ring(2, SAMPLES, gap_s=GAP_S)
        self._plots = self._made_plots()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row(self._name, self._pill, None, self._which, self._before, self._after))
        layout.addWidget(self._facts)
        texts = (lambda: tr("CPU and GPU, %"), lambda: tr("Memory, %"), lambda: tr("Network, MB/s"))
        for text, plot in zip(texts, self._plots, strict=True):
            layout.addWidget(caption(look, text))
            plot.setFixedHeight(92)
            layout.addWidget(plot)
            plot.pointed.connect(self._point)
        self._add_attempts(layout)
        self._show_rows()
        look.says(self, self._say)

    def _add_attempts(self, layout: QVBoxLayout) -> None:
        look = self._look
        layout.addWidget(section(look, lambda: tr("Attempts here")))
        self.rows: RowModel[NodeRow] = RowModel(node_row_columns(), key=lambda each: each.attempt_id)
        self.table = Table(look, self.rows, "node-attempts")
        self.table.setMinimumHeight(ATTEMPTS_PX)
        self.table.opened.connect(self._open)
        self._none = caption(look, lambda: tr("Nothing runs here, and nothing ended since the master's start."))
        self._none.setWordWrap(True)
        layout.addWidget(self.table)
        layout.addWidget(self._none)

    def _made_plots(self) -> tuple[LivePlot, ...]:
        look = self._look
        return (
            LivePlot(
                look,
                [Curve(lambda: tr("CPU"), "accent", filled=True), Curve(lambda: tr("GPU"), "paused")],
                self._load,
                window_s=CHART_S,
                unit="%",
                top=100,
            ),
            LivePlot(
                look,
                [Curve(lambda: tr("Memory"), "good", filled=True)],
                self._memory,
                window_s=CHART_S,
                unit="%",
                top=100,
            ),
            LivePlot(
                look,
                [Curve(lambda: tr("To it"), "text_2", filled=True), Curve(lambda: tr("From it"), "accent")],
                self._wire,
                window_s=CHART_S,
                unit="MB/s",
            ),
        )

    def show_node(self, tile: NodeTile, place: int, count: int) -> None:
        if tile.node_id != self.node_id:
            self.node_id, self.near = tile.node_id, None
            for ring in (self._load, self._memory, self._wire):
                ring.clear()
            self._show_rows()
        self._tile = tile
        self._name.setText(tile.name)
        self._pill.show_state(states.NODE[tile.state])
        self._which.setText(tr("{n} of {total}", n=place + 1, total=count) if count > 1 else "")
        for each in (self._before, self._after):
            each.setVisible(count > 1)
        if self.near is None:
            self._sample(tile.cpu_percent, tile.memory_percent, tile.gpu_percent, tile)
        self._say()

    def show_near(self, found: NodeNear) -> None:
        """Take what the master said of the node; of another one it is too late."""
        if found.node_id != self.node_id or self._tile is None:
            return
        self.near = found
        self._sample(found.cpu_percent, found.memory_percent, found.gpu_percent, found)
        self._show_rows()
        self._say()

    def _sample(self, cpu: float, memory: float, gpus: tuple[float, ...], moved: NodeTile | NodeNear) -> None:
        now_s = time.time()
        self._load.add(now_s, [cpu, sum(gpus) / len(gpus) if gpus else None])
        self._memory.add(now_s, [memory])
        self._wire.add(now_s, [moved.sent_bytes_s / 1e6, moved.received_bytes_s / 1e6])
        for plot in self._plots:
            plot.refresh(now_s)

    def _show_rows(self) -> None:
        rows = node_rows(self.near) if self.near is not None else []
        self.rows.set_rows(rows)
        self.table.setVisible(bool(rows))
        self._none.setVisible(self.near is not None and not rows)

    def _say(self) -> None:
        if self._tile is not None:
            self._facts.setText(node_words(self._tile, self.near))
            self._fit_facts()

    def _fit_facts(self) -> None:
        """A scroll area asks nobody how high words get that wrap: lines would be cut."""
        self._facts.setMinimumHeight(max(0, self._facts.heightForWidth(max(self.width(), 200))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_facts()

    def _point(self, at_s: float) -> None:
        for plot in self._plots:
            if plot is not self.sender():
                plot.point_at(at_s)

    def _open(self, attempt_id: object) -> None:
        place = self.rows.place_of(str(attempt_id))
        found = self.rows.row_at(place) if place is not None else None
        if found is not None:
            self.opened.emit(found.task_id, found.attempt_id)


def node_words(tile: NodeTile, near: NodeNear | None = None) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in tile.labels.items()) or tr("none")
    seen = figures.stamp(tile.last_seen_ms).split(" · ")[0] if tile.last_seen_ms else tr("not known yet")
    lines = [
        tr("Owner: {name}", name=tile.owner_name or tr("not known yet")),
        tr("Lends: {what}", what=hardware(tile)),
        tr("Labels: {labels}", labels=labels),
        tr("Effective load: {load}", load=figures.percent(tile.load)),
        tr("Attempts: {n} of {slots} slots", n=tile.running, slots=tile.slots),
    ]
    if near is None:
        lines.append(tr("Last seen: {time}", time=seen))
    else:
        free = figures.size(near.disk_free_bytes) if near.disk_free_bytes else tr("not known yet")
        lines += [
            tr(
                "Of it tasks: CPU {cpu}, memory {memory}",
                cpu=figures.percent(near.task_cpu_percent / 100),
                memory=figures.percent(near.task_memory_percent / 100),
            ),
            tr("Disk free: {size}", size=free),
            tr("Reports every {time}", time=figures.duration(round(near.interval_s * 1000)))
            if near.interval_s
            else tr("It does not report now."),
        ]
    if tile.runtime == "process":
        lines.append(tr("Not isolated: runs tasks of its own owner only"))
    return "\n".join(lines)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
