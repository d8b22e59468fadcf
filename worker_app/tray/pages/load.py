"""The load of container and computer over a minute, ten, an hour, a day: three plots with one cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtWidgets import QLabel, QWidget

from core.desktop import figures
from core.desktop.charts import Ring
from core.desktop.look import Look
from core.desktop.plots import Curve, LivePlot
from core.desktop.translations import mark, tr
from core.desktop.widgets import Card, Segmented, button, column, row, set_tone
from core.domain.agent_views import MachineView, Sample
from worker_app.tray.courier import Courier
from worker_app.tray.parts import Elided, quiet, small, strong

_GIB: Final = 1 << 30
_SPANS: Final = {"60": 60, "600": 600, "3600": 3600, "86400": 86_400}
_CAPACITY: Final = 800
_NAMES: Final = {"cpu": mark("CPU"), "memory": mark("Memory"), "gpu": mark("GPU")}


class LoadCard(Card):
    """Asks for the history of a span once, then lives from samples. Pausing stops drawing, not recording."""

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__(margins=12, spacing=6)
        self._look, self._courier = look, courier
        self._machine = MachineView()
        self.ranges = Segmented(
            look,
            [
                ("60", lambda: tr("1 m")),
                ("600", lambda: tr("10 m")),
                ("3600", lambda: tr("1 h")),
                ("86400", lambda: tr("24 h")),
            ],
            self._kept_span(),
            lambda: tr("Span of the charts"),
        )
        self.ranges.chosen.connect(self._choose)
        self.reading = small(look)
        self.reading.setMinimumWidth(20)
        self.pause = button(
            look, icon="pause", kind="icon", tip=lambda: tr("Pause the charts"), on_click=self._pause
        )
        self.pause.setCheckable(True)
        legend = Elided(look, is_small=True)
        look.says(legend, lambda: legend.setText(tr("filled: container, line: this computer, dashed: limit")))
        head = row(strong(look, lambda: tr("Load"), pixels=14), self.ranges, legend, self.reading, self.pause)
        head.setStretch(2, 1)
        self.plots = {
            "cpu": self._plot(lambda: tr("CPU, %"), "accent", "%", 100.0),
            "memory": self._plot(lambda: tr("Memory, GB"), "good", "GB", None),
            "gpu": self._plot(lambda: tr("GPU, %"), "paused", "%", 100.0),
        }
        self._values: dict[str, tuple[QLabel, QLabel]] = {}
        self._parts: dict[str, QWidget] = {}
        plots = row(spacing=16)
        for name, (heading, plot) in self.plots.items():
            task, host = strong(look), quiet(look)
            set_tone(task, {"cpu": "", "memory": "good", "gpu": ""}[name])
            self._values[name] = (task, host)
            part = QWidget()
            part.setLayout(column(row(heading, None, task, host, spacing=8), plot, spacing=2))
            plots.addWidget(part, 1)
            self._parts[name] = part
        self.body.addLayout(head)
        self.body.addLayout(plots)
        self._newest = Sample()
        courier.sampled.connect(self.take)
        self._last_history_ms = 0

    def _plot(self, name: Callable[[], str], tint: str, unit: str, top: float | None) -> tuple[QLabel, LivePlot]:
        curves = (
            Curve(lambda: tr("container"), tint, filled=True),
            Curve(lambda: tr("this computer"), "text_2"),
        )
        span = self._span
        plot = LivePlot(self._look, curves, self._ring(span), window_s=float(span), unit=unit, top=top, says=False)
        plot.setFixedHeight(112)
        if top is not None:
            plot.set_top(top)
        plot.pointed.connect(self._point)
        return strong(self._look, name), plot

    # ------------------------------------------------------------ what is shown

    def show_machine(self, machine: MachineView) -> None:
        self._machine = machine
        self._parts["gpu"].setVisible(bool(machine.gpus))
        cores = max(1, machine.cores)
        if machine.memory_bytes:
            self.plots["memory"][1].set_top(round(machine.memory_bytes / _GIB))
        self.plots["cpu"][1].set_limit(machine.limit_cpu_millis / 10 / cores)
        self.plots["memory"][1].set_limit(machine.limit_memory_bytes / _GIB)

    def open(self) -> None:
        """The page came into view: fill the charts with what the agent has kept."""
        span = self._span
        self._courier.ask(
            lambda client: client.history(span), lambda found: self.fill(found[0], found[1]), owner=self
        )

    def fill(self, samples: Sequence[Sample], step_s: int) -> None:
        for name, (_, plot) in self.plots.items():
            plot.ring = self._ring(self._span, step_s)
            for sample in samples:
                plot.ring.add(sample.at_ms / 1000, _pair(name, sample))
        if samples:
            self._draw(samples[-1])

    def take(self, sample: Sample) -> None:
        """Add one reading. Long spans are read again from the agent, which keeps their peaks."""
        span = self._span
        if span <= 600:
            for name, (_, plot) in self.plots.items():
                plot.ring.add(sample.at_ms / 1000, _pair(name, sample))
        elif sample.at_ms - self._last_history_ms >= span * 1000 // 240 and self.isVisible():
            self._last_history_ms = sample.at_ms
            self.open()
        self._draw(sample)

    def _draw(self, sample: Sample) -> None:
        self._newest = sample
        for name, (_, plot) in self.plots.items():
            plot.refresh(sample.at_ms / 1000)
            task, host = _pair(name, sample)
            shown = self._values[name]
            digits = 1 if name == "memory" else 0
            shown[0].setText("" if task is None else figures.number(task, digits))
            shown[1].setText("" if host is None else figures.number(host, digits))

    def _point(self, at_s: float) -> None:
        parts = [figures.clock(round(at_s * 1000), seconds=True)]
        for name, (_, plot) in self.plots.items():
            if not plot.isVisible():
                continue
            plot.point_at(at_s)
            found = plot.ring.nearest(at_s)
            if found is not None:
                digits = 1 if name == "memory" else 0
                values = [figures.number(value, digits) if value == value else "–" for value in found[1]]  # noqa: PLR0124
                parts.append(f"{tr(_NAMES[name])} {values[0]} / {values[1]}")
        self.reading.setText("  ".join(parts))

    # ------------------------------------------------------------ choices

    @property
    def _span(self) -> int:
        return _SPANS.get(self.ranges.current, 600)

    def _kept_span(self) -> str:
        settings = self._look.settings
        kept = str(settings.value("now/span", "600")) if settings is not None else "600"
        return kept if kept in _SPANS else "600"

    def _choose(self, key: str) -> None:
        if self._look.settings is not None:
            self._look.settings.setValue("now/span", key)
        for _, plot in self.plots.values():
            plot.window_s = float(_SPANS[key])
            plot.ring = self._ring(_SPANS[key])
        self.open()

    def _pause(self) -> None:
        for _, plot in self.plots.values():
            plot.paused = self.pause.isChecked()

    @staticmethod
    def _ring(span_s: int, step_s: int = 0) -> Ring:
        step = step_s or max(1, span_s // 720)
        return Ring(2, _CAPACITY, gap_s=max(7.0, 2.5 * step))


def _pair(name: str, sample: Sample) -> tuple[float | None, float | None]:
    """Return what the tasks use and what the computer uses; None where the reading failed alone."""
    if name == "cpu":
        task, host = sample.task_cpu, sample.host_cpu
    elif name == "memory":
        task, host = sample.task_memory / _GIB, sample.host_memory / _GIB
    else:
        task, host = sample.task_gpu, sample.host_gpu
    return (task if task >= 0 else None), (host if host >= 0 else None)
