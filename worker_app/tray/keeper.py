"""Keeps an agent running here: attaches to one that runs, else starts one. Each outlives the other."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from core import paths
from worker_app.tray.client import AgentClient, Door, find_door

logger = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
#: An agent that ran for so long was well: the next one is started at once.
WELL_S: Final = 60.0


def lock_is_free(folder: Path) -> bool:
    """Tell whether no agent holds this data folder, whatever its files say."""
    file = folder / "agent.lock"
    if not file.exists():
        return True
    with open(file, "a+b") as stream:
        try:
            paths.lock_exclusively(stream)
        except OSError:
            return False
    return True


class Keeper:
    """`find` is called again and again, on the courier's thread."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        *,
        now: Callable[[], float] = time.monotonic,
        start: Callable[[Sequence[str], IO[bytes]], subprocess.Popen[bytes]] | None = None,
    ) -> None:
        self._folder = folder
        self._command = list(command)
        self._now = now
        self._start = start or _start
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._next_at = 0.0
        self._wait_s = FIRST_WAIT_S
        self._seen: Door | None = None
        #: False: the person quit; nothing is started any more.
        self.wanted = True

    @property
    def is_parent(self) -> bool:
        """Tell whether the agent that runs is one that we started."""
        return self._child is not None and self._child.poll() is None

    @property
    def next_try_s(self) -> float:
        """Seconds until an agent is started again."""
        return max(0.0, self._next_at - self._now())

    def find(self) -> AgentClient | None:
        """Return a client of the agent of this folder; start one when nobody holds the folder."""
        self._reap()
        door = find_door(self._folder)
        if door is not None and not lock_is_free(self._folder):
            return AgentClient(door)
        if self._child is None and self.wanted and self._now() >= self._next_at and lock_is_free(self._folder):
            self._launch()
        return None

    def _reap(self) -> None:
        child = self._child
        if child is None or child.poll() is None:
            return
        self._child = None
        if self._now() - self._started_at >= WELL_S:
            self._wait_s = FIRST_WAIT_S
        self._next_at = self._now() + self._wait_s
        logger.warning("the agent ended", extra={"exit": child.returncode, "again_in_s": self._wait_s})
        self._wait_s = min(LONGEST_WAIT_S, self._wait_s * 2)

    def _launch(self) -> None:
        logs = paths.private_folder(self._folder / "logs")
        with open(logs / "agent-start.log", "wb", opener=paths.private_opener) as words:
            try:
                self._child = self._start(self._command, words)
            except OSError as error:
                logger.error("the agent cannot be started", extra={"reason": str(error)})
                self._next_at = self._now() + self._wait_s
                self._wait_s = min(LONGEST_WAIT_S, self._wait_s * 2)
                return
        self._started_at = self._now()


def _start(command: Sequence[str], words: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it in a session of its own: it lives on when the window dies."""
    flags = 0
    if os.name == "nt":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        start_new_session=os.name != "nt",
        creationflags=flags,
    )
