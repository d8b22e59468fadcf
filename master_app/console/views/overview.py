"""The whole pool at a glance: figures, throughput, what needs a person, live tasks, capacity, last facts."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QSplitter, QVBoxLayout, QWidget

from core.desktop import figures, states
from core.desktop.charts import Ring
from core.desktop.look import Look
from core.desktop.plots import Curve, LivePlot
from core.desktop.tables import RowModel, Table
from core.desktop.translations import plural, tr
from core.desktop.widgets import (
    Bar,
    Card,
    EmptyState,
    Figure,
    Segmented,
    ShapeMark,
    StatePill,
    button,
    caption,
    column,
    holder,
    label,
    line,
    row,
    section,
)
from core.domain.console import History, Overview
from core.domain.views import TaskView
from master_app.console.models.sentences import said
from master_app.console.views.overview_words import FAILURES, fact_words, say_figures
from master_app.console.views.page import Page, plain_note

WINDOWS = {"1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800}
MAX_FACTS = 14
MAX_NEEDS = 8


class OverviewPage(Page):
    """`go` names the page that an action leads to."""

    go = Signal(str)
    opened = Signal(object)

    def __init__(self, look: Look, tasks: RowModel[TaskView], checklist: QWidget) -> None:
        super().__init__(look, lambda: tr("Overview"))
        self._overview: Overview | None = None
        self._ring = Ring(2, 7 * 24 * 60 + 100, gap_s=180)
        self._window = Segmented(
            look,
            [
                ("1h", lambda: tr("1 h")),
                ("6h", lambda: tr("6 h")),
                ("24h", lambda: tr("24 h")),
                ("7d", lambda: tr("7 d")),
            ],
            "1h",
            lambda: tr("Time window"),
        )
        self._window.chosen.connect(self._choose_window)
        self.add_tools(self._window)
        self._figures = self._make_figures()
        strip = Card(margins=0, spacing=0)
        cells = row(spacing=0)
        for place, figure in enumerate(self._figures.values()):
            if place:
                cells.addWidget(line(upright=True))
            cells.addWidget(figure, 1)
        strip.body.addLayout(cells)
        self.body.addWidget(strip)
        self.body.addWidget(checklist)
        split = QSplitter(Qt.Orientation.Vertical)
        upper, lower = QSplitter(), QSplitter()
        upper.addWidget(self._chart_card())
        upper.addWidget(self._needs_card())
        upper.setSizes([760, 380])
        lower.addWidget(self._tasks_card(tasks))
        lower.addWidget(self._capacity_card())
        lower.addWidget(self._facts_card())
        lower.setSizes([620, 250, 260])
        for each in (split, upper, lower):
            each.setChildrenCollapsible(False)
            each.setHandleWidth(12)
        split.addWidget(upper)
        split.addWidget(lower)
        split.setSizes([300, 380])
        self.body.addWidget(split, 1)
        look.says(self, self._say)

    def _make_figures(self) -> dict[str, Figure]:
        look = self.look
        return {
            "nodes": Figure(look, lambda: tr("Nodes online")),
            "running": Figure(look, lambda: tr("Running attempts")),
            "ready": Figure(look, lambda: tr("Ready, waiting"), tint="text_2"),
            "rate": Figure(look, lambda: tr("Throughput")),
            "spend": Figure(look, lambda: tr("Spend")),
            "failures": Figure(look, lambda: tr("Failures, 1 h"), tint="bad"),
            "storage": Figure(look, lambda: tr("Storage"), tint="needs"),
        }

    def _chart_card(self) -> QWidget:
        look, card = self.look, Card()
        self._plot = LivePlot(
            look,
            [Curve(lambda: tr("Succeeded"), "accent"), Curve(lambda: tr("Failed"), "bad")],
            self._ring,
            window_s=WINDOWS["1h"],
        )
        self._classes = caption(look)
        unit = caption(look, lambda: tr("subtasks per minute"))
        good, bad = (
            label(look, lambda: f"— {tr('Succeeded')}", pixels=11),
            label(look, lambda: f"— {tr('Failed')}", pixels=11),
        )
        look.paints(good, lambda: good.setStyleSheet(f"color: {look.theme.tokens.accent}"))
        look.paints(bad, lambda: bad.setStyleSheet(f"color: {look.theme.tokens.bad}"))
        card.body.addLayout(row(section(look, lambda: tr("Throughput")), unit, None, good, bad))
        card.body.addWidget(self._plot, 1)
        card.body.addWidget(self._classes)
        return card

    def _needs_card(self) -> QWidget:
        look, card = self.look, Card(margins=0, spacing=0)
        self._needs_pill = StatePill(look)
        card.body.addLayout(
            row(section(look, lambda: tr("Needs you")), self._needs_pill, None, margins=(12, 10, 12, 8))
        )
        self._needs = QVBoxLayout()
        self._needs.setSpacing(0)
        self._nothing = EmptyState(look, lambda: tr("Nothing needs you."))
        card.body.addWidget(line())
        card.body.addLayout(self._needs)
        card.body.addWidget(self._nothing, 1)
        card.body.addStretch(0)
        return card

    def _tasks_card(self, tasks: RowModel[TaskView]) -> QWidget:
        look, card = self.look, Card(margins=0, spacing=0)
        self.table = Table(look, tasks, "overview")
        self.table.opened.connect(self.opened)
        self._tasks_note = caption(look)
        more = button(look, lambda: tr("Open queue"), kind="link", on_click=lambda: self.go.emit("queue"))
        card.body.addLayout(
            row(section(look, lambda: tr("Live tasks")), self._tasks_note, None, more, margins=(12, 8, 12, 6))
        )
        self._no_tasks = EmptyState(
            look,
            lambda: tr("No task yet. Tasks that are sent appear here."),
            lambda: tr("Submit a task…"),
            lambda: self.go.emit("submit"),
        )
        card.body.addWidget(self.table, 1)
        card.body.addWidget(self._no_tasks, 1)
        self._no_tasks.hide()
        return card

    def _capacity_card(self) -> QWidget:
        look, card = self.look, Card(spacing=6)
        more = button(look, lambda: tr("Map"), kind="link", on_click=lambda: self.go.emit("map"))
        card.body.addLayout(row(section(look, lambda: tr("Nodes and capacity")), None, more))
        self._states = QVBoxLayout()
        self._states.setSpacing(3)
        card.body.addLayout(self._states)
        self._bars: dict[str, tuple[QLabel, Bar]] = {}
        for name, text, colour in (
            ("cpu", lambda: tr("CPU"), "accent"),
            ("memory", lambda: tr("Memory"), "good"),
            ("gpu", lambda: tr("GPU"), "paused"),
        ):
            words, bar = label(look, pixels=11), Bar(look, colour)
            card.body.addLayout(row(caption(look, text), None, words))
            card.body.addWidget(bar)
            self._bars[name] = (words, bar)
        card.body.addWidget(line())
        card.body.addWidget(caption(look, lambda: tr("Largest piece free on one node")))
        self._free = label(look, pixels=12)
        card.body.addWidget(self._free)
        card.body.addStretch(1)
        return card

    def _facts_card(self) -> QWidget:
        look, card = self.look, Card(spacing=4)
        more = button(look, lambda: tr("Events"), kind="link", on_click=lambda: self.go.emit("events"))
        card.body.addLayout(row(section(look, lambda: tr("Last facts")), None, more))
        self._facts = QVBoxLayout()
        self._facts.setSpacing(6)
        card.body.addLayout(self._facts)
        card.body.addStretch(1)
        return card

    # ---- showing

    def show_overview(self, overview: Overview) -> None:
        self._overview = overview
        spark = self._figures
        spark["nodes"].spark.add(sum(overview.nodes.get(state, 0) for state in ("READY", "IN_USE")))
        spark["running"].spark.add(overview.running)
        spark["ready"].spark.add(overview.ready)
        spark["rate"].spark.add(overview.per_minute)
        spark["spend"].spark.add(overview.spend_hour_ucpt)
        spark["failures"].spark.add(sum(overview.failures.values()))
        spark["storage"].spark.add(overview.storage_used)
        self._say()
        minute = overview.at_ms / 1000
        if self._plot.isVisible():
            self._plot.refresh(minute)

    def show_history(self, history: History, now_s: float | None = None) -> None:
        self._ring.clear()
        by_minute = {entry.at_ms // 60_000: entry for entry in history.minutes}
        now = now_s if now_s is not None else time.time()
        if by_minute:
            for minute in range(max(min(by_minute), int(now // 60) - 7 * 24 * 60), int(now // 60)):
                entry = by_minute.get(minute)
                good, bad = (entry.succeeded, entry.failed) if entry is not None else (0, 0)
                self._ring.add(minute * 60.0, [good, bad])
        self._plot.refresh(now)

    def add_minute(self, at_s: float, good: float, bad: float) -> None:
        self._ring.add(at_s, [good, bad])

    def show_tasks_count(self, total: int | None) -> None:
        plain_note(
            self._tasks_note, "" if total is None else tr("{n}, by priority and age", n=figures.number(total))
        )
        self._no_tasks.setVisible(total == 0)
        self.table.setVisible(total != 0)

    def _choose_window(self, key: str) -> None:
        self._plot.window_s = WINDOWS[key]
        self._plot.refresh(time.time())

    def _say(self) -> None:
        found = self._overview
        if found is None:
            for figure in self._figures.values():
                figure.show_value(None)
            return
        say_figures(self._figures, found)
        words = [f"{tr(FAILURES.get(name, name))} {n}" for name, n in sorted(found.failures.items())]
        self._classes.setText(
            f"{tr('Failures by class, 1 h')}   {'   '.join(words)}"
            if words
            else tr("No failure in the last hour.")
        )
        self._say_states(found)
        self._say_needs(found)
        self._say_facts(found)

    def _say_states(self, found: Overview) -> None:
        _clear(self._states)
        for state, count in sorted(found.nodes.items(), key=lambda pair: -pair[1]):
            face = states.NODE[state]
            self._states.addWidget(
                holder(
                    row(
                        ShapeMark(self.look, face, 11),
                        label(self.look, face.text, pixels=12),
                        None,
                        label(self.look, figures.number(count), pixels=12),
                    )
                )
            )
        if not found.nodes:
            self._states.addWidget(label(self.look, tr("No node has joined yet."), quiet=True))
        cpu, memory, gpus = found.capacity.cpu_millis, found.capacity.memory_bytes, found.capacity.gpus
        self._bar(
            "cpu",
            found.used_cpu_millis,
            found.reserved.cpu_millis,
            cpu,
            figures.cores(found.reserved.cpu_millis),
            tr("{n} cores", n=figures.cores(cpu)),
        )
        self._bar(
            "memory",
            found.used_memory_bytes,
            found.reserved.memory_bytes,
            memory,
            figures.size(found.reserved.memory_bytes),
            figures.size(memory),
        )
        self._bar("gpu", found.used_gpus, 0, gpus, figures.number(found.used_gpus, 1), figures.number(gpus))
        lines = []
        if found.free_cpu_node:
            lines.append(
                f"{tr('CPU')}  {tr('{n} cores', n=figures.cores(found.free_cpu_millis))}, {found.free_cpu_node}"
            )
            lines.append(f"{tr('Memory')}  {figures.size(found.free_memory_bytes)}, {found.free_memory_node}")
        if found.free_gpu_node:
            lines.append(f"{tr('GPU')}  {figures.size(found.free_gpu_memory_bytes)}, {found.free_gpu_node}")
        self._free.setText("\n".join(lines) or figures.unknown())

    def _bar(self, name: str, used: float, reserved: float, whole: float, held: str, total: str) -> None:
        words, bar = self._bars[name]
        if not whole:
            words.setText(tr("none"))
            bar.show_shares(0)
            return
        words.setText(tr("{held} reserved of {total}", held=held, total=total))
        bar.show_shares(min(used, reserved or used) / whole, max(reserved, used) / whole)

    def _say_needs(self, found: Overview) -> None:
        rows: list[tuple[str, str, str, str]] = []
        pending = found.nodes.get("PENDING", 0)
        if pending:
            rows.append(
                (
                    plural(pending, "{n} node waits for approval", "{n} nodes wait for approval"),
                    tr("It gets no work until then."),
                    tr("Review…"),
                    "join",
                )
            )
        held = found.tasks.get("HELD", 0)
        if held:
            rows.append(
                (
                    plural(held, "{n} task is held", "{n} tasks are held"),
                    tr("Some resume by themselves; others need a decision."),
                    tr("Decide…"),
                    "needs",
                )
            )
        rows += [
            (
                said(entry.what),
                " ".join(said(part) for part in (entry.at_risk, entry.fix) if part),
                tr("Look"),
                "doctor",
            )
            for entry in found.conditions
        ]
        _clear(self._needs)
        for what, stake, act, target in rows[:MAX_NEEDS]:
            self._needs.addWidget(self._need(what, stake, act, target))
        self._nothing.setVisible(not rows)
        self._needs_pill.setVisible(bool(rows))
        self._needs_pill.show_state(states.TASK["HELD"], figures.number(len(rows)))

    def _need(self, what: str, stake: str, act: str, target: str) -> QWidget:
        frame = QFrame()
        words = label(self.look, what, strong=True, wrap=True)
        note = label(self.look, stake, quiet=True, pixels=11, wrap=True)
        go = button(self.look, lambda: act, on_click=lambda: self.go.emit(target))
        texts = column(words, note, spacing=2)
        inner = row(ShapeMark(self.look, states.TASK["HELD"]), 4, margins=(12, 8, 12, 8))
        inner.addLayout(texts, 1)
        inner.addWidget(go)
        frame.setLayout(column(inner, line(), spacing=0))
        return frame

    def _say_facts(self, found: Overview) -> None:
        _clear(self._facts)
        for fact in found.facts[:MAX_FACTS]:
            face, words = fact_words(fact)
            text = label(self.look, words, pixels=12)
            text.setMinimumWidth(40)
            text.setToolTip(f"{figures.stamp(fact.at_ms)}\n{fact.reason}")
            at = caption(self.look, figures.clock(fact.at_ms))
            inner = row(at, ShapeMark(self.look, face, 11))
            inner.addWidget(text, 1)
            self._facts.addWidget(holder(inner))
        if not found.facts:
            self._facts.addWidget(
                label(self.look, tr("Nothing has happened since the start."), quiet=True, wrap=True)
            )


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
