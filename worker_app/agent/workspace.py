"""The agent's data folder: owner-only, one process at a time.

agent.lock      held while an agent runs
agent.json      pid, state and doors of the running agent, for the tray and for people
agent.toml      settings
identity.json   who this node is to its master (certificate and key)
key.pem         the key of an enrolment that is under way
agent.db        inbox and outbox
blobs/ results/ spool/ logs/
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from core import paths
from core.domain.errors import Conflict, StorageUnavailable
from worker_app.agent.ports.link import Identity

_BYTES: Final = ("key_pem", "certificate_pem", "ca_pem")


class Workspace:
    """Made for one folder; `with` holds its lock."""

    def __init__(self, root: Path) -> None:
        self.root = paths.private_folder(root)
        self._lock: IO[bytes] | None = None
        #: Where the local door is, and its token: part of each announcement.
        self.door: dict[str, Any] = {"doors": {}}

    @property
    def blobs(self) -> Path:
        return paths.private_folder(self.root / "blobs")

    @property
    def identity_file(self) -> Path:
        return self.root / "identity.json"

    def __enter__(self) -> Workspace:
        lock = open(self.root / "agent.lock", "a+b", opener=paths.private_opener)
        try:
            _lock_exclusively(lock)
        except OSError as error:
            lock.close()
            raise Conflict(
                f"An agent is already running with the data folder {self.root}{self._holder()}.",
                code="AGENT_RUNNING",
                fix="Stop it first, or choose another folder with --data-dir.",
            ) from error
        self._lock = lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self.root / "agent.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _holder(self) -> str:
        try:
            return f" (process {json.loads((self.root / 'agent.json').read_text())['pid']})"
        except (OSError, ValueError, KeyError):
            return ""

    def announce(self, state: str, **more: Any) -> None:
        """Write `agent.json`: what the tray and people may know of the running agent."""
        content = {"pid": os.getpid(), "state": state, **self.door, **more}
        paths.write_private(self.root / "agent.json", json.dumps(content, indent=1).encode())

    # ------------------------------------------------------------ identity

    def identity(self) -> Identity | None:
        """Return who this node is, or None when it joined no pool yet."""
        try:
            fields = json.loads(self.identity_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StorageUnavailable(
                f"{self.identity_file} cannot be read.",
                code="IDENTITY_UNREADABLE",
                fix="Restore it, or remove it and join again with a new link.",
            ) from error
        for name in _BYTES:
            fields[name] = base64.b64decode(fields[name])
        return Identity(**fields)

    def keep_identity(self, identity: Identity) -> None:
        """Keep it durably, owner-only; the key of the enrolment is part of it now."""
        fields = asdict(identity)
        for name in _BYTES:
            fields[name] = base64.b64encode(fields[name]).decode()
        paths.write_private(self.identity_file, json.dumps(fields, indent=1).encode())
        (self.root / "key.pem").unlink(missing_ok=True)

    def forget_identity(self) -> None:
        """This node belongs to no pool any more; what it earned is kept."""
        self.identity_file.unlink(missing_ok=True)

    def enrolment_key(self, make: Any) -> bytes:
        """Return the key for joining: that of an enrolment that broke off, else a new one, kept first."""
        file = self.root / "key.pem"
        if file.exists():
            return file.read_bytes()
        key: bytes = make()
        paths.write_private(file, key)
        return key


def _lock_exclusively(file: IO[bytes]) -> None:
    """Take the lock or raise OSError at once; the operating system gives it back when the process ends."""
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
