"""An X server of a test's own, and a hand that moves its mouse and types."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.pool import ROOT

LIMIT_S = 60.0
#: What the tests with a display need beside Qt.
PROGRAMS = ("Xvfb", "xdotool")


def missing(*names: str) -> bool:
    """Tell whether one of these programs is not installed; in CI they must be."""
    return not os.environ.get("CI") and not all(shutil.which(name) for name in (*PROGRAMS, *names))


class Desktop:
    """An X server of its own, with a tray host when wanted; everything is ended by its id."""

    def __init__(self, folder: Path, size: str = "1280x800x24") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        read, write = os.pipe()
        command = ("Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp")
        self._start(command, {}, fds=(write,))
        os.close(write)
        with os.fdopen(read) as stream:
            self.display = f":{stream.readline().strip()}"

    def _start(
        self, command: Sequence[str], environ: dict[str, str], fds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        log = open(self.folder / f"{Path(command[0]).name}.log", "ab")  # noqa: SIM115 - the child's
        with log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environ}, stdout=log, stderr=log, pass_fds=fds
            )
        self.processes.append(process)
        return process

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program on this desktop. No session bus: the tray is the X one, not another on this machine."""
        quiet = {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb", "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        return self._start(command, {"PYTHONPATH": str(ROOT), **quiet})

    def host_tray(self) -> None:
        flags = ["--edge", "top", "--align", "right", "--SetDockType", "true", "--widthtype", "request"]
        self.start("trayer", *flags, "--height", "32")

    def hand(self, *words: object) -> None:
        """Move the mouse, click, type: as a person's hand would."""
        environ = {**os.environ, "DISPLAY": self.display}
        subprocess.run(["xdotool", *map(str, words)], env=environ, check=True, timeout=20)

    def close(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(what: str, is_so: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end, f"not within {limit_s:.0f} s: {what}"
        time.sleep(0.15)
