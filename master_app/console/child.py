"""A master that this console started: its end is noticed, its last words are kept, it can be started again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, Signal

from core import paths

LAST_LINES = 40


class ChildMaster(QObject):
    """`ended` carries the exit code; 0 is an end that was asked for."""

    ready = Signal()
    ended = Signal(int)

    def __init__(self, arguments: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arguments = list(arguments)
        self._stopping = False
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = QProcess(self)
        self._process.readyReadStandardError.connect(self._hear)
        self._process.readyReadStandardOutput.connect(self._hear_ready)
        self._process.finished.connect(self._finished)

    @property
    def running(self) -> bool:
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def start(self) -> None:
        self._stopping = False
        program, *first = paths.program("master_app")
        self._process.start(program, [*first, "serve", *self._arguments])

    def stop(self) -> None:
        """Ask it to end cleanly; `ended` follows."""
        self._stopping = True
        self._process.terminate()

    def wait(self, timeout_ms: int = 30_000) -> bool:
        return not self.running or self._process.waitForFinished(timeout_ms)

    def let_go(self) -> bool:
        """Leave it serving on its own: a new, independent one takes over the folder after this one ended."""
        self.stop()
        if not self.wait():
            return False
        program, *first = paths.program("master_app")
        return bool(QProcess.startDetached(program, [*first, "serve", *self._arguments])[0])

    def _hear(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        self.last_lines.extend(line for line in text.splitlines() if line.strip())

    def _hear_ready(self) -> None:
        if b"ready " in bytes(self._process.readAllStandardOutput().data()):
            self.ready.emit()

    def _finished(self, code: int) -> None:
        self._hear()
        self.ended.emit(0 if self._stopping else (code or 1))
