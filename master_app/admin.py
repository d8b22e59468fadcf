"""Admin commands of one data folder: through the control door of its daemon, or, when none runs, by themselves.

Never both: whoever holds the folder's lock is the only one that opens its database.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from types import TracebackType
from typing import IO

from core.clock import SystemClock
from core.domain.condition import Condition
from core.domain.errors import Conflict, Invalid
from core.domain.operations import LedgerCheck, NewJoinLink, NewUser, OperatorIdentity
from core.settings import write_back
from master_app.assembly import Master
from master_app.bootstrap import build_master
from master_app.folder import DataFolder
from master_app.ledger.verify import verify_file
from master_app.operations import principal_of
from master_app.rpc.operator_client import OperatorClient
from master_app.settings import MasterSettings, split_address
from master_app.storage.backup import read_file, restore
from master_app.storage.engine import database_url, reader_engine, writer_engine
from master_app.storage.moving import Moved, OnProgress, move_database
from master_app.users.audit import verify_lines

_LOCAL = OperatorIdentity(user_id="", name="console", local=True)
_AUTHORITY_FILES = ("ca.key", "ca.pem")


class Admin:
    """Use as a context manager; decides at its start which of both ways it goes."""

    def __init__(self, folder: DataFolder, settings: MasterSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._client: OperatorClient | None = None
        self._master: Master | None = None

    def __enter__(self) -> Admin:
        try:
            self._folder.__enter__()
        except Conflict:
            found = self._folder.running()
            if found is None:
                raise
            ca_pem = (self._folder.root / "ca" / "ca.pem").read_bytes()
            self._client = OperatorClient(found["doors"]["control"], ca_pem, found["token"])
            return self
        try:
            self._master = build_master(self._settings, self._folder.root, SystemClock())
            self._master.doors.node_port = split_address(self._settings.node)[1]
            self._master.doors.control_port = split_address(self._settings.control)[1]
        except BaseException:
            self._folder.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._master is not None:
            self._master.close()
            self._folder.__exit__(None, None, None)

    def add_user(self, name: str, roles: tuple[str, ...], password: str) -> str:
        user = NewUser(name=name, roles=roles, password=password)
        if self._client is not None:
            return self._client.add_user(user)
        return self._here().operations.add_user(_LOCAL, user).result(120)

    def reset_password(self, name: str) -> str:
        if self._client is not None:
            return self._client.reset_password(name)
        return self._here().operations.reset_password(_LOCAL, name, "").result(120)

    def join_link(self, wish: NewJoinLink) -> str:
        if self._client is not None:
            return self._client.create_join_link(wish)
        master = self._here()
        if not master.doors.control_port:
            raise Invalid(
                "The control door's port is chosen when the master starts.",
                code="PORT_UNKNOWN",
                fix="Start the master first, or set a fixed port.",
            )
        return master.operations.create_join_link(_LOCAL, wish).result(120).link

    def verify_ledger(self) -> tuple[bool, str]:
        """Return whether all rows fit, and the sentence that says so."""
        check = (
            self._client.verify_ledger()
            if self._client is not None
            else self._here().operations.verify_ledger(_LOCAL).result(3600)
        )
        return check.sound, _sentence(check)

    def verify_audit(self) -> tuple[bool, str]:
        """Return whether all rows of the audit log fit, and the sentence that says so."""
        check = self._client.verify_audit() if self._client is not None else self._here().audit.verify(None)
        return check.misfit is None, check.sentence

    def export_audit(self, target: IO[str]) -> None:
        """Write the audit log as lines of JSON. The master must not run: then it is GET /api/v1/audit/export."""
        if self._client is not None:
            raise Conflict(
                "The master runs; it writes this file itself.",
                code="MASTER_RUNS",
                fix="Use GET /api/v1/audit/export with an operator's token, or stop the master.",
            )
        target.writelines(self._here().audit.export(principal_of(_LOCAL)))

    def backup(self, target: Path) -> int:
        """Return the size of the new file."""
        if target.exists():
            raise Conflict(f"{target} is there already.", code="FILE_EXISTS", fix="Name a new file.")
        if self._client is not None:
            return self._client.backup(str(target))
        return self._here().operations.backup(_LOCAL, str(target)).result(3600).size

    def conditions(self) -> tuple[list[Condition], list[Condition]]:
        """Return what is wrong with a running master now, and what ended lately. Raises Conflict without one."""
        if self._client is None:
            raise Conflict("No master runs with this data folder.", code="MASTER_NOT_RUNNING", fix="Start it.")
        return self._client.conditions()

    @staticmethod
    def verify_file(file: Path) -> tuple[bool, str]:
        """Replay an exported ledger or statement."""
        with open(file, encoding="utf-8") as lines:
            found = verify_file(lines)
        return found.misfit is None, found.sentence

    @staticmethod
    def verify_audit_file(file: Path) -> tuple[bool, str]:
        """Replay an exported audit log."""
        with open(file, encoding="utf-8") as lines:
            found = verify_lines(lines)
        return found.misfit is None, found.sentence

    @staticmethod
    def restore(file: Path, folder: DataFolder, database: str | None) -> str:
        """Put a backup into an empty folder, the pool's authority included. The caller holds the lock.

        Without `database` it goes into the one that the backup's own settings name, which must be empty. Returns
        the database that the restored master uses.
        """
        settings = folder.settings_file.name
        own = tomllib.loads(read_file(file, settings)).get("database", "")
        target = database if database is not None else str(own)
        restore(file, target, folder.root)
        if target != own:
            write_back(MasterSettings, folder.settings_file, {"database": target or None})
        (folder.root / "ca").mkdir(mode=0o700, exist_ok=True)
        for name in _AUTHORITY_FILES:
            if (folder.root / name).exists():
                os.replace(folder.root / name, folder.root / "ca" / name)
        return target

    @staticmethod
    def migrate(folder: DataFolder, settings: MasterSettings, url: str, on_progress: OnProgress) -> Moved:
        """Move the pool to another database, and use that one from now on. The caller holds the lock.

        The file of a SQLite database stays, under another name, so that nobody writes to it by mistake.
        """
        old, new = database_url(settings.database, folder.root), database_url(url, folder.root)
        if old == new:
            raise Invalid("That is the database in use.", code="DATABASE_SAME", fix="Name another one.")
        if old.database and old.get_backend_name() == "sqlite" and not Path(old.database).is_file():
            raise Invalid(
                "There is no database to move yet.", code="DATABASE_MISSING", fix="Start the master first."
            )
        source, target = reader_engine(old), writer_engine(new)
        try:
            moved = move_database(source, target, on_progress)
        finally:
            source.dispose()
            target.dispose()
        write_back(MasterSettings, folder.settings_file, {"database": url})
        if old.database and old.get_backend_name() == "sqlite":
            os.replace(old.database, f"{old.database}.moved")
        return moved

    def _here(self) -> Master:
        assert self._master is not None, "use Admin as a context manager"
        return self._master


def _sentence(check: LedgerCheck) -> str:
    if not check.sound:
        return check.first_problem
    return f"{check.transfers} transfers of {check.accounts} accounts fit; newest {check.head or 'none'}."
