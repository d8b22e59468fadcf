"""The master's data folder: owner-only, one process at a time, and how others find the doors of that process.

master.lock     held while a daemon, or an admin command without one, has the folder
master.json     pid, doors and the local operator token of the running daemon
master.toml     settings
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from core import paths
from core.domain.errors import Conflict


class DataFolder:
    """Made for one folder; `with` holds its lock. Raises Conflict naming the process that has it."""

    def __init__(self, root: Path) -> None:
        self.root = paths.private_folder(root)
        self._lock: IO[bytes] | None = None

    @property
    def settings_file(self) -> Path:
        return self.root / "master.toml"

    def __enter__(self) -> DataFolder:
        lock = open(self.root / "master.lock", "a+b", opener=paths.private_opener)
        try:
            paths.lock_exclusively(lock)
        except OSError as error:
            lock.close()
            found = self.running()
            holder = f" (process {found['pid']})" if found else ""
            raise Conflict(
                f"A master is already running with the data folder {self.root}{holder}.",
                code="MASTER_RUNNING",
                fix="Stop it first, or choose another folder with --data-dir.",
            ) from error
        self._lock = lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self.root / "master.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def announce(self, *, web: str, node: str, control: str, token: str) -> None:
        """Tell local programs where the doors are. Its presence with doors in it means: ready."""
        doors = {"web": web, "node": node, "control": control}
        content = {"pid": os.getpid(), "doors": doors, "token": token}
        paths.write_private(self.root / "master.json", json.dumps(content, indent=1).encode())

    def running(self) -> dict[str, Any] | None:
        """Return what the running daemon announced; None when it did not, or not yet."""
        try:
            content = json.loads((self.root / "master.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) and "pid" in content and "doors" in content else None
