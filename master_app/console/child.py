"""A master that this console started: its end is noticed, its last words are kept, it can be started again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from core import paths

LAST_LINES = 40
LOOK_MS = 150
#: A master closes its doors, ends what it accepted and closes its storage. On Windows what follows is no asking.
STOP_MS = 60_000


class ChildMaster(QObject):
    """`ended` carries the exit code; 0 is an end that was asked for.

    It is a process of its own from the start, so that to keep serving without this window is simply to go.
    """

    ready = Signal()
    ended = Signal(int)

    def __init__(self, data_dir: Path, arguments: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arguments = ["--data-dir", str(data_dir), *arguments]
        self._said = data_dir / "logs" / "console-start.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._words = -1
        self._stopping = self._told = False
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._see)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def last_lines(self) -> list[str]:
        """What it said last, errors and all; its whole log stands beside it."""
        try:
            text = self._said.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]

    def start(self) -> None:
        self._stopping = self._told = False
        paths.private_folder(self._said.parent)
        # Not closed when this object goes: a master that serves on must not lose what it hears by.
        heard, self._words = os.pipe()
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(
                [*paths.program("master_app"), "serve", "--quiet", "--stop-by-stdin", *self._arguments],
                stdin=heard,
                stdout=said,
                stderr=said,
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        os.close(heard)
        self._look.start()

    def stop(self) -> None:
        """Ask it to end cleanly; `ended` follows. One that does not in its time is ended."""
        self._stopping = True
        process = self._process
        if process is None or not self.running:
            return
        try:
            os.write(self._words, b"stop\n")
        except OSError:
            process.terminate()
            return
        QTimer.singleShot(STOP_MS, self, lambda: process.terminate() if process.poll() is None else None)

    def _see(self) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            self._look.stop()
            os.close(self._words)
            self.ended.emit(0 if self._stopping else (code or 1))
        elif not self._told and any(line.startswith("ready ") for line in self.last_lines):
            self._told = True
            self.ready.emit()
