"""Two tabs of an open task: what its subtasks used over time, and the files that came out, to be saved here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QProgressBar, QWidget

from core.desktop import figures
from core.desktop.charts import Ring
from core.desktop.look import Look
from core.desktop.plots import Curve, LivePlot
from core.desktop.tables import RowModel, Table
from core.desktop.translations import plural, tr
from core.desktop.widgets import EmptyState, button, caption, column, holder, row, set_tone
from core.domain.console import ArtifactRow, ArtifactRows
from core.domain.console_near import TaskUse
from master_app.console.models.page_rows import artifact_columns

SAMPLES = 2_000
GIB = 1 << 30
#: At least so much time is shown, so that the first minute is not stretched.
LEAST_S = 120.0
MOST_FILES = 2_000


class UsePane(QWidget):
    """CPU, memory and GPU of one subtask, the mean of those that ran; live while it is looked at."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._share, self._memory = Ring(2, SAMPLES), Ring(1, SAMPLES)
        self._known: TaskUse | None = None
        self._live: list[tuple[float, float, float, float]] = []
        share = [Curve(lambda: tr("CPU"), "accent", filled=True), Curve(lambda: tr("GPU"), "paused")]
        memory = [Curve(lambda: tr("Memory"), "good", filled=True)]
        self.plots = (
            LivePlot(look, share, self._share, window_s=LEAST_S, unit="%", top=100),
            LivePlot(look, memory, self._memory, window_s=LEAST_S, unit="GB"),
        )
        for plot, other in (self.plots, self.plots[::-1]):
            plot.pointed.connect(other.point_at)
        self._words = caption(look)
        self._words.setWordWrap(True)
        self._none = EmptyState(
            look, lambda: tr("No use known yet. It is metered while subtasks run, and told when one has ended.")
        )
        self._charts = holder(
            column(
                self._words,
                caption(look, lambda: tr("CPU and GPU, % of what is reserved")),
                self.plots[0],
                caption(look, lambda: tr("Memory, GB")),
                self.plots[1],
                margins=(16, 8, 16, 8),
            )
        )
        self.setLayout(column(self._charts, self._none, spacing=0))
        look.says(self, lambda: self.show_use(self._known) if self._known is not None else None)
        self.clear()

    def clear(self) -> None:
        """Another task is open."""
        self._known, self._live = None, []
        self._charts.hide()
        self._none.show()

    def show_use(self, found: TaskUse) -> None:
        """Put what was metered first, and behind it what was seen since the pane is open."""
        if found is not self._known and found.live:
            point = found.live[0]
            self._live.append((point.at_ms / 1000, point.cpu_percent, point.gpu_percent, point.memory_bytes))
            del self._live[:-SAMPLES]
        self._known = found
        some = bool(found.points or self._live)
        self._charts.setVisible(some)
        self._none.setVisible(not some)
        if not some:
            return
        samples = [(p.at_ms / 1000, p.cpu_percent, p.gpu_percent, float(p.memory_bytes)) for p in found.points]
        last_s = samples[-1][0] if samples else 0.0
        samples += [each for each in self._live if each[0] > last_s]
        self._share.clear()
        self._memory.clear()
        for at_s, cpu, gpu, memory in samples[-SAMPLES:]:
            self._share.add(at_s, [cpu, gpu if found.has_gpu else None])
            self._memory.add(at_s, [memory / GIB])
        self.plots[1].set_limit(found.memory_reserved_bytes / GIB if found.memory_reserved_bytes else None)
        end_s = time.time() if found.live else samples[-1][0]
        for plot in self.plots:
            plot.window_s = max(LEAST_S, (end_s - samples[0][0]) * 1.02)
            plot.refresh(end_s)
        running = ""
        if found.live:
            point = found.live[0]
            running = tr(
                "now: CPU {cpu} %, memory {memory}",
                cpu=figures.number(point.cpu_percent),
                memory=figures.size(point.memory_bytes),
            )
        words = tr(
            "The mean of the subtasks that ran at each moment; the dashed line is what is reserved for one."
        )
        self._words.setText(f"{words} {running}".strip())


class FilesPane(QWidget):
    """`save_wanted` carries [(name, target on this computer)]."""

    save_wanted = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.files: RowModel[ArtifactRow] = RowModel(artifact_columns(), key=lambda each: each.name)
        self.table = Table(look, self.files, "files")
        self.table.opened.connect(lambda _key: self._save())
        self._note = caption(look)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximumWidth(180)
        self._bar.hide()
        self.save = button(look, lambda: tr("Save…"), icon="download", on_click=self._save)
        self.save_all = button(look, lambda: tr("Save all…"), on_click=self._save_all)
        self._tools = holder(row(self._note, None, self._bar, self.save, self.save_all, margins=(16, 6, 16, 2)))
        self._none = EmptyState(look, lambda: tr("No file yet. Files appear when a subtask has succeeded."))
        self.setLayout(column(self._tools, self.table, self._none, spacing=0))
        self._more = False
        look.says(self, self._say)
        self.show_files(None)

    def show_files(self, found: ArtifactRows | None) -> None:
        rows = found.rows if found is not None else ()
        self._more = found is not None and found.more
        self.files.set_rows(rows)
        self._tools.setVisible(bool(rows))
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self._say()

    def show_progress(self, done: int, total: int) -> None:
        """Of all files that are being saved, in bytes; the same number twice: it is over."""
        self._bar.setVisible(done < total)
        self._bar.setMaximum(1_000)
        self._bar.setValue(round(1_000 * done / total) if total else 0)
        for each in (self.save, self.save_all):
            each.setEnabled(done >= total)

    def show_problem(self, words: str) -> None:
        self._bar.hide()
        for each in (self.save, self.save_all):
            each.setEnabled(True)
        self._note.setText(words)
        set_tone(self._note, "bad")

    def _say(self) -> None:
        rows = [each for each in self._rows() if each is not None]
        words = plural(len(rows), "{n} file", "{n} files") + " · " + figures.size(sum(each.size for each in rows))
        if self._more:
            words = tr("The first {n} files; the whole result is on the task's web page.", n=len(rows))
        self._note.setText(words)
        set_tone(self._note, "")

    def _rows(self) -> list[ArtifactRow | None]:
        return [self.files.row_at(place) for place in range(self.files.rowCount())]

    def _save(self) -> None:
        chosen = set(self.table.chosen_keys())
        rows = [each for each in self._rows() if each is not None and each.name in chosen]
        if len(rows) == 1:
            name = PurePosixPath(rows[0].name).name
            target, _ = QFileDialog.getSaveFileName(self, tr("Save file"), name)
            if target:
                self.save_wanted.emit([(rows[0], Path(target))])
        elif rows:
            self._save_into(rows)

    def _save_all(self) -> None:
        self._save_into([each for each in self._rows() if each is not None])

    def _save_into(self, rows: Sequence[ArtifactRow]) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Save files to"))
        if folder:
            self.save_wanted.emit([(each, inside(Path(folder), each.name)) for each in rows[:MOST_FILES]])


def inside(folder: Path, name: str) -> Path:
    """Return where a file of a result goes below a folder, whatever its name says."""
    parts = [part.replace("\\", "_").replace(":", "_") for part in PurePosixPath(name).parts]
    return folder.joinpath(*[part for part in parts if part not in ("/", "..", ".")])
