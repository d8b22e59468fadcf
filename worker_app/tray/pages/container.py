"""One container as its host sees it: whose, how far, what it may use and uses, and the way to stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import ATTEMPT, Face
from core.desktop.translations import mark, tr
from core.desktop.widgets import Bar, StatePill, button, column, line, row
from core.domain.agent_views import ContainerView
from worker_app.tray.faces import FROZEN, THROTTLED
from worker_app.tray.parts import CopyLabel, Elided, Facts, HoneyMark, UseBar, amount, quiet, strong

PHASES = {
    "files": mark("fetching files"),
    "fetch": mark("fetching files"),
    "source": mark("fetching files"),
    "image": mark("getting the image"),
    "packages": mark("installing packages"),
    "container": mark("making the container"),
    "sandbox": mark("making the container"),
}


def face_of(view: ContainerView) -> Face:
    if view.yielding == "frozen":
        return FROZEN
    if view.yielding == "throttled":
        return THROTTLED
    return ATTEMPT.get(view.state, ATTEMPT["RUNNING"])


def title_of(view: ContainerView) -> str:
    """Return which piece it is, as people count."""
    if view.index >= view.count:
        return tr("merge, from {owner}", owner=view.owner_name)
    return tr("subtask {n} of {count}, from {owner}", n=view.index + 1, count=view.count, owner=view.owner_name)


def progress_words(view: ContainerView, ran_ms: int) -> str:
    """Return what follows the percentage: the program's own words and rest, or that there is none."""
    if view.state == "PREPARING":
        return tr(PHASES.get(view.phase, "fetching files"))
    parts = [view.status] if view.status else []
    if view.rest_s >= 0:
        parts.append(
            tr("about {rest} left by the program's own progress", rest=figures.duration(view.rest_s * 1000))
        )
    if not parts:
        parts.append(tr("running for {time}, no progress reported", time=figures.duration(ran_ms)))
    return tr(", ").join(parts)


class ContainerCard(QFrame):
    """`stop` and `block` carry the attempt; `explain` too."""

    stop = Signal(object)
    block = Signal(object)
    explain = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self._look = look
        self._view = ContainerView(attempt_id="")
        self._now_ms = 0
        self.pill = StatePill(look, ATTEMPT["RUNNING"])
        self.name = Elided(look, is_quiet=False)
        self.name.setFont(ui_font(15, strong=True))
        self.name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.piece = Elided(look)
        self.pending = QLabel()
        self.rate = quiet(look)
        explain = button(
            look, lambda: tr("Explain"), kind="link", on_click=lambda: self.explain.emit(self._view.attempt_id)
        )
        head = row(self.pill, self.name, self.piece, HoneyMark(look), self.pending, self.rate, explain)
        head.setStretch(2, 1)
        self._bar = Bar(look, "running", height=8)
        self.percent = strong(look)
        self.words = Elided(look)
        progress = row(self._bar, self.percent, self.words, spacing=12)
        progress.setStretch(0, 2)
        progress.setStretch(2, 3)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(column(head, progress, self._middle(look), spacing=10, margins=(14, 12, 14, 12)))
        body.addWidget(line())
        body.addLayout(self._promise(look))
        look.says(self, self._say)

    def _middle(self, look: Look) -> QWidget:
        self._image, self._digest, self._container = CopyLabel(), CopyLabel(), CopyLabel()
        self._slot, self._running = strong(look), strong(look)
        for one in (self._slot, self._running):
            one.setFont(self._image.font())
        facts = Facts(look)
        facts.add(lambda: tr("Image"), self._image)
        facts.add(lambda: tr("Digest"), self._digest)
        facts.add(lambda: tr("Container"), self._container)
        facts.add(lambda: tr("Slot"), self._slot)
        facts.add(lambda: tr("Running for"), self._running)
        self.bars = {
            "cpu": UseBar(look, lambda: tr("CPU"), "accent"),
            "memory": UseBar(look, lambda: tr("Memory"), "good"),
            "disk": UseBar(look, lambda: tr("Disk"), "text_2"),
            "gpu": UseBar(look, lambda: tr("GPU"), "paused"),
            "gpu_memory": UseBar(look, lambda: tr("GPU memory"), "paused"),
            "network": UseBar(look, lambda: tr("Network"), "text_2"),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(8)
        for place, bar in enumerate(self.bars.values()):
            grid.addWidget(bar, place % 3, place // 3)
        whole = QWidget()
        layout = row(facts, spacing=24)
        layout.addLayout(grid)
        layout.setStretch(0, 2)
        layout.setStretch(1, 3)
        whole.setLayout(layout)
        return whole

    def _promise(self, look: Look) -> QLayout:
        self._shield = QLabel()
        look.paints(self._shield, lambda: self._shield.setPixmap(look.icons.pixmap("shield", "good", 16)))
        self.promise = Elided(look)
        stop = button(
            look,
            lambda: tr("Stop this task…"),
            icon="stop",
            kind="bare",
            on_click=lambda: self.stop.emit(self._view),
        )
        block = button(
            look,
            lambda: tr("Stop, and never again from this owner…"),
            icon="hand",
            kind="bare",
            on_click=lambda: self.block.emit(self._view),
        )
        layout = row(self._shield, self.promise, stop, block, margins=(14, 6, 8, 6))
        layout.setStretch(1, 1)
        return layout

    def show_view(self, view: ContainerView, now_ms: int) -> None:
        self._view, self._now_ms = view, now_ms
        self._say()

    def _say(self) -> None:
        view = self._view
        ran_ms = max(0, self._now_ms - view.started_ms) if view.started_ms else 0
        self.pill.show_state(face_of(view))
        self.name.setText(view.task_name)
        self.piece.setText(title_of(view))
        self.pending.setText(f"<b>{amount(view.pending_ucpt)}</b>" if view.paid else tr("not paid"))
        self.pending.setProperty("tone", "honey")
        rate = tr("pending, {rate} CPT/min", rate=figures.cpt(view.rate_ucpt))
        self.rate.setText(rate if view.paid and view.rate_ucpt else tr("pending"))
        self._bar.show_shares(max(0.0, view.percent) / 100)
        self.percent.setText(figures.percent(view.percent / 100) if view.percent >= 0 else "")
        self.words.setText(progress_words(view, ran_ms))
        self._image.show_code(view.image, head=30)
        self._digest.show_code(view.digest)
        self._container.show_code(view.container, head=24)
        self._slot.setText(tr("{n} of {count}", n=view.slot + 1, count=view.slots) if view.slot >= 0 else "")
        self._running.setText(tr("{time}, attempt {n}", time=figures.duration(ran_ms), n=view.attempt_number))
        self._say_use(view)
        self._say_promise(view)

    def _say_use(self, view: ContainerView) -> None:
        limits = view.resources
        cores = limits.cpu_millis / 1000
        cpu = None if view.cpu_percent < 0 else view.cpu_percent / 100
        used = figures.number(0 if cpu is None else cpu * cores, 1)
        self.bars["cpu"].show_use(cpu, used, tr("of {n} cores", n=figures.number(cores, 1)))
        for name, value, limit in (
            ("memory", view.memory_bytes, limits.memory_bytes),
            ("disk", view.disk_bytes, limits.disk_bytes),
            ("gpu_memory", view.gpu_memory_bytes, limits.gpu_memory_bytes),
        ):
            share = value / limit if value >= 0 and limit else None
            why = tr("At the limit the attempt ends and is tried again elsewhere.") if name == "memory" else ""
            self.bars[name].show_use(
                share, figures.size(max(0, value)), tr("of {size}", size=figures.size(limit)), why
            )
        has_gpu = limits.gpus > 0
        if has_gpu:
            gpu = None if view.gpu_percent < 0 else view.gpu_percent / 100
            self.bars["gpu"].show_use(gpu, figures.percent(gpu or 0.0), tr("of {n} GPU", n=limits.gpus))
        else:
            self.bars["gpu"].show_use(0.0, "", tr("none reserved"))
            self.bars["gpu_memory"].show_use(0.0, "", tr("none reserved"))
        if view.network == "none":
            self.bars["network"].show_use(0.0, figures.size(0), tr("none allowed"))
        else:
            self.bars["network"].show_use(None, "", "")

    def _say_promise(self, view: ContainerView) -> None:
        if view.isolated and view.network == "none":
            words = tr("No network. 0 bytes left. Reads none of your files.")
        else:
            words = tr("NOT ISOLATED: runs as a process of yours. Only your own tasks are taken.")
        self.promise.setText(words)
        self._shield.setVisible(view.isolated)


class SmallContainer(QFrame):
    """One row for a container when there are many; `opened` carries its attempt."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self._attempt_id = ""
        self.pill = StatePill(look, ATTEMPT["RUNNING"])
        self.name, self.piece, self.pending = Elided(look, is_quiet=False), Elided(look), quiet(look)
        self._bar = Bar(look, "running", height=6)
        self._bar.setFixedWidth(90)
        self.percent = quiet(look)
        show = button(look, lambda: tr("Show"), kind="link", on_click=lambda: self.opened.emit(self._attempt_id))
        layout = row(
            self.pill,
            self.name,
            self.piece,
            self._bar,
            self.percent,
            HoneyMark(look),
            self.pending,
            show,
            margins=(12, 6, 12, 6),
        )
        layout.setStretch(1, 3)
        layout.setStretch(2, 2)
        self.setLayout(layout)

    def show_view(self, view: ContainerView, now_ms: int) -> None:
        self._attempt_id = view.attempt_id
        self.pill.show_state(face_of(view))
        self.name.setText(view.task_name)
        self.piece.setText(title_of(view))
        self._bar.show_shares(max(0.0, view.percent) / 100)
        self.percent.setText(
            figures.percent(view.percent / 100) if view.percent >= 0 else tr("no progress reported")
        )
        self.pending.setText(amount(view.pending_ucpt))
